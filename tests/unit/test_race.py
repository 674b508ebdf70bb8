"""The race: what a repetition is, what its path says at any budget, who wins, what is refused."""

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.store import RunStore
from nasbench.engine.config import RaceConfig
from nasbench.engine.race.command import run_race
from nasbench.engine.race.repetition import Repetitions, entrants_of
from nasbench.report.race.results import Race, Repetition, Step, Summary, wilson
from nasbench.report.race.tables import standing_columns, standing_rows, win_rows
from search_spaces.nasbench201.space import NasBench201Space

OPERATIONS = ("none", "skip_connect", "nor_conv_3x3")


class Small(NasBench201Space):
    """729 cells."""

    def __init__(self) -> None:
        super().__init__(OPERATIONS)


class Broken:
    """A strategy that breaks at its third question."""

    def __init__(self, space: Any, seed: int = 0) -> None:
        self._space = space

    def ask(self, number: int, rng: Any, running: Any) -> Any:
        from nasbench.core.arch import sample
        from nasbench.core.trial import Proposal

        if number == 3:
            raise KeyError("nothing there")
        return Proposal(number, sample(self._space.name, self._space.choices, rng))

    def tell(self, trial: Any) -> None: ...


SPACE = "unit.test_race:Small"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up results: more convolutions are better and dearer."""
    path = tmp_path_factory.mktemp("table") / "made_up.csv"
    names = [choice.name for choice in Small().choices]
    lines = [",".join([*names, "val", "test", "seconds"])]
    for index, genes in enumerate(product(OPERATIONS, repeat=6)):
        good = sum(OPERATIONS.index(gene) * (place + 2) for place, gene in enumerate(genes))
        lines.append(",".join([*genes, f"{good + index % 7 / 10}", str(good), str(10 + good)]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def config(table: Path, tmp_path: Path) -> RaceConfig:
    return RaceConfig.of(
        space=SPACE,
        evaluator=f"table:{table}",
        score_column="val",
        cost_column="seconds",
        report_columns=("test",),
        strategies=("random", "reinforce:lr=0.5"),
        seeds=3,
        time_budget=600.0,
        run=str(tmp_path / "run"),
    )


def lines(run: str | None) -> list[dict[str, Any]]:
    """What a race's log says, but for when, where and how long."""
    trials = sorted(RunStore.read(Path(str(run))).trials, key=lambda trial: trial.number)
    return [replace(trial, started="", worker="", seconds=0.0).to_json() for trial in trials]


def test_a_repetition_is_the_search_under_its_seed(config: RaceConfig, tmp_path: Path) -> None:
    repetitions = Repetitions(config)
    repetitions.check()
    job = repetitions.jobs()[3]  # the second strategy's second seed
    metrics = repetitions(job, lambda *_: None)
    names = ("space", "evaluator", "score_column", "cost_column", "report_columns", "time_budget")
    common = {name: config.flat()[name] for name in names}
    options = {"strategy": "reinforce", "strategy_options": ("lr=0.5",), "seed": 1, "trials": 1000, "wandb": "off"}
    searched = nasbench.search(**common, **options, run=str(tmp_path / "search"), trackers=())
    assert searched.best is not None
    assert (job.number, job.name, job.seed) == (4, "reinforce:lr=0.5", 1)
    assert metrics["evaluations"] == metrics["evaluations_by_budget"][-1] == len(searched.trials)
    assert metrics["found"] == searched.best.genes
    assert metrics["test"] == searched.best.metrics["test"]
    assert metrics["simulated_seconds"] == sum(each.metrics["seconds"] for each in searched.trials) <= 600
    assert metrics["steps"][-1][0] == searched.best.number


def test_a_longer_race_is_the_same_up_to_there(config: RaceConfig) -> None:
    short = run_race(config, ()).race
    long = run_race(config.changed(time_budget=1200.0, also=(0.5, 0.25, 0.125), run=f"{config.place.run}-2"), ()).race
    assert short.budgets == (150.0, 300.0, 600.0)
    for strategy in short.strategies:
        for budget in short.budgets:
            assert short.standing(strategy, budget) == long.standing(strategy, budget)


