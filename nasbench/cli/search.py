"""`nasbench search`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nasbench.cli.parse import parse
from nasbench.core.trial import STATUSES
from nasbench.engine.config import PRESETS, SearchConfig

if TYPE_CHECKING:
    from nasbench.engine.search import SearchResult


def run(argv: Sequence[str]) -> None:
    """Parses, searches, prints."""
    config = parse(SearchConfig, "search", argv)
    if config.resume:
        from nasbench.engine.search import stored_config

        stored = stored_config(config.run)
        switches = ("resume", "download", "wandb_trials")  # a switch that is on by default could not be given again
        off: dict[str, Any] = dict.fromkeys((*switches, "json"), False)
        config = parse(SearchConfig, "search", argv, default=replace(stored, **off))
        config = replace(config, **{name: getattr(config, name) or getattr(stored, name) for name in switches})
    elif config.preset:
        config = parse(SearchConfig, "search", argv, default=replace(SearchConfig(), **PRESETS[config.preset]))
    from nasbench.engine.search import run_search

    result = run_search(config, argv=("nasbench", "search", *argv))
    if config.json:
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
    console.print(
        f"best network: {result.run / 'best'}\nreport:       {result.run / 'report.html'}",
        highlight=False,
        soft_wrap=True,
    )
