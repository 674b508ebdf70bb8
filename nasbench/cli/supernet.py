"""`nasbench supernet`."""

from collections.abc import Sequence

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse_run
from nasbench.core.count_text import quantity
from nasbench.engine.config import SupernetConfig


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_run(SupernetConfig, "supernet", argv)
    config.data.check_present()
    from nasbench.engine.search.supernet.command import train_supernet

    result = train_supernet(config, argv=("nasbench", "supernet", *argv))
    if result is None:
        return
    record = result.to_json()
    if config.place.json:
        tell_json(record)
        return
    tell(
        f"supernet of {record['space']} on {record['dataset']} under {record['recipe']}, paths {record['sampler']}: "
        f"{record['params']:,} params, {quantity(record['epochs'], 'epoch')}, {record['seconds']:.0f} s"
    )
    tell(
        f"a panel of paths, recalibrated: validation accuracy {100 * record['val_accuracy']:.2f} %, "
        f"loss {record['val_loss']:.3f}"
    )
    if result.check is not None:
        tell(result.check.sentence)
    tell(f"weights: {record['weights']}")
    tell(f"report: {result.run / 'report.html'}")
    tell(f"search with it: {result.search}")
