"""Rewards: their values, where they become scores, and what is answered before any work starts."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.heard import Heard
from nasbench.core.job import Job
from nasbench.core.protocols import Curve, Metrics, Report
from nasbench.core.reward import Target, score_of, targets_of, weighted
from nasbench.core.reward_part import made_reward
from nasbench.core.spec import Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.searching import prepare
from nasbench.rewards.accuracy import Accuracy
from nasbench.rewards.max_of_last import MaxOfLast
from nasbench.rewards.targets import HardTarget, SoftTarget
from nasbench.testing import check_reward

METRICS = {"val_accuracy": 0.9, "macs": 30_000_000, "params": 2_000_000, "latency": 0.02}


class Curved:
    """Reports an accuracy after each epoch that falls again at the end; goes on in stages from where one ended."""

    def check(self) -> None: ...

    def task(self) -> Task:
        return Task()

    def metrics(self) -> list[str]:
        return ["val_accuracy", "macs"]

    def __call__(self, job: Job, report: Report) -> Metrics:
        values = [
            round(Random(f"{job.key}{epoch}").random(), 6) for epoch in range(1, (job.schedule or job.epochs) + 1)
        ]
        macs = 10**6 * int(job.key[:4], 16)
        begun = {9: 3, 3: 1}.get(job.epochs, 1) if job.resume_from is not None else 1  # a stage tells its start again
        for epoch in range(begun, job.epochs + 1):
            report(epoch, {"val_accuracy": values[epoch - 1], "macs": macs})
        return {"val_accuracy": values[job.epochs - 1], "macs": macs}


def latency(metrics: Metrics, curve: Curve, weight: float = 1.0) -> float:
    """Accuracy less `weight` times the latency."""
    return float(metrics["val_accuracy"] - weight * metrics["latency"])


latency.reads = ("val_accuracy", "latency")  # type: ignore[attr-defined]


def energy(metrics: Metrics, curve: Curve) -> float:
    return float(metrics["val_accuracy"] - metrics["energy"])


energy.reads = ("val_accuracy", "energy")  # type: ignore[attr-defined]


def broken(metrics: Metrics, curve: Curve) -> float:
    raise LookupError("no such phone")


@pytest.fixture(autouse=True)
def only_the_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "report" not in request.node.name:
        monkeypatch.setattr("nasbench.engine.search.command.write_report", lambda store: [])


def search(run: Path, **options: Any) -> list[Trial]:
    given = {"space": "nasbench.testing:ToySpace", "evaluator": "unit.test_rewards:Curved", "strategy": "random"}
    given = {} if options.get("resume") else {**given, "trials": 6, "control": 0}
    return list(nasbench.search(**{**given, **options}, run=str(run), trackers=()).trials)


def cubed(trial: Trial) -> float:
    """max-last-5-cubed of a trial that `Curved` answered, from the definition."""
    values = [round(Random(f"{trial.key}{epoch}").random(), 6) for epoch in range(1, trial.epochs + 1)]
    return max(values[-5:]) ** 3


class Interrupts:
    """Asks the run to stop in the fourth epoch of its third trial."""

    def start(self, run: object) -> None: ...

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        if (job.number, epochs) == (3, 4):
            raise KeyboardInterrupt

    def trial(self, trial: Trial) -> None: ...

    def finish(self, summary: object, run_dir: Path) -> None: ...


def test_one_cost_is_weighed_as_the_paper_says() -> None:
    soft, hard = SoftTarget(macs="40M"), HardTarget(macs=40_000_000)
    for macs in (10_000_000, 40_000_000, 80_000_000):
        metrics = {"val_accuracy": 0.9, "macs": macs}
        assert soft(metrics, ()) == 0.9 * (macs / 40_000_000) ** -0.07
        assert hard(metrics, ()) == 0.9 * min(1.0, 40_000_000 / macs)
        assert score_of((), "val_accuracy", 40_000_000)(metrics) == soft(metrics, ())
    assert soft({"val_accuracy": 0.9, "macs": 40_000_000}, ()) == 0.9
    own = SoftTarget(alpha=-0.01, beta=-0.5, latency=0.01)
    assert own(METRICS, ()) == 0.9 * 2**-0.5
    assert own({**METRICS, "latency": 0.005}, ()) == 0.9 * 0.5**-0.01


def test_several_targets_are_a_product() -> None:
    both = SoftTarget(macs="40M", params="1M", latency=0.04)
    assert both(METRICS, ()) == pytest.approx(0.9 * (0.75 * 2 * 0.5) ** -0.07)
    assert HardTarget(macs="15M", params="1M")(METRICS, ()) == 0.9 / 4
    assert both.reads == ("val_accuracy", "macs", "params", "latency")
    assert both.said == "val_accuracy x (macs/40,000,000)^-0.07 x (params/1,000,000)^-0.07 x (latency/0.04)^-0.07"
    assert weighted(0.5, (), {}) == 0.5
    with pytest.raises(KeyError, match="latency"):
        both({"val_accuracy": 0.9, "macs": 1, "params": 1}, ())
    for nothing in (0, -4):
        with pytest.raises(ValueError, match=r"macs is .* above 0"):
            both({**METRICS, "macs": nothing}, ())


def test_targets_come_back_from_a_run_record() -> None:
    targets = SoftTarget(macs="40M", latency=0.5).targets
    record = {"reward": {"targets": [each.to_json() for each in targets]}}
    assert targets_of(json.loads(json.dumps(record))) == targets
    assert targets_of({"target_macs": 5}) == (Target("macs", 5),), "the record of an older run"
    assert targets_of({}) == targets_of({"target_macs": None}) == ()
    for broken_one in ({"metric": "macs", "at": 0}, {"metric": "macs"}, 3, {"metric": "macs", "at": 1, "alpha": "x"}):
        with pytest.raises(UsageError, match="targets of the reward"):
            targets_of({"reward": {"targets": [broken_one]}})


def test_the_maximum_of_the_last_epochs_cubed() -> None:
    curve = [(epoch, {"val_accuracy": value}) for epoch, value in enumerate([0.9, 0.2, 0.5, 0.1, 0.3, 0.4], start=1)]
    assert MaxOfLast()({}, curve) == 0.5**3
    assert MaxOfLast()({}, curve[:5]) == MaxOfLast()({}, curve[:1]) == 0.9**3
    assert MaxOfLast(epochs=2, power=1)({}, curve) == 0.4
    every_third = [curve[2], (9, {"val_accuracy": 0.25})]
    assert MaxOfLast()({}, every_third) == 0.25**3, "epoch 3 is none of the last five of nine"
    for nothing in ([], [(1, {"loss": 0.1})]):
        with pytest.raises(ValueError, match="made of the val_accuracy after each epoch"):
            MaxOfLast()({}, nothing)


def test_a_training_that_is_begun_again_has_one_curve() -> None:
    told = [{"a": epoch} for epoch in range(7)]
    heard = Heard({"number": 4, "epoch": epoch, "a": epoch} for epoch in (1, 2, 3, 4))
    for epoch in (3, 4, 5):  # goes on from a state of epoch 3
        heard.hear(4, epoch, told[epoch])
    assert [epoch for epoch, _ in heard.of(4)] == [1, 2, 3, 4, 5]
    heard.hear(4, 1, told[1])  # the state was lost
    assert [epoch for epoch, _ in heard.of(4)] == [1]
    heard.hear(5, 3, told[3])
    heard.hear(4, 2, told[2])
    assert [epoch for epoch, _ in heard.of(5, before=4)] == [1, 2, 3]
    heard.forget(4)
    assert (heard.of(4), [epoch for epoch, _ in heard.of(5, before=4)]) == ([], [3])


def test_the_score_is_made_of_the_curve_also_where_a_run_was_interrupted(tmp_path: Path) -> None:
    options = {"reward": "max-last-5-cubed", "epochs": 8}
    whole = search(tmp_path / "whole", **options, trials=9)
    for trial in whole:
        assert trial.score == cubed(trial)
        assert trial.metrics["val_accuracy"] != trial.score
    with pytest.raises(KeyboardInterrupt):
        nasbench.search(
            space="nasbench.testing:ToySpace", evaluator="unit.test_rewards:Curved", strategy="random", control=0,
            trials=9, run=str(tmp_path / "run"), trackers=(Interrupts(),), **options,
        )  # fmt: skip
    resumed = search(tmp_path / "run", resume=True)
    assert [(each.key, each.score, each.status) for each in resumed] == [(w.key, w.score, w.status) for w in whole]
    with pytest.raises(UsageError, match=r"--reward accuracy contradicts .* has max-last-5-cubed"):
        search(tmp_path / "run", resume=True, reward="accuracy")
    with pytest.raises(UsageError, match="--reward-options epochs=3 contradicts"):
        search(tmp_path / "run", resume=True, reward_options={"epochs": 3})


def test_cached_and_pruned_trials_have_the_reward_too(tmp_path: Path) -> None:
    trials = search(tmp_path / "run", reward="max-last-5-cubed", epochs=6, trials=40, pruner="median")
    status = {trial.status for trial in trials}
    assert {"ok", "cached", "pruned"} <= status
    assert all(trial.score == cubed(trial) for trial in trials)


def test_a_training_in_stages_is_scored_as_a_whole_one(tmp_path: Path) -> None:
    trials = search(tmp_path / "run", strategy="asha", reward="max-last-5-cubed", epochs=9, trials=20)
    assert {trial.epochs for trial in trials} == {1, 3, 9}
    assert all(trial.score == cubed(trial) for trial in trials)


def test_the_reward_accuracy_and_a_target_are_what_they_stand_for(tmp_path: Path) -> None:
    def told(name: str, **options: Any) -> list[tuple[object, ...]]:
        return [
            (each.key, each.score) for each in search(tmp_path / name, strategy="local_search", trials=12, **options)
        ]

    assert told("plain") == told("accuracy", reward="accuracy")
    target = told("target", target_macs="20G")
    assert target == told("reward", reward="soft-target", reward_options={"macs": "20G"})
    assert target != told("other", reward="hard-target", reward_options={"macs": "20G"})


def test_the_report_names_the_reward_and_shows_the_accuracy(tmp_path: Path) -> None:
    given = {"reward": "hard-target", "reward_options": {"macs": "20G"}}
    search(tmp_path / "run", **given, trials=24, control="auto", strategy="local_search")
    page = (tmp_path / "run" / "report.html").read_text()
    for words in (
        "reward hard-target: val_accuracy x (macs/20,000,000,000)^",
        "validation accuracy 0.",
        "Pareto front",
    ):
        assert words in page, words
    assert "95 % interval of the difference" in page
    assert ">target 20G<" in (tmp_path / "run" / "front.svg").read_text()
    assert "reward hard-target" in (tmp_path / "run" / "search_curve.svg").read_text()
    log = tmp_path / "run" / "trials.jsonl"
    record = json.loads(log.read_text().splitlines()[0])
    record["metrics"]["macs"] = "many"
    log.write_text(json.dumps(record) + "\n")
    with pytest.raises(UsageError, match=r"line 1 .* 'macs' must be a number"):
        RunStore.read(tmp_path / "run")


def begin(directory: Path, fields: Mapping[str, object]) -> None:
    config = SearchConfig.of(**{"dataset": "digits", "recipe": "quick", **fields})
    config.check()
    prepare(config.completed(), directory)


TABLE = {"space": "nasbench201", "evaluator": "table:nasbench201-cifar10"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reward": "acuracy"}, ["no reward named 'acuracy'", "Did you mean 'accuracy'", "--reward my_package"]),
        ({"reward": "soft-target"}, ["needs a target", "macs=400M"]),
        ({"reward": "soft-target", "reward_options": ("macs=0",)}, ["'macs'", "above 0", "got 0"]),
        ({"reward": "soft-target", "reward_options": ("macs=-1M",)}, ["macs=", "positive count", "'-1M'"]),
        ({"reward": "soft-target", "reward_options": ("macs=nan",)}, ["macs=", "'nan'"]),
        ({"reward": "soft-target", "reward_options": ("macs=True",)}, ["macs=", "True"]),
        ({"reward": "hard-target", "reward_options": ("macs=1M", "beta=nan")}, ["'beta'", "finite", "'nan'"]),
        ({"reward": "hard-target", "reward_options": ("macs=1M", "alpha=1e999")}, ["'alpha'", "finite", "inf"]),
        (
            {"reward": "soft-target", "reward_options": ("mac=1M",)},
            ["'mac'", "Did you mean 'macs'", "--reward-options"],
        ),
        ({"reward": "soft-target", "reward_options": ("val_accuracy=1",)}, ["'val_accuracy'", "the accuracy of"]),
        ({"reward": "accuracy", "reward_options": ("macs=1M",)}, ["no option of reward 'accuracy' named 'macs'"]),
        ({"reward": "max-last-5-cubed", "reward_options": ("epochs=0",)}, ["'epochs'", "from 1 on", "got 0"]),
        ({"reward": "max-last-5-cubed", "reward_options": ("power=x",)}, ["'power'", "above 0", "'x'"]),
        ({"reward": "accuracy", "target_macs": "3M"}, ["--target-macs", "--reward is accuracy", "one of the two"]),
        ({"reward": "accuracy", "objectives": ("val_accuracy", "macs")}, ["--objectives", "one of the two"]),
        ({"reward_options": ("macs=3M",)}, ["--reward-options macs=3M", "--reward soft-target"]),
        ({"reward": "accuracy", "reward_options": ("macs",)}, ["--reward-options takes KEY=VALUE"]),
        ({"reward": "accuracy", "evaluator": "proxy:params"}, ["--reward", "score without training", "proxy:params"]),
        ({"reward": "max-last-5-cubed", "executor": "processes", "workers": 1}, ["'processes'", "--executor local"]),
        ({**TABLE, "reward": "max-last-5-cubed"}, ["after each epoch", "table:nasbench201-cifar10"]),
        ({**TABLE, "reward": "soft-target", "reward_options": ("nope=3",)}, ["'nope'", "--reward-options", "table"]),
        ({"reward": "math:floor", "reward_options": ("weight=1",)}, ["'math:floor'", "'weight'"]),
        ({"reward": "unit.test_rewards:METRICS"}, ["(metrics, curve)", "not a callable object"]),
        ({"reward": "unit.test_rewards:energy"}, ["'energy'", "metric of the evaluator"]),
        ({"reward": "unit.test_rewards:latency", "reward_options": ("wieght=1",)}, ["'wieght'", "'weight'"]),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(fields: dict[str, object], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        begin(tmp_path, fields)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_a_reward_reads_columns_of_a_table(tmp_path: Path) -> None:
    options = {"reward": "soft-target", "reward_options": ("train_seconds_12=300",), "trials": 5}
    for trial in search(tmp_path / "run", **TABLE, **options):
        accuracy, seconds = (trial.metrics[name] for name in ("val_accuracy_12", "train_seconds_12"))
        assert trial.score == accuracy * (seconds / 300) ** -0.07
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["plan"]["chance"]["mean"] < 100, "chance is of the reward as well"
    assert record["plan"]["reward"]["metric"] == "val_accuracy_12"


def test_a_reward_that_breaks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"by the reward 'unit.test_rewards:broken'.*no such phone"):
        search(tmp_path / "run", reward="unit.test_rewards:broken")
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError, match=r"pruner .* reported none .*no such phone"):
        search(tmp_path / "run", reward="unit.test_rewards:broken", pruner="median")


def test_what_a_reward_may_be() -> None:
    assert made_reward(latency, "latency", {"weight": 2}, "val_accuracy")(METRICS, ()) == 0.9 - 0.04
    assert made_reward(Accuracy, "accuracy", {}, "macs")(METRICS, ()) == 30_000_000, "the evaluator's own score"
    plain = made_reward(lambda metrics, share=1.0: share * metrics["val_accuracy"], "plain", {"share": 0.5}, "x")
    assert plain(METRICS, ()) == 0.45
    made = SoftTarget(params="1M")
    assert made_reward(made, "made", {}, "x") is made
    with pytest.raises(UsageError, match="takes no --reward-options"):
        made_reward(made, "made", {"params": 3}, "x")


@pytest.mark.parametrize(
    ("reward", "options"), [(Accuracy, {}), (MaxOfLast, {}), (SoftTarget, {"macs": "40M"}), (HardTarget, {"params": 9})]
)
def test_built_in_rewards_keep_the_contract(reward: type, options: dict[str, object]) -> None:
    check_reward(reward, **options)
