"""Cheap scores against the truth, from one command to a report."""

import json
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import FidelityConfig
from nasbench.engine.fidelity.truth import read_truth
from nasbench.report.fidelity.page import render
from nasbench.report.fidelity.results import Fidelity
from unit.toys import trial as toy_trial

SMALL = ["--dataset", "digits", "--device", "cpu", "--cells", "1", "--filters", "4"]
SHIPPED = "table:nasbench201-cifar10"


def run_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    assert main([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Twenty cells of NAS-Bench-201 with made-up results, as a table of one's own."""
    rng, lines = Random(4), ["arch_str,val_accuracy,test_accuracy"]
    space = spaces.make("nasbench201")
    for place in range(20):
        cell = space.to_string(sample(space.name, space.choices, rng))
        lines.append(f"{cell},{rng.random()},{place / 20}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return f"table:{path}"


def test_counts_are_ranked_against_a_table_and_the_run_is_extended(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    command = ["fidelity", "--truth", table, "--truth-column", "test_accuracy", *SMALL]
    command += ["--scores", f"proxy:params,proxy:macs,{table}", "--run", str(run)]
    assert run_json([*command, "--sample", "8"], capsys)["n"] == 8
    found = run_json(["fidelity", "--resume", "--run", str(run), "--sample", "12"], capsys)
    assert (found["truth"], found["column"], found["n"]) == (table, "test_accuracy", 12)
    by_name = {score["name"]: score for score in found["scores"]}
    assert set(by_name) == {"proxy:params", "proxy:macs", table}
    for score in by_name.values():
        assert {"spearman", "tau", "tau_upper_half", "p_at_top5", "seconds", "pick_rank"} <= set(score)
        assert score["intervals"]["tau"][0] <= score["tau"] <= score["intervals"]["tau"][1]
        assert score["tau_top_tenth"] is None  # two networks
    assert by_name["proxy:params"]["tau"] == by_name["proxy:macs"]["tau"]  # in this space, the same order
    assert found["chance"]["pick_rank"] == 6.5
    trials = RunStore.read(run).trials
    assert [trial.number for trial in trials] == list(range(1, 37))
    assert trials[2].metrics["val_accuracy"] == trials[2].score != trials[2].note["truth"]
    page = (run / "report.html").read_text()
    assert "random choice" in page
    assert "Score against truth" in page
    ElementTree.parse(run / "scores.svg")
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_text() == page


def test_from_python_it_is_the_same_command(table: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = {"truth": table, "truth_column": "test_accuracy", "scores": ["proxy:params"], "sample": 6}
    found = nasbench.fidelity(**options, dataset="digits", device="cpu", cells=1, filters=4, run=run)
    assert (found.fidelity.count, found.to_json()["scores"][0]["name"]) == (6, "proxy:params")
    assert nasbench.fidelity(run=run, resume=True, sample=9).fidelity.count == 9
    with pytest.raises(UsageError, match="no option named 'score'"):
        nasbench.fidelity(score="proxy:params")


def test_the_truth_of_a_shipped_table_is_what_studies_report() -> None:
    truth = read_truth(FidelityConfig.of(truth=SHIPPED))
    assert (truth.column, len(truth.known), truth.size.depth, truth.size.width) == ("test_accuracy_200", 15625, 5, 16)
    larger, smaller = truth.sample(1000, seed=3), truth.sample(10, seed=3)
    assert larger[:10] == smaller != truth.sample(10, seed=4)


def test_a_search_is_the_truth_of_another_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search, run = tmp_path / "search", tmp_path / "run"
    command = ["search", "--space", "nasbench201", "--evaluator", "proxy:macs", "--strategy", "random", *SMALL]
    assert main([*command, "--trials", "9", "--wandb", "off", "--run", str(search)]) == 0
    capsys.readouterr()
    found = run_json(["fidelity", "--truth", str(search), "--scores", "proxy:params", "--run", str(run)], capsys)
    keys = {trial.key for trial in RunStore.read(search).trials}
    assert found["n"] == len(keys)
    assert found["scores"][0]["tau"] == pytest.approx(1.0)
    config = RunStore.read(run).run
    assert config["plan"]["size"]["width"] == 4  # the size of the search
    assert "not a uniform sample" in (run / "report.html").read_text()
    assert main(["fidelity", "--truth", str(search), "--truth-column", "macss", "--scores", "proxy:params"]) == 2
    assert "Did you mean 'macs'?" in capsys.readouterr().err
    assert main(["fidelity", "--truth", str(run), "--scores", "proxy:params"]) == 2
    assert "holds a run of 'nasbench fidelity', not of search" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--scores", "proxy:synflo"], "Did you mean 'synflow'?"),
        (["--scores", "synflow"], "--scores takes proxy:NAME, epochs:E"),
        (["--scores", "train"], "For a training write epochs:E"),
        (["--scores", "epochs:0"], "a whole number of epochs from 1 on; got 'epochs:0'"),
        (["--scores", "proxy:params,proxy:params"], "names 'proxy:params' twice"),
        (["--scores", "proxy:params,"], "--scores takes"),
        (["--scores", "proxy:synflo,epochs:x"], "got 'epochs:x'"),
        (["--truth", "none"], "there is no run in 'none'"),
        (["--truth", "table:nasbench201-cifar100"], "Did you mean 'nasbench201-cifar10'?"),
        (["--sample", "1"], "--sample takes a whole number from 2 on"),
        (["--scores", "proxy:naswot", "--dataset", "mnist", "--data-dir", "none"], "mnist is not in none"),
    ],
)
def test_what_is_wrong_is_answered_before_any_work(
    flags: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["fidelity", *flags, "--run", str(run)]) == 2
    assert told in capsys.readouterr().err
    assert not run.exists()


def made_up(answers: list[tuple[float, float | None]]) -> tuple[dict[str, Any], list[Trial]]:
    """A run of two scores: one that says the truth backwards, and one with these answers."""
    trials = []
    for truth, answer in answers:
        for label, score in (("backwards", -truth), ("mine", answer)):
            status, error = ("failed", "it has no ReLU") if score is None else ("ok", None)
            note = {"score": label, "truth": truth}
            trials.append(toy_trial(len(trials) + 1, status, score, note=note, error=error))
    plan = {"truth": "table:<b>x", "column": "accuracy", "known": 50, "sampling": "drawn uniformly", "parts": {}}
    return {"plan": {**plan, "scores": ["backwards", "mine"]}, "config": {"sample": 20}}, trials


def test_a_network_without_a_score_ranks_last_and_is_counted() -> None:
    run, trials = made_up([(float(value), None if value < 2 else float(value)) for value in range(20)])
    fidelity = Fidelity.of(run, trials)
    first, last = fidelity.standings
    assert (first.name, first.failed, last.name, last.failed) == ("mine", 2, "backwards", 0)
    assert first.measures["tau"].value == pytest.approx((189 / 190) ** 0.5)
    assert last.lead is not None
    assert last.lead.differs_from_zero
    page = render(run, fidelity, {})
    assert "it has no ReLU" in page
    assert "table:&lt;b&gt;x" in page


def test_a_report_that_cannot_tell_says_so() -> None:
    run, trials = made_up([(float(value), 1.0) for value in range(4)])
    assert Fidelity.of(run, trials).verdicts() == [
        "4 networks have all scores: too few to tell anything. Give --sample more."
    ]
    run["plan"]["known"] = 4
    assert Fidelity.of(run, trials).verdicts() == [
        "4 networks have all scores: too few to tell anything. Take a --truth that knows more networks."
    ]
    run, trials = made_up([(float(value), 1.0) for value in range(6)])
    told = Fidelity.of(run, trials).verdicts()
    assert "No rank correlation of mine: it gives every network the same score." in told
    noise = [3.0, 7.0, 1.0, 5.0, 8.0, 2.0, 6.0, 4.0]
    run, trials = made_up([(float(value), score) for value, score in enumerate(noise)])
    assert "Not to be told from random choice by tau: mine." in Fidelity.of(run, trials).verdicts()
    assert Fidelity.of(run, []).verdicts()[0].startswith("0 networks")


def test_a_network_that_lacks_a_score_is_left_out_while_the_run_goes_on() -> None:
    run, trials = made_up([(float(value), float(value)) for value in range(20)])
    assert Fidelity.of(run, trials[:-1]).count == 19


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"note": {"score": "proxy:macs", "truth": 1.0}}, "its note must say 'score': 'proxy:params'"),
        ({"note": {"score": "proxy:params", "truth": "high"}}, "its note must hold the truth, a number"),
        ({"score": None}, "a trial that did not fail has a score"),
    ],
)
def test_a_line_that_does_not_fit_is_named(
    change: dict[str, Any], told: str, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    plan = {"truth": table, "scores": ["proxy:params"], "parts": {}}
    (run / "run.json").write_text(json.dumps({"schema": 2, "command": "fidelity", "config": {}, "plan": plan}))
    record = toy_trial(1, note={"score": "proxy:params", "truth": 1.0}).to_json()
    (run / "trials.jsonl").write_text(json.dumps({**record, **change}) + "\n")
    assert main(["report", str(run)]) == 2
    assert f"line 1 of {run / 'trials.jsonl'} is not a trial of this run: {told}" in capsys.readouterr().err


def test_a_proxy_that_a_file_names_is_followed_where_the_user_says_so(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sent_proxies.py").write_text("def size(params):\n    return params\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    run, moved, search = (tmp_path / name for name in ("run", "moved", "search"))
    command = ["fidelity", "--truth", table, "--scores", "proxy:sent_proxies:size", *SMALL, "--run", str(run)]
    assert main([*command, "--sample", "5"]) == 0
    assert main(["fidelity", "--run", str(run), "--resume", "--sample", "6"]) == 0  # sealed
    run.rename(moved)
    capsys.readouterr()
    again = ["fidelity", "--run", str(moved), "--resume", "--sample", "7"]
    assert main(again) == 2
    assert "names a proxy by an import path, 'sent_proxies:size'" in capsys.readouterr().err
    assert main([*again, "--scores", "proxy:sent_proxies:size"]) == 0
    command = ["search", "--space", "nasbench201", "--evaluator", "proxy:sent_proxies:size", *SMALL, "--wandb", "off"]
    assert main([*command, "--strategy", "random", "--trials", "2", "--run", str(run)]) == 0
    run.rename(search)
    capsys.readouterr()
    assert main(["search", "--run", str(search), "--resume", "--trials", "3"]) == 2
    assert "names a proxy by an import path, 'sent_proxies:size'" in capsys.readouterr().err
    assert main(["search", "--run", str(search), "--resume", "--trials", "3", "--trust"]) == 0
