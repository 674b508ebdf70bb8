"""What the trainings say: means of what routes return, and differences with intervals. Trains nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from routes import BUDGETS, Child, returned, unselected
from scipy.stats import t

LEVEL = 0.95


@dataclass(frozen=True)
class Returned:
    """What one route returns under one budget. Accuracies are on test images, in percent.

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


@dataclass(frozen=True)
class Difference:
    """Mean of a route's cells minus that of another's, with Welch's interval over the cells."""

    route: str
    other: str
    budget: int
    points: float
    low: float
    high: float


def of_routes(searches: Mapping[str, Sequence[Child]], finals: Mapping[str, Mapping[str, float]]) -> list[Returned]:
    """A row a route and budget whose trainings are there: `finals` is key -> seed -> test accuracy in [0, 1]."""
    rows = []
    asked = [("chance", 0, unselected(searches["random"]))] if "random" in searches else []
    asked += [(name, budget, returned(found, budget)) for name, found in searches.items() for budget in BUDGETS]
    for name, budget, cells in asked:
        known = len(searches.get(name, ())) >= budget
        if not known or len(cells) < 2 or not all(cell.key in finals for cell in cells):
            continue
        means = [100 * fmean(finals[cell.key].values()) for cell in cells]
        half = float(t.ppf((1 + LEVEL) / 2, len(means) - 1)) * stdev(means) / sqrt(len(means))
        keys = tuple(cell.key for cell in cells)
        middle, macs = fmean(means), fmean(cell.macs for cell in cells)
        rows.append(Returned(name, budget, keys, tuple(means), middle, middle - half, middle + half, means[0], macs))
    return rows


def differences(rows: Sequence[Returned]) -> list[Difference]:
    """Each route against random search of the same budget, and random search against one random cell."""
    found = []
    for row in rows:
        other = "chance" if row.route == "random" else "random"
        wanted = 0 if other == "chance" else row.budget
        found += [
            _difference(row, against)
            for against in rows
            if row.route != "chance" and (against.route, against.budget) == (other, wanted)
        ]
    return found


def record(rows: Sequence[Returned]) -> dict[str, Any]:
    """What the page and the picture are made of."""
    return {"returned": [asdict(row) for row in rows], "differences": [asdict(each) for each in differences(rows)]}


def _difference(one: Returned, other: Returned) -> Difference:
    parts = [stdev(row.accuracies) ** 2 / len(row.accuracies) for row in (one, other)]
    error, points = sqrt(sum(parts)), one.mean - other.mean
    if not error:
        return Difference(one.route, other.route, one.budget, points, points, points)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(row.accuracies) - 1) for part, row in zip(parts, (one, other), strict=True)
    )
    half = float(t.ppf((1 + LEVEL) / 2, freedom)) * error
    return Difference(one.route, other.route, one.budget, points, points - half, points + half)
