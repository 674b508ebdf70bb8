"""`nasbench race`."""

from collections.abc import Sequence

from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.engine.config import RaceConfig


def run(argv: Sequence[str]) -> None:
    """Parses, races, prints."""
    config = parse_run(RaceConfig, "race", argv)
    from nasbench.engine.race.command import run_race

    result = run_race(config, argv=("nasbench", "race", *argv))
    if config.place.json:
        tell_json(result.to_json())
        return
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.race.tables import race_table

    terminal = Terminal(file_width=1000)  # a file or a pipe has room for all of it
    for table in map(race_table, result.races):
        if not terminal.is_terminal:
            terminal.width = terminal.measure(table).maximum
        terminal.print(table)
    terminal.tell(f"report: {result.run / 'report.html'}")
