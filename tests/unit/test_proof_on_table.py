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
    monkeypatch.delitem(sys.modules, "on_table_routes", raising=False)
    import on_table_routes

    return on_table_routes


def repetition(strategy: str, seed: int, *steps: tuple[int, float, float]) -> Repetition:
    """Steps are (evaluations, seconds, test accuracy); the score is the accuracy itself."""
    return Repetition(strategy, seed, tuple(Step(count, at, (test, test)) for count, at, test in steps), ())


def race(repetitions: list[Repetition]) -> Race:
    names = tuple(dict.fromkeys(each.strategy for each in repetitions))
    columns = ("val_accuracy_3_seed_0", "test_accuracy")
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
    command, *arguments = routes.race_command(file, 7, routes.STRATEGIES, routes.SCREENS)
    raced = parse_run(RaceConfig, command, arguments)
    assert (raced.seeds, raced.time_budget, raced.table.candidates) == (7, routes.BUDGET, "table")
    assert ",".join(raced.screen) == ",".join(f"table:{file}#{name}=8" for name in routes.SCREENS)


def test_what_a_screen_takes_is_on_the_clock(routes: Any) -> None:
    grid = list(routes.GRID)
    spent = routes.Spent([100.0, 200.0], {"synflow": 0.5, "shared_0": 1.0, "shared_1": 1.0})
    last = (10, 60.0, 0.4)
    alone = race([repetition(label, seed, last) for label in ("random", f"{BEHIND}#synflow=8") for seed in (0, 1)])
    shared = [
        race([repetition(label, seed, last) for label in ("random", f"{BEHIND}#shared_{number}=8") for seed in (0, 1)])
        for number in (0, 1)
    ]
    found = routes.routes_of(alone, shared, spent)
    assert list(found) == ["random", "random + synflow", "random + shared"]

    def first(name: str) -> float:
        return float(next(at for at, mean in zip(grid, found[name]["mean"], strict=True) if mean is not None))

    def place(seconds: float) -> float:
        return float(next(at for at in grid if at >= seconds))

    assert first("random") == place(60.0)
    assert first("random + synflow") == place(60.0 + 10 * 8 * 0.5)
    assert first("random + shared") == place(200.0 + 60.0 + 10 * 8 * 1.0)


def test_repetitions_that_share_weights_are_one_observation(routes: Any) -> None:
    one, other = [repetition("a", seed, (1, 1.0, 0.3)) for seed in range(50)], [repetition("a", 0, (1, 1.0, 0.4))] * 2
    together = routes.along([one, other], 1)
    assert together["mean"][-1] == pytest.approx(35.0)
    assert together["high"][-1] - together["low"][-1] == pytest.approx(2 * 12.706 * 5.0, rel=1e-3)
    apart = routes.along([[each] for each in (*one, *other)], 1)
    assert apart["high"][-1] - apart["low"][-1] < 2.0


def test_by_shared_weights_the_best_by_that_score_are_trained_first(routes: Any) -> None:
    rows = [
        (float(place), {"train_seconds": 10.0, "val_accuracy_3_seed_0": value, "test_accuracy": value - 0.1})
        for place, value in enumerate([0.3] * (routes.DRAWN - 3) + [0.6, 0.5, 0.2])
    ]
    walked = routes._walk(race([]), rows, 40.0, 0)
    assert [(step.evaluations, step.seconds) for step in walked.steps] == [(1, 50.0), (2, 60.0), (3, 70.0)]
    assert walked.at(70.0, "seconds") == (0.6, pytest.approx(0.5))
