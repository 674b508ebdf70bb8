"""The rows of a comparison: each model with its trainings, read from the run alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any, Literal

from nasbench.core.store import RunStore
from nasbench.core.trial import Trial

Source = Literal["found", "random", "baseline", "ensemble"]


@dataclass(frozen=True)
class Row:
    """A model and its trainings.

    accuracies         test accuracies in [0, 1], in the order of `seeds`
    macs               multiply-adds of one image
    images_per_second  measured speed of inference
    """

    model: str
    source: str
    params: int | None
    macs: int | None
    images_per_second: float | None
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """The mean accuracy; None if no training finished."""
        return fmean(self.accuracies) if self.accuracies else None

    @property
    def std(self) -> float | None:
        """The sample deviation over the seeds; None for fewer than two."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None

    @cached_property
    def by_seed(self) -> Mapping[int, float]:
        """Seed -> accuracy. Empty if trainings are missing, because then the seeds cannot be matched."""
        return dict(zip(self.seeds, self.accuracies, strict=True)) if len(self.seeds) == len(self.accuracies) else {}

    def to_json(self) -> dict[str, Any]:
        """The row as JSON. `seeds` is the number of finished trainings; `mean` and `std` are over them."""
        return {
            "model": self.model,
            "source": self.source,
            "params": self.params,
            "macs": self.macs,
            "mean": self.mean,
            "std": self.std,
            "seeds": len(self.accuracies),
            "accuracies": list(self.accuracies),
            "images_per_second": self.images_per_second,
        }


def rows_of(store: RunStore) -> list[Row]:
    """The rows of a comparison, from its run alone: every model in the order asked for, then the ensembles."""
    plan = store.run["plan"]
    done: dict[str, dict[int, Trial]] = {}
    for trial in store.trials:
        if trial.scored:
            done.setdefault(trial.name, {})[trial.seed] = trial
    rows = [
        _row(name, source, [trial for _, trial in sorted(done.get(name, {}).items())])
        for name, source in plan["sources"].items()
    ]
    ensemble = store.run.get("ensemble")
    if ensemble:
        weighted = ", weighted" if "weights" in ensemble else ""
        name, seeds, accuracies = (
            f"ensemble of {ensemble['models']}{weighted}",
            ensemble["seeds"],
            ensemble["accuracies"],
        )
        counts = ensemble["params"], ensemble["macs"]
        rows.append(Row(name, "ensemble", *counts, None, tuple(seeds), tuple(accuracies)))
    for each in store.run.get("seed_ensembles") or ():
        name = f"{each['model']}, ensemble of {each['members']} seeds" + (", weighted" if "weights" in each else "")
        counts, seeds = (each["params"], each["macs"]), tuple(each["seeds"][:1])
        rows.append(Row(name, "ensemble", *counts, None, seeds, (each["test_accuracy"],)))
    return rows


def _row(model: str, source: str, trials: Sequence[Trial]) -> Row:
    if not trials:
        return Row(model, source, None, None, None, (), ())
    metrics = [trial.metrics for trial in trials]
    rate = sum(each["images_per_second"] for each in metrics) / len(metrics)
    seeds, accuracies = (trial.seed for trial in trials), (each["test_accuracy"] for each in metrics)
    return Row(model, source, metrics[0]["params"], metrics[0]["macs"], rate, tuple(seeds), tuple(accuracies))
