"""`--controller`: what it means for a strategy, what is said and recorded of it, and that a run keeps it."""

import json
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.registry import strategies
from nasbench.core.trial import Trial
from nasbench.engine.config import SearchConfig
from nasbench.strategies.controller.controller import Controller
from nasbench.testing import TOY_SPACE
from unit.made_up import SCORE
from unit.made_up import trials_of as search


@pytest.fixture(autouse=True)
def only_the_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of these tests read the log: they skip the second that drawing a report takes."""
    if "report" not in request.node.name:
        monkeypatch.setattr("nasbench.engine.search.command.write_report", lambda store: [])


def proposed(trials: list[Trial]) -> list[tuple[Any, ...]]:
    return [(trial.key, trial.note.get("log_prob")) for trial in trials]


def record_of(run: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run / "run.json").read_text())
    return record


@pytest.mark.parametrize("name", ["ppo", "reinforce"])
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"controller": "lstm"}, "lstm", "an LSTM of 35 units"),
        ({"controller": "lstm", "hidden_units": 8}, "lstm", "an LSTM of 8 units"),
        ({"controller": "table"}, "table", "a table of logits"),
        ({"controller": "table", "hidden_units": 0}, "table", "a table of logits"),
        ({"hidden_units": 100}, "lstm", "an LSTM of 100 units"),
        ({"hidden_units": 0}, "table", "a table of logits"),
        ({"preset": "paper"}, "lstm", "an LSTM of 100 units"),
        ({"preset": "paper", "controller": "table", "hidden_units": 0}, "table", "a table of logits"),
    ],
)
def test_what_runs_is_what_is_said(name: str, options: dict[str, Any], kind: str, words: str) -> None:
    made: Controller = strategies.make(name, TOY_SPACE, options=options, seed=0)
    assert made.sampled_from == {"kind": kind, "words": words}


@pytest.mark.parametrize("name", ["ppo", "reinforce"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"controller": "table", "hidden_units": 35}, "--controller table contradicts the option hidden_units=35"),
        ({"controller": "lstm", "hidden_units": 0}, "--controller lstm contradicts the option hidden_units=0"),
        ({"controller": "gru"}, "--controller takes lstm or table; got 'gru'"),
    ],
)
def test_a_contradiction_is_one_error(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        strategies.make(name, TOY_SPACE, options=options, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "evolution"}, r"chosen \(ppo, reinforce\); got --strategy evolution. Leave one of the two out."),
        ({"strategy": "enas"}, "got --strategy enas"),
        ({"strategy_options": {"hidden_units": 0}}, "contradicts the option hidden_units=0, which is a table"),
        ({"strategy_options": {"controller": "table"}}, "contradicts --strategy-options controller=table"),
    ],
)
def test_what_the_flag_does_not_go_with_is_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        search(tmp_path / "run", trials=4, controller="lstm", **options)
    assert not (tmp_path / "run").exists()


def test_it_is_said_before_the_search_recorded_and_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search(tmp_path / "run", trials=3, controller="lstm", strategy_options={"hidden_units": 8})
    assert "the controller of ppo is an LSTM of 8 units (--controller lstm)" in capsys.readouterr().err
    record = record_of(tmp_path / "run")
    assert record["config"]["controller"] == "lstm"
    assert record["plan"]["controller"] == {"kind": "lstm", "words": "an LSTM of 8 units"}
    assert "controller: an LSTM of 8 units" in (tmp_path / "run" / "report.html").read_text()


def test_a_strategy_without_a_controller_says_nothing_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search(tmp_path / "run", trials=2, strategy="random")
    assert "controller" not in capsys.readouterr().err
    record = record_of(tmp_path / "run")
    assert record["config"]["controller"] is None
    assert "controller" not in record["plan"]


@pytest.mark.parametrize(("strategy", "controller"), [("ppo", "lstm"), ("reinforce", "lstm"), ("ppo", "table")])
def test_a_resumed_search_is_the_whole_one(strategy: str, controller: str, tmp_path: Path) -> None:
    options = {"strategy": strategy, "controller": controller, "seed": 3}
    whole = search(tmp_path / "whole", trials=16, **options)
    search(tmp_path / "run", trials=9, **options)
    assert proposed(search(tmp_path / "run", resume=True, trials=16)) == proposed(whole)
    other = {"lstm": "table", "table": "lstm"}[controller]
    with pytest.raises(UsageError, match=f"--controller {other} contradicts .*which has {controller}"):
        search(tmp_path / "run", resume=True, controller=other)
    assert len(search(tmp_path / "run", resume=True, controller=controller)) == 16, "the same may be said again"


def test_a_run_of_before_the_flag_goes_on_with_its_table(tmp_path: Path) -> None:
    whole = search(tmp_path / "whole", trials=16, controller="table")
    search(tmp_path / "run", trials=9, controller="table")
    record = record_of(tmp_path / "run")
    del record["config"]["controller"], record["plan"]["controller"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    assert proposed(search(tmp_path / "run", resume=True, trials=16)) == proposed(whole)


def test_the_published_preset_gives_way_to_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search(tmp_path / "run", trials=2, preset="paper", controller="table")
    assert "the controller of ppo is a table of logits (--controller table)" in capsys.readouterr().err
    search(tmp_path / "paper", trials=2, preset="paper")
    assert record_of(tmp_path / "paper")["config"]["controller"] == "lstm"


def test_a_dry_run_says_it_too() -> None:
    found = nasbench.dry_run(space="nasbench.testing:ToySpace", evaluator=SCORE, trials=2, controller="lstm").to_json()
    assert "the controller of ppo is an LSTM of 35 units (--controller lstm)" in found["told"]


def test_what_is_left_to_the_strategy_is_no_part_of_what_a_search_is() -> None:
    assert SearchConfig().controller is None
