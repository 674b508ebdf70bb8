"""The race: strategies x seeds, a repetition each, into a run directory with a report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.registry import executors
from nasbench.core.source import JobList
from nasbench.engine.config import RaceConfig
from nasbench.engine.opened.view import RunView
from nasbench.engine.race.repetition import Repetitions
from nasbench.engine.report import write_report
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.progress import Progress
from nasbench.engine.run.run import open_run
from nasbench.engine.run.watch import print_note
from nasbench.executors.process import one_thread
from nasbench.trackers.guard import guarded_trackers

if TYPE_CHECKING:
    from nasbench.report.race.results import Race


@dataclass(frozen=True, repr=False)
class RaceResult(RunView):
    """What `nasbench race` came to."""

    run: Path
    race: "Race"
    seconds: float

    @property
    def directory(self) -> Path:
        return self.run

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
            trackers=[
                Progress("repetitions"),
                *guarded_trackers(config.tracking.beside, config.tracking.wandb_settings),
            ],
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
                print_note(
                    f"{len(race.failures)} of {quantity(len(run.trials), 'repetition')} failed: {race.failures[0]}"
                )
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
