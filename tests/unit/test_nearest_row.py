"""Searches and races over the rows of a table that knows a part of its space only."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from nasbench.cli import main
from nasbench.core.arch import Architecture, Choice, Range, sample
from nasbench.core.errors import UsageError
from nasbench.core.registry import strategies
from nasbench.core.store import RunStore
from nasbench.core.trial import Proposal, Trial
from nasbench.evaluators.table import TableEvaluator
from nasbench.strategies.around.constrained import Limits
from nasbench.strategies.around.nearest_row import NearestRow, OfRows
from nasbench.testing.toy import TOY_SPACE, ToySpace, play
from unit.toys import trial

SPACE = "nasbench.testing.toy:ToySpace"


def rows(count: int, seed: int = 0) -> list[Architecture]:
    rng = Random(seed)
    found = dict.fromkeys(sample(TOY_SPACE.name, TOY_SPACE.choices, rng) for _ in range(4 * count))
    return list(found)[:count]


@pytest.fixture
def table(tmp_path: Path) -> TableEvaluator:
    """A tenth of the toy space."""
    names = [choice.name for choice in TOY_SPACE.choices]
    lines = [f"{','.join(str(row.genes[name]) for name in names)},{0.01 * n}" for n, row in enumerate(rows(11))]
    (tmp_path / "t.csv").write_text("\n".join([",".join([*names, "val_accuracy"]), *lines]) + "\n")
    return TableEvaluator(str(tmp_path / "t.csv"), TOY_SPACE, "val_accuracy")


def counts(architecture: Architecture) -> tuple[int, int]:
    return int(architecture.genes["filters"]), 1


def test_the_row_with_the_fewest_other_decisions_is_taken(table: TableEvaluator) -> None:
    nearest = NearestRow(table, TOY_SPACE, counts)
    known, rng = table.architectures(), Random(0)
    for _ in range(200):
        wanted = sample(TOY_SPACE.name, TOY_SPACE.choices, rng)
        row, apart = nearest(wanted, Random(1))
        distances = [sum(a != b for a, b in zip(wanted.items, each.items, strict=True)) for each in known]
        if table.holds(wanted):
            assert (row, apart) == (wanted, 0.0)
        else:
            assert apart == min(distances) == distances[known.index(row)]
            assert nearest(wanted, Random(1))[0] == row, "the generator alone decides between equals"


def test_a_continuous_decision_counts_by_its_distance() -> None:
    class Mixed(ToySpace):
        name = "mixed"
        choices = (Choice("kernel", (1, 3)), Range("rate", 0.0, 2.0))

        def canonical(self, architecture: Architecture) -> Architecture:
            return architecture

    class Two:
        def architectures(self) -> list[Architecture]:
            points = ((1, 0.0), (3, 1.9), (1, 1.5))
            return [Architecture.of("mixed", {"kernel": kernel, "rate": rate}) for kernel, rate in points]

        def holds(self, architecture: Architecture) -> bool:
            return architecture in self.architectures()

    nearest = NearestRow(Two(), Mixed(), counts)
    assert nearest(Architecture.of("mixed", {"kernel": 1, "rate": 1.9}), Random(0)) == (Two().architectures()[2], 0.2)


def test_rows_beyond_the_limits_are_none(table: TableEvaluator) -> None:
    nearest = NearestRow(table, TOY_SPACE, counts, Limits(max_params=4))
    rng = Random(0)
    assert {nearest(sample("toy", TOY_SPACE.choices, rng), rng)[0].genes["filters"] for _ in range(60)} == {4}
    with pytest.raises(UsageError, match="no row of the table keeps --max-params"):
        NearestRow(table, TOY_SPACE, counts, Limits(max_params=3))


@pytest.mark.parametrize("name", ["random", "evolution", "local_search", "reinforce", "tpe"])
def test_every_strategy_proposes_rows_alone(name: str, table: TableEvaluator) -> None:
    made = strategies.make(name, TOY_SPACE, options={}, offered={"counts": counts, "epochs": 1}, seed=0)
    log = play(OfRows(made, NearestRow(table, TOY_SPACE, counts)), TOY_SPACE, range(1, 41))
    assert all(table.holds(trial.proposed) for trial in log)
    replaced = [trial for trial in log if "nearest_row" in trial.note]
    assert all(trial.note["repaired"] and trial.note["nearest_row"] >= 1 for trial in replaced)
    assert replaced


@pytest.fixture
def search(table: TableEvaluator) -> list[str]:
    return ["--space", SPACE, "--evaluator", f"table:{table.file}", "--wandb", "off"]


def test_a_search_that_meets_a_missing_row_says_what_helps_and_goes_on_with_that(
    search: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    plain = ["search", *search, "--strategy", "random", "--seed", "1", "--trials", "12", "--run", str(run)]
    assert main(plain) == 2
    assert "--candidates table" in capsys.readouterr().err
    assert not run.exists(), "nothing was finished"
    assert main([*plain, "--candidates", "table", "--control", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == 14

    log = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "config": {**record["config"], "candidates": "space"}}))
    (run / "trials.jsonl").write_text("".join(log[:3]))
    assert main(["search", "--run", str(run), "--resume", "--wandb", "off"]) == 2
    assert "3 finished trials are kept" in capsys.readouterr().err
    assert main(["search", "--run", str(run), "--resume", "--candidates", "table", "--wandb", "off"]) == 0
    trials = RunStore.read(run).trials
    assert [trial.key for trial in trials] == [json.loads(line)["key"] for line in log]
    assert RunStore.read(run).run["config"]["candidates"] == "table", "it stays so"


def test_a_race_over_the_rows(search: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    race = ["race", *search[:4], "--strategies", "random,evolution:population=4:sample=2", "--seeds", "2"]
    race += ["--trials", "10", "--run", str(tmp_path / "race")]
    assert main(race) == 2
    assert "--candidates table" in capsys.readouterr().err
    assert not (tmp_path / "race").exists()
    assert main([*race, "--candidates", "table"]) == 0
    assert len(RunStore.read(tmp_path / "race").trials) == 4


def test_only_a_table_has_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--candidates", "table", "--dataset", "digits"]) == 2
    assert "--candidates table is for --evaluator table:FILE" in capsys.readouterr().err


def test_a_missing_network_that_is_asked_for_again_becomes_another_row(table: TableEvaluator) -> None:
    """A model that learns nothing new from a known row asks for the same network for ever."""
    drawn = (sample(TOY_SPACE.name, TOY_SPACE.choices, Random(seed)) for seed in range(99))
    missing = next(each for each in drawn if not table.holds(each))

    class Stubborn:
        def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
            return Proposal(number, missing)

        def tell(self, trial: Trial) -> None: ...

    strategy = OfRows(Stubborn(), NearestRow(table, TOY_SPACE, counts))
    asked: list[Architecture] = []
    networks = {TOY_SPACE.canonical(row) for row in table.architectures()}
    for number in range(1, len(networks) + 1):
        asked.append(strategy.ask(number, Random(number), ()).architecture)
        strategy.tell(trial(number, architecture=asked[-1]))
    distances = [sum(a != b for a, b in zip(missing.items, each.items, strict=True)) for each in asked]
    assert {TOY_SPACE.canonical(each) for each in asked} == networks
    assert distances == sorted(distances), "the nearest first"
    assert strategy.ask(99, Random(99), ()).note["nearest_row"] == distances[0], "then all again"
