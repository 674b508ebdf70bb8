"""How large the children of a search are and how long it would take, before it starts. Nothing is written.

Random children are counted; some of them are trained for a few steps on this machine's device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean, median
from time import perf_counter
from typing import Any

import torch

from nasbench.core.errors import TrialFailed
from nasbench.core.growth import depths_for, strategy_at
from nasbench.core.job import Job
from nasbench.core.protocols import Evaluator
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.searching import SearchParts, prepare
from nasbench.engine.run.numbers import numbers_of
from nasbench.engine.run.resume import check_same
from nasbench.engine.search.command import rounds_of
from nasbench.evaluators.building import build_network
from nasbench.evaluators.measured import Measured
from nasbench.evaluators.timing import Timing, time_training
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.profile import profile
from nasbench.strategies.around.scored_once import ScoredOnce
from nasbench.train.faults import trial_boundary

CHILDREN, TIMED = 20, 3
"""Random children that are counted, and how many of them are timed: evenly spread by their multiply-adds."""
MEASURES = ("params", "macs", "activation_bytes")
"""Trainable parameters, multiply-adds of one image, the sum of the layers' outputs in float32 for one image."""


@dataclass(frozen=True)
class Screening:
    """What choosing among proposals costs: so many scores at most, as no network is scored twice."""

    scores: int
    seconds_a_score: float

    @property
    def seconds(self) -> float:
        return self.scores * self.seconds_a_score

    @classmethod
    def timed(
        cls, screen: ScoredOnce, parts: SearchParts, models: Sequence[ModelSpec], evaluations: int
    ) -> "Screening":
        """Scores some of the networks; the first pays for what is done once, so it is left out."""
        spent = []
        for model in models[: TIMED + 1]:
            assert model.architecture is not None, model
            canonical = parts.space.canonical(model.architecture)
            start = perf_counter()
            screen(canonical.key, canonical)
            spent.append(perf_counter() - start)
        return cls(evaluations * screen.proposals, median(spent[1:] or spent or [0.0]))


