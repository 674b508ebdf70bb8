"""The statistics of a run: leaderboard, rank correlation, shares of options."""

from collections.abc import Sequence
from itertools import pairwise

from nasbench.core.curves import OptionGroup, is_control, option_shares, searched
from nasbench.core.trial import Trial


def leaderboard(trials: Sequence[Trial], limit: int = 10) -> list[Trial]:
    """The best different architectures: most epochs first, then score, then the earliest. Controls do not compete."""
    scored = [trial for trial in trials if trial.score is not None and not is_control(trial)]
    ranked = sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))
    first: dict[str, Trial] = {}
    for trial in ranked:
        first.setdefault(trial.key, trial)
    return list(first.values())[:limit]


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
