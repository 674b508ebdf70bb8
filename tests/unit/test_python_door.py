"""The commands as functions: what editors know of them, and what they return."""

import json
from dataclasses import replace
from inspect import signature
from pathlib import Path

import pytest

import nasbench
from nasbench.api import write_keywords
from nasbench.core.errors import UsageError
from nasbench.engine.config import SearchConfig

TOY = {
    "space": "nasbench.testing.toy:ToySpace",
    "strategy": "random",
    "evaluator": "unit.made_up:MadeUp",
    "wandb": "off",
}
COMMANDS = [name for name in nasbench.__all__ if name.islower() and not name.startswith("_")]


def test_the_file_of_keywords_is_as_the_configurations_have_it() -> None:
    for path, text in write_keywords.written().items():
        assert path.read_text(encoding="utf-8") == text, f"run python -m nasbench.api.write_keywords for {path.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_function_is_there_and_told_of(name: str) -> None:
    assert name in dir(nasbench)
    assert callable(getattr(nasbench, name))
    assert signature(getattr(nasbench, name)).parameters


def test_a_signature_has_the_flags_with_their_defaults() -> None:
    shown = signature(nasbench.search).parameters
    assert set(SearchConfig().flat()) - set(shown) == {"json", "dry_run"}
    assert shown["trials"].default == 100
    assert shown["recipe"].default == "nasnet_proxy"
    assert "trials: Lines of any status" in str(nasbench.search.__doc__)


def test_modules_that_are_functions_stay_modules() -> None:
    import nasbench.train.data

    assert nasbench.train.data.__name__ == "nasbench.train.data"
    assert next(iter(signature(nasbench.train).parameters)) == "model"
    assert nasbench.profile("zoo:lenet5").counts.params == nasbench.profile("zoo:lenet5").counts.params > 0


def test_what_a_search_returns(tmp_path: Path) -> None:
    result = nasbench.search(**TOY, trials=6, control=0, run=tmp_path / "run")
    frame = result.to_dataframe()
    assert list(frame["number"]) == [1, 2, 3, 4, 5, 6]
    assert frame["score"].max() == result.best.score
    assert [name for name in frame if name.startswith("gene.")] == [f"gene.{name}" for name in result.best.genes]
    assert repr(result) == f"<search in {tmp_path / 'run'}: 6 trials>"
    assert repr(result.best).startswith(f"<trial {result.best.number}: ok, score ")
    assert "<table" in result._repr_html_()
    assert result.best.key in result.best._repr_html_()
    assert result.plot("search_curve").svg.lstrip().startswith("<")
    with pytest.raises(UsageError, match=r"has not the plot 'curve'; it has: .*search_curve"):
        result.plot("curve")
    opened = nasbench.open_run(tmp_path / "run")
    assert (opened.command, opened.best.to_json()) == ("search", result.best.to_json())
    assert opened.config["trials"] == 6
    assert [trial.to_json() for trial in opened.trials] == [trial.to_json() for trial in result.trials]


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        nasbench.open_run(tmp_path)


def test_a_search_is_iterated_over(tmp_path: Path) -> None:
    trials = list(nasbench.search(**TOY, trials=5, control=0, run=tmp_path / "run", trackers=[], live=True))
    whole = nasbench.search(**TOY, trials=5, control=0, run=tmp_path / "whole", trackers=[])
    assert [(trial.number, trial.key, trial.score) for trial in trials] == [
        (trial.number, trial.key, trial.score) for trial in whole.trials
    ]


def test_a_loop_that_is_left_stops_the_search_and_resume_goes_on(tmp_path: Path) -> None:
    options = {**TOY, "control": 0, "trackers": [], "run": tmp_path / "run"}
    for trial in nasbench.search(**options, trials=50, live=True):
        if trial.number == 3:
            break
    done = len(nasbench.open_run(tmp_path / "run").trials)
    assert 3 <= done <= 5
    assert len(nasbench.search(run=tmp_path / "run", resume=True, trackers=[]).trials) == 50


def test_an_error_of_the_search_is_raised_in_the_loop(tmp_path: Path) -> None:
    options = {**TOY, "strategy": "unit.made_up:NoStrategy"}
    with pytest.raises(UsageError, match="NoStrategy"):
        list(nasbench.search(**options, trials=2, run=tmp_path / "run", live=True))


def test_models_and_parts_may_be_given_as_objects(tmp_path: Path) -> None:
    from nasbench.testing.toy import ToySpace
    from nasbench.train.recipes import QUICK

    result = nasbench.search(**{**TOY, "space": ToySpace}, recipe=QUICK, trials=2, control=0, run=tmp_path / "run")
    assert nasbench.open_run(result.run).config["space"] == "nasbench.testing.toy:ToySpace"
    with pytest.raises(UsageError, match=r"another recipe has the name 'quick' .*replace\(recipe, name='my_quick'\)"):
        nasbench.search(**TOY, recipe=replace(QUICK, epochs=1), trials=2)
    with pytest.raises(UsageError, match="has no import path"):
        nasbench.search(**{**TOY, "space": object()}, trials=2)
    with pytest.raises(UsageError, match="give a model first"):
        nasbench.train()


def test_what_an_earlier_end_lacked_is_not_told_for_ever(tmp_path: Path) -> None:
    nasbench.search(**TOY, trials=3, control=0, run=tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    lines = record["left_out"]
    stale = {**record, "left_out": [*lines, "no best/weights.safetensors: the weights of trial 2 are gone"]}
    (tmp_path / "run" / "run.json").write_text(json.dumps(stale))
    nasbench.search(run=tmp_path / "run", resume=True, trials=4)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["left_out"] == lines
    assert "are gone" not in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize("top", [0, -2, 2.5])
def test_fewer_classes_than_one_are_refused(top: int) -> None:
    with pytest.raises(UsageError, match=f"--top takes a whole number from 1 on; got {top}"):
        nasbench.predict("zoo:lenet5", [], top=top)
