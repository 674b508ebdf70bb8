"""What the plots of a race have in common: colours, axes, where they end, and what a repetition has along them."""

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from nasbench.report.common.figure import BLUE, GREEN, MUTED, ORANGE, PURPLE, RED
from nasbench.report.race.results import Axis, Race, Repetition

if TYPE_CHECKING:
    import numpy as np

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, "#2b9eb3", "#8c6d46", "#c46aa0", "#7f8f2e")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)))


def axes_of(race: Race) -> list[tuple[Axis, str]]:
    """Each axis and its label: the evaluations, and the simulated time where queries have a cost."""
    found: list[tuple[Axis, str]] = [("evaluations", "evaluations")]
    return [*found, ("seconds", "simulated seconds")] if race.timed else found


def furthest(race: Race, axis: Axis) -> float:
    """Where an axis ends.

    The evaluations end at the highest mean number that the largest budget allowed; the seconds at the largest budget,
    or at the longest repetition if budgets are evaluations.
    """
    if axis == "seconds":
        return race.budgets[-1] if race.axis == "seconds" else _longest_path(race.repetitions)
    return max(standing.evaluations for standing in race.standings(race.budgets[-1]))


def returned(repetition: Repetition, grid: "np.ndarray", axis: Axis, place: int) -> "np.ndarray":
    """Column number `place` of the architecture that would be returned at each position of the grid: (places,). NaN
    before the first evaluation.
    """
    import numpy as np

    starts = [step.evaluations if axis == "evaluations" else step.seconds for step in repetition.steps]
    known = np.array([np.nan, *(step.values[place] for step in repetition.steps)])
    return np.asarray(known[np.searchsorted(starts, grid, side="right")])


def colours(strategies: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """(colour, dash) of each strategy. Random search, the baseline, is grey."""
    others = [strategy for strategy in strategies if strategy != "random"]
    styles = {
        strategy: (colour, DASHES[index // len(COLOURS) % len(DASHES)])
        for index, (strategy, colour) in enumerate(zip(others, cycle(COLOURS), strict=False))
    }
    return {**styles, "random": (MUTED, "-")}


def _longest_path(repetitions: Sequence[Repetition]) -> float:
    return max((repetition.steps[-1].seconds for repetition in repetitions if repetition.steps), default=1.0)
