"""What `nasbench scale` came to."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import Counts, Difference
from nasbench.engine.scaling.budgets import costs_of
from nasbench.engine.scaling.chosen import Chosen
from nasbench.engine.scaling.laws import DEFAULT
from nasbench.engine.scaling.published import PublishedScale
from nasbench.engine.scaling.request import read_found
from nasbench.engine.training.trainings import Trained


@dataclass(frozen=True)
class ScaleResult:
    """What `nasbench scale` came to; `differences` is empty for a network of its own."""

    config: ScaleConfig
    chosen: Chosen
    before: Counts
    after: Counts
    differences: tuple[Difference, ...]
    published: PublishedScale | None
    trained: Trained | None = None

    @property
    def base(self) -> ModelSpec:
        """What was scaled."""
        return self.chosen.base

    @property
    def scaled(self) -> ModelSpec:
        """What came of it."""
        return self.chosen.scaled

    @property
    def phi(self) -> float | None:
        """None where multipliers were given outright or as published."""
        return self.chosen.phi

    @property
    def coefficients(self) -> Coefficients | None:
        """None as of `phi`, and of laws that are no power laws."""
        return self.chosen.coefficients

    @property
    def multipliers(self) -> Multipliers:
        """Before rounding."""
        return self.chosen.multipliers

    @property
    def rounds(self) -> str:
        """What is rounded to what, where the base is a network of the zoo."""
        if self.base.source != "zoo" or not self.differences:
            return ""
        if self.scaled.size.rounding == "nearest":
            return "repeats to the nearest; channels to multiples of 8; pixels to multiples of 4"
        import zoo

        scaling = zoo.entry(str(self.base.name)).scaling
        return scaling.rounds if scaling else ""

    @property
    def before_dropout(self) -> float | None:
        """The probability of the base's last dropout layer; None where it has none."""
        from torch import nn

        from nasbench.blank import blank
        from nasbench.evaluators.building import build_network

        with blank():
            layers = [each for each in build_network(self.base).modules() if isinstance(each, nn.Dropout)]
        return layers[-1].p if layers else None

    @property
    def macs_ratio(self) -> float:
        """Counted multiply-adds to the base's."""
        return self.after.macs / self.before.macs

    @property
    def costs(self) -> dict[str, Any]:
        """What the scaled model costs of what its budget is of, where that is memory or latency."""
        return costs_of(self.config, self.scaled)

    @property
    def names(self) -> tuple[str, str]:
        """What base and scaled model are called in a training."""
        return names_of(self.config, self.chosen)

    @property
    def found_for(self) -> dict[str, Any] | None:
        """What the coefficients of --coefficients were found for: `run`, `base`, `dataset`, `recipe`."""
        return read_found(Path(self.config.coefficients))[1] if self.config.coefficients is not None else None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench scale --json` prints."""
        coefficients = self.coefficients
        record: dict[str, Any] = {
            "base": self.config.base if self.chosen.rung is None else str(self.base.name or self.config.base),
            "law_name": self.chosen.law,
            "row": self.chosen.rung.name if self.chosen.rung else self.config.published,
            "phi": self.phi,
            **({name: getattr(coefficients, name, None) for name in ("alpha", "beta", "gamma", "product")}),
            "found_for": self.found_for,
            "dims": self.config.dims,
            "depth": self.multipliers.depth,
            "width": self.multipliers.width,
            "resolution": self.scaled.pixels,
            "resolution_multiplier": self.multipliers.resolution,
            "rounding": self.scaled.size.rounding,
            "dropout": self.scaled.size.dropout,
            "drop_path": self.scaled.size.drop_path,
            "stages": None if self.after.stages is None else [asdict(row) for row in self.after.stages],
            "params": self.after.params,
            "macs": self.after.macs,
            "macs_ratio": self.macs_ratio,
            "base_params": self.before.params,
            "base_macs": self.before.macs,
            "law": self.multipliers.product,
            "differences": [{**asdict(each), "factor": each.factor} for each in self.differences],
            "published": self.config.published,
            "nearest_published": self.published.to_json() if self.published else None,
            "spec": self.scaled.to_json(),
            "costs": self.costs,
        }
        if self.trained:
            record |= {"run": str(self.trained.directory), "trained": [self._training(name) for name in self.names]}
        return record

    def _training(self, model: str) -> dict[str, Any]:
        assert self.trained is not None
        mean = self.trained.mean(model, "test_accuracy")
        return {
            "model": model,
            "test_accuracy": mean,
            "std": self.trained.std(model),
            "seeds": len(self.trained.of(model)),
        }


def names_of(config: ScaleConfig, chosen: Chosen) -> tuple[str, str]:
    """What base and scaled model are called."""
    by = "" if chosen.law == DEFAULT else f" by {chosen.law}"
    if chosen.rung is not None:
        base = str(chosen.base.name or config.base)
        return base, f"{base} scaled to {chosen.law} {chosen.rung.name}"
    if config.published is not None:
        return config.base, f"{config.base} scaled to {config.published.lower()}"
    if chosen.phi is None:
        given = ((name, getattr(config, name)) for name in ("depth", "width", "resolution"))
        return config.base, f"{config.base} with " + ", ".join(
            f"{name} x {value:g}" for name, value in given if value is not None
        ) + by
    along_one = "" if config.dims == "compound" else f" in {config.dims}"
    return config.base, f"{config.base} at phi {chosen.phi:.4g}{along_one}{by}"
