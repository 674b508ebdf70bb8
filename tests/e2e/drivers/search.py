"""A search in a process of its own, killed at a moment that an event marks: `search.py DIRECTORY OPTIONS` (JSON).

Without arguments, a search for each line `[DIRECTORY, OPTIONS]` read, in a fork of this process, which has imported all
that they need; the answer to each is a line with its exit status.

Options: trials, workers (of Ray; 0: this process), processes (workers without Ray), address (of a Ray cluster), seconds
(of a trial), epochs (that each trial reports), faults {number: what}, kill_after, timeout, and kill: "before run.json",
"while run.json", "after run.json", "replay:N" (while trial N is replayed), "write:N" (half of line N is on disk),
"line:N" (all of it is, nobody is told), "told:N" (the strategy is, the listeners are not), "listener:N".
"""

import json
import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

from toy import Climber, ToyEvaluator, ToySpace, loop

import nasbench.core.store
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def open_run(directory: Path, kill: str) -> RunStore:
    write, replace = nasbench.core.store.write_json, os.replace
    if kill == "before run.json":
        nasbench.core.store.write_json = lambda *_: die()  # type: ignore[assignment]
    if kill == "while run.json":
        os.replace = lambda *_: die()  # type: ignore[assignment]
    try:
        return (
            RunStore.resume(directory)
            if (directory / "run.json").exists()
            else RunStore.create(directory, {"command": "toy"})
        )
    finally:
        nasbench.core.store.write_json, os.replace = write, replace


class KilledLog:
    """Appends to the store, and ends the process around one append."""

    def __init__(self, store: RunStore, moment: str, number: int) -> None:
        self._store, self._moment, self._number = store, moment, number

    def __call__(self, trial: Trial) -> None:
        this_one = len(self._store.trials) + 1 == self._number
        if this_one and self._moment == "write":
            line = json.dumps(trial.to_json(), separators=(",", ":")) + "\n"
            with open(self._store.directory / "trials.jsonl", "ab") as log:
                log.write(line.encode()[: len(line) // 2])
            die()
        self._store.append(trial)
        if this_one and self._moment == "line":
            die()


class KilledClimber(Climber):
    """A Climber in whose `tell` the process ends."""

    def __init__(self, space: ToySpace, number: int) -> None:
        super().__init__(space)
        self._number = number

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        if len(self.told) == self._number:
            die()


def main(directory: Path, options: dict[str, Any]) -> None:
    kill, _, text = options.get("kill", "").partition(":")
    number = int(text or 0)
    directory.mkdir(exist_ok=True)
    store = open_run(directory, kill)
    if kill == "after run.json":
        die()
    space = ToySpace()
    strategy = KilledClimber(space, number) if kill in ("replay", "told") else Climber(space)

    def listen(trial: Trial) -> None:
        if kill == "listener" and len(store.trials) == number:
            die()

    jobs = loop(strategy, options["trials"], KilledLog(store, kill, number), [listen], tuple(store.trials))
    faults = {int(number): fault for number, fault in options.get("faults", {}).items()}
    evaluator = ToyEvaluator(
        str(directory),
        faults,
        options.get("seconds", 0.0),
        kill_after=tuple(options.get("kill_after", ())),
        epochs=options.get("epochs", 0),
    )
    if options.get("workers"):
        from nasbench.executors.ray_tune import RayExecutor

        executor: Any = RayExecutor(
            options["workers"], ray_address=options.get("address"), trial_timeout=options.get("timeout")
        )
    elif options.get("processes"):
        from nasbench.executors.processes import ProcessExecutor

        executor = ProcessExecutor(options["processes"])
    else:
        from nasbench.executors.local import LocalExecutor

        executor = LocalExecutor("cpu", options.get("timeout"))
    try:
        executor.run(jobs, evaluator)
    finally:
        executor.close()
        store.close()


def answer_searches() -> None:
    import nasbench.executors.local  # noqa: F401 - so that no fork has to

    for line in sys.stdin:
        directory, options = json.loads(line)
        process = get_context("fork").Process(target=main, args=(Path(directory), options))
        process.start()
        process.join()
        print(process.exitcode, flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        answer_searches()
    else:
        main(Path(sys.argv[1]), json.loads(sys.argv[2]))
