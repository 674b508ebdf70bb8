"""`nasbench export`."""

from collections.abc import Sequence

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.preprocessing import FILE
from nasbench.core.shown import say
from nasbench.engine.config import ExportConfig
from nasbench.engine.networks import check_model


def run(argv: Sequence[str]) -> None:
    """Parses, writes and checks, prints."""
    config = parse(ExportConfig, "export", argv, positional="model")
    check_model(config.network)
    from nasbench.engine.export.command import export

    result = export(config)
    for name, reason in result.skipped.items():
        say(f"left out {name}: {reason}")
    if result.no_preprocessing:
        say(f"left out {FILE}, without which nasbench predict cannot use the folder: {result.no_preprocessing}")
    if config.json:
        tell_json(result.to_json())
        return
    tell(f"weights: {result.weights}")
    for name, path in result.files.items():
        size = path.stat().st_size / 1e6
        tell(
            f"{name:<12}  {size:8.2f} MB  differs from the network by {result.checked[name]:.1e} of its largest "
            f"output  {path}"
        )