@dataclass(frozen=True)
class DryRun:
    """What a search would be.

    Attributes:
        sizes: measure -> the smallest, the median and the largest of the children.
        children: how many were counted; `failed` more could not be built.
        trainings: of the search, its control and its retraining, without those that are done.
        epochs: of all of them together.
        cheap_scores: scores of the search and its control, likewise; then these train nothing.
        seconds_a_cheap_score: of one of them on this device; None where nothing was scored.
        timings: of some children on this device; empty where the evaluator does not train.
        workers: how many trainings run at a time.
        screening: what scoring proposals costs; None without a screen.
    """

    config: SearchConfig
    sizes: dict[str, tuple[int, float, int]]
    children: int
    failed: int
    trainings: int
    epochs: int
    epochs_a_child: int
    timings: tuple[Timing, ...]
    batch: int | None
    workers: int
    told: tuple[str, ...] = ()
    """What is said of a cheap score before a search starts."""
    cheap_scores: int = 0
    seconds_a_cheap_score: float | None = None
    screening: Screening | None = None

    @property
    def seconds_a_child(self) -> float | None:
        """Of one training of the search, on this device; None where nothing is trained."""
        return fmean(timing.seconds(self.epochs_a_child) for timing in self.timings) if self.timings else None

    @property
    def seconds(self) -> float | None:
        """Of the whole search, if each worker is as fast as this device. A screen is one process's work."""
        parts = [fmean(timing.seconds(self.epochs) for timing in self.timings)] if self.timings else []
        parts += [] if self.seconds_a_cheap_score is None else [self.cheap_scores * self.seconds_a_cheap_score]
        known = bool(parts) and bool(self.timings or not self.trainings)
        screening = 0.0 if self.screening is None else self.screening.seconds
        return sum(parts) / self.workers + screening if known else None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench search --dry-run --json` prints."""
        timed = self.timings
        return {
            "dry_run": True,
            "space": self.config.space,
            "strategy": self.config.strategy,
            "children": self.children,
            "not_built": self.failed,
            **{name: dict(zip(("min", "median", "max"), each, strict=True)) for name, each in self.sizes.items()},
            "trainings": self.trainings,
            "epochs": self.epochs_a_child,
            "batch_size": self.batch,
            "device": timed[0].device if timed else None,
            "steps_an_epoch": timed[0].steps if timed else None,
            "seconds_a_step": _rounded(fmean(each.step for each in timed)) if timed else None,
            "seconds_a_child": _rounded(self.seconds_a_child),
            "workers": self.workers,
            "told": list(self.told),
            "screen": self.config.screen,
            "seconds_a_score": _rounded(self.screening.seconds_a_score) if self.screening else None,
            "scores": self.screening.scores if self.screening else 0,
            "seconds": _rounded(self.seconds),
            **(
                {"cheap_scores": self.cheap_scores, "seconds_a_cheap_score": _rounded(self.seconds_a_cheap_score)}
                if self.cheap_scores
                else {}
            ),
        }


def run_dry(config: SearchConfig) -> DryRun:
    """Counts and times. UsageError for bad input, as the search itself would raise. A child that cannot be built or
    trained is left out.
    """
    config.changed(dry_run=True).check()
    config = config.completed()
    parts = prepare(config, config.place.directory())
    trainings, epochs, cheap_scores = _left(
        config, parts
    )  # reads the log of a run that is resumed: what is wrong there is told now
    models = _children(config, parts)
    counted: list[tuple[tuple[int, int, int], ModelSpec]] = []
    for model in models:
        try:
            with trial_boundary("counting the network"), torch.device("meta"):
                found = profile(build_network(model), model.seen_task)
        except TrialFailed:
            continue
        counted.append(((found.params, found.macs, found.activation_bytes), model))
    columns = list(zip(*(sizes for sizes, _ in counted), strict=True))
    sizes = {
        name: (min(each), median(each), max(each)) for name, each in zip(MEASURES, columns, strict=False) if columns
    }
    by_macs = [model for _, model in sorted(counted, key=lambda each: each[0][1])]
    timings, batch = _timed(parts.after.evaluator if parts.after else parts.evaluator, by_macs, config.seed)
    return DryRun(
        config=config,
        sizes=sizes,
        children=len(counted),
        failed=len(models) - len(counted),
        trainings=trainings,
        epochs=epochs,
        epochs_a_child=parts.after.epochs if parts.after else parts.plan.epochs,
        timings=timings,
        batch=batch,
        workers=config.workers.planned,
        told=tuple(line for line in parts.told if parts.screen is None or line != parts.screen.told),
        cheap_scores=cheap_scores,
        seconds_a_cheap_score=_seconds_of_cheap(parts.evaluator, by_macs, config.seed) if cheap_scores else None,
        screening=None
        if parts.screen is None
        else Screening.timed(parts.screen, parts, models, trainings + cheap_scores),
    )


def _children(config: SearchConfig, parts: SearchParts) -> list[ModelSpec]:
    """Random children within the limits of the search."""
    plan = parts.plan
    depths = depths_for(parts.growth, config.trials, CHILDREN)
    drawn = [
        strategy_at(parts.control, layers).ask(number, Random(derive(config.seed, "dry run", number)), ())
        for number, layers in enumerate(depths, start=1)
    ]
    return [ModelSpec(plan.source, plan.size, plan.task, architecture=proposal.architecture) for proposal in drawn]


def _timed(evaluator: Evaluator, by_macs: Sequence[ModelSpec], seed: int) -> tuple[tuple[Timing, ...], int | None]:
    """Timings of some of the networks, and the recipe's batch. The first pays for what is done once: left out."""
    inner = evaluator.evaluator if isinstance(evaluator, Measured) else evaluator
    if not isinstance(inner, TrainingEvaluator):
        return (), None
    timings = []
    for turn, place in enumerate([0, *_spread(by_macs)] if by_macs else []):
        try:
            timing = time_training(inner, by_macs[place], seed)
        except TrialFailed:
            continue
        if turn > 0:
            timings.append(timing)
    return tuple(timings), inner.recipe.batch_size


def _seconds_of_cheap(evaluator: Evaluator, by_macs: Sequence[ModelSpec], seed: int) -> float | None:
    """Of cheap scores of some of the networks. The first pays for what is done once: left out."""
    seconds = []
    for turn, place in enumerate([0, *_spread(by_macs)] if by_macs else []):
        model = by_macs[place]
        job = Job(1, seed, 0, model.key, model, model.architecture)
        start = perf_counter()
        try:
            evaluator(job, lambda _epochs, _metrics: None)
        except TrialFailed:
            continue
        if turn > 0:
            seconds.append(perf_counter() - start)
    return fmean(seconds) if seconds else None


def _spread(by_macs: Sequence[ModelSpec]) -> list[int]:
    """The places of TIMED of the networks, evenly spread."""
    return list(dict.fromkeys(len(by_macs) * (2 * part + 1) // (2 * TIMED) for part in range(TIMED)))


def _left(config: SearchConfig, parts: SearchParts) -> tuple[int, int, int]:
    """(trainings, epochs in all, cheap scores) that the search would run; of a resumed one, those that are left."""
    done: set[int] = set()
    rounds = [(config.trials, config.control_after)]
    if config.place.resume:
        store = RunStore.read(Path(str(config.place.run)))
        check_same(config, store.run, "search", store.directory)
        done = {trial.number for trial in store.trials}
        rounds = list(dict.fromkeys([*rounds_of(store.run), *rounds]))
    numbers = numbers_of(rounds, config.retrain_top, config.checked)
    children = len({*numbers.search, *numbers.control} - done)
    again = len({*numbers.retraining, *numbers.check} - done)
    if config.cheap:
        return again, again * (parts.after.epochs if parts.after else 0), children
    return children + again, children * parts.plan.epochs + again * (config.retrain_epochs or 0), 0


def _rounded(value: float | None) -> float | None:
    """To four digits."""
    return None if value is None else float(f"{value:.4g}")
