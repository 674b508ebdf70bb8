"""Cheap scores against the truth: one job an architecture and score, into a run directory with a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nasbench.core.objectives import number_of
from nasbench.core.protocols import Metrics
from nasbench.core.registry import executors
from nasbench.core.source import JobList
from nasbench.core.spec import size_record, task_record
from nasbench.engine.config import FidelityConfig
from nasbench.engine.config.fidelity import scores_of
from nasbench.engine.fidelity.scores import SCORE, Scorers, jobs_of, make_scorers
from nasbench.engine.fidelity.truth import Truth, read_truth
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.view import RunView
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.progress import Progress
from nasbench.engine.run.run import check_some_succeeded, open_run
from nasbench.trackers.guard import guarded_trackers

if TYPE_CHECKING:
    from nasbench.report.fidelity.results import Fidelity


@dataclass(frozen=True, repr=False)
class FidelityResult(RunView):
    """What `nasbench fidelity` came to."""

    run: Path
    fidelity: "Fidelity"
    seconds: float

    @property
    def directory(self) -> Path:
        return self.run

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench fidelity --json` prints."""
        return {**self.fidelity.to_json(), "run": str(self.run), "seconds": round(self.seconds, 2)}


def run_fidelity(config: FidelityConfig, argv: Sequence[str]) -> FidelityResult:
    """Scores the architectures and compares. UsageError for bad input, RunFailed where no score succeeded."""
    from nasbench.report.fidelity.results import Fidelity

    start = monotonic()
    config.check()
    scores, truth = scores_of(config.scores), read_truth(config)
    scorers = make_scorers(config, scores, truth)
    scorers.check()
    jobs = JobList(jobs_of(truth.sample(config.sample, config.seed), scores, truth, config.seed))
    opening = Opening(
        command="fidelity",
        config=config,
        directory=config.place.directory("fidelity"),
        argv=argv,
        executor=executors.make(config.workers.executor_name, offered=config.workers.flat()),
        trackers=[Progress("scores"), *guarded_trackers(config.tracking.beside, config.tracking.wandb_settings)],
        plan=_plan(config, truth, scorers),
        identity={**truth.identity, **scorers.identity()},
        reading=truth.data.source.reading,
    )
    with open_run(opening) as run:
        run.watch(planned=len(jobs.numbers))
        run.answer(jobs, scorers, _value)
        run.end({}, write_report)
        found = Fidelity.of(run.store.run, run.trials)
        result = FidelityResult(run.directory, found, monotonic() - start)
    if not any(trial.status != "failed" for trial in run.trials):
        check_some_succeeded(run.trials, result.run)
    return result


def _value(metrics: Metrics) -> float | None:
    """The score of a trial; None for a proxy whose parts are ranked once all are known."""
    return number_of(metrics, SCORE) if SCORE in metrics else None


def _plan(config: FidelityConfig, truth: Truth, scorers: Scorers) -> Mapping[str, Any]:
    """What run.json says, so that the report needs no table."""
    return {
        "truth": config.truth,
        "column": truth.column,
        "known": len(truth.known),
        "sampling": truth.note,
        "source": truth.source,
        "size": size_record(truth.size),
        "task": task_record(truth.task),
        "scores": [each.score.label for each in scorers.scorers],
        "parts": {each.score.label: list(each.parts) for each in scorers.scorers if each.parts},
    }
