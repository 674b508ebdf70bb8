"""What `nasbench scale` came to."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import Counts, Difference
from nasbench.engine.scaling.published import PublishedScale
from nasbench.engine.scaling.request import read_found
from nasbench.engine.training.trainings import Trained


@dataclass(frozen=True)
class ScaleResult:
    """What `nasbench scale` came to. `phi` and `coefficients` are None where multipliers were given outright or as
    published.
    """

    config: ScaleConfig
    base: ModelSpec
    scaled: ModelSpec
    phi: float | None
    coefficients: Coefficients | None
    multipliers: Multipliers
    before: Counts
    after: Counts
    differences: tuple[Difference, ...]
    published: PublishedScale | None
    trained: Trained | None = None

    @property
    def macs_ratio(self) -> float:
        """Counted multiply-adds to the base's."""
        return self.after.macs / self.before.macs

    @property
    def names(self) -> tuple[str, str]:
        """What base and scaled model are called in a training."""
        return names_of(self.config, self.phi)

    @property
    def found_for(self) -> dict[str, Any] | None:
        """What the coefficients of --coefficients were found for: `run`, `base`, `dataset`, `recipe`."""
        return read_found(Path(self.config.coefficients))[1] if self.config.coefficients is not None else None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench scale --json` prints."""
        coefficients = self.coefficients
        record: dict[str, Any] = {
            "base": self.config.base,
            "phi": self.phi,
            **({name: getattr(coefficients, name, None) for name in ("alpha", "beta", "gamma", "product")}),
            "found_for": self.found_for,
            "dims": self.config.dims,
            "depth": self.multipliers.depth,
            "width": self.multipliers.width,
            "resolution": self.scaled.pixels,
            "resolution_multiplier": self.multipliers.resolution,
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


def names_of(config: ScaleConfig, phi: float | None) -> tuple[str, str]:
    if config.published is not None:
        return config.base, f"{config.base} scaled to {config.published.lower()}"
    if phi is None:
        given = ((name, getattr(config, name)) for name in ("depth", "width", "resolution"))
        return config.base, f"{config.base} with " + ", ".join(
            f"{name} x {value:g}" for name, value in given if value is not None
        )
    along_one = "" if config.dims == "compound" else f" in {config.dims}"
    return config.base, f"{config.base} at phi {phi:.4g}{along_one}"
