"""What is logged of a run, whoever keeps it: one definition for every tracker.

Against `trial` (trials finished): each trial's `score`, `best_so_far` beside `random_expected_best` (the expected best
of as many random children: of all that are known where there are fewer, `random_known`), the controller's
`controller/entropy`, `controller/loss` and `controller/baseline`, the share of each option among the last proposals
(`share/<decision>/<option>`), `count/<status>`, `metrics/<name>` and `seconds`. The curves of a training that has a
name are logged against `epoch`, as `<name>/seed<S>/<metric>`; what a child of a search says, which has none, as
`child/<metric>` with its number and its epoch (`child_epoch`), for trackers that keep it.

Only measurements are logged: a list of trainings has no best so far, the scores of a supernet's check
(`inherited_score`) are none of a search, and what is known of a job beforehand is no curve.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from nasbench.core.curves import (
    OptionGroup,
    expected_best,
    groups_of,
    is_control,
    is_random,
    is_retraining,
    option_shares,
)
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.trial import Trial

WINDOW = 20
"""Trials over which the shares of options are taken."""
COUNTED = ("params", "macs")
"""What is reported with each epoch of a child, and is the same after all of them."""
USUAL = {"metrics/corrupt_files": 0, "metrics/carried_params": 0, "metrics/replicas": 1}
"""Values that say nothing: no unreadable file, no parameter carried over, one process."""


class Series:
    """The series of a run; `trials` are those whose values were asked for, the history of a resumed run included."""

    def __init__(self, run: RunInfo) -> None:
        self.trials: list[Trial] = []
        self._groups: dict[str, OptionGroup] = {}
        for group in groups_of(run.config, run.history):
            self._groups.setdefault(group.name, group)
        self._recent: deque[Trial] = deque(maxlen=WINDOW)
        self._checks = bool(run.config.get("sampler"))  # of a supernet: no strategy proposed what is scored
        self._listed = self._checks or bool(run.config.get("scores"))
        self._best: float | None = None
        self._searched = 0
        self._counts: Counter[str] = Counter()
        self._random: dict[str, float] = {}
        self._best_random: float | None = None

    @staticmethod
    def epoch(job: Job, metrics: Metrics) -> dict[str, float]:
        """What a training says after an epoch, by the names of its curves; empty for one that has no name."""
        if not job.name:
            return {}
        return {f"{curve_of(job)}/{name}": value for name, value in _measured(job, metrics).items()}

    @staticmethod
    def child_epoch(job: Job, epochs: int, metrics: Metrics) -> dict[str, float]:
        """What a child of a search says after an epoch; empty for a training that has a name."""
        if job.name:
            return {}
        told = {f"child/{name}": value for name, value in _measured(job, metrics).items()}
        return {"child/number": job.number, "child/epoch": epochs, **told}

    def trial(self, trial: Trial) -> dict[str, float]:
        """What a trial adds to the series, and to what is remembered."""
        self.trials.append(trial)
        self._counts[trial.status] += 1
        values: dict[str, float] = {"trial": len(self.trials), "seconds": trial.seconds}
        values.update({f"count/{status}": count for status, count in self._counts.items()})
        if trial.score is not None:
            values[self._kind(trial)] = trial.score
        told = {f"metrics/{name}": value for name, value in numbers(trial.metrics).items()}
        values.update({name: value for name, value in told.items() if USUAL.get(name) != value})
        if is_random(trial) and trial.score is not None and trial.epochs == self.trials[0].epochs:
            first = self._random.setdefault(trial.key, trial.score)
            self._best_random = first if self._best_random is None else max(first, self._best_random)
        if not (is_control(trial) or is_retraining(trial) or trial.name or self._listed):
            values.update(self._of_the_search(trial))
        return values

    def _kind(self, trial: Trial) -> str:
        """What the score of a trial is called."""
        if is_retraining(trial):
            return "retrained_score"
        if is_control(trial):
            return "control_score"
        return "inherited_score" if self._checks and not trial.name else "score"

    def _of_the_search(self, trial: Trial) -> dict[str, float]:
        values: dict[str, float] = {}
        self._searched += 1
        self._recent.append(trial)
        if trial.score is not None:
            self._best = trial.score if self._best is None else max(self._best, trial.score)
        if self._best is not None:
            values["best_so_far"] = self._best
        if self._best_random is not None:  # of all that are known the expected best is their best
            fewer = self._searched < len(self._random)
            expected = expected_best(list(self._random.values()), self._searched) if fewer else self._best_random
            values.update(random_expected_best=expected, random_known=len(self._random))
        told = numbers({name: trial.note.get(name) for name in ("entropy", "loss", "baseline")})
        values.update({f"controller/{name}": value for name, value in told.items()})
        for group in self._groups.values():
            shares = option_shares(self._recent, group)
            values.update({f"share/{group.name}/{option}": share for option, share in shares.items()})
        return values


def curve_of(job: Job) -> str:
    """What the curves of a training are called."""
    return f"{job.name}/seed{job.seed}"


def _measured(job: Job, metrics: Metrics) -> dict[str, float]:
    """What was measured, without what the job says of itself and what is counted once."""
    return {name: value for name, value in numbers(metrics).items() if name not in {*COUNTED, *job.facts}}


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The values that a series can hold."""
    return {
        name: value for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }
