"""A finished search that goes on to more trials, and the control among a search's trials: as commands do it."""

import json
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.curves import is_control, is_random, is_retraining, searched
from nasbench.core.errors import UsageError
from nasbench.core.source import step_of
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.run.numbers import numbers_of
from unit.made_up import SCORE
from unit.made_up import trials_of as search

TABLE = {"space": "nasbench201", "evaluator": "table:nasbench201-cifar10"}


@pytest.fixture(autouse=True)
def only_the_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of these tests read the log: they skip the second that drawing a report takes."""
    if "report" not in request.node.name:
        monkeypatch.setattr("nasbench.engine.search.command.write_report", lambda store: [])


def told(trials: list[Trial]) -> list[tuple[Any, ...]]:
    return [(trial.key, trial.status, trial.score, is_control(trial)) for trial in trials if not is_retraining(trial)]


def test_numbers_are_allotted_phase_by_phase():
    plain = numbers_of([(24, 0)], 0)
    assert (list(plain.search), list(plain.control), list(plain.retraining)) == (list(range(1, 25)), [], [])
    three = numbers_of([(10, 4), (15, 4), (30, 4)], 2)
    assert list(three.search) == [*range(1, 11), *range(17, 22), *range(24, 39)]
    assert (list(three.control), list(three.retraining), three.planned) == ([11, 12, 13, 14], [39, 40], 40)
    later = numbers_of([(10, 0), (10, 3), (12, 5)], 1)
    assert (list(later.search), list(later.control)) == ([*range(1, 11), 15, 16], [12, 13, 14, 17, 18])
    assert (list(later.retraining), later.planned) == ([19], 19)


@pytest.mark.parametrize("strategy", ["random", "evolution", "local_search"])
def test_an_extended_search_is_the_long_one(strategy, tmp_path):
    whole = search(tmp_path / "whole", strategy=strategy, trials=50)
    search(tmp_path / "run", strategy=strategy, trials=24)
    extended = search(tmp_path / "run", resume=True, trials=50)
    assert told(extended) == told(whole)
    assert [trial.number for trial in extended] == list(range(1, 51))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["config"]["trials"] == 50
    assert [entry["trials"] for entry in record["resumed"]] == [{"old": 24, "new": 50}]
    assert len(search(tmp_path / "run", resume=True)) == 50, "what was extended stays extended"


def test_control_and_retraining_are_neither_lost_nor_doubled(tmp_path):
    more = {"strategy": "evolution", "strategy_options": ("population=5", "sample=2"), "control": 3}
    whole = search(tmp_path / "whole", **more, trials=30)
    retrain = {"retrain_top": 2, "retrain_epochs": 3}
    first = search(tmp_path / "run", **more, **retrain, trials=10)
    assert [trial.number for trial in first] == list(range(1, 16))
    extended = search(tmp_path / "run", resume=True, trials=30)
    assert extended[:15] == first
    assert [trial.key for trial in searched(extended)] == [trial.key for trial in searched(whole)]
    assert [step_of(trial) for trial in searched(extended)] == list(range(1, 31))
    assert sum(map(is_control, extended)) == 3
    assert sorted(trial.number for trial in extended) == list(range(1, 38))
    last = [trial for trial in extended if is_retraining(trial)][2:]
    known = {trial.key for trial in extended[:15] if is_retraining(trial)}
    assert {trial.status for trial in last if trial.key in known} <= {"cached"}, "what was retrained is not run again"


def test_a_finished_search_is_given_a_control(tmp_path):
    first = search(tmp_path / "run", strategy="ppo", trials=12, control=0)
    more = search(tmp_path / "run", resume=True, control=4)
    assert more[:12] == first
    assert [(trial.number, is_control(trial)) for trial in more[12:]] == [(number, True) for number in range(13, 17)]
    longer = search(tmp_path / "run", resume=True, trials=20)
    assert [trial.number for trial in longer[16:]] == list(range(17, 25))
    assert [step_of(trial) for trial in searched(longer)] == list(range(1, 21))
    with pytest.raises(UsageError, match="--control 2 is fewer than the 4"):
        search(tmp_path / "run", resume=True, control=2)
    with pytest.raises(UsageError, match="--control auto contradicts"):
        search(tmp_path / "run", resume=True, control="auto")


def test_an_extension_that_is_interrupted_goes_on(tmp_path):
    whole = search(tmp_path / "whole", strategy="evolution", trials=50)
    search(tmp_path / "run", strategy="evolution", trials=24)
    search(tmp_path / "run", resume=True, trials=50)
    log = (tmp_path / "run" / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "run" / "trials.jsonl").write_text("".join(log[:33]))
    assert told(search(tmp_path / "run", resume=True)) == told(whole)


def test_the_command_extends_and_says_what_cannot_be(tmp_path, capsys):
    run = str(tmp_path / "run")
    common = ["search", "--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10", "--wandb", "off"]
    assert main([*common, "--strategy", "random", "--trials", "24", "--run", run]) == 0
    assert main(["search", "--run", run, "--resume", "--trials", "40", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["trials"] == 40
    before = (tmp_path / "run" / "run.json").read_text()
    assert main(["search", "--run", run, "--resume", "--trials", "30"]) == 2
    error = capsys.readouterr().err
    assert "--trials 30 is fewer than the 40" in error
    assert "40 trials done" in error
    assert (tmp_path / "run" / "run.json").read_text() == before
    with pytest.raises(UsageError, match=r"--seed 5 contradicts"):
        search(tmp_path / "run", resume=True, trials=50, seed=5)


def test_the_report_of_a_default_search_answers_whether_it_beat_chance(tmp_path):
    result = nasbench.search(
        space="nasbench.testing:ToySpace", evaluator=SCORE, strategy="ppo", trials=24, run=str(tmp_path), trackers=()
    )
    assert len(result.trials) == 24
    assert sum(map(is_control, result.trials)) >= 5
    assert result.chance is not None
    assert result.chance.low is not None
    assert result.to_json()["chance"]["difference"] == result.chance.difference
    assert "95 % interval" in (tmp_path / "report.html").read_text()
    record = RunStore.read(tmp_path).run
    assert record["config"]["control"] == "auto"
    assert record["plan"]["control_shares"] == [[24, 4], [96, 12], [None, 16]]


def test_a_search_that_was_begun_with_a_quarter_goes_on_with_it(tmp_path):
    search(tmp_path, strategy="ppo", trials=60)
    assert sum(map(is_random, RunStore.read(tmp_path).trials)) == 9
    record = json.loads((tmp_path / "run.json").read_text())
    del record["plan"]["control_shares"]
    record["config"]["trials"] = 26
    (tmp_path / "run.json").write_text(json.dumps(record))
    lines = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(lines[:26]))
    extended = search(tmp_path, resume=True, trials=60)
    assert sum(map(is_random, extended)) == 15


@pytest.mark.parametrize("options", [{"trials": 23}, {"trials": 30, "control": 0}, {"strategy": "random"}])
def test_searches_without_a_control_among_their_trials(options, tmp_path):
    trials = search(tmp_path, **{"strategy": "ppo", "trials": 24, **options})
    assert not any(map(is_control, trials))


def test_a_search_on_a_table_spends_no_trial_on_chance(tmp_path):
    result = nasbench.search(**TABLE, strategy="evolution", trials=60, run=str(tmp_path), trackers=())
    assert not any(map(is_control, result.trials))
    assert result.chance is not None
    assert result.chance.answer == "yes"
    assert "the mean of the table's 15,625 networks" in result.chance.sentence
    chance = RunStore.read(tmp_path).run["plan"]["chance"]
    assert chance["networks"] == 15625


def test_a_control_is_trained_to_its_end_whatever_the_pruner_says(tmp_path):
    pruned = {"evaluator": "unit.made_up:Reporting", "pruner": "unit.made_up:StopAll", "epochs": 2}
    trials = search(tmp_path, strategy="ppo", trials=24, **pruned)
    ended = {status: {is_control(trial) for trial in trials if trial.status == status} for status in ("ok", "pruned")}
    assert ended == {"ok": {True}, "pruned": {False}}


def test_a_network_that_the_control_has_trained_keeps_its_weights_when_it_becomes_the_best(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    options = {"space": "examples.toy_space:ToySpace", "dataset": "digits", "recipe": "little:LITTLE", "epochs": 1}
    run = tmp_path / "run"
    nasbench.search(
        **options, strategy="random", objectives=("params",), seed=0, trials=1, control=3, run=str(run), trackers=()
    )
    before = (run / "best" / "model.pt2").read_bytes()
    found = nasbench.search(resume=True, trials=4, run=str(run), trackers=())
    assert [trial.status for trial in found.trials[4:]] == ["cached"] * 3
    assert found.best is not None
    assert found.best.of in (2, 3, 4), "the control drew no network that is better than the search's only one"
    assert (run / "best" / "weights.safetensors").exists()
    assert nasbench.load(str(run), trial=found.best.number, trust=True) is not None
    assert (run / "best" / "model.pt2").read_bytes() != before
