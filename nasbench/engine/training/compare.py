"""Found models beside baselines and random cells, under one recipe and several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import sample
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.protocols import AnyDepth
from nasbench.core.registry import spaces
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.core.trial_of_run import split
from nasbench.engine.config import CompareConfig, ModelOverrides
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.models import is_of_run
from nasbench.engine.training.ensembles import of_networks, of_seeds
from nasbench.engine.training.trainings import Trained, Trainings, check_names, run_trainings, specify, trainings_of
from nasbench.evaluators.start import Start

if TYPE_CHECKING:
    from nasbench.report.comparison.results import Verdict
    from nasbench.report.comparison.rows import Row


@dataclass(frozen=True, repr=False)
class CompareResult(RunView):
    """What `nasbench compare` came to."""

    config: CompareConfig
    trained: Trained
    rows: tuple["Row", ...]
    verdict: "Verdict"

    @property
    def directory(self) -> Path:
        return self.trained.directory

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench compare --json` prints."""
        return {
            "dataset": self.config.data.dataset,
            "recipe": self.config.training.recipe,
            "rows": [row.to_json() for row in self.rows],
            "verdict": self.verdict.text,
            **({} if self.config.views == "center" else {"views": self.config.views}),
            "run": str(self.trained.directory),
        }


def trainings_for(config: CompareConfig) -> tuple[dict[str, str], Trainings]:
    """Where each model comes from (found, baseline, random), and what the configuration asks to train, checked."""
    config.check()
    size = config.training
    check_names(config)
    overrides = ModelOverrides(cells=size.cells, filters=size.filters, stem=config.stem)
    found = specify(config.models, config.data, overrides, all_take_stem=False)
    sources = {name: "found" if _is_found(name) else "baseline" for name in found}
    controls = _controls(found, sources, config)
    sources |= dict.fromkeys(controls, "random")
    return sources, trainings_of({**found, **controls}, config, Start())


def compare(config: CompareConfig, argv: Sequence[str]) -> CompareResult:
    """Trains what was not trained before, and writes the table, the charts and the verdict into the run directory."""
    sources, trainings = trainings_for(config)
    runs = dict.fromkeys(split(name)[0] for name in sources)
    searches = [search for run in runs if (search := _search_record(run)) is not None]

    def finish(trained: Trained) -> dict[str, Any]:
        weights = config.ensemble_weights
        found: dict[str, Any] = {"ensemble": of_networks(sources, trained, weights) if config.ensemble else None}
        if config.ensemble_seeds:
            each = [of_seeds(name, trained, weights) for name in sources]
            found["seed_ensembles"] = [ensemble for ensemble in each if ensemble is not None]
        return found

    plan = {"sources": sources, "searches": searches}
    trained = run_trainings("compare", config, trainings, argv, plan, finish=finish)
    if not any(trial.scored for trial in trained.trials):
        raise RunFailed(f"no training succeeded: {'; '.join(trained.failures())}")
    from nasbench.report.comparison.results import verdict
    from nasbench.report.comparison.rows import rows_of

    rows = rows_of(RunStore.read(trained.directory))
    return CompareResult(config, trained, tuple(rows), verdict(rows))


def _is_found(model: str) -> bool:
    """A run directory, a trial of it or an architecture.json is what a search found; everything else has a name."""
    return is_of_run(model) or model.endswith(".json")


def _controls(
    models: Mapping[str, ModelSpec], sources: Mapping[str, str], config: CompareConfig
) -> dict[str, ModelSpec]:
    """Random cells of the space and size of the first found model."""
    if not config.controls:
        return {}
    cells = [spec for name, spec in models.items() if sources[name] == "found" and spec.source.startswith("space:")]
    if not cells:
        raise UsageError(
            "--controls draws random cells of a found model's space and size: give a search's run directory among the "
            "models"
        )
    found = cells[0]
    if any((spec.source, spec.size) != (found.source, found.size) for spec in cells):
        raise UsageError(
            "--controls needs found models of one space and size: give them --cells and --filters, or compare them "
            "one by one"
        )
    space = spaces.make(found.source.removeprefix("space:"))
    if isinstance(space, AnyDepth) and found.architecture is not None:
        space = space.containing(found.architecture)
    drawn: dict[str, ModelSpec] = {}
    for index in range(config.controls):
        rng = Random(derive(config.repeats.seed, "control", index))
        drawn[f"random cell {index + 1}"] = replace(
            found, architecture=sample(space.name, space.choices, rng), name=None
        )
    return drawn


def _search_record(model: str) -> dict[str, Any] | None:
    """The record of the search that found a model, with its trials' count and seconds; None where it is not at hand."""
    if not (Path(model) / "run.json").exists() or not RunStore.is_readable(Path(model)):
        return None
    store = RunStore.read(Path(model))
    if store.run.get("command") in ("train", "transfer"):
        return None
    return {**store.run, "trials": len(store.trials), "seconds": sum(trial.seconds for trial in store.trials)}
