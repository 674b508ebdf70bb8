"""`nasbench features`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.engine.config import FeaturesConfig
from nasbench.engine.parts.networks import check_model

if TYPE_CHECKING:
    from nasbench.engine.models.features.command import FeaturesResult


def run(argv: Sequence[str]) -> None:
    """Parses, computes, prints: a table of stages where one was asked for, and where each file lies."""
    config = parse(FeaturesConfig, "features", argv, positional="model")
    config.stored.bring_model(config.model, config.trial)
    config.check()
    check_model(config.network)
    if config.reads_images:
        config.data.check_present()
    from nasbench.engine.models.features.command import features

    result = features(config)
    if config.json:
        tell_json(result.to_json())
        return
    ends = {stage.layer for stage in result.stages}
    width = max(map(len, result.layers), default=0)
    for name, shape in result.layers.items():
        tell(f"{name:<{width}}  {' x '.join(map(str, shape))}{'  ends a stage' if name in ends else ''}")
    if config.probe or config.knn:
        _print_stages(result)
    if result.features is not None:
        tell(f"{config.layer}: {' x '.join(map(str, result.features.shape))}, {config.split} images")
    for what, path in result.files.items():
        tell(f"{what}: {path}")


def _print_stages(result: "FeaturesResult") -> None:
    from nasbench.report.common.terminal import PlainTable, Terminal

    table = PlainTable(f"Test accuracy of what sees one stage of {result.model} alone, on {result.dataset}")
    table.add_column("stage")
    for header in ("output", "features", "linear probe, %", "5 nearest neighbours, %"):
        table.add_column(header, justify="right")
    for stage in result.stages:
        shares = ("–" if share is None else f"{100 * share:.2f}" for share in (stage.probe, stage.knn))
        table.add_row(stage.layer, " x ".join(map(str, stage.output)), str(stage.features), *shares)
    Terminal().print(table)
