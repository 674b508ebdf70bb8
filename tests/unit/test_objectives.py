"""Directions by name, fronts, and how they reach the score, the files and the report."""

from pathlib import Path

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.objectives import Objective, pareto_front, parse_objectives
from nasbench.core.reward import score_of
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import SearchConfig
from nasbench.engine.opened.report import write_report
from nasbench.engine.parts.fronts import told_of_front
from nasbench.engine.parts.searching import prepare
from nasbench.engine.run.artifacts import write_front
from nasbench.report.run.front import front_sentence, front_table
from unit.toys import trial

TWO = parse_objectives(["val_accuracy,macs"])


def point(number: int, accuracy: float, macs: int, **changes: object) -> Trial:
    return trial(number, score=accuracy, key=str(number), metrics={"val_accuracy": accuracy, "macs": macs}, **changes)


@pytest.mark.parametrize(
    ("text", "metric", "maximise"),
    [
        ("val_accuracy", "val_accuracy", True),
        ("top1", "top1", True),
        ("test_accuracy_200", "test_accuracy_200", True),
        ("macs", "macs", False),
        ("val_loss", "val_loss", False),
        ("top1_error", "top1_error", False),
        ("train_seconds_12", "train_seconds_12", False),
        ("+macs", "macs", True),
        ("-speed", "speed", False),
        ("+speed", "speed", True),
    ],
)
def test_direction_follows_from_the_name_or_the_sign(text: str, metric: str, maximise: bool) -> None:
    assert parse_objectives([text]) == (Objective(metric, maximise),)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["val_accuracy,speed"], ["'speed'", "+speed", "-speed"]),
        (["val_accuracy,macs", "macs"], ["'macs' twice"]),
        (["val_accuracy,-val_accuracy"], ["'val_accuracy' twice"]),
        (["val_accuracy,"], ["empty"]),
        (["-"], ["'-'"]),
    ],
)
def test_wrong_objectives_are_named(texts: list[str], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        parse_objectives(texts)
    for word in words:
        assert word in str(error.value)


def test_the_front_is_what_nothing_beats() -> None:
    trials = [
        point(1, 0.9, 100),
        point(2, 0.8, 50),
        point(3, 0.8, 60),
        point(4, 0.95, 200),
        point(5, 0.7, 50),
        point(6, 0.6, 10),
    ]
    assert [found.number for found in pareto_front(trials, TWO)] == [4, 1, 2, 6]
    assert [found.number for found in pareto_front(trials, parse_objectives(["macs"]))] == [6]


def test_equals_stay_on_the_front_but_a_network_once() -> None:
    trials = [
        point(1, 0.9, 100),
        point(2, 0.9, 100),
        trial(3, "cached", 0.9, key="1", metrics={"val_accuracy": 0.9, "macs": 100}, of=1),
    ]
    assert [found.number for found in pareto_front(trials, TWO)] == [1, 2]


def test_compared_are_scored_trials_of_the_most_epochs_without_controls() -> None:
    trials = [
        point(1, 0.99, 1, epochs=1),
        point(2, 0.9, 100, epochs=3),
        point(3, 0.95, 50, epochs=3, note={"control": True}),
        trial(4, "failed", None, key="4", epochs=3, metrics={}),
        trial(5, score=0.97, key="5", epochs=3),
    ]
    assert [found.number for found in pareto_front(trials, TWO)] == [2]
    assert "1 of 2 different" in front_sentence(pareto_front(trials, TWO), trials)


def test_no_trials_no_front() -> None:
    assert pareto_front([], TWO) == []
    assert pareto_front([point(1, 0.9, 100)], ()) == []
    assert front_table([], TWO)[1] == []


def test_the_first_objective_is_the_score_and_all_must_be_there() -> None:
    config = SearchConfig.of(objectives=("val_loss,macs",)).completed()
    assert config.table.score_column == "val_loss"
    score = score_of(parse_objectives(config.goals.objectives), config.table.score_column, None)
    assert score({"val_loss": 0.25, "macs": 7}) == -0.25
    with pytest.raises(KeyError, match="macs"):
        score({"val_loss": 0.25})


def test_objectives_are_columns_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    config = SearchConfig.of(
        evaluator=f"table:{tmp_path / 't.csv'}",
        objectives=("accuracy,latency,seconds",),
        cost_column="seconds",
        report_columns=("a,b",),
    )
    assert config.completed().table.report_columns == ("a,b", "latency")
    assert SearchConfig().completed() == SearchConfig()


def begin(config: SearchConfig, directory: Path) -> None:
    """What a search does before any work starts."""
    config.check()
    prepare(config, directory)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"objectives": ("val_accuracy", "val_acc")}, ["'val_acc'", "Did you mean 'val_accuracy'"]),
        (
            {"objectives": ("val_accuracy", "macs"), "target_macs": "400M"},
            ["--target-macs", "--objectives", "one of the two"],
        ),
        ({"max_macs": "none"}, ["--max-macs", "'none'"]),
        ({"max_params": "0"}, ["--max-params", "positive"]),
    ],
)
def test_goals_that_cannot_be_are_refused(fields: dict[str, object], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        begin(SearchConfig.of(dataset="digits", recipe="quick", **fields), tmp_path)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "objectives", [("val_accuracy,macs",), ("val_accuracy", "macs", "params"), ("val_accuracy",), ()]
)
def test_the_front_in_the_files_and_the_report(tmp_path: Path, objectives: tuple[str, ...]) -> None:
    store = RunStore.create(
        tmp_path / "run", {"command": "search", "config": {"objectives": list(objectives)}, "seed": 0, "plan": {}}
    )
    for number in range(1, 9):
        metrics = {"val_accuracy": number / 10, "macs": number % 3 * 10**6 + number, "params": 10**5 - number}
        store.append(trial(number, score=number / 10, key=f"key{number}", metrics=metrics))
    front = write_front(store)
    names = {path.name for path in write_report(store)}
    page = (tmp_path / "run" / "report.html").read_text()
    store.close()
    assert (front is not None) is bool(objectives) is (tmp_path / "run" / "best" / "front.json").exists()
    assert ("front.svg" in names) is (len(parse_objectives(objectives)) > 1)
    assert ("Pareto front" in page) is bool(objectives)
    if front is not None:
        assert front[0]["number"] == 8
        assert {"number", "key", "val_accuracy", "architecture"} <= set(front[0])


@pytest.mark.parametrize(("strategy", "said"), [("evolution", 1), ("tpe", 1), ("predictor", 0), ("random", 0)])
def test_a_strategy_that_serves_the_first_objective_alone_says_so(strategy: str, said: int) -> None:
    told = told_of_front(strategy, TWO)
    assert len(told) == said
    assert all(f"{strategy} searches for the first objective, val_accuracy, alone" in line for line in told)
    assert told_of_front(strategy, TWO[:1]) == ()


def test_a_function_is_no_objective_of_a_table() -> None:
    config = SearchConfig.of(evaluator="table:t.csv", objectives=("examples.small_objective:accurate_and_small,macs",))
    with pytest.raises(
        UsageError, match=r"accurate_and_small is a function, and objectives on a table are its columns"
    ):
        config.check()