def test_a_budget_of_evaluations(config: RaceConfig) -> None:
    race = run_race(config.changed(time_budget=None, trials=20, also=(0.5, 2.0)), ()).race
    assert race.budgets == (10, 20, 40)
    assert [standing.evaluations for standing in race.standings(20)] == [20, 20]
    assert all(repetition.evaluations == (10, 20, 40) for repetition in race.repetitions)


def test_without_a_cost_column_there_is_no_clock(config: RaceConfig) -> None:
    result = run_race(config.changed(time_budget=None, cost_column=None, trials=8), ())
    assert not result.race.timed
    assert (result.run / "anytime_val.svg").exists()


def test_a_race_cut_short_goes_on_and_loses_nothing(config: RaceConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_race(config, ())
    again = config.changed(run=f"{config.place.run}-2")
    repeat, count = Repetitions.__call__, 0

    def three(repetitions: Repetitions, job: Job, report: Any) -> Any:
        nonlocal count
        count += 1
        if count == 4:
            signal.raise_signal(signal.SIGINT)
        return repeat(repetitions, job, report)

    monkeypatch.setattr(Repetitions, "__call__", three)
    with pytest.raises(KeyboardInterrupt, match=r"3 finished trials are kept .*nasbench race --run .* --resume"):
        run_race(again, ())
    with open(Path(str(again.place.run)) / "trials.jsonl", "a") as log:
        log.write('{"number": 5, "torn')
    done = lines(again.place.run)
    assert len(done) == 3
    resumed = run_race(again.changed(resume=True), ())
    assert count == 7
    assert lines(again.place.run) == lines(config.place.run)
    assert resumed.race.to_json() == whole.race.to_json()


def test_processes_give_the_same_numbers_seed_by_seed(config: RaceConfig) -> None:
    config = config.changed(strategies=("random", "evolution"))  # no controller: each process would import torch
    run_race(config, ())
    run_race(config.changed(workers=2, run=f"{config.place.run}-2"), ())
    assert lines(f"{config.place.run}-2") == lines(config.place.run)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_strategy_that_breaks_ends_the_race_with_its_name_and_seed(config: RaceConfig, workers: int) -> None:
    with pytest.raises(RunFailed, match=r"'unit.test_race:Broken' failed under seed 0: KeyError"):
        run_race(config.changed(strategies=("random,unit.test_race:Broken",), workers=workers), ())
    if not workers:
        assert len(lines(config.place.run)) == 1


def test_strategies_are_read_with_their_options() -> None:
    found = entrants_of(["random,evolution:population=10:sample=3", "my.module:Mine", "my.module:Mine:lr=0.1"])
    assert [(entrant.name, entrant.options) for entrant in found] == [
        ("random", ()),
        ("evolution", ("population=10", "sample=3")),
        ("my.module:Mine", ()),
        ("my.module:Mine", ("lr=0.1",)),
    ]


def path(
    strategy: str, seed: int, *steps: tuple[int, float, float], evaluations: tuple[int, ...] = (2, 4)
) -> Repetition:
    return Repetition(
        strategy, seed, tuple(Step(number, clock, (value, 10 * value)) for number, clock, value in steps), evaluations
    )


def made_up(*repetitions: Repetition) -> Race:
    names = tuple(dict.fromkeys(repetition.strategy for repetition in repetitions))
    return Race("toy", ("val", "test"), "seconds", 40.0, (20.0, 40.0), names, {"test": 50.0}, True, repetitions)


def test_what_is_returned_at_a_budget() -> None:
    one = path("a", 0, (1, 10.0, 1.0), (4, 40.0, 3.0))
    assert one.at(9.9, "seconds") is None
    assert one.at(10.0, "seconds") == (1.0, 10.0)
    assert one.at(39.9, "seconds") == (1.0, 10.0)
    assert one.at(40.0, "seconds") == (3.0, 30.0)
    assert one.at(3, "evaluations") == (1.0, 10.0)


def test_standings_means_deviations_and_wins() -> None:
    race = made_up(
        path("a", 0, (1, 10.0, 1.0), (4, 40.0, 3.0)),
        path("a", 1, (1, 10.0, 2.0)),
        path("b", 0, (1, 10.0, 2.0)),
        path("b", 1, (1, 30.0, 2.0), evaluations=(0, 2)),
    )
    first, second = race.standings(40.0)
    assert (first.strategy, first.columns["test"].mean, second.strategy) == ("a", 25.0, "b")
    assert first.columns["test"].std == pytest.approx(50**0.5)
    early = race.standing("b", 20.0)
    assert early is not None
    assert (early.evaluations, early.empty, early.columns["val"]) == (1.0, 1, Summary(2.0, None))
    win = {(win.strategy, win.other): win for win in race.wins()}
    assert (win["a", "b"].share, win["b", "a"].share, win["a", "b"].seeds) == (0.75, 0.25, 2)
    assert standing_columns(race) == ("strategy", "evaluations", "val", "test", "test at 20 s")
    assert standing_rows(race)[1] == ("b", "3", "2.00 ± 0.00", "20.00 ± 0.00", "20.00")
    assert [row[:3] for row in win_rows(race)] == [("a", "b", "0.75")]
    json.dumps(race.to_json(), allow_nan=False)


def test_the_wilson_interval() -> None:
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


BAD: dict[str, tuple[list[str], list[str]]] = {
    "no budget": ([], ["--trials N", "--time-budget", "neither"]),
    "two budgets": (["--trials", "3", "--time-budget", "9"], ["one budget", "both"]),
    "zero trials": (["--trials", "0"], ["--trials", "from 1 on", "0"]),
    "zero seconds": (["--time-budget", "0"], ["--time-budget", "above 0"]),
    "seconds that are none": (["--time-budget", "nan"], ["--time-budget", "above 0"]),
    "zero seeds": (["--trials", "3", "--seeds", "0"], ["--seeds", "from 1 on"]),
    "negative workers": (["--trials", "3", "--workers", "-2"], ["--workers", "-2"]),
    "a share of nothing": (["--trials", "3", "--also", "0"], ["--also", "above 0"]),
    "no images": (["--trials", "3", "--evaluator", "train"], ["cifar10 is not in", "--data-dir"]),
    "unknown table": (
        ["--trials", "3", "--evaluator", "table:nasbench201-cifar"],
        ["Did you mean 'nasbench201-cifar10'"],
    ),
    "table without a file": (["--trials", "3", "--evaluator", "table:"], ["table:FILE"]),
    "unknown space": (["--trials", "3", "--space", "nasbench21"], ["Did you mean 'nasbench201'"]),
    "unknown strategy": (
        ["--trials", "3", "--strategies", "random,reinforse"],
        ["'reinforse'", "Did you mean 'reinforce'"],
    ),
    "unknown option": (["--trials", "3", "--strategies", "reinforce:learning=1"], ["'learning'", "lr"]),
    "malformed option": (["--trials", "3", "--strategies", "reinforce:lr"], ["NAME:KEY=VALUE", "'reinforce:lr'"]),
    "option out of range": (["--trials", "3", "--strategies", "reinforce:batch_size=0"], ["batch_size", "0"]),
    "one twice": (["--trials", "3", "--strategies", "random,random"], ["'random' twice"]),
    "an empty one": (["--trials", "3", "--strategies", "random,"], ["--strategies", "'random,'"]),
    "no such column": (
        ["--trials", "3", "--score-column", "val_acuracy_12"],
        ["'val_acuracy_12'", "Did you mean 'val_accuracy_12'"],
    ),
    "no cost column": (["--time-budget", "900", "--score-column", "val_accuracy_12"], ["--cost-column"]),
    "a budget for no query": (["--time-budget", "20"], ["cheapest query", "32.5"]),
    "no run to resume": (["--resume", "--run", "none"], ["holds no run"]),
    "resume without a run": (["--resume"], ["--resume needs --run"]),
    "a flag of another command": (["--trials", "3", "--epochs", "2"], ["--epochs"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, fragments = BAD[case]
    refuse(arguments, fragments, capsys)
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def refuse(arguments: list[str], fragments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["race", *arguments])
    except SystemExit as stop:  # the flag parser's own way out
        status = int(str(stop.code))
    captured = capsys.readouterr()
    message = " ".join(captured.err.replace("│", " ").split())
    assert status == 2, message
    assert captured.out == ""
    assert "Traceback" not in message
    for fragment in fragments:
        assert fragment in message, f"{fragment!r} is not in: {message}"


TABLES: dict[str, tuple[Callable[[list[str]], list[str]], list[str]]] = {
    "a missing row": (lambda rows: rows[:20], ["no row for the architecture", "Add its row"]),
    "a missing column": (
        lambda rows: [rows[0].replace("test", "tset"), *rows[1:]],
        ["'test'", "Did you mean 'tset'", "--report-columns"],
    ),
    "a missing decision": (lambda rows: [rows[0].replace("op_1_2", "op_12"), *rows[1:]], ["'op_1_2'", "op_12"]),
    "a text in a number column": (
        lambda rows: [*rows[:4], rows[4].rpartition(",")[0] + ",slow", *rows[5:]],
        ["'seconds'", "line 5", "'slow'"],
    ),
    "two rows for one architecture": (lambda rows: [*rows, rows[3]], ["twice", "lines 4 and 731"]),
    "a cost of nothing": (
        lambda rows: [*rows[:9], rows[9].rpartition(",")[0] + ",0", *rows[10:]],
        ["costs above 0", "'seconds'"],
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_bad_tables(case: str, config: RaceConfig, tmp_path: Path) -> None:
    spoil, fragments = TABLES[case]
    rows = Path(config.evaluator.removeprefix("table:")).read_text().splitlines()
    (tmp_path / "spoilt.csv").write_text("\n".join(spoil(rows)) + "\n")
    with pytest.raises(UsageError) as caught:
        run_race(config.changed(evaluator=f"table:{tmp_path / 'spoilt.csv'}"), ())
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_runs_are_not_written_over_and_not_contradicted(config: RaceConfig) -> None:
    run_race(config.changed(seeds=1), ())
    with pytest.raises(UsageError, match="already holds a run"):
        run_race(config, ())
    with pytest.raises(UsageError, match=r"--seeds 3 contradicts .*has 1"):
        run_race(config.changed(resume=True), ())
    with pytest.raises(UsageError, match="'nasbench race', not of search"):
        nasbench.search(run=config.place.run, resume=True)


def test_a_share_too_small_for_any_query_is_left_blank(config: RaceConfig) -> None:
    race = run_race(config.changed(time_budget=60.0, also=(0.1,)), ()).race
    assert race.budgets == (6.0, 60.0)
    assert race.standing("random", 6.0) is None
    assert standing_rows(race)[0][-1] == "–"


def test_a_search_too_needs_a_cost_for_its_time_budget(config: RaceConfig) -> None:
    common = {"space": SPACE, "strategy": "random", "time_budget": 50.0, "trackers": ()}
    with pytest.raises(UsageError, match="--cost-column"):
        nasbench.search(**common, evaluator=config.evaluator, score_column="val", run=f"{config.place.run}-1")
    with pytest.raises(UsageError, match="--evaluator table:FILE; got 'train'"):
        nasbench.search(**common, run=f"{config.place.run}-2")
    with pytest.raises(UsageError, match="above 0"):
        nasbench.search(**{**common, "time_budget": -1.0}, evaluator=config.evaluator, run=f"{config.place.run}-3")
