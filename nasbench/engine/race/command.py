"""The race: strategies and seeds, one repetition each in this process or spread over processes, into a run directory
with a report.

A finished repetition is a line of trials.jsonl, so that a killed race goes on with --resume and loses nothing that was
finished.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig
from nasbench.engine.parts.lookup import with_table_columns
from nasbench.engine.race.repetition import Setup
from nasbench.engine.run.interrupt import sigterm_interrupts
from nasbench.engine.run.provenance import now, provenance
from nasbench.engine.run.resume import check_resume
from nasbench.engine.run.watch import print_note

if TYPE_CHECKING:
    from nasbench.report.race.results import Race

Finished = Callable[[Trial], None]


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
    """Runs (or goes on with) the race that `config` describes. UsageError for bad input, Interrupted on Ctrl-C or
    SIGTERM.
    """
    start = monotonic()
    if config.resume:
        check_resume(config, "race")
    _check_numbers(config)
    config = with_table_columns(config)
    directory = Path(config.run) if config.run else Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-race"
    if not config.resume and (directory / "run.json").exists():
        raise UsageError(
            f"{directory} already holds a run. Continue it with --resume, or choose another directory with --run."
        )
    with one_thread():
        setup = Setup(config)
        setup.check()
        store = _open(config, setup, directory, argv)
        try:
            with sigterm_interrupts():
                _run(config, setup, store)
                store.update(ended=now())
                return RaceResult(directory, _report(store), monotonic() - start)
        except KeyboardInterrupt as interrupt:
            done = f"{len(store.trials)} of {len(setup.numbers)} repetitions are kept in {directory}"
            raise Interrupted(
                f"interrupted; {done}. Go on with: nasbench race --run {directory} --resume"
            ) from interrupt
        finally:
            store.close()


def _check_numbers(config: RaceConfig) -> None:
    for name, low in {"seeds": 1, "trials": 1, "workers": 0}.items():
        value = getattr(config, name)
        if value is not None and value < low:
            raise UsageError(f"--{name} takes a whole number from {low} on; got {value}")
    if (config.trials is None) == (config.time_budget is None):
        both = "both were given" if config.trials is not None else "neither was given"
        raise UsageError(
            f"a race has one budget: --trials N, or --time-budget SECONDS of the table's cost column; {both}"
        )
    if config.time_budget is not None and not 0 < config.time_budget < float("inf"):
        raise UsageError(f"--time-budget takes seconds above 0; got {config.time_budget}")
    for share in config.also:
        if not 0 < share < float("inf"):
            raise UsageError(f"--also takes shares of the budget, above 0; got {share}")
    if config.evaluator != "table" and not config.evaluator.startswith("table:"):
        raise UsageError(f"a race looks results up in a table: --evaluator table:FILE; got {config.evaluator!r}")


def _open(config: RaceConfig, setup: Setup, directory: Path, argv: Sequence[str]) -> RunStore:
    if config.resume:
        store = RunStore.resume(directory)
        if store.dropped is not None:
            print_note(
                f"the last line of {directory / 'trials.jsonl'} was torn by an interrupted write; it was dropped"
            )
        store.update(sittings=[*store.run.get("sittings", []), {"started": now(), "argv": list(argv)}], ended=None)
        return store
    race = {
        "columns": setup.columns,
        "axis": "seconds" if setup.in_seconds else "evaluations",
        "budget": setup.budget,
        "budgets": setup.budgets,
        "strategies": [entrant.label for entrant in setup.entrants],
        "optimum": {column: max(setup.table.values(column)) for column in setup.columns}
        if setup.table.complete
        else None,
        "timed": config.cost_column is not None,
    }
    return RunStore.create(
        directory, {"command": "race", "config": asdict(config), "seed": config.seed, **provenance(argv), "race": race}
    )


def _run(config: RaceConfig, setup: Setup, store: RunStore) -> None:
    done = {trial.number for trial in store.trials}
    numbers = [number for number in setup.numbers if number not in done]
    progress = _Progress(len(setup.numbers), len(done))

    def finished(trial: Trial) -> None:
        store.append(trial)
        progress.step()

    if config.workers == 0:
        for number in numbers:
            finished(setup.repeat(number))
    elif numbers:
        _run_in_processes(config, numbers, finished)


def _report(store: RunStore) -> "Race":
    from nasbench.report.race.page import write_race

    return write_race(store)


def _run_in_processes(config: RaceConfig, numbers: Sequence[int], finished: Finished) -> None:
    known = set(active_children())
    pool = ProcessPoolExecutor(min(config.workers, len(numbers)), get_context("spawn"), _start_worker, (config,))
    try:
        for future in as_completed([pool.submit(_repeat, number) for number in numbers]):
            finished(future.result())
    except BrokenProcessPool as error:
        raise RunFailed(
            "a worker process died (out of memory, or killed). The finished repetitions are kept: go on with "
            "--resume, perhaps with fewer "
            "--workers."
        ) from error
    except BaseException:
        for child in set(active_children()) - known:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_setup: list[Setup] = []
"""The worker's own, one in a worker process and none elsewhere."""


def _start_worker(config: RaceConfig) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = (
        "1"  # before anything that reads them is imported
    )
    _setup.append(Setup(config))


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _repeat(number: int) -> Trial:
    return _setup[0].repeat(number)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for every library that computes: a sum over several rounds otherwise, and a proposal may hang on the
    last digit.
    """
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


class _Progress:
    """A line for people after each tenth of the repetitions, on standard error."""

    def __init__(self, total: int, done: int) -> None:
        self._total, self._done, self._earlier, self._start = total, done, done, monotonic()
        before = f", {done} of them done before" if done else ""
        print_note(f"{total} repetitions{before}")

    def step(self) -> None:
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            spent = monotonic() - self._start
            left = spent / (self._done - self._earlier) * (self._total - self._done)
            print_note(f"{self._done} of {self._total} repetitions after {spent:.0f} s, {left:.0f} s left")
