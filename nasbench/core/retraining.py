"""What may follow a search: its best architectures, trained again for more epochs."""

from collections.abc import Sequence

from nasbench.core.job import Job
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Trial


def retrainings(searched: Sequence[Trial], plan: Plan, top: int, epochs: int, first: int) -> list[Job]:
    """The best `top` different architectures of a search, to be trained from scratch for `epochs`; numbered from
    `first`.

    Those trained for the most epochs come first, since scores of unequal trainings do not compare.
    """
    scored = [trial for trial in searched if trial.score is not None]
    best: dict[str, Trial] = {}
    for trial in sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number)):
        best.setdefault(trial.key, trial)
    return [
        Job(
            number=number,
            seed=plan.seed,
            epochs=epochs,
            key=trial.key,
            model=ModelSpec(plan.source, plan.size, plan.task, architecture=trial.proposed),
            architecture=trial.proposed,
            data=plan.data,
            note={"retrain_of": trial.number},
        )
        for number, trial in enumerate(list(best.values())[:top], start=first)
    ]
