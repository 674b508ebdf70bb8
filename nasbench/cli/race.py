"""`nasbench race`."""

import json
from collections.abc import Sequence

from nasbench.cli.parse import parse_run
from nasbench.engine.config import RaceConfig


def run(argv: Sequence[str]) -> None:
    """Parses, races, prints."""
    config = parse_run(RaceConfig, "race", argv)
    from nasbench.engine.race.command import run_race

    result = run_race(config, argv=("nasbench", "race", *argv))
    if config.place.json:
        print(json.dumps(result.to_json()))
        return
    from rich.console import Console

    from nasbench.report.race.tables import race_table

    console, table = Console(), race_table(result.race)
    if not console.is_terminal:
        console.width = 1000  # a file or a pipe has room for all of it
        console.width = console.measure(table).maximum
    console.print(table)
    console.print(f"report: {result.run / 'report.html'}", highlight=False, soft_wrap=True)
