"""Memory and latency in a search: metrics where an objective or a reward reads them, and limits of proposals."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.recipe import recipe_named
from nasbench.core.registry import evaluators, executors, spaces
from nasbench.core.reward import Rewarded
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.costing import costs_in_search, counts_within, limits_of, model_in_search, record_of_costs
from nasbench.engine.parts.scoring import Scoring, scoring_of
from nasbench.evaluators import latency
from nasbench.evaluators.costs import CostsBy, with_costs
from nasbench.evaluators.counts import CountedOnce
from nasbench.rewards.targets import SoftTarget
from nasbench.strategies.around.constrained import Repair

SPACE = spaces.get("nasbench201")()
SIZE, TASK = Size(depth=1, width=4, skeleton="cifar"), Task(10, 8, 3)
PLAN = Plan(range(1, 2), 0, 1, "space:nasbench201", SIZE, TASK, "digits")


class Scores:
    """Returns an accuracy, and whatever else it is told to."""

    def __init__(self, **more: float) -> None:
        self.more = more

    def check(self) -> None: ...

    def task(self) -> Task:
        return TASK

    def metrics(self) -> Sequence[str]:
        return ("val_accuracy", *self.more)

    def __call__(self, job: Job, report: Report) -> Metrics:
        report(1, {"val_accuracy": 0.25})
        return {"val_accuracy": 0.5, **self.more}


def asked(**values: Any) -> SearchConfig:
    return SearchConfig.of(space="nasbench201", dataset="digits", **values)


def scoring(**values: Any) -> Scoring:
    config, executor = asked(**values), executors.make("local")
    return scoring_of(config, SPACE, recipe_named("quick", None), Path("run"), None, executor)


def job() -> Job:
    architecture = sample("nasbench201", SPACE.choices, Random(1))
    model = ModelSpec(source="space:nasbench201", architecture=architecture, size=SIZE, task=TASK)
    return Job(number=1, model=model, seed=0, epochs=1, key=architecture.key)


def test_costs_are_taken_where_something_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluators, "make", lambda *_, **__: Scores())
    assert scoring().costs.names == ()
    assert scoring(objectives=("val_accuracy,memory",)).costs.names == ("memory",)
    rewarded = scoring(reward="soft-target", reward_options=("latency=20ms", "memory=1G"))
    assert rewarded.costs.names == ("memory", "latency")
    monkeypatch.setattr(evaluators, "make", lambda *_, **__: Scores(latency=3.0))
    assert scoring(objectives=("val_accuracy,latency",)).costs.names == ()


def test_costs_are_beside_what_is_reported_and_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "latency_of", lambda *_: type("Found", (), {"median": 12.5, "steady": True}))
    evaluator = with_costs(Scores(), CostsBy(("memory", "latency"), memory_batch=4))
    heard: list[Metrics] = []
    found = evaluator(job(), lambda _, metrics: heard.append(metrics))
    assert found["latency"] == heard[0]["latency"] == 12.5
    assert found["memory"] > 4 * 3 * 4  # bytes
    assert evaluator.metrics() == ("val_accuracy", "memory", "latency")  # type: ignore[attr-defined]
    assert evaluator.identity()["costs"]["memory_batch"] == 4  # type: ignore[attr-defined]


def test_a_model_says_how_many_of_its_measurements_the_machine_slowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    milliseconds = iter(range(1, 100))

    def latency_of(*_: object) -> object:
        median = next(milliseconds)
        return type("Found", (), {"median": float(median), "steady": median % 4 > 0})

    monkeypatch.setattr(latency, "latency_of", latency_of)
    config = asked(latency_model=True, latency_samples=10)
    model_in_search(CostsBy(("latency",)), config, SPACE, PLAN, Path("run"))
    assert "for 2 of the 10 networks, the machine was slower most of the time: measure" in capsys.readouterr().err


def test_targets_of_a_reward_are_amounts() -> None:
    reward = SoftTarget(latency="20ms", memory="2G")
    assert [target.at for target in reward.targets] == [20.0, 2_000_000_000]
    score = Rewarded("soft-target", reward, "val_accuracy")({"val_accuracy": 0.5, "latency": 40.0, "memory": 2e9})
    assert score == pytest.approx(0.5 * 2**-0.07)
    with pytest.raises(UsageError, match="takes a time such as 20ms"):
        SoftTarget(latency="soon")


def test_proposals_keep_a_limit_of_memory() -> None:
    config = asked(max_memory="150k", memory_batch=2)
    limits, counts = limits_of(config.goals), CountedOnce(SPACE, SIZE, TASK)
    measured = counts_within(counts, limits, config.costs, SPACE, PLAN, None)
    repair, rng = Repair(measured, limits, SPACE), Random(0)
    drawn = [sample("nasbench201", SPACE.choices, rng) for _ in range(4)]
    before = [list(measured(each))[2] for each in drawn]
    after = [list(measured(repair(each, rng)))[2] for each in drawn]
    assert max(before) > 150_000 >= max(after)
    tight = limits_of(asked(max_memory="1k").goals)
    with pytest.raises(UsageError, match=r"within --max-memory 1,000 was found .* [\d,]+ bytes of memory"):
        Repair(measured, tight, SPACE)


def test_without_limits_of_costs_counts_stay_what_they_were() -> None:
    counts = CountedOnce(SPACE, SIZE, TASK)
    config = asked(max_params="3M")
    assert counts_within(counts, limits_of(config.goals), config.costs, SPACE, PLAN, None) is counts
    assert record_of_costs(CostsBy(()), limits_of(config.goals)) == {}


def test_a_run_says_on_which_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "machine", lambda on: f"the {on}")
    told = record_of_costs(CostsBy(("latency",)), limits_of(asked().goals))["costs"]
    assert (told["machine"], told["threads"], told["names"]) == ("the cpu", 1, ["latency"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"memory_batch": 8}, "--memory-batch would have no effect: nothing reads memory"),
        ({"latency_threads": 2, "objectives": ("val_accuracy,memory",)}, "nothing reads latency"),
    ],
)
def test_settings_that_nothing_reads_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        scoring(**values)
    with pytest.raises(UsageError, match="--max-latency takes a time"):
        asked(max_latency="soon").check()


def test_settings_of_a_cost_that_the_evaluator_answers_itself_are_refused_as_that() -> None:
    config = asked(latency_threads=2)
    with pytest.raises(UsageError, match="the latency that is asked for is --evaluator's own"):
        costs_in_search(config.costs, config.goals, set(), None, {"latency"})
