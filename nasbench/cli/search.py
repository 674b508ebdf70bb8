"""`nasbench search`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse, parse_run
from nasbench.core.count_text import quantity
from nasbench.core.trial import STATUSES
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import defaults_of

if TYPE_CHECKING:
    from nasbench.engine.search.command import SearchResult


def run(argv: Sequence[str]) -> None:
    """Parses, searches, prints."""
    presets = None
    if any(word.partition("=")[0] in ("--preset", "--weight-sharing", "--evaluator") for word in argv):
        presets = defaults_of(parse(SearchConfig, "search", argv))
    config = parse_run(SearchConfig, "search", argv, presets)
    config.check_present()
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.search.asked import search_as_asked

    result = search_as_asked(config, argv=("nasbench", "search", *argv))
    if config.place.json:
        tell_json(result.to_json())
    else:
        _print(result)


def _print(result: "SearchResult") -> None:
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.run.tables import front_table, leaderboard_table

    terminal = Terminal()
    terminal.print(leaderboard_table(result.trials, limit=5, beside=result.accuracy))
    if result.front:
        left_out = ("number", "key", "architecture")
        terminal.print(front_table(result.front, [name for name in result.front[0] if name not in left_out]))
    counts = ", ".join(f"{result.count(status)} {status}" for status in STATUSES if result.count(status))
    terminal.tell(f"{quantity(len(result.trials), 'trial')} ({counts}) in {result.seconds:.0f} s")
    if result.chance is not None:
        terminal.tell(result.chance.sentence)
    if result.check is not None:
        terminal.tell(result.check.sentence)
    terminal.tell(f"best network: {result.run / 'best'}")
    terminal.tell(f"report:       {result.run / 'report.html'}")
