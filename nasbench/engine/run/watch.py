"""Who watches a run: the console, W&B, and the trackers that --track names."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.protocols import Tracker
from nasbench.core.registry import trackers as known_trackers
from nasbench.engine.config import Tracking
from nasbench.engine.parts.lookup import require_methods


def make_trackers(config: Tracking) -> list[Tracker]:
    """The console, W&B unless it is off, and those that --track names; each guarded, so that one that raises costs no
    trial. A tracker that is named twice listens once.
    """
    from nasbench.trackers.guard import Guarded

    names = [
        "console",
        *(["wandb"] if config.wandb != "off" else []),
        *(n for item in config.track for n in item.split(",")),
    ]
    return [Guarded(_tracker_named(name, config)) for name in dict.fromkeys(names)]


def _tracker_named(name: str, config: Tracking) -> Tracker:
    """The tracker with that name or import path. Only W&B's has settings; others hear of the run in `start`."""
    settings = {"mode": config.wandb, "trials": config.wandb_trials} if name == "wandb" else {}
    made: Tracker = known_trackers.make(name, offered=settings)
    require_methods(made, name, "tracker", ("start", "trial", "finish"))
    return made


def close_trackers(trackers: Sequence[Tracker], summary: Mapping[str, Any], directory: Path) -> None:
    """Tells all that the run ended, was interrupted or failed."""
    for tracker in trackers:
        tracker.finish(summary, directory)


def print_note(text: str) -> None:
    """A line for people, on standard error."""
    print(f"nasbench: {text}", file=sys.stderr)
