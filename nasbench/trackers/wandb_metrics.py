"""Which axis W&B draws each metric of a run against, and what its summary keeps of it: the best, where one value is
better than another, else the last.
"""

from collections.abc import Iterable
from typing import Any

SUMMARY = {
    "accuracy": "max",
    "top5": "max",
    "loss": "min",
    "seconds": "mean",
    "images_per_second": "mean",
}
"""End of a metric's name -> what is kept of it."""
SCORES = ("score", "control_score", "retrained_score", "inherited_score")
AXES = ("trial", "epoch", "updates", "child/reports", "child/epoch", "child/number")


def summary_of(name: str) -> str | None:
    """What the summary keeps of a metric; None for the last value, which W&B keeps unasked."""
    last = name.rpartition("/")[2]
    if name.startswith("controller/"):  # of a policy no loss is better than another
        return None
    if last in SCORES:
        return "max"
    return next((kept for end, kept in SUMMARY.items() if last == end or last.endswith(f"_{end}")), None)


class Axes:
    """Tells a W&B run of its metrics, each once, when it is logged first."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._known: set[str] = set(AXES)
        for axis in AXES:
            run.define_metric(axis, hidden=True)
        run.define_metric("*", step_metric="trial")
        run.define_metric("child/*", step_metric="child/reports")

    def trial(self, names: Iterable[str]) -> None:
        """The names of what is logged after a trial."""
        self._define(names, "trial")

    def child(self, names: Iterable[str]) -> None:
        """The names of what is logged after an epoch of a child of a search."""
        self._define(names, "child/reports")

    def curve(self, curve: str, names: Iterable[str]) -> None:
        """The names of what is logged after an epoch of a training whose curves are called `curve`."""
        pattern = f"{curve}/*"
        if "*" in curve:  # W&B takes one only at the end of a pattern
            return
        if pattern not in self._known:
            self._known.add(pattern)
            self._run.define_metric(pattern, step_metric="epoch")
        self._define(names, "epoch")

    def within(self, curve: str, names: Iterable[str]) -> None:
        """The names of what such a training says within its epochs."""
        pattern = f"{curve}/within/*"
        if "*" not in curve and pattern not in self._known:
            self._known.add(pattern)
            self._run.define_metric(pattern, step_metric="updates")
        self._define(names, "updates")

    def _define(self, names: Iterable[str], axis: str) -> None:
        for name in names:
            if name in self._known:
                continue
            self._known.add(name)
            if (kept := summary_of(name)) and "*" not in name:
                self._run.define_metric(name, step_metric=axis, summary=kept)
