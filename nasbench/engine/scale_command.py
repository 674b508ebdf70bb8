"""`nasbench scale`: a model scaled by phi, to a budget, by multipliers or as published; counted, and trained beside its
base.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import RunFailed, unknown
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import SCALE_SEARCH, Form, ScaleConfig
from nasbench.engine.models import resolve
from nasbench.engine.numbers import parse_count
from nasbench.engine.scale import Counts, Difference, compound_scale, counted, differences, pixels_of, solve_phi
from nasbench.engine.scale_published import PublishedScale, build_as_published, named, nearest
from nasbench.engine.scale_request import along, check_request, coefficients_of, read_found
from nasbench.engine.trainings import Trained, run_trainings, specify

if TYPE_CHECKING:
    from nasbench.engine.scale_search import ScaleSearchResult


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
        return _names(self.config, self.phi)

    @property
    def found_for(self) -> dict[str, Any] | None:
        """What the coefficients of --coefficients were found for: `run`, `base`, `dataset`, `recipe`."""
        return read_found(Path(self.config.coefficients))[1] if self.config.coefficients is not None else None

    def accuracies(self, model: str) -> list[float]:
        """Test accuracy in [0, 1] of the model's trainings that succeeded, by seed."""
        return [trial.metrics["test_accuracy"] for _, trial in self.trained.of(model)] if self.trained else []

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
            "resolution": pixels_of(self.scaled),
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
        found = self.accuracies(model)
        deviation = stdev(found) if len(found) > 1 else None
        return {"model": model, "test_accuracy": fmean(found), "std": deviation, "seeds": len(found)}


def scale(**options: Any) -> "ScaleResult | ScaleSearchResult":
    """Scales from Python: the fields of ScaleConfig as keywords, as `nasbench scale` takes them as flags. UsageError
    for bad input.

    With `search=True` it searches coefficients as `nasbench scale --search` does, and returns what that came to.
    """
    known = {field.name for field in fields(ScaleConfig)}
    for name in options:
        if name not in known:
            raise unknown("option of scale", name, known)
    if not options.get("search"):
        return run_scale(ScaleConfig(**options), argv=("nasbench.scale",))
    from nasbench.engine.scale_search import run_scale_search, stored_config

    config = (
        replace(stored_config(options.get("run")), **options)
        if options.get("resume")
        else ScaleConfig(**{**SCALE_SEARCH, **options})
    )
    return run_scale_search(config, argv=("nasbench.scale",))


def run_scale(config: ScaleConfig, argv: Sequence[str]) -> ScaleResult:
    """Scales, counts, and with `config.train` trains the scaled model beside its base (or reads what was trained
    before).
    """
    check_request(config)
    target = parse_count(config.target_macs, "--target-macs") if config.target_macs is not None else None
    row = named(config.published) if config.published is not None else None
    base = _base(config)
    phi: float | None = None
    coefficients: Coefficients | None = None
    if row is not None:
        multipliers, scaled = row.multipliers, build_as_published(row, base)
    else:
        if any(value is not None for value in (config.depth, config.width, config.resolution)):
            multipliers = Multipliers(
                *(1.0 if each is None else each for each in (config.depth, config.width, config.resolution))
            )
        else:
            coefficients = coefficients_of(config)
            at = along(coefficients, config.dims)
            phi = solve_phi(base, at, target) if target is not None else 1.0 if config.phi is None else config.phi
            multipliers = at(phi)
        scaled = compound_scale(base, multipliers)
    before, after = counted(base), counted(scaled)
    trained = _train(config, phi, base, scaled, argv) if config.train else None
    beside = row or nearest(base, after.macs)
    return ScaleResult(
        config,
        base,
        scaled,
        phi,
        coefficients,
        multipliers,
        before,
        after,
        differences(base, multipliers),
        beside,
        trained,
    )


def _base(config: ScaleConfig) -> ModelSpec:
    """The model to scale, at its own size; the resolution at which a search saw it is its task's."""
    form = Form(config.stack, config.cells, config.filters, config.classes, config.image_size, config.skeleton)
    if config.train:
        return _scalable(specify([config.base], config, form)[config.base])
    spec = resolve(config.base, form)
    pixels = config.image_size or pixels_of(spec)
    return _scalable(
        replace(spec, size=replace(spec.size, resolution=None), task=replace(spec.task, image_size=pixels))
    )


def _scalable(base: ModelSpec) -> ModelSpec:
    if base.source == "zoo":
        import zoo
        from nasbench.evaluators.building import cannot_scale

        if zoo.entry(str(base.name)).scaled is None:
            raise cannot_scale(str(base.name))
    return base


def _train(config: ScaleConfig, phi: float | None, base: ModelSpec, scaled: ModelSpec, argv: Sequence[str]) -> Trained:
    names = _names(config, phi)
    trained = run_trainings(dict(zip(names, (base, scaled), strict=True)), config, "scale", argv)
    for name in names:
        if not trained.of(name):
            reasons = sorted(
                {trial.error or "" for trial in trained.trials if trial.architecture.genes["model"] == name}
            )
            raise RunFailed(f"no training of {name} succeeded: {'; '.join(reasons)}")
    return trained


def _names(config: ScaleConfig, phi: float | None) -> tuple[str, str]:
    if config.published is not None:
        return config.base, f"{config.base} scaled to {config.published.lower()}"
    if phi is None:
        given = ((name, getattr(config, name)) for name in ("depth", "width", "resolution"))
        return config.base, f"{config.base} with " + ", ".join(
            f"{name} x {value:g}" for name, value in given if value is not None
        )
    along_one = "" if config.dims == "compound" else f" in {config.dims}"
    return config.base, f"{config.base} at phi {phi:.4g}{along_one}"
