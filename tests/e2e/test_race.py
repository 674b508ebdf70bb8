"""A race over a table for a space of one's own, from one command to a report."""

import json
import re
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nasbench.cli import main
from nasbench.core.store import RunStore

ROOT = Path(__file__).parents[2]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every architecture of the example space, the larger the better and the dearer."""
    monkeypatch.syspath_prepend(str(ROOT))
    from examples.toy_space import ToySpace

    choices = ToySpace().choices
    lines = [",".join([*(choice.name for choice in choices), "val_accuracy", "test_accuracy", "seconds"])]
    for genes in product(*(choice.options for choice in choices)):  # type: ignore[union-attr]
        size = sum(gene for gene in genes if isinstance(gene, int))
        lines.append(
            ",".join(
                [*map(str, genes), f"{0.5 + size / 200}", f"{0.4 + size / 200 + (genes[-1] == 'silu') / 50}", str(size)]
            )
        )
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_race_ends_with_a_report(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    command = [
        "race",
        "--space",
        "examples.toy_space:ToySpace",
        "--evaluator",
        f"table:{table}",
        "--cost-column",
        "seconds",
    ]
    command += [
        "--report-columns",
        "test_accuracy",
        "--strategies",
        "random,reinforce:batch_size=5:lr=0.1",
        "--time-budget",
        "1500",
    ]
    assert main([*command, "--seeds", "4", "--run", str(run), "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert "8 of 8 repetitions" in captured.err
    assert {name: result[name] for name in ("space", "budget", "unit", "seeds", "rank_by")} == {
        "space": "examples.toy_space:ToySpace",
        "budget": 1500.0,
        "unit": "seconds",
        "seeds": 4,
        "rank_by": "test_accuracy",
    }
    assert {strategy["name"] for strategy in result["strategies"]} == {"random", "reinforce:batch_size=5:lr=0.1"}
    for strategy in result["strategies"]:
        assert 20 < strategy["trials"] < 75
        assert set(strategy["metrics"]) == {"val_accuracy", "test_accuracy"}
        assert 0.5 < strategy["metrics"]["test_accuracy"]["mean"] <= result["optimum"]["test_accuracy"]
        assert [each["budget"] for each in strategy["budgets"]] == [375.0, 750.0, 1500.0]
    assert sum(win["share"] for win in result["wins"]) == pytest.approx(1.0)

    trials = RunStore.read(run).trials
    assert [trial.seed for trial in trials] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [trial.name for trial in trials] == ["random", "reinforce:batch_size=5:lr=0.1"] * 4
    assert {"columns", "budgets", "strategies"} <= set(RunStore.read(run).run["plan"])
    page = (run / "report.html").read_text()
    assert not re.search(r"(src|href)=\"http", page)
    for name in ("anytime_val_accuracy", "anytime_test_accuracy", "regret", "wins"):
        ElementTree.parse(run / f"{name}.svg")
        assert f"{name}-" in page

    (run / "report.html").unlink()
    assert main(["report", str(run), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert str(run / "wins.svg") in files
    assert (run / "report.html").read_text() == page


def test_a_race_is_resumed_by_its_directory_alone(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    command = [
        "race",
        "--space",
        "examples.toy_space:ToySpace",
        "--evaluator",
        f"table:{table}",
        "--strategies",
        "random",
    ]
    assert main([*command, "--trials", "10", "--seeds", "3", "--run", str(run)]) == 0
    assert "random" in capsys.readouterr().out
    log = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    (run / "trials.jsonl").write_text(log[0] + log[2])
    assert main(["race", "--run", str(run), "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seeds"] == 3
    assert sorted(trial.number for trial in RunStore.read(run).trials) == [1, 2, 3]
