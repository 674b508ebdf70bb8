"""The race: strategies x seeds, a repetition each, into a run directory with a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.registry import executors
from nasbench.core.source import JobList
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig
from nasbench.engine.race.repetition import Repetitions
from nasbench.engine.report import write_report
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.run import open_run
from nasbench.engine.run.watch import print_note
from nasbench.executors.process import one_thread

if TYPE_CHECKING:
    from nasbench.report.race.results import Race


@dataclass(frozen=True)
class RaceResult:
    """What `nasbench race` came to."""

    run: Path
    race: "Race"
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench race --json` prints."""
        return {**self.race.to_json(), "run": str(self.run), "seconds": round(self.seconds, 2)}


def run_race(config: RaceConfig, argv: Sequence[str]) -> RaceResult:
    """Runs (or goes on with) the race that `config` describes. UsageError for bad input, Interrupted on Ctrl-C."""
    from nasbench.report.race.results import Race

    config.check()
    config = replace(config, table=config.table.completed(config.table_file))
    repetitions = Repetitions(config)
    repetitions.check_names()
    with one_thread():
        repetitions.check()
        jobs, score_column = JobList(repetitions.jobs()), config.table.score_column
        name = "processes" if config.workers else "local"
        opening = Opening(
            command="race",
            config=config,
            directory=config.place.directory("race"),
            argv=argv,
            executor=executors.make(name, offered={"workers": config.workers, "device": "cpu"}),
            trackers=[_Progress()],
            plan=_plan(repetitions),
            identity=repetitions.identity(),
        )
        with open_run(opening) as run:
            run.watch(planned=len(jobs.numbers))
            run.answer(jobs, repetitions, lambda metrics: metrics.get(score_column))
            run.end({}, write_report)
            if config.time_budget is not None and all(each.metrics.get("evaluations") == 0 for each in run.trials):
                budget = f"--time-budget {config.time_budget:g}"
                print_note(f"{budget} ends before the first look-up of every repetition. Give more seconds.")
            race = Race.of(run.store.run, run.trials)
            if race.failures:
                print_note(f"{len(race.failures)} of {len(run.trials)} repetitions failed: {race.failures[0]}")
            return RaceResult(run.directory, race, run.seconds)


def _plan(repetitions: Repetitions) -> dict[str, Any]:
    """What run.json says of a race, so that its report needs no table."""
    table, columns = repetitions.table, repetitions.columns
    return {
        "columns": columns,
        "axis": "seconds" if repetitions.in_seconds else "evaluations",
        "budget": repetitions.budget,
        "budgets": repetitions.budgets,
        "strategies": [entrant.label for entrant in repetitions.entrants],
        "optimum": {column: max(table.values(column)) for column in columns} if table.complete else None,
        "timed": repetitions.config.table.cost_column is not None,
    }


class _Progress:
    """A tracker: a line for people after each tenth of the repetitions, on standard error."""

    def start(self, run: RunInfo) -> None:
        self._total, self._done, self._start = run.planned, len(run.history), monotonic()
        self._earlier = self._done
        before = f", {self._done} of them done before" if self._done else ""
        print_note(f"{self._total} repetitions{before}")

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """A repetition has no epochs."""

    def trial(self, trial: Trial) -> None:  # noqa: ARG002 - it counts
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            spent = monotonic() - self._start
            left = spent / (self._done - self._earlier) * (self._total - self._done)
            print_note(f"{self._done} of {self._total} repetitions after {spent:.0f} s, {left:.0f} s left")

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        """The command prints the result."""
