"""`nasbench scale`: a model scaled by phi, to a budget, by multipliers or as published; counted, and trained beside its
base.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import RunFailed
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import Form, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.numbers import parse_count
from nasbench.engine.parts.scaled import compound_scale, counted, differences, pixels_of, solve_phi
from nasbench.engine.scaling.published import build_as_published, named, nearest
from nasbench.engine.scaling.request import along, check_request, coefficients_of
from nasbench.engine.scaling.result import ScaleResult, names_of
from nasbench.engine.training.trainings import Trained, run_trainings, specify

if TYPE_CHECKING:
    pass


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
    names = names_of(config, phi)
    trained = run_trainings(dict(zip(names, (base, scaled), strict=True)), config, "scale", argv)
    for name in names:
        if not trained.of(name):
            reasons = sorted(
                {trial.error or "" for trial in trained.trials if trial.architecture.genes["model"] == name}
            )
            raise RunFailed(f"no training of {name} succeeded: {'; '.join(reasons)}")
    return trained
