"""`nasbench scale --search`: finds alpha, beta and gamma for a base on the surface alpha * beta**2 * gamma**2 = 2.

Tan and Le 2019 (arXiv:1905.11946), section 3.3, with better means than their grid. It is a search as any other: the
space is the surface, a trial is the base scaled at phi = 1 and trained under a short recipe. Afterwards the
front-runners are trained under more seeds, beside the published coefficients and each dimension alone.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import TYPE_CHECKING, Any

from nasbench.core.compound import Coefficients, Multipliers, on_surface
from nasbench.core.errors import UsageError
from nasbench.core.loop import Plan
from nasbench.core.objectives import MACS_EXPONENT
from nasbench.core.protocols import Metrics, SearchSpace, Strategy, Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.core.store import write_atomically
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.config import Form, ScaleConfig
from nasbench.engine.parts.lookup import Parts, build_strategy, make_executor, recipe_named
from nasbench.engine.parts.scaled import compound_scale, counted, differences
from nasbench.engine.run import resume
from nasbench.engine.run.provenance import now
from nasbench.engine.run.run import Sitting, check_new, check_some_succeeded, drop_training_states, sit
from nasbench.engine.run.watch import close_trackers, make_trackers, print_note
from nasbench.engine.scaling.comparison import OTHERS, Compare, entries
from nasbench.engine.scaling.published import nearest
from nasbench.engine.scaling.result import ScaleResult
from nasbench.engine.training.trainings import specify

if TYPE_CHECKING:
    from nasbench.evaluators.scaling import ScaledBase

TRIALS = 30
"""Of a search that is not told how many; a grid goes through all of its points."""
FRONT_RUNNERS, FEW_TRIALS = 3, 20
"""So many of the best candidates are trained again; of fewer than FEW_TRIALS trials, one less."""
EARLY_STOPPING_EPOCHS = 3
"""From so many epochs a candidate on, bad candidates are stopped early."""


@dataclass(frozen=True)
class ScaleSearchResult:
    """What a search for coefficients came to. `scaled` is the base at phi = 1 with them; None where no trial
    succeeded.
    """

    run: Path
    trials: tuple[Trial, ...]
    found: dict[str, Any]
    scaled: ScaleResult | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench scale --search --json` prints: that of `scale` at phi = 1, and the run."""
        counts: dict[str, Any] = {status: sum(trial.status == status for trial in self.trials) for status in STATUSES}
        record = {
            "run": str(self.run),
            "trials": len(self.trials),
            **counts,
            "seconds": round(self.seconds, 2),
            "found": self.found,
        }
        return {**(self.scaled.to_json() if self.scaled else {}), **record}


def run_scale_search(
    config: ScaleConfig, argv: Sequence[str], trackers: Sequence[Tracker] | None = None
) -> ScaleSearchResult:
    """Runs (or goes on with) the search for coefficients that `config` describes."""
    start = monotonic()
    if config.resume:
        resume.check_resume(config, "scale")
    check_search(config)
    directory = (
        Path(config.run) if config.run else Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-scale-{config.strategy}"
    )
    check_new(directory, config.resume)
    recipe = recipe_named(config.recipe, config.epochs)
    base = specify([config.base], config, Form(stack=config.stack, skeleton=config.skeleton))[config.base]
    small = compound_scale(base, Multipliers(recipe.base_depth, recipe.base_width))
    parts = _parts(config, recipe, small, directory)
    strategy = _strategy(config, parts)
    for line in (*_about(config, base, small, recipe), *parts.executor.describe()):
        print_note(line)
    listeners = list(make_trackers(config.wandb) if trackers is None else trackers)

    def body(sitting: Sitting) -> ScaleSearchResult:
        _run_phases(config, sitting, strategy, small)
        return _finish(config, sitting, base, start)

    result = sit("scale", config, directory, argv, parts, listeners, body)
    check_some_succeeded(result.trials, directory)
    return result


def stored_config(run: str | None) -> ScaleConfig:
    """The configuration of the search for coefficients in a directory, ready to be gone on with. UsageError where
    another run is there.
    """
    found = resume.stored_config(ScaleConfig, "scale", run)
    if not found.search:
        raise UsageError(f"{run} holds trainings of nasbench scale --train, not a search: leave --search out")
    return found


