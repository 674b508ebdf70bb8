"""`nasbench compare`."""

import json
from collections.abc import Sequence

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.parse import parse_run
from nasbench.engine.config import CompareConfig


def run(argv: Sequence[str]) -> None:
    """Parses, compares, prints."""
    config = parse_run(CompareConfig, "compare", argv, positional="models")
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.compare import compare

    result = compare(config, argv=("nasbench", "compare", *argv))
    if config.place.json:
        print(json.dumps(result.to_json()))
        return
    from rich.console import Console

    from nasbench.report.comparison.results import comparison_table

    console = Console()
    console.print(comparison_table(result.rows))
    console.print(result.verdict.text, highlight=False)
    console.print(f"report: {result.trained.directory / 'report.html'}", highlight=False, soft_wrap=True)
