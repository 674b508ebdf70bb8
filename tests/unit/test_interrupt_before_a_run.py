"""Ctrl-C before the run directory holds a run: there is nothing to go on with, and nobody says so."""

import os
import signal
from pathlib import Path

import pytest

from nasbench import search
from nasbench.core.errors import Interrupted

OPTIONS = {
    "space": "nasbench.testing.toy:ToySpace",
    "strategy": "random",
    "evaluator": "unit.made_up:MadeUp",
    "trials": 2,
    "wandb": "off",
}


@pytest.mark.parametrize("moment", ["the directory is made", "run.json is moved to its place"])
def test_it_says_to_give_the_command_again(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mkdir" if moment == "the directory is made" else "replace"
    before = getattr(os, name)

    def interrupted(*arguments: object, **more: object) -> object:
        if "run" in str(arguments[0]):
            signal.raise_signal(signal.SIGINT)
        return before(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, interrupted)
        with pytest.raises(Interrupted, match="before the run began: nothing was evaluated"):
            search(**OPTIONS, run=str(tmp_path / "run"))
    assert not (tmp_path / "run" / "run.json").exists()
    assert search(**OPTIONS, run=str(tmp_path / "run")).count("ok") == 2
