"""`nasbench race`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.engine.config import RaceConfig

if TYPE_CHECKING:
    from nasbench.engine.race.command import RaceResult


def run(argv: Sequence[str]) -> None:
    """Parses, races, prints."""
    config = parse_run(RaceConfig, "race", argv)
    from nasbench.engine.race.command import run_race

    result = run_race(config, argv=("nasbench", "race", *argv))
    if config.place.json:
        tell_json(result.to_json())
        return
    print_races(result)


def print_races(result: "RaceResult") -> None:
    """A table for each race, and where the report is."""
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.race.tables import race_table

    terminal = Terminal(file_width=1000)  # a file or a pipe has room for all of it
    tables = [race_table(race) for race in result.races]
    if not terminal.is_terminal:
        terminal.width = max(terminal.measure(table).maximum for table in tables)
    for table in tables:
        terminal.print(table)
    terminal.tell(f"report: {result.run / 'report.html'}")
