"""What a run says to those who watch it, besides its trials."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.protocols import Tracker
from nasbench.core.shown import say


def close_trackers(trackers: Sequence[Tracker], summary: Mapping[str, Any], directory: Path) -> None:
    """Tells all that the run ended, was interrupted or failed."""
    for tracker in trackers:
        tracker.finish(summary, directory)


def print_note(text: str) -> None:
    """A line for people, on standard error."""
    say(f"nasbench: {text}")
