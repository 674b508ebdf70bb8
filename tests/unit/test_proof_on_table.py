"""benchmarks/proof/on_table.py: its commands are read, and what cheap scores take is on the clock."""

import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli.parse import parse_run
from nasbench.core.errors import UsageError
from nasbench.engine.config import FidelityConfig, RaceConfig, SupernetConfig
from nasbench.report.race.results import Race, Repetition, Step

BEHIND = "random + table:s.csv"
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "proof"


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("on_table_routes", "on_table_judge", "trained_cells"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import on_table_routes

    return on_table_routes


def repetition(strategy: str, seed: int, *steps: tuple[int, float, float]) -> Repetition:
    """Steps are (evaluations, seconds, test accuracy); the score is the accuracy itself; trained anew, 0.1 less."""
    return Repetition(strategy, seed, tuple(Step(count, at, (test, test, test - 0.1)) for count, at, test in steps), ())


def race(repetitions: list[Repetition]) -> Race:
    names = tuple(dict.fromkeys(each.strategy for each in repetitions))
    columns = ("val_accuracy_3_seed_0", "test_accuracy_seed_0", "test_accuracy_retrained")
    return Race("nasnet-small", columns, "seconds", 900.0, (900.0,), names, {}, True, tuple(repetitions))


def test_commands_are_read(routes: Any, tmp_path: Path) -> None:
    command, *arguments = routes.supernet_command(2)
    trained = parse_run(SupernetConfig, command, arguments)
    assert (trained.space, trained.seed, trained.training.epochs) == ("nasnet-small", 2, routes.SUPERNET_EPOCHS)
    command, *arguments = routes.scores_command(["no-such-run"])
    with pytest.raises(UsageError, match=r"^supernet:RUN takes [^\n]+ no-such-run\.?$"):  # all else is right
        parse_run(FidelityConfig, command, arguments)
    file = tmp_path / "scores.csv"
    file.write_text("synflow,params\n")
    command, *arguments = routes.race_command(file, 7, routes.SCREENS)
    raced = parse_run(RaceConfig, command, arguments)
    assert (raced.seeds, raced.time_budget, raced.table.candidates) == (7, routes.BUDGET, "table")
    assert ",".join(raced.screen) == ",".join(f"table:{file}#{name}=8" for name in routes.SCREENS)


def test_what_a_screen_takes_is_on_the_clock(routes: Any) -> None:
    spent = routes.Spent([100.0, 200.0], {"synflow": 0.5, "shared_0": 1.0, "shared_1": 1.0})
    last = (10, 60.0, 0.4)
    alone = race([repetition(label, seed, last) for label in ("random", f"{BEHIND}#synflow=8") for seed in (0, 1)])
    shared = [
        race([repetition(label, seed, last) for label in ("random", f"{BEHIND}#shared_{number}=8") for seed in (0, 1)])
        for number in (0, 1)
    ]
    found = routes.routes_of(alone, shared, spent)
    assert list(found) == ["random", "random + synflow", "random + shared"]
    assert [len(groups) for groups in found.values()] == [2, 2, 2]
    assert [len(group) for group in found["random + shared"]] == [2, 2]
    last_seconds = [max(each.steps[-1].seconds for group in groups for each in group) for groups in found.values()]
    assert last_seconds == [60.0, 60.0 + 10 * 8 * 0.5, 200.0 + 60.0 + 10 * 8 * 1.0]


@pytest.fixture
def judge(routes: Any) -> Any:
    import on_table_judge

    assert on_table_judge.BUDGET == routes.BUDGET
    return on_table_judge


def returning(*tested: float) -> list[Repetition]:
    """Searches that return at once a cell of that test accuracy."""
    return [repetition("a", seed, (1, 1.0, test)) for seed, test in enumerate(tested)]


def test_what_is_returned_is_judged_by_other_trainings(judge: Any) -> None:
    sure = judge.Judge({(0.4, 0.4, 0.4 - 0.1): (36.0, 5), (0.3, 0.3, 0.3 - 0.1): (32.0, 5)}, 0.0)
    groups = {
        "random": [[each] for each in returning(0.3, 0.3, 0.4)],
        "a": [[each] for each in returning(0.4, 0.4, 0.4)],
    }
    found = judge.told(groups, sure, "random")
    assert found["a"]["mean"][-1] == found["a"]["low"][-1] == 36.0
    assert found["random"]["mean"][-1] == pytest.approx(100 / 3, abs=1e-3)
    assert (found["a"]["chosen"], found["a"]["cells"], found["random"]["cells"]) == (40.0, 1, 2)
    assert found["a"]["ahead"][0] == pytest.approx(36 - 100 / 3, abs=1e-3)
    assert found["random"]["ahead"] == [0.0, 0.0]


def test_searches_that_return_one_cell_share_its_luck(judge: Any) -> None:
    cell, other = (0.4, 0.4, 0.4 - 0.1), (0.3, 0.3, 0.3 - 0.1)
    noisy = judge.Judge({cell: (36.0, 4), other: (36.0, 1)}, 0.8)
    assert noisy.half({cell: 1.0}) == pytest.approx(1.96 * 0.8 / 2)
    assert noisy.half({cell: 0.5, other: 0.5}) == pytest.approx(1.96 * 0.8 * (0.25 / 4 + 0.25) ** 0.5)
    same = {name: [[each] for each in returning(*[0.4] * 50)] for name in ("random", "a")}
    found = judge.told(same, noisy, "random")["a"]
    assert found["high"][-1] - found["mean"][-1] == pytest.approx(1.96 * 0.8 / 2, abs=1e-3)
    assert found["ahead"] == [0.0, 0.0], "whatever that cell's luck is, both have it"


def test_the_noise_is_that_of_one_training_of_a_cell(judge: Any) -> None:
    class Cell:
        def __init__(self, *tested: float) -> None:
            self.measured = {"test_accuracy": dict(enumerate(tested))}
            self.seeds = list(range(len(tested)))

    cells = {"a": Cell(0.9, 0.30, 0.31), "b": Cell(0.9, 0.40, 0.43), "c": Cell(0.1, 0.20)}
    found = judge.judge_of(cells)
    assert found.anew["a"] == (pytest.approx(30.5), 2)
    assert found.anew["b"] == (pytest.approx(41.5), 2)
    assert found.anew["c"] == (pytest.approx(21.0), 1), "its seed is a point below the other on average"
    assert found.noise == pytest.approx(1.0**0.5), "two cells, 0.5 points off on either side: one degree of freedom"


def test_repetitions_that_share_weights_are_one_observation(judge: Any) -> None:
    sure = judge.Judge({(0.3, 0.3, 0.3 - 0.1): (30.0, 1), (0.4, 0.4, 0.4 - 0.1): (40.0, 1)}, 0.0)
    one, other = returning(*[0.3] * 50), returning(0.4, 0.4)
    apart = [[each] for each in (*one, *other)]
    found = judge.told({"together": [one, other], "apart": apart}, sure, "apart")
    assert found["together"]["mean"][-1] == pytest.approx(35.0)
    assert found["together"]["high"][-1] - found["together"]["low"][-1] == pytest.approx(2 * 12.706 * 5.0, rel=1e-3)
    assert found["apart"]["high"][-1] - found["apart"]["low"][-1] < 2.0


def test_by_shared_weights_the_best_by_that_score_are_trained_first(routes: Any) -> None:
    rows = [
        (float(place), {"train_seconds": 10.0, **dict.fromkeys(race([]).columns, value)})
        for place, value in enumerate([0.3] * (routes.DRAWN - 3) + [0.6, 0.5, 0.2])
    ]
    walked = routes._walk(race([]), rows, 40.0, 0)
    assert [(step.evaluations, step.seconds) for step in walked.steps] == [(1, 50.0), (2, 60.0), (3, 70.0)]
    assert walked.at(70.0, "seconds") == (0.6, 0.6, 0.6)
