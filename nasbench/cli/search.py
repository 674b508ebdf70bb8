"""`nasbench search`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.parse import parse, parse_run
from nasbench.core.trial import STATUSES
from nasbench.engine.config import PRESETS, SearchConfig

if TYPE_CHECKING:
    from nasbench.engine.search import SearchResult


def run(argv: Sequence[str]) -> None:
    """Parses, searches, prints."""
    preset = parse(SearchConfig, "search", argv).preset
    config = parse_run(SearchConfig, "search", argv, PRESETS.get(preset or ""))
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.search import run_search

    result = run_search(config, argv=("nasbench", "search", *argv))
    if config.place.json:
        print(json.dumps(result.to_json()))
    else:
        _print(result)


def _print(result: "SearchResult") -> None:
    from rich.console import Console

    from nasbench.report.run.tables import leaderboard_table

    console = Console()
    console.print(leaderboard_table(result.trials, limit=5))
    counts = ", ".join(f"{result.count(status)} {status}" for status in STATUSES if result.count(status))
    console.print(f"{len(result.trials)} trials ({counts}) in {result.seconds:.0f} s", highlight=False)
    if result.chance is not None:
        console.print(result.chance.sentence, highlight=False, markup=False)
    console.print(
        f"best network: {result.run / 'best'}\nreport:       {result.run / 'report.html'}",
        highlight=False,
        soft_wrap=True,
    )
