"""Parts that work, as a module `mine` of a user's, to be broken by tests; a search of them, and its log."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main

PARTS = """
import os, sys
from dataclasses import replace
from nasbench.core.arch import Architecture, Choice, sample
from nasbench.core.errors import RunFailed
from nasbench.core.spec import Size, Task
from nasbench.core.trial import Proposal
import numpy

class Space:
    name = "my"; default_size = Size()
    choices = (Choice("a", tuple(range(40))), Choice("b", (1, 2)))
    def canonical(self, architecture): return architecture
    def build(self, architecture, size, task): raise AssertionError("these evaluators build nothing")

class Good:
    def check(self): pass
    def task(self): return Task()
    def __call__(self, job, report): return {"val_accuracy": 0.01 * job.number}

class Draws:
    def __init__(self, space): self.space = space
    def ask(self, number, rng, running):
        return Proposal(number, Architecture.of("my", {"a": number, "b": 1}))
    def tell(self, trial): pass

class Stop(BaseException): pass

def deep(n=0): return deep(n + 1)

class Listens:
    def start(self, run): pass
    def trial(self, trial): pass
    def finish(self, summary, directory): pass
"""


def module_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes a module `mine` of parts: those above, and what a test adds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(more: str) -> None:
        (tmp_path / "mine.py").write_text(PARTS + more)
        monkeypatch.delitem(sys.modules, "mine", raising=False)

    return write


def search(*flags: str, evaluator: str = "Good", strategy: str = "Draws", space: str = "Space") -> int:
    named = ["--space", f"mine:{space}", "--evaluator", f"mine:{evaluator}", "--strategy", f"mine:{strategy}"]
    return main(["search", *named, "--trials", "4", "--wandb", "off", "--run", "run", *flags])


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("run/trials.jsonl").read_text().splitlines()]
