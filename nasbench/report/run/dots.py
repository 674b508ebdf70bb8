"""Which trials have dots in the figures of a run: all of them, or of a long run the best and others evenly over it.

Dots of trials whose scores lie far below the others stand on the lower edge.
"""

from collections.abc import Sequence

from nasbench.core.curves import is_retraining, search_epochs
from nasbench.core.trial import Trial
from nasbench.report.common.far_below import Edge
from nasbench.report.common.thinned import MOST_DOTS, MOST_POINTS, evenly


def with_dots(trials: Sequence[Trial]) -> frozenset[int]:
    """The numbers of the trials that are drawn, at most MOST_DOTS: the same in every figure.

    Of a run with more scored trials, a tenth are the best (most epochs first, as in the list of the best), a tenth were
    a new best when they finished, and the others are spread evenly over the log.
    """
    scored = [trial for trial in trials if trial.score is not None]
    if len(scored) <= MOST_DOTS:
        return frozenset(trial.number for trial in scored)
    share = MOST_DOTS // 10
    best = sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))[:share]
    drawn = {trial.number for trial in (*best, *evenly(_new_bests(scored), share))}
    others = [trial.number for trial in scored if trial.number not in drawn]
    return frozenset(drawn.union(evenly(others, MOST_DOTS - len(drawn))))


def dots_sentence(trials: Sequence[Trial]) -> str:
    """How many of the trials have dots; '' where all of them have."""
    drawn, scored = len(with_dots(trials)), sum(trial.scored for trial in trials)
    if drawn == scored:
        return ""
    return (
        f" Dots are drawn for {drawn:,} of the {scored:,} scored trials: the best, those that were a new best, and "
        f"others evenly over the run. Lines have at most {MOST_POINTS:,} points. Numbers and tables are of all trials."
    )


def of_search(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of the search whose scores are drawn against costs: of its epochs, none that was met again."""
    epochs = search_epochs(trials)
    return [
        trial
        for trial in trials
        if trial.scored and trial.status != "cached" and trial.epochs == epochs and not is_retraining(trial)
    ]


def curve_edge(trials: Sequence[Trial]) -> Edge:
    """The lower edge of the search curve."""
    return _edge([trial for trial in trials if not is_retraining(trial)])


def cost_edge(trials: Sequence[Trial]) -> Edge:
    """The lower edge of the scores against costs."""
    return _edge(of_search(trials))


def changes(steps: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The points of a staircase where it goes up, and its last one: the same picture from fewer points."""
    kept = [step for before, step in zip([None, *steps], steps, strict=False) if before is None or step[1] != before[1]]
    return kept if not steps or kept[-1] == steps[-1] else [*kept, steps[-1]]


def _edge(trials: Sequence[Trial]) -> Edge:
    return Edge.of({trial.number: trial.score for trial in trials if trial.score is not None})


def _new_bests(scored: Sequence[Trial]) -> list[Trial]:
    found: list[Trial] = []
    for trial in scored:
        if not found or (trial.score or 0.0) > (found[-1].score or 0.0):
            found.append(trial)
    return found
