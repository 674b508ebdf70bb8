"""Did the search beat chance? Its chosen children against random ones of the same space, with an interval.

The random children are those that the run trained as its control, and what the strategy proposed blindly. On a table of
known results they are not needed: the run's record has what a random child scores there, exactly (`Exact`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import Any, Literal

from nasbench.core.count_text import quantity
from nasbench.core.curves import (
    best_weights,
    compared_epochs,
    compared_layers,
    expected_best,
    has_layers,
    is_random,
    random_scores,
    searched,
)
from nasbench.core.trial import Trial
from nasbench.report.run.scored import objectives_of, targets

MIN_CHILDREN = 4
"""Minimum number of different children on each side: with fewer, a deviation is known too badly for an interval."""
LEVEL = 0.95
"""Confidence level of the interval."""
RESAMPLES = 400
"""Of the control, for the band of its curve."""
DRAWN_AT_ONCE = 2_000_000
"""Scores of the resamples that are in memory at once."""
SAME = 1e-12
"""Differences below this are rounding errors."""

Curve = list[tuple[int, float, float, float]]
"""(n, expected best of n random children, lower and upper end of the band)."""


@dataclass(frozen=True)
class Exact:
    """What a random child scores on a table of known results. `curve` holds for random searches of n children."""

    networks: int
    mean: float
    curve: Curve

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> "Exact | None":
        """What the run's record says; None where it was no table, or not a whole one."""
        plan = run.get("plan")
        told = plan.get("chance") if isinstance(plan, Mapping) else None
        return cls(told["networks"], told["mean"], [tuple(point) for point in told["curve"]]) if told else None

    def best_of(self, n: int) -> float:
        """The expected best of `n` random children, between the values that are known in proportion."""
        for before, after in zip(self.curve, self.curve[1:], strict=False):
            if before[0] <= n <= after[0]:
                share = (n - before[0]) / (after[0] - before[0])
                return before[1] + share * (after[1] - before[1])
        return self.curve[0 if n < self.curve[0][0] else -1][1]


@dataclass(frozen=True)
class Verdict:
    """Whether the search beats chance so far.

    Attributes:
        answer: yes, no (it does worse), or unknown.
        difference: mean score of the chosen children minus that of random ones; None where it cannot be told.
        low, high: the ends of its 95 % interval (Welch's t).
    """

    answer: Literal["yes", "no", "unknown"]
    sentence: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON."""
        return {**vars(self)}


def verdict(trials: Sequence[Trial], exact: Exact | None = None) -> Verdict:
    """Compares the different architectures that the strategy chose with random ones, all of equal epochs.

    Chosen are those proposed after the start, where the strategy knew results. Each network counts once. Where networks
    got deeper, those as deep as the control are compared. The answer is yes where the whole interval of the difference
    of means lies above 0 and the expected best of as many children is ahead as well.
    """
    epochs = compared_epochs(trials)
    told, layers = searched(trials), compared_layers(trials)
    compared = [trial for trial in told if trial.epochs == epochs and has_layers(trial, layers)]
    chosen = {trial.key: trial.score for trial in reversed(compared) if not is_random(trial)}
    guided = [score for score in chosen.values() if score is not None]
    control = random_scores(trials)
    scored = sum(trial.scored for trial in told)
    if not scored:
        return Verdict("unknown", "No trial of the search has a score yet.")
    if not any(trial.scored and not is_random(trial) for trial in told):
        return Verdict("unknown", f"All {scored} scored proposals so far were blind: this is random search itself.")
    cannot = "Whether the search beat chance cannot be told"
    if exact is None and not control:
        return Verdict(
            "unknown",
            f"{cannot}: no random child was trained for comparison (--control K trains K, also with --resume).",
        )
    if not guided:
        had = _epochs(epochs) if layers is None else f"{_epochs(epochs)} and {quantity(layers, 'layer')}"
        other = "epochs" if layers is None else "epochs or layers"
        return Verdict(
            "unknown",
            f"{cannot}: its {_children(len(control), 'random')} had {had}, and what the search chose had "
            f"other numbers of {other}, so that their scores do not compare.",
        )
    if len(guided) < MIN_CHILDREN or (exact is None and len(control) < MIN_CHILDREN):
        against = f"{_children(len(control), 'random')}; at least {MIN_CHILDREN} of each are needed"
        if exact is not None:
            against = f"a table that is known; at least {MIN_CHILDREN} are needed"
        return Verdict("unknown", f"{cannot} yet: {_children(len(guided), 'chosen')} against {against}.")
    stopped = len({trial.key for trial in told if trial.status == "pruned" and not is_random(trial)} - chosen.keys())
    return _compared(guided, control, exact, stopped)


def chance_of(run: Mapping[str, Any], trials: Sequence[Trial]) -> Verdict:
    """The verdict on a run. Of several objectives it judges the first alone, and says so."""
    told = verdict(trials, Exact.of(run))
    objectives = objectives_of(run)
    if len(objectives) < 2 or targets(run) or told.difference is None:
        return told
    first = f"By {objectives[0].metric} alone, the first of {len(objectives)} objectives: "
    return replace(told, sentence=first + told.sentence[:1].lower() + told.sentence[1:])


def chance_curve(trials: Sequence[Trial], exact: Exact | None = None, points: int = 60) -> Curve:
    """The expected best of n random children, n from 1 on, with a band.

    From a control, the band is the 95 % bootstrap interval of the expectation, for n up to the number of random
    children. From a table, the expectation is exact, and in the band lie 95 % of all random searches of n children; n
    goes to the number of the search's trials.
    """
    if exact is not None:
        last = len(searched(trials))
        inside = [point for point in exact.curve if point[0] < last]
        return [*inside, (last, exact.best_of(last), *_band_at(exact.curve, last))] if last else []
    scores = random_scores(trials)
    if not scores:
        return []
    import numpy as np

    step = max(1, len(scores) // points)
    counts = sorted({*range(1, len(scores) + 1, step), len(scores)})
    weights = np.array([best_weights(len(scores), n) for n in counts])  # (counts, N)
    generator, parts = np.random.default_rng(0), []
    known, at_once = np.array(scores), max(1, min(RESAMPLES, DRAWN_AT_ONCE // len(scores)))
    for start in range(0, RESAMPLES, at_once):
        drawn = generator.choice(known, (min(at_once, RESAMPLES - start), len(scores)))
        parts.append(np.sort(drawn, axis=1)[:, ::-1] @ weights.T)  # (drawn at once, counts)
    low, high = np.quantile(np.concatenate(parts), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    best_first = np.sort(known)[::-1]
    means = [float(best_first @ each) for each in weights]
    return [(n, mean, float(a), float(b)) for n, mean, a, b in zip(counts, means, low, high, strict=True)]


def welch(first: Sequence[float], second: Sequence[float] | float) -> tuple[float, float, float]:
    """The difference of two means with its 95 % interval, by Welch's t; a `second` that is one number is exact."""
    parts = [variance(first) / len(first)]
    other = second if isinstance(second, float) else fmean(second)
    if not isinstance(second, float):
        parts.append(variance(second) / len(second))
    difference, spread = fmean(first) - other, sum(parts)
    if spread < SAME**2:
        return difference, difference, difference
    sizes = [len(first), *([] if isinstance(second, float) else [len(second)])]
    freedom = spread**2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    from scipy.stats import t  # type: ignore[import-untyped]

    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(spread)
    return difference, difference - reach, difference + reach


