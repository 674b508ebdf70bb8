"""The statistics of a run: leaderboard, comparison with random search, rank correlation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from nasbench.core.curves import (
    OptionGroup,
    expected_best,
    is_control,
    is_random,
    option_shares,
    random_scores,
    search_epochs,
    searched,
)
from nasbench.core.trial import Trial

MIN_CHILDREN = 8
"""Minimum number of children on each side to compare the search with random: with 8 and 8, the lowest p is 0.0002."""
SIGNIFICANCE = 0.05


def leaderboard(trials: Sequence[Trial], limit: int = 10) -> list[Trial]:
    """The best different architectures: most epochs first, then score, then the earliest. Controls do not compete."""
    scored = [trial for trial in trials if trial.score is not None and not is_control(trial)]
    ranked = sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))
    first: dict[str, Trial] = {}
    for trial in ranked:
        first.setdefault(trial.key, trial)
    return list(first.values())[:limit]


def expected_best_curve(scores: Sequence[float], points: int = 200) -> list[tuple[int, float]]:
    """(n, expected best of n) for n from 1 to the number of scores: about `points` values with both ends included."""
    step = max(1, len(scores) // points)
    counts = sorted({*range(1, len(scores) + 1, step), len(scores)} - {0})
    return [(n, expected_best(scores, n)) for n in counts]


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> tuple[float, float] | None:
    """Kendall's tau-b of two rankings and its p-value. None for fewer than two pairs, or if one side is constant."""
    assert len(first) == len(second), (len(first), len(second))
    if len(first) < 2 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import kendalltau  # type: ignore[import-untyped]

    result = kendalltau(first, second)
    return float(result.statistic), float(result.pvalue)


def retrained(trials: Sequence[Trial]) -> list[tuple[Trial, Trial]]:
    """(trial of the search, its retraining) for all pairs in which both have scores."""
    by_number = {trial.number: trial for trial in trials}
    pairs = [(by_number.get(int(trial.note["retrain_of"])), trial) for trial in trials if "retrain_of" in trial.note]
    return [(first, second) for first, second in pairs if first is not None and first.scored and second.scored]


def shares_over_time(
    trials: Sequence[Trial], group: OptionGroup, windows: int = 24
) -> list[tuple[float, dict[str, float]]]:
    """(middle of the window in trials, share of each option) for `windows` windows of nearly equal length."""
    told = searched(trials)
    windows = min(windows, len(told))
    bounds = [round(index * len(told) / windows) for index in range(windows + 1)] if windows else [0]
    return [((start + end + 1) / 2, option_shares(told[start:end], group)) for start, end in pairwise(bounds)]


@dataclass(frozen=True)
class Verdict:
    """Whether the search beats random so far. `p` is the two-sided Mann-Whitney p-value; None if there was no test."""

    answer: Literal["yes", "no", "unknown"]
    sentence: str
    p: float | None = None


def verdict(trials: Sequence[Trial]) -> Verdict:
    """Compares the different architectures that the strategy chose with the random ones of the same run.

    All have equal epochs. The answer is yes if two conditions hold: the chosen architectures have higher scores
    (Mann-Whitney, p < 0.05), and their expected best is higher at equal numbers of architectures.
    """
    epochs = search_epochs(trials)
    chosen = {
        trial.key: trial.score
        for trial in reversed(searched(trials))
        if _comparable(trial, epochs) and not is_random(trial)
    }
    guided = [score for score in chosen.values() if score is not None]
    control = random_scores(trials)
    scored = [trial for trial in searched(trials) if trial.scored]
    if not scored:
        return Verdict("unknown", "No trial of the search has a score yet.")
    if not guided:
        return Verdict(
            "unknown", f"All {len(scored)} scored proposals so far were blind: this is random search, its own control."
        )
    if not control:
        return Verdict(
            "unknown",
            "Whether the search beats random cannot be told: no child was proposed blindly, and no control was "
            "trained (--control K).",
        )
    if min(len(guided), len(control)) < MIN_CHILDREN:
        return Verdict(
            "unknown",
            f"Whether the search beats random cannot be told yet: {_children(len(guided), 'chosen')} against "
            f"{_children(len(control), 'random')}; at least {MIN_CHILDREN} of each are needed.",
        )
    from scipy.stats import mannwhitneyu

    p = float(mannwhitneyu(guided, control).pvalue)
    equal = min(len(guided), len(control))
    ours, theirs = expected_best(guided, equal), expected_best(control, equal)
    numbers = (
        f"{_children(len(guided), 'chosen')}, median {median(guided):.4g}, "
        f"against {_children(len(control), 'random')}, median {median(control):.4g} (Mann-Whitney p {_p(p)}); "
        f"expected best of {equal}: {ours:.4g} against {theirs:.4g}"
    )
    if p < SIGNIFICANCE and median(guided) > median(control) and ours > theirs:
        return Verdict("yes", f"The search beats random so far: {numbers}.", p)
    if p < SIGNIFICANCE and median(guided) < median(control):
        return Verdict("no", f"The search does worse than random so far: {numbers}.", p)
    if p < SIGNIFICANCE and median(guided) > median(control):
        return Verdict(
            "unknown", f"The search proposes better children than random, but its best is not ahead yet: {numbers}.", p
        )
    return Verdict("unknown", f"No difference from random can be told so far: {numbers}.", p)


def _comparable(trial: Trial, epochs: int) -> bool:
    return trial.scored and trial.epochs == epochs


def _children(count: int, kind: str) -> str:
    return f"{count} {kind} child" if count == 1 else f"{count} {kind} children"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"
