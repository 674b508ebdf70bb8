"""`nasbench export`."""

from collections.abc import Sequence

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.preprocessing import FILE
from nasbench.core.shown import say
from nasbench.engine.config import ExportConfig
from nasbench.engine.parts.networks import check_model


def run(argv: Sequence[str]) -> None:
    """Parses, writes and checks, prints."""
    config = parse(ExportConfig, "export", argv, positional="model")
    config.stored.bring_model(config.model, config.trial)
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
    if result.kept_norms is not None:
        kept = f"{len(result.kept_norms)} stay, such as {result.kept_norms[0]}" if result.kept_norms else "all of them"
        tell(f"normalisations folded: {kept}; outputs differ by {result.checked['fold']:.1e}")
    if (found := result.quantized) is not None:
        tell(
            f"int8: test accuracy {100 * found['float_accuracy']:.2f} % before, {100 * found['int8_accuracy']:.2f} % "
            f"after, on {found['test_images']:,} images; {found['float_bytes'] / 1e6:.2f} MB before, "
            f"{found['int8_bytes'] / 1e6:.2f} MB after; calibrated on {found['calibration_images']:,} training images"
        )
    for name, path in result.files.items():
        if name not in result.checked:
            tell(f"{name:<12}  {path.stat().st_size / 1e6:8.2f} MB  {path}")
            continue
        size = path.stat().st_size / 1e6
        tell(
            f"{name:<12}  {size:8.2f} MB  differs from the network by {result.checked[name]:.1e} of its largest "
            f"output  {path}"
        )
