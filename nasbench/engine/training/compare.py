"""Found models beside baselines and random cells, under one recipe and several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import sample
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.registry import recipes
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.engine.config import CompareConfig
from nasbench.engine.parts.models import space_named
from nasbench.engine.training.trainings import Trained, run_trainings, specify

if TYPE_CHECKING:
    from nasbench.report.comparison.results import Row, Verdict


@dataclass(frozen=True)
class CompareResult:
    """What `nasbench compare` came to."""

    config: CompareConfig
    trained: Trained
    rows: tuple["Row", ...]
    verdict: "Verdict"
    files: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench compare --json` prints."""
        rows = [row.to_json() for row in self.rows]
        run = str(self.trained.directory)
        return {
            "dataset": self.config.dataset,
            "recipe": self.config.recipe,
            "rows": rows,
            "verdict": self.verdict.text,
            "run": run,
        }


def compare(config: CompareConfig, argv: Sequence[str]) -> CompareResult:
    """Trains what was not trained before, and writes the table, the charts and the verdict into the run directory."""
    if config.controls < 0:
        raise UsageError(f"--controls takes a whole number from 0 on; got {config.controls}")
    if len(config.models) + config.controls < 2:
        raise UsageError("a comparison needs two models or more; name them, or add random cells with --controls K")
    recipes.get(config.recipe)
    specs = specify(config.models, config)
    sources = {name: "found" if _is_found(name) else "baseline" for name in specs}
    controls = _controls(specs, sources, config)
    sources |= dict.fromkeys(controls, "random")
    trained = run_trainings({**specs, **controls}, config, "compare", argv, extra={"sources": sources})
    from nasbench.report.comparison.page import write_comparison
    from nasbench.report.comparison.results import verdict

    rows = [_row(name, source, trained) for name, source in sources.items()]
    if not any(row.accuracies for row in rows):
        raise RunFailed(f"no training succeeded: {'; '.join(sorted({trial.error or '' for trial in trained.trials}))}")
    if config.ensemble:
        rows.append(_ensemble([row.model for row in rows if row.source != "random" and row.accuracies], trained))
    failures = [
        f"{trial.architecture.genes['model']} seed {trial.architecture.genes['seed']}: {trial.error}"
        for trial in trained.trials
        if trial.error
    ]
    record = {
        **RunStore.read(trained.directory).run,
        "searches": [search for name in sources if (search := _search_record(name)) is not None],
        "reused": sum(bool(trial.metrics.get("reused")) for trial in trained.trials),
        "seconds": sum(trial.metrics.get("train_seconds", 0.0) for trial in trained.trials),
    }
    files = write_comparison(trained.directory, record, rows, failures)
    return CompareResult(config, trained, tuple(rows), verdict(rows), tuple(files))


def _is_found(model: str) -> bool:
    """A run directory or an architecture.json is what a search found; everything else has a name."""
    return Path(model).is_dir() or model.endswith(".json")


def _controls(specs: dict[str, ModelSpec], sources: dict[str, str], config: CompareConfig) -> dict[str, ModelSpec]:
    """Random cells of the space and size of the first found model."""
    if not config.controls:
        return {}
    cells = [spec for name, spec in specs.items() if sources[name] == "found" and spec.source.startswith("space:")]
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
    space = space_named(found.source.removeprefix("space:"))
    drawn: dict[str, ModelSpec] = {}
    for index in range(config.controls):
        rng = Random(derive(config.seed, "control", index))
        drawn[f"random cell {index + 1}"] = replace(
            found, architecture=sample(space.name, space.choices, rng), name=None
        )
    return drawn


def _search_record(model: str) -> dict[str, Any] | None:
    """The record of the search that found a model, with its trials' count and seconds; None where it is not at hand."""
    if not (Path(model) / "run.json").exists():
        return None
    store = RunStore.read(Path(model))
    if store.run["command"] in ("train", "transfer"):
        return None
    return {**store.run, "trials": len(store.trials), "seconds": sum(trial.seconds for trial in store.trials)}


def _row(model: str, source: str, trained: Trained) -> "Row":
    from nasbench.report.comparison.results import Row

    done = trained.of(model)
    if not done:
        return Row(model, source, None, None, None, (), ())
    metrics = [trial.metrics for _, trial in done]
    rate = sum(each["images_per_second"] for each in metrics) / len(metrics)
    accuracies = tuple(each["test_accuracy"] for each in metrics)
    return Row(
        model, source, metrics[0]["params"], metrics[0]["macs"], rate, tuple(seed for seed, _ in done), accuracies
    )


def _ensemble(models: Sequence[str], trained: Trained) -> "Row":
    """The mean of the models' class probabilities, seed by seed, over the seeds that all of them have."""
    from nasbench.evaluators.full_training import ensemble_accuracy, test_labels
    from nasbench.report.comparison.results import Row

    done = {model: dict(trained.of(model)) for model in models}
    seeds = sorted(set.intersection(*(set(trials) for trials in done.values())))
    labels = test_labels(trained.evaluator)
    accuracies = [
        ensemble_accuracy([trained.evaluator.folder(model, seed) for model in models], labels) for seed in seeds
    ]
    totals = [sum(next(iter(done[model].values())).metrics[what] for model in models) for what in ("params", "macs")]
    return Row(f"ensemble of {len(models)}", "ensemble", totals[0], totals[1], None, tuple(seeds), tuple(accuracies))
