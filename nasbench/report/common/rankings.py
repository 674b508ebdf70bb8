"""How well a score ranks: correlations over all and at the top, the precision of its top, the rank of its pick.

A correlation over a whole space says little about the top of it, so both are told. Ties are never broken by the order
of the list: where they matter, the expectation under random order is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MEASURES = ("spearman", "tau", "tau_upper_half", "tau_top_tenth", "p_at_top5", "pick_rank")
TOP_SHARE = 0.05
FEWEST = 5
"""A correlation of fewer networks is not told."""
DRAWS, FEWEST_DRAWS, WORK = 200, 100, 200_000
"""Bootstrap samples: DRAWS, and of more than WORK / DRAWS networks fewer, but FEWEST_DRAWS."""
Z95 = 1.959964
PAIRWISE = 100
"""Up to so many networks, tau is computed from all pairs at once: faster than SciPy's general way."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; None where it cannot be told."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def interval(self) -> list[float] | None:
        """[low, high], as JSON has it."""
        return None if self.low is None or self.high is None else [self.low, self.high]

    @property
    def differs_from_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def measure(truth: "np.ndarray", score: "np.ndarray") -> dict[str, float | None]:
    """Every measure of a score, float64 (n) as the truth, higher is better in both. None where it is not defined."""
    import numpy as np

    count = len(truth)
    order = np.argsort(-truth, kind="stable")
    upper, tenth = order[: ceil(count / 2)], order[: ceil(count / 10)]
    return {
        "spearman": spearman(truth, score),
        "tau": kendall(truth, score),
        "tau_upper_half": kendall(truth[upper], score[upper]),
        "tau_top_tenth": kendall(truth[tenth], score[tenth]),
        "p_at_top5": precision_at_top(truth, score, TOP_SHARE),
        "pick_rank": pick_rank(truth, score),
    }


def ranks(values: "np.ndarray") -> "np.ndarray":
    """float64 (n): the rank of each value, 1 the lowest; equal values share their mean rank."""
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return found


def spearman(truth: "np.ndarray", score: "np.ndarray") -> float | None:
    """Spearman's rho, ties with their mean rank; None for fewer than FEWEST or a constant."""
    import numpy as np

    if not _varies(truth, score):
        return None
    return float(np.corrcoef(ranks(truth), ranks(score))[0, 1])


def kendall(truth: "np.ndarray", score: "np.ndarray") -> float | None:
    """Kendall's tau-b; None for fewer than FEWEST or a constant."""
    import numpy as np

    if not _varies(truth, score):
        return None
    if len(truth) > PAIRWISE:
        from scipy.stats import kendalltau  # type: ignore[import-untyped]

        return float(kendalltau(truth, score, method="asymptotic").statistic)
    one, two = (np.sign(np.subtract.outer(each, each)) for each in (ranks(truth), ranks(score)))  # (n, n)
    return float((one * two).sum() / np.sqrt(np.abs(one).sum() * np.abs(two).sum()))


def kendall_test(first: Sequence[float], second: Sequence[float]) -> tuple[float, float] | None:
    """Kendall's tau-b of two rankings and its p-value. None for fewer than two pairs, or if one side is constant."""
    assert len(first) == len(second), (len(first), len(second))
    if len(first) < 2 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import kendalltau

    result = kendalltau(first, second)
    return float(result.statistic), float(result.pvalue)


def precision_at_top(truth: "np.ndarray", score: "np.ndarray", share: float) -> float:
    """The share of the best by score, `share` of all, that is among the best by truth (Ning et al. 2021: P@top)."""
    most = max(1, round(share * len(truth)))
    return float((membership(truth, most) * membership(score, most)).sum() / most)


def pick_rank(truth: "np.ndarray", score: "np.ndarray") -> float:
    """The true rank, 1 is the best, of the network with the best score; the mean over those that share it."""
    return float((membership(score, 1) * ranks(-truth)).sum())


def membership(values: "np.ndarray", most: int) -> "np.ndarray":
    """float64 (n), of sum `most`: 1 for the `most` highest values, 0 for the others, and equal shares among those that
    are equal at the border.
    """
    import numpy as np

    border = np.partition(values, len(values) - most)[len(values) - most]
    above, equal = values > border, values == border
    weights: np.ndarray = above + equal * ((most - above.sum()) / equal.sum())
    return weights


def population_score(parts: Sequence[Sequence[float | None]]) -> "np.ndarray":
    """az-nas's score of each of n networks: (n) lists of parts -> sum over the parts of log(rank / n), rank n the best.

    What is not defined ranks last; equal parts share their mean rank (Lee and Ham 2024, section 3.5).
    """
    import numpy as np

    columns = np.array([[-np.inf if part is None else part for part in row] for row in parts], dtype=float)  # (n, P)
    ranked = np.stack([ranks(column) for column in columns.T])  # (P, n)
    score: np.ndarray = np.log(ranked / len(columns)).sum(axis=0)
    return score


def bootstrap(
    truth: "np.ndarray", scores: Mapping[str, "np.ndarray"], seed: int = 0
) -> dict[str, dict[str, "np.ndarray"]]:
    """Score -> measure -> (draws): the measures of samples with replacement, the same samples for all scores."""
    import numpy as np

    count = len(truth)
    draws = max(FEWEST_DRAWS, min(DRAWS, WORK // max(1, count)))
    rng = np.random.default_rng(seed)
    found: dict[str, list[dict[str, float | None]]] = {name: [] for name in scores}
    for _ in range(draws if count >= FEWEST else 0):
        drawn = rng.integers(0, count, count)
        for name, score in scores.items():
            found[name].append(measure(truth[drawn], score[drawn]))
    return {
        name: {each: np.array([np.nan if row[each] is None else row[each] for row in rows]) for each in MEASURES}
        for name, rows in found.items()
    }


def estimate(value: float | None, drawn: "np.ndarray") -> Estimate:
    """The value with the middle 95 % of its bootstrap samples."""
    import numpy as np

    told = drawn[np.isfinite(drawn)]
    if value is None or len(told) < FEWEST_DRAWS // 2:
        return Estimate(value)
    low, high = np.quantile(told, (0.025, 0.975))
    return Estimate(value, float(low), float(high))


def chance(count: int) -> dict[str, Estimate]:
    """What scores drawn at random come to, with the interval that holds 95 % of them (normal approximations)."""
    found: dict[str, Estimate] = {}
    parts: Sequence[tuple[str, int, Callable[[int], float]]] = (
        ("spearman", count, lambda n: 1 / sqrt(n - 1)),
        ("tau", count, _tau_deviation),
        ("tau_upper_half", ceil(count / 2), _tau_deviation),
        ("tau_top_tenth", ceil(count / 10), _tau_deviation),
    )
    for name, size, deviation in parts:
        reach = min(1.0, Z95 * deviation(size)) if size >= FEWEST else None
        found[name] = Estimate(None) if reach is None else Estimate(0.0, -reach, reach)
    found["p_at_top5"] = Estimate(max(1, round(TOP_SHARE * count)) / count)
    found["pick_rank"] = Estimate((count + 1) / 2, 1 + 0.025 * (count - 1), 1 + 0.975 * (count - 1))
    return found


def _tau_deviation(count: int) -> float:
    """The deviation of tau between independent rankings (Kendall 1938)."""
    return sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)))


def _varies(truth: "np.ndarray", score: "np.ndarray") -> bool:
    return len(truth) >= FEWEST and bool((truth != truth[0]).any()) and bool((score != score[0]).any())
