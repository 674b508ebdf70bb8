"""The race: strategies x seeds, a repetition each, into a run directory with a report."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.registry import executors
from nasbench.core.source import JobList
from nasbench.engine.config import RaceConfig
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.view import RunView
from nasbench.engine.race.repetition import Repetitions
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
    races: "tuple[Race, ...]"
    """One for each table or other evaluator."""
    seconds: float

    @property
    def race(self) -> "Race":
        """The race; of several, the first."""
        return self.races[0]

    @property
    def directory(self) -> Path:
        return self.run

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench race --json` prints."""
        several = {"races": [race.to_json() for race in self.races]} if len(self.races) > 1 else {}
        return {**self.race.to_json(), **several, "run": str(self.run), "seconds": round(self.seconds, 2)}


def run_race(config: RaceConfig, argv: Sequence[str]) -> RaceResult:
    """Runs (or goes on with) the race that `config` describes. UsageError for bad input, Interrupted on Ctrl-C."""
    from nasbench.report.race.results import races_of

    config.check()
    if len(config.evaluators) == 1 and config.files:
        config = replace(config, table=config.table.completed(config.files[0]))
    directory = config.place.directory("race")
    repetitions = Repetitions(config, directory)
    repetitions.check_names()
    asks = len(config.files) < len(config.evaluators)
    with nullcontext() if asks else one_thread():
        repetitions.check()
        for ground in repetitions.grounds:
            print_note(ground.told())
        jobs = JobList(repetitions.jobs())
        scores = {ground.columns[0] for ground in repetitions.grounds}  # of its own columns each names the score first
        name = "processes" if config.workers else "local"
        opening = Opening(
            command="race",
            config=config,
            directory=directory,
            argv=argv,
            executor=executors.make(
                name, offered={"workers": config.workers, "device": config.device if asks else "cpu"}
            ),
            trackers=[
                Progress("repetitions"),
                *guarded_trackers(config.tracking.beside, config.tracking.wandb_settings),
            ],
            plan=_plan(repetitions),
            identity=repetitions.identity(),
        )
        with open_run(opening) as run:
            run.watch(planned=len(jobs.numbers))
            run.answer(
                jobs, repetitions, lambda metrics: next((metrics[name] for name in metrics if name in scores), None)
            )
            run.end({}, write_report)
            if config.time_budget is not None and all(each.metrics.get("evaluations") == 0 for each in run.trials):
                budget = f"--time-budget {config.time_budget:g}"
                print_note(f"{budget} ends before the first look-up of every repetition. Give more seconds.")
            races = races_of(run.store.run, run.trials)
            failures = [failure for race in races for failure in race.failures]
            if failures:
                print_note(f"{len(failures)} of {quantity(len(run.trials), 'repetition')} failed: {failures[0]}")
            return RaceResult(run.directory, races, run.seconds)


def _plan(repetitions: Repetitions) -> dict[str, Any]:
    """What run.json says of a race, so that its report needs no table; of one on several, a plan for each."""
    common = {
        "axis": "seconds" if repetitions.in_seconds else "evaluations",
        "budget": repetitions.budget,
        "budgets": repetitions.budgets,
        "strategies": [entrant.label for entrant in repetitions.entrants],
    }
    plans = [
        {
            "columns": ground.columns,
            **common,
            "optimum": ground.optimum(),
            "timed": ground.cost_column is not None,
            "on": ground.label,
            "space": ground.space_name,
            "told": ground.told(),
        }
        for ground in repetitions.grounds
    ]
    return plans[0] if len(plans) == 1 else {"races": plans}
