"""`nasbench scale`: a model scaled by phi, to a budget, by multipliers or as published; counted, and trained beside its
base.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import counted, differences
from nasbench.engine.scaling.chosen import Chosen, choose
from nasbench.engine.scaling.law_rows import LawComparison, compare_laws
from nasbench.engine.scaling.laws import DEFAULT, base_named, law_named, names_of_laws
from nasbench.engine.scaling.published import nearest
from nasbench.engine.scaling.request import check_comparison, check_request
from nasbench.engine.scaling.result import ScaleResult, names_of
from nasbench.engine.scaling.written import check_out, check_plot, write_plot, write_scaled
from nasbench.engine.training.trainings import Trained, check_names, run_trainings, specify, trainings_of
from nasbench.evaluators.start import Start


def run_scale(config: ScaleConfig, argv: Sequence[str]) -> ScaleResult:
    """Scales, counts, and with `config.train` trains the scaled model beside its base (or reads what was trained
    before).
    """
    config.check()
    check_request(config)
    if config.out is not None:
        check_out(Path(config.out))
    chosen = choose(config, _base(config))
    base, scaled = chosen.base, chosen.scaled
    before, after = counted(base), counted(scaled)
    trained = _train(config, chosen, argv) if config.train else None
    beside = chosen.row or (nearest(base, after.macs) if chosen.law == DEFAULT else None)
    found = () if chosen.rung and chosen.rung.network else differences(base, chosen.multipliers)
    result = ScaleResult(config, chosen, before, after, found, beside, trained)
    if config.out is not None:
        write_scaled(Path(config.out), result)
    return result


def run_law_comparison(config: ScaleConfig) -> LawComparison:
    """Several laws from one base; with `config.out`, their plot."""
    config.check()
    check_comparison(config)
    if config.out is not None:
        check_plot(Path(config.out))
    found = compare_laws(config, _base(config))
    if config.out is not None:
        write_plot(Path(config.out), found)
    return found


def _base(config: ScaleConfig) -> ModelSpec:
    """The model to scale, at its own size; the resolution at which a search saw it is its task's."""
    size, pixels = config.training, config.data.image_size
    names = names_of_laws(config)
    model = base_named(config, law_named(names[0])) if len(names) == 1 else config.base
    overrides = ModelOverrides(config.stack, size.cells, size.filters, config.classes, pixels, config.skeleton)
    if config.train:
        check_names(config)
        return specify([model], config.data, overrides)[model]
    spec = resolve(model, overrides)
    task = replace(spec.task, image_size=pixels or spec.pixels)
    return replace(spec, size=replace(spec.size, resolution=None), task=task)


def _train(config: ScaleConfig, chosen: Chosen, argv: Sequence[str]) -> Trained:
    names = names_of(config, chosen)
    # as a file of the scaled model is trained: what says that its resolution is its own has been heeded by then
    size = replace(chosen.scaled.size, own_resolution=False)
    models = (replace(chosen.base, size=replace(chosen.base.size, rounding="")), replace(chosen.scaled, size=size))
    trainings = trainings_of(dict(zip(names, models, strict=True)), config, Start())
    trained = run_trainings("scale", config, trainings, argv)
    for name in names:
        trained.check(name)
    return trained
