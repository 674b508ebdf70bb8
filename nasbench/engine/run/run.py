"""One sitting of a run, the same for all that searches: its log, its phases, who listens, and an end that leaves
nothing running.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.loop import SearchLoop
from nasbench.core.protocols import RunInfo, SearchSpace, Strategy, Tracker
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import ScaleConfig, SearchConfig
from nasbench.engine.parts.lookup import Parts
from nasbench.engine.parts.numbers import parse_count
from nasbench.engine.run.artifacts import BestWeights
from nasbench.engine.run.interrupt import sigterm_interrupts
from nasbench.engine.run.provenance import now, provenance
from nasbench.engine.run.watch import close_trackers, print_note

Result = TypeVar("Result")


@dataclass(frozen=True)
class Sitting:
    """An open run: what a command's phases and its end need."""

    store: RunStore
    parts: Parts
    trackers: Sequence[Tracker]
    listeners: Sequence[Callable[[Trial], None]]

    def run_phase(
        self, phase: Strategy, first: int, count: int, space: SearchSpace | None = None, timed: bool = False
    ) -> None:
        """Answers what `phase` asks, over `count` numbers from `first` on. A `timed` one spends the plan's time budget,
        where there is one.

        Its architectures are of `space`, else of the search's.
        """
        parts = self.parts
        plan = replace(
            parts.plan, numbers=range(first, first + count), time_budget=parts.plan.time_budget if timed else None
        )
        loop = SearchLoop(
            space or parts.space,
            phase,
            plan,
            self.store.append,
            parts.score,
            self.listeners,
            tuple(self.store.trials),
            parts.cost if timed else None,
        )
        if not loop.finished:
            parts.executor.run(loop, parts.evaluator)

    def watch(self, planned: int) -> None:
        """Tells the trackers that the run begins, or goes on, with so many trials planned in all."""
        run = RunInfo(self.store.directory, self.store.run["config"], planned, tuple(self.store.trials))
        for tracker in self.trackers:
            tracker.start(run)


def sit(
    command: str,
    config: SearchConfig | ScaleConfig,
    directory: Path,
    argv: Sequence[str],
    parts: Parts,
    trackers: Sequence[Tracker],
    body: Callable[[Sitting], Result],
) -> Result:
    """Opens the run (or goes on with it), runs `body`, and closes everything, whatever happens.

    Interrupted on Ctrl-C and SIGTERM, with how to go on; UsageError and RunFailed pass through.
    """
    store = _open(command, config, directory, argv, parts)
    sitting = Sitting(store, parts, trackers, [BestWeights(store), *(tracker.trial for tracker in trackers)])
    try:
        with sigterm_interrupts():
            return body(sitting)
    except KeyboardInterrupt as interrupt:
        close_trackers(trackers, {"interrupted": True}, directory)
        done = f"{len(store.trials)} finished trials are kept in {directory}"
        raise Interrupted(
            f"interrupted; {done}. Go on with: nasbench {command} --run {directory} --resume"
        ) from interrupt
    except (UsageError, RunFailed) as error:
        close_trackers(trackers, {"failed": str(error)}, directory)
        raise
    finally:
        parts.executor.close()
        store.close()


def check_new(directory: Path, resume: bool) -> None:
    """UsageError where a new run would be written over another one."""
    if not resume and (directory / "run.json").exists():
        raise UsageError(
            f"{directory} already holds a run. Continue it with --resume, or choose another directory with --run."
        )


def check_some_succeeded(trials: Sequence[Trial], directory: Path) -> None:
    """RunFailed, with the reasons, where no trial has a score."""
    if not any(trial.scored for trial in trials):
        reasons = {trial.error for trial in trials if trial.error}
        raise RunFailed(
            f"none of the {len(trials)} trials succeeded: {'; '.join(sorted(reasons)[:3])}. See "
            f"{directory / 'report.html'}"
        )


def drop_training_states(store: RunStore) -> None:
    """Deletes what trainings in stages would have gone on from: nobody does now."""
    for state in (store.directory / "checkpoints").glob("*.state"):
        state.unlink()


def _open(
    command: str, config: SearchConfig | ScaleConfig, directory: Path, argv: Sequence[str], parts: Parts
) -> RunStore:
    plan = {
        "source": parts.plan.source,
        "size": asdict(parts.plan.size),
        "task": asdict(parts.plan.task),
        "epochs": parts.plan.epochs,
    }
    target_macs = parse_count(config.target_macs, "--target-macs") if config.target_macs is not None else None
    if config.resume:
        store = RunStore.resume(directory)
        if store.dropped is not None:
            print_note(
                f"the last line of {directory / 'trials.jsonl'} was torn by an interrupted write; it was dropped"
            )
        sittings = [*store.run.get("sittings", []), {"started": now(), "argv": list(argv)}]
        store.update(sittings=sittings, ended=None)
    else:
        record = {"command": command, "config": asdict(config), "seed": config.seed, **provenance(argv)}
        record["plan"] = {**plan, "target_macs": target_macs, "recipe": asdict(parts.recipe) if parts.recipe else None}
        store = RunStore.create(directory, record)
    (directory / "checkpoints").mkdir(exist_ok=True)
    return store