def check_search(config: ScaleConfig) -> None:
    """UsageError for numbers out of range, and for flags that say what a search is to find out."""
    says = ("phi", "alpha", "beta", "gamma", "coefficients", "depth", "width", "resolution", "target_macs", "published")
    given = [f"--{name.replace('_', '-')}" for name in says if getattr(config, name) is not None]
    given += ["--dims"] * (config.dims != "compound") + ["--train"] * config.train
    if given:
        raise UsageError(
            f"--search finds alpha, beta and gamma at phi = 1; {' and '.join(given)} cannot go with it. Leave it out."
        )
    if config.classes is not None:
        raise UsageError("--classes is the data set's own with --search; leave it out")
    lows = {
        "trials": 1,
        "epochs": 1,
        "image_size": 1,
        "cells": 1,
        "filters": 1,
        "workers": 0,
        "seeds": 1,
        "front_runners": 0,
    }
    for name, low in lows.items():
        value = getattr(config, name)
        if value is not None and value < low:
            raise UsageError(f"--{name.replace('_', '-')} takes a whole number from {low} on; got {value}")
    if config.gpus_per_worker < 0:
        raise UsageError(f"--gpus-per-worker takes a number from 0 on; got {config.gpus_per_worker}")
    if config.trial_timeout is not None and config.trial_timeout <= 0:
        raise UsageError(f"--trial-timeout takes seconds above 0; got {config.trial_timeout}")
    if config.workers == 0 and (config.gpus_per_worker or config.ray_address):
        raise UsageError("--gpus-per-worker and --ray-address are for Ray workers: give --workers K with K from 1 on")


def _parts(config: ScaleConfig, recipe: Recipe, base: ModelSpec, directory: Path) -> Parts:
    """Looks everything up, and answers every wrong name, path and size before any work starts."""
    from nasbench.evaluators.scaling import ScaledBase, ScalingEvaluator
    from nasbench.evaluators.training import TrainingEvaluator
    from search_spaces.compound.space import multipliers_of

    space = _space(config, ScaledBase(base, compound_scale))
    base_macs = counted(base).macs
    for corner in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)):  # all growth in one dimension: what fits there fits everywhere
        counted(compound_scale(base, on_surface(*corner).at(1.0)))
    training = TrainingEvaluator(
        dataset=config.dataset,
        data_dir=config.data_dir,
        download=config.download,
        image_size=config.image_size,
        recipe=recipe,
        device=config.device,
        checkpoint_dir=str((directory / "checkpoints").absolute()),
    )
    evaluator = ScalingEvaluator(training, base, base_macs, compound_scale)
    evaluator.check()
    plan = Plan(
        range(1, _trials(config, space) + 1), config.seed, recipe.epochs, f"space:{space.name}", base.size, base.task
    )

    def score(metrics: Metrics) -> float:
        growth = float(metrics["macs"]) / (2 * base_macs)
        return float(float(metrics["val_accuracy"]) * growth**MACS_EXPONENT)

    def counts(architecture: Any) -> tuple[int, int]:
        found = counted(compound_scale(base, multipliers_of(architecture)))
        return found.params, found.macs

    return Parts(space, evaluator, make_executor(config), plan, recipe, score, counts)


def _space(config: ScaleConfig, builder: "ScaledBase") -> SearchSpace:
    from search_spaces.compound.space import CompoundGrid, CompoundSpace, grid

    grid(config.tolerance)  # a wrong tolerance is answered whatever the strategy
    if config.strategy != "grid" and config.tolerance != ScaleConfig.tolerance:
        raise UsageError(
            f"--tolerance is for the grid: by --strategy {config.strategy} every product is 2. Take --strategy grid, "
            "or leave it out."
        )
    return CompoundGrid(builder, config.tolerance) if config.strategy == "grid" else CompoundSpace(builder)


def _trials(config: ScaleConfig, space: SearchSpace) -> int:
    from nasbench.core.arch import Choice

    if config.strategy != "grid":
        return config.trials or TRIALS
    (choice,) = space.choices
    assert isinstance(choice, Choice), choice
    return config.trials or len(choice.options)