def _compared(guided: Sequence[float], control: Sequence[float], exact: Exact | None, stopped: int) -> Verdict:
    difference, low, high = welch(guided, control if exact is None else exact.mean)
    n = len(guided) if exact is not None else min(len(guided), len(control))
    ours = expected_best(guided, n)
    theirs = exact.best_of(n) if exact is not None else expected_best(control, n)
    more = "less" if difference < 0 else "more"
    random = (
        f"the mean of the table's {exact.networks:,} networks"
        if exact is not None
        else _children(len(control), "random")
    )
    numbers = (
        f"its {_children(len(guided), 'chosen')} score {abs(difference):.3g} {more} on average than {random} "
        f"(95 % interval of the difference {low:+.3g} to {high:+.3g}); "
        f"expected best of {n}: {ours:.4g} against {theirs:.4g}"
    )
    if stopped:
        numbers += f"; left out, in the search's favour: {stopped} that were stopped early"
    ahead = ours > theirs + SAME
    if low > SAME and ahead:
        return Verdict("yes", f"The search beat chance: {numbers}.", difference, low, high)
    if low > SAME:
        start = "The search proposes better children than chance, but its best is not ahead"
    elif high < -SAME:
        return Verdict("no", f"The search did worse than chance: {numbers}.", difference, low, high)
    else:
        start = "It cannot be told from these trials whether the search beat chance"
    return Verdict("unknown", f"{start}: {numbers}.", difference, low, high)


def _band_at(curve: Curve, n: int) -> tuple[float, float]:
    nearest = min(curve, key=lambda point: abs(point[0] - n))
    return nearest[2], nearest[3]


def _children(count: int, kind: str) -> str:
    return quantity(count, f"{kind} child", f"{kind} children")


def _epochs(count: int) -> str:
    return quantity(count, "epoch")


def exact_of(scores: Sequence[float], most: int = 10_000) -> dict[str, Any]:
    """What `Exact.of` reads, from the scores of all networks of a table: a random child is any of them, equally likely.

    The best of n is at most the i-th of N scores in order with probability (i / N)^n. About 12 values of n for each
    factor of ten, up to `most`.
    """
    import numpy as np

    ordered = np.sort(np.array(scores, dtype=float))
    total = len(ordered)
    counts = sorted({round(10 ** (step / 12)) for step in range(12 * round(math.log10(most)) + 1)} | set(range(1, 13)))
    ranks = np.arange(total + 1) / total
    curve = []
    for n in counts:
        mean = float(ordered @ np.diff(ranks**n))
        places = [max(0, math.ceil(total * q ** (1 / n) - SAME) - 1) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
        curve.append([n, mean, *(float(ordered[place]) for place in places)])
    return {"networks": total, "mean": float(ordered.mean()), "curve": curve}
