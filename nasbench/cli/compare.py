"""`nasbench compare`."""

from collections.abc import Sequence

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.engine.config import CompareConfig
from nasbench.engine.parts.networks import check_model


def run(argv: Sequence[str]) -> None:
    """Parses, compares, prints."""
    config = parse_run(CompareConfig, "compare", argv, positional="models")
    for model in config.models:
        check_model(model)
    if not (config.controls or config.stem):  # the command judges these itself, and then looks for data
        config.data.check_present()
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.compare import compare

    result = compare(config, argv=("nasbench", "compare", *argv))
    if config.place.json:
        tell_json(result.to_json())
        return
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.comparison.results import comparison_table

    terminal = Terminal()
    terminal.print(comparison_table(result.rows))
    terminal.tell(result.verdict.text)
    terminal.tell(f"report: {result.trained.directory / 'report.html'}")