def _strategy(config: ScaleConfig, parts: Parts) -> Strategy:
    """The sampler; where trainings are long enough, under successive halving, which stops bad candidates early."""
    sampler: str = "nasbench.strategies.grid:Grid" if config.strategy == "grid" else config.strategy
    options: dict[str, Any] = {}
    if stops_early(config, parts.plan.epochs):
        options, sampler = {"sampler": sampler}, "asha"
    elif sampler == "tpe":
        options = {
            "startup": max(4, min(10, len(parts.plan.numbers) // 3))
        }  # a third is random, and no more than Optuna's own 10
    return build_strategy(sampler, options, parts.space, config.seed, epochs=parts.plan.epochs, counts=parts.counts)


def stops_early(config: ScaleConfig, epochs: int) -> bool:
    """Whether bad candidates are stopped before the last epoch."""
    return not config.to_the_end and epochs >= EARLY_STOPPING_EPOCHS


def _about(config: ScaleConfig, base: ModelSpec, small: ModelSpec, recipe: Recipe) -> list[str]:
    whole, part = counted(base).macs, counted(small).macs
    lines = [
        f"base {config.base}: {whole / 1e6:.1f}M multiply-adds at {base.task.image_size} px; candidates have about "
        "twice as many"
    ]
    if part != whole:
        lines = [
            f"base {config.base}, shrunk by the recipe {recipe.name!r} to depth x {recipe.base_depth:g} and width x "
            f"{recipe.base_width:g}: "
            f"{part / 1e6:.1f}M multiply-adds at {base.task.image_size} px, not {whole / 1e6:.1f}M; candidates have "
            "about twice as many"
        ]
    if stops_early(config, recipe.epochs):
        lines.append(
            f"bad candidates are stopped before their {recipe.epochs} epochs (--to-the-end trains all of them whole)"
        )
    return lines


def _run_phases(config: ScaleConfig, sitting: Sitting, strategy: Strategy, base: ModelSpec) -> None:
    """The search, then its front-runners beside what they have to beat: two loops over their own numbers of one log."""
    from nasbench.evaluators.scaling import ScaledBase
    from nasbench.report.scaling.results import front_runners
    from search_spaces.compound.space import Outright

    plan = sitting.parts.plan
    seeds = range(config.seed, config.seed + config.seeds)
    count = len(plan.numbers)
    most = config.front_runners
    if most is None:
        most = FRONT_RUNNERS if count >= FEW_TRIALS else FRONT_RUNNERS - 1
    sitting.watch(planned=count + (config.seeds * (most + len(OTHERS)) - most if most else 0))
    sitting.run_phase(strategy, 1, count)
    best = front_runners([trial for trial in sitting.store.trials if trial.number <= count], most)
    listed = entries(base, best, seeds, plan.epochs)
    sitting.run_phase(
        Compare(listed, count + 1), count + 1, len(listed), space=Outright(ScaledBase(base, compound_scale))
    )


def _finish(config: ScaleConfig, sitting: Sitting, base: ModelSpec, start: float) -> ScaleSearchResult:
    from nasbench.report.run.page import write_report

    store = sitting.store
    found = write_coefficients(config, sitting, base)
    scaled = _scaled(config, found, base) if found else None
    drop_training_states(store)
    for weights in (store.directory / "checkpoints").glob("*.safetensors"):
        weights.unlink()  # of small networks after short trainings: the coefficients are what was asked for
    store.update(ended=now())
    result = ScaleSearchResult(store.directory, tuple(store.trials), found, scaled, monotonic() - start)
    write_report(store)
    close_trackers(sitting.trackers, result.to_json(), store.directory)
    return result


def write_coefficients(config: ScaleConfig, sitting: Sitting, base: ModelSpec) -> dict[str, Any]:
    """Writes `best/`: the coefficients with how surely they are known, and the base scaled by them. Empty where nothing
    succeeded.
    """
    from nasbench.engine.parts.source import source_of
    from nasbench.report.scaling.fit import LEVEL, fit
    from nasbench.report.scaling.results import chosen, comparison, deviation, points

    store, epochs = sitting.store, sitting.parts.plan.epochs
    row = chosen(store.trials, epochs)
    if row is None:
        return {}
    coefficients = Coefficients(*vars(row.multipliers).values())
    surface = fit(points(store.trials), config.seed)
    rows = comparison(store.trials, epochs)
    record: dict[str, Any] = {
        **vars(coefficients),
        "product": coefficients.product,
        "base": config.base,
        "dataset": config.dataset,
        "recipe": config.recipe,
        "epochs": epochs,
        "score": {"mean": row.score, "std": deviation(row.scores), "seeds": len(row.scores)},
        "val_accuracy": {"mean": fmean(row.accuracies), "std": deviation(row.accuracies), "seeds": len(row.accuracies)},
        "interval": {"level": LEVEL, **surface.interval} if surface and surface.interval else None,
        "fit": surface.to_json() if surface else None,
        "comparison": [each.to_json() for each in rows],
    }
    folder = store.directory / "best"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / "coefficients.json", json.dumps(record, indent=2) + "\n")
    scaled = compound_scale(base, coefficients.at(1.0))
    write_atomically(folder / "architecture.json", json.dumps(scaled.to_json(), indent=2) + "\n")
    with suppress(UsageError):  # a base that a library's code builds stands in no file of its own
        write_atomically(folder / "model.py", source_of(scaled))
    return record


def _scaled(config: ScaleConfig, found: dict[str, Any], base: ModelSpec) -> ScaleResult:
    """The base at phi = 1 with the coefficients that were found, as `nasbench scale` tells of it."""
    coefficients = Coefficients(found["alpha"], found["beta"], found["gamma"])
    multipliers = coefficients.at(1.0)
    scaled = compound_scale(base, multipliers)
    before, after = counted(base), counted(scaled)
    beside = nearest(base, after.macs)
    return ScaleResult(
        config, base, scaled, 1.0, coefficients, multipliers, before, after, differences(base, multipliers), beside
    )
