"""What the trainings say: means of what routes return, and differences with intervals. Trains nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, quantiles, stdev
from typing import Any

from routes import SHARING, Child, Scale, returned, unselected
from scipy.stats import t

LEVEL = 0.95


@dataclass(frozen=True)
class Returned:
    """What one route returns under one budget. Accuracies are on test images, in percent.

    `budget` is 0 where nothing was searched, `seconds` what the search takes of one device that does nothing else.
    `low` and `high` are Student's interval of the mean over the cells, each the mean of its seeds.
    """

    route: str
    budget: int
    cells: tuple[str, ...]
    accuracies: tuple[float, ...]
    mean: float
    low: float
    high: float
    best: float
    """The accuracy of the one that the search ranked first."""
    macs: float
    seconds: float = 0.0
    measured: float = 0.0
    """Seconds as they were measured, beside whatever else the machine did."""


@dataclass(frozen=True)
class Difference:
    """Mean of a route's cells minus that of another's, with Welch's interval over the cells."""

    route: str
    other: str
    budget: int
    points: float
    low: float
    high: float


def of_routes(
    searches: Mapping[str, Sequence[Child]], finals: Mapping[str, Mapping[str, float]], scale: Scale
) -> list[Returned]:
    """A row a route and budget whose trainings are there: `finals` is key -> seed -> test accuracy in [0, 1]."""
    rows = []
    asked = [("chance", 0, unselected(searches["random"], scale.returned))] if "random" in searches else []
    for name, found in searches.items():
        budgets = (scale.scored,) if name == SHARING else scale.budgets
        asked += [(name, budget, returned(found, budget, scale.returned)) for budget in budgets]
    for name, budget, cells in asked:
        if len(searches.get(name, ())) >= budget:
            found = searches.get(name, ())
            seconds = undisturbed(found, budget, shared=name == SHARING)
            measured = sum(child.seconds for child in found if child.number <= budget)
            macs = fmean(cell.macs for cell in cells) if cells else 0.0
            rows += _row(name, budget, [cell.key for cell in cells], finals, macs, seconds, measured)
    return rows


def undisturbed(found: Sequence[Child], budget: int, shared: bool = False) -> float:
    """Seconds of one device for the first `budget` children. Searches shared their machines with other work, some for
    hours, so each child is taken to need what the fastest fifth needs at most. What shared weights take is the sum:
    the training of the weights is among it.
    """
    seconds = [child.seconds for child in found if child.number <= budget]
    if shared or len(seconds) < 2:
        return sum(seconds)
    return len(seconds) * quantiles([child.seconds for child in found], n=5)[0]


@dataclass(frozen=True)
class Network:
    """A network that was not searched for: its test accuracy in percent, the mean of its seeds with its interval."""

    group: str
    name: str
    mean: float
    low: float
    high: float
    macs: int


def each_network(
    networks: Mapping[str, Mapping[str, Mapping[str, Any]]], finals: Mapping[str, Mapping[str, float]]
) -> list[Network]:
    """Those with two seeds or more, the best first within each group."""
    rows = []
    for group, found in networks.items():
        for key, each in found.items():
            seeds = [100 * accuracy for accuracy in finals.get(key, {}).values()]
            if len(seeds) > 1:
                mean, half = fmean(seeds), _half(seeds)
                rows.append(Network(group, each["name"], mean, mean - half, mean + half, each["macs"]))
    return sorted(rows, key=lambda row: (row.group, -row.mean))


def of_networks(
    networks: Mapping[str, Mapping[str, Mapping[str, Any]]], finals: Mapping[str, Mapping[str, float]]
) -> list[Returned]:
    """A row for each group of networks that were not searched for: `networks` is group -> key -> name and macs."""
    rows = []
    for name, found in networks.items():
        macs = fmean(each["macs"] for each in found.values()) if found else 0.0
        rows += _row(name, 0, list(found), finals, macs)
    return rows


def _row(
    name: str,
    budget: int,
    keys: Sequence[str],
    finals: Mapping[str, Mapping[str, float]],
    macs: float,
    seconds: float = 0.0,
    measured: float = 0.0,
) -> list[Returned]:
    """The row, where two networks or more have been trained."""
    if len(keys) < 2 or not all(key in finals for key in keys):
        return []
    means = [100 * fmean(finals[key].values()) for key in keys]
    half = _half(means)
    ends = fmean(means), fmean(means) - half, fmean(means) + half
    return [Returned(name, budget, tuple(keys), tuple(means), *ends, means[0], macs, seconds, measured)]


def _half(values: Sequence[float]) -> float:
    """Half of Student's interval of the mean."""
    return float(t.ppf((1 + LEVEL) / 2, len(values) - 1)) * stdev(values) / sqrt(len(values))


def differences(rows: Sequence[Returned], scale: Scale) -> list[Difference]:
    """Each route against random cells, published ones, and random search of the same budget, or of the largest where
    it has another.
    """
    by = {(row.route, row.budget): row for row in rows}

    def others(row: Returned) -> list[tuple[str, int]]:
        searched = row.budget if row.budget in scale.budgets else max(scale.budgets)
        found = [("chance", 0), ("random", searched), *([("published", 0)] if row.budget else [])]
        return [other for other in found if other in by and row.route not in ("chance", other[0])]

    return [_difference(row, by[other]) for row in rows for other in others(row)]


def _difference(one: Returned, other: Returned) -> Difference:
    return Difference(one.route, other.route, one.budget, *welch(one.accuracies, other.accuracies))


def welch(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """The difference of two means, and Welch's interval of it."""
    parts = [stdev(values) ** 2 / len(values) for values in (one, other)]
    error, points = sqrt(sum(parts)), fmean(one) - fmean(other)
    if not error:
        return points, points, points
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (one, other), strict=True)
    )
    half = float(t.ppf((1 + LEVEL) / 2, freedom)) * error
    return points, points - half, points + half
