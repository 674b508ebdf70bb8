"""`nasbench scale`: a model scaled by phi, to a budget, by multipliers or as published; counted, and trained beside its
base.
"""

from collections.abc import Sequence
from dataclasses import replace

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.count_text import parse_count
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import compound_scale, counted, differences, solve_phi
from nasbench.engine.report import write_report
from nasbench.engine.scaling.published import build_as_published, named, nearest
from nasbench.engine.scaling.request import along, check_request, coefficients_of
from nasbench.engine.scaling.result import ScaleResult, names_of
from nasbench.engine.training.trainings import Trained, check_names, run_trainings, specify, trainings_of
from nasbench.evaluators.start import Start


def run_scale(config: ScaleConfig, argv: Sequence[str]) -> ScaleResult:
    """Scales, counts, and with `config.train` trains the scaled model beside its base (or reads what was trained
    before).
    """
    config.check()
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
    size, pixels = config.training, config.data.image_size
    overrides = ModelOverrides(config.stack, size.cells, size.filters, config.classes, pixels, config.skeleton)
    if config.train:
        check_names(config)
        return specify([config.base], config.data, overrides)[config.base]
    spec = resolve(config.base, overrides)
    task = replace(spec.task, image_size=pixels or spec.pixels)
    return replace(spec, size=replace(spec.size, resolution=None), task=task)


def _train(config: ScaleConfig, phi: float | None, base: ModelSpec, scaled: ModelSpec, argv: Sequence[str]) -> Trained:
    names = names_of(config, phi)
    trainings = trainings_of(dict(zip(names, (base, scaled), strict=True)), config, Start(), check_names(config))
    trained = run_trainings("scale", config, trainings, argv, write_report)
    for name in names:
        trained.check(name)
    return trained
