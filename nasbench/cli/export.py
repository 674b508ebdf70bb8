"""`nasbench export`."""

import json
import sys
from collections.abc import Sequence

from nasbench.cli.parse import parse
from nasbench.engine.config import ExportConfig


def run(argv: Sequence[str]) -> None:
    """Parses, writes and checks, prints."""
    config = parse(ExportConfig, "export", argv, positional="model")
    from nasbench.engine.export.command import export

    result = export(config)
    for name, reason in result.skipped.items():
        print(f"left out {name}: {reason}", file=sys.stderr)
    if config.json:
        print(json.dumps(result.to_json()))
        return
    print(f"weights: {result.weights}")
    for name, path in result.files.items():
        size = path.stat().st_size / 1e6
        print(
            f"{name:<12}  {size:8.2f} MB  differs from the network by {result.checked[name]:.1e} of its largest "
            f"output  {path}"
        )
