"""What may follow a search: its best architectures trained again for more epochs, and a check of its score."""

from collections.abc import Iterable, Sequence

from nasbench.core.curves import is_retraining, searched
from nasbench.core.job import Job
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Trial


def retrainings(ranked: Sequence[Trial], plan: Plan, top: int, epochs: int, first: int) -> list[Job]:
    """The first `top` of a search's networks, the best first, to be trained from scratch for `epochs`; numbered from
    `first`.

    In `best_networks` those trained for the most epochs come first, since scores of unequal trainings do not compare.
    """
    return _jobs(ranked[:top], plan, epochs, first, "retrain_of")


def checks(trials: Iterable[Trial], plan: Plan, count: int, epochs: int, first: int) -> list[Job]:
    """`count` different architectures over the whole range of a search's scores, to be trained from scratch for
    `epochs`; numbered from `first`.

    They are evenly spaced quantiles of the scores of all networks met, random children included, from the lowest to
    that of the search's pick. The pick is the same training as its retraining, which is then not run again.
    """
    met = [trial for trial in trials if not is_retraining(trial)]
    pick = best_networks(searched(met))[:1]
    if not pick:
        return []
    others = [trial for trial in best_networks(met) if trial.key != pick[0].key]
    below = [trial for trial in others if (trial.score or 0.0) <= (pick[0].score or 0.0)]
    return _jobs(quantiles([*pick, *below], count), plan, epochs, first, "check_of")


def best_networks(trials: Iterable[Trial]) -> list[Trial]:
    """One scored trial of each network, the best first: most epochs, then score, then the earliest."""
    scored = [trial for trial in trials if trial.score is not None]
    best: dict[str, Trial] = {}
    for trial in sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number)):
        best.setdefault(trial.key, trial)
    return list(best.values())


def quantiles(ranked: Sequence[Trial], count: int) -> list[Trial]:
    """`count` of the trials, the first and the last among them, and others evenly between; all where there are no
    more. One is the first.
    """
    if count >= len(ranked) or count < 2:
        return list(ranked[:count])
    step = (len(ranked) - 1) / (count - 1)
    return [ranked[int(place * step + 0.5)] for place in range(count)]


def _jobs(trials: Sequence[Trial], plan: Plan, epochs: int, first: int, note: str) -> list[Job]:
    return [
        Job(
            number=number,
            seed=plan.seed,
            epochs=epochs,
            key=trial.key,
            model=ModelSpec(plan.source, plan.size, plan.task, architecture=trial.proposed),
            architecture=trial.proposed,
            data=plan.data,
            note={note: trial.number},
        )
        for number, trial in enumerate(trials, start=first)
    ]
