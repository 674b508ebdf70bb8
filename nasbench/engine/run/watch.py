"""Who watches a run: the console, W&B."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from nasbench.core.protocols import Tracker


def make_trackers(wandb: Literal["auto", "online", "offline", "off"], trial_runs: bool = False) -> list[Tracker]:
    """The console and, unless `wandb` is 'off', W&B; each guarded, so that one that throws costs nothing else."""
    from nasbench.trackers.console import ConsoleTracker
    from nasbench.trackers.guard import Guarded

    trackers: list[Tracker] = [Guarded(ConsoleTracker())]
    if wandb != "off":
        from nasbench.trackers.wandb import WandbTracker

        trackers.append(Guarded(WandbTracker(wandb, trials=trial_runs)))
    return trackers


def close_trackers(trackers: Sequence[Tracker], summary: Mapping[str, Any], directory: Path) -> None:
    for tracker in trackers:
        tracker.finish(summary, directory)


def print_note(text: str) -> None:
    """A line for people, on standard error."""
    print(f"nasbench: {text}", file=sys.stderr)
