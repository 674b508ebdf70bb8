"""What a run says to those who watch it, besides its trials: its tables and drawings, its end, notes for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.blame import in_one_line
from nasbench.core.protocols import Tracker
from nasbench.core.run_shown import Shows
from nasbench.core.shown import say, sentence
from nasbench.core.stop_signals import from_outside
from nasbench.core.store import RunStore


def close_trackers(trackers: Sequence[Tracker], summary: Mapping[str, Any], directory: Path) -> None:
    """Tells all that the run ended, was interrupted or failed."""
    for tracker in trackers:
        tracker.finish(summary, directory)


def print_note(text: str) -> None:
    """A line for people, on standard error."""
    say(f"nasbench: {text}")


def hand_over(trackers: Sequence[Tracker], store: RunStore) -> None:
    """Hands the tables and drawings of the run to the trackers that want them, and writes dashboard.json. Where that
    is not possible, one line says so: the run is whole without them.
    """
    wanting = [tracker for tracker in trackers if isinstance(tracker, Shows) and tracker.shows]
    if not wanting:
        return
    from nasbench.engine.run.dashboard.shown import dashboard_of_run, shown_of, write_dashboard

    try:
        shown = shown_of(store)
        for tracker in wanting:
            tracker.show(shown)
        write_dashboard(store.directory, dashboard_of_run(store, shown))
    except BaseException as error:  # parts of the user's own draw and count what is shown
        if from_outside(error):
            raise
        print_note(f"no dashboard and no tables for W&B: {sentence(in_one_line(error))}")
