"""`nasbench fidelity`."""

from collections.abc import Sequence

from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.engine.config import FidelityConfig


def run(argv: Sequence[str]) -> None:
    """Parses, scores, compares, prints."""
    config = parse_run(FidelityConfig, "fidelity", argv)
    config.check_present()
    from nasbench.engine.fidelity.command import run_fidelity

    result = run_fidelity(config, argv=("nasbench", "fidelity", *argv))
    if config.place.json:
        tell_json(result.to_json())
        return
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.fidelity.tables import fidelity_table

    terminal, table = Terminal(file_width=1000), fidelity_table(result.fidelity)
    if not terminal.is_terminal:  # a file or a pipe has room for all of it
        terminal.width = terminal.measure(table).maximum
    terminal.print(table)
    for line in result.fidelity.verdicts():
        terminal.tell(line)
    terminal.tell(f"report: {result.run / 'report.html'}")
