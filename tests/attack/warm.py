"""Runs commands of nasbench in processes that are forked from a warm one, so that each costs no start of Python.

`Warm` starts the warm process and speaks to it in lines of JSON. That process imports what commands need, computes
nothing and has a single thread, so that a fork of it is what a newly started process would be after its imports.
"""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from attack.child import TESTS, Asked, Blow, run_here
from attack.processes import running_in, strike

PATHS = (TESTS.parent, TESTS, TESTS / "e2e" / "drivers")
WITHOUT_IT = 5.0
"""Seconds in which the processes that outlive a command may have ended."""
IMPORTS = """
    torch torchvision matplotlib.figure sklearn.datasets PIL.Image safetensors.torch tyro rich.console optuna
    nasbench.engine.search.command nasbench.engine.race.command nasbench.engine.training.train
    nasbench.engine.models.predict nasbench.engine.training.transfer nasbench.engine.training.compare
    nasbench.engine.scaling.command nasbench.engine.scaling.search nasbench.engine.export.command
    nasbench.engine.models.profile nasbench.report.run.page nasbench.report.comparison.page
    nasbench.report.training.page nasbench.report.race.page zoo.registry search_spaces.nasbench201.space
    search_spaces.compound.space nasbench.cli.search nasbench.cli.train nasbench.cli.transfer nasbench.cli.compare
    nasbench.cli.race nasbench.cli.scale nasbench.cli.export nasbench.cli.report nasbench.cli.profile
    nasbench.cli.predict nasbench.strategies.evolution nasbench.strategies.asha nasbench.train.datasets
    nasbench.train.recipes timm wandb attack.parts
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended. `status` is negative for a signal, and None while a signal has stopped the process.

    `events` are the calls that changed files in its directory, `last` the latest of them, `changed` the other files
    that it wrote. `hung`: it took so long that it was ended; then `err` says where it was.
    """

    status: int | None
    seconds: float
    out: str
    err: str
    events: int = 0
    last: str = ""
    changed: Sequence[str] = ()
    hung: bool = False


class Warm:
    """A warm process. Close it at the end."""

    def __init__(self) -> None:
        paths = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), *map(str, PATHS)])
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        plain = {"COLUMNS": "100", "JE_ARROW_MALLOC_CONF": "background_thread:false"}  # pyarrow would start a thread
        self._process = subprocess.Popen(
            [sys.executable, "-m", "attack.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads, **plain, "PYTHONPATH": paths},
        )

    def run(
        self,
        place: Path,
        argv: Sequence[str],
        blow: Blow | None = None,
        memory: int | None = None,
        seconds: float = Asked.seconds,
    ) -> Ended:
        """Runs `nasbench ARGV` in the directory `place`, until it ends or is stopped."""
        struck = None if blow is None else asdict(blow)
        return Ended(**self._ask(asdict(Asked(str(place), tuple(argv), struck, memory, seconds))))

    def kill_stopped(self) -> Ended:
        """Ends with SIGKILL the process that a signal has stopped."""
        return Ended(**self._ask({}))

    def close(self) -> None:
        """Ends the warm process."""
        self._process.communicate()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Command:
    """A forked process that runs one command, seen from the warm one."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._folder = Path(tempfile.mkdtemp(prefix="attack-"))
        self._start = time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            run_here(asked, self._folder)

    def wait(self) -> dict[str, Any]:
        """Until it has ended or is stopped."""
        blow = self._asked.struck
        due = None if blow is None else blow.after
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            now = time.monotonic() - self._start
            if pid and os.WIFSTOPPED(status):
                return self._told(None)
            if pid:
                return self._told(os.waitstatus_to_exitcode(status))
            if blow is not None and due is not None and now >= due:
                strike(self._pid, blow.number, blow.to, blow.which)
                due = None
            if now > self._asked.seconds:
                return {**self.end(signal.SIGABRT), "hung": True}  # at which Python's faulthandler says where it is
            time.sleep(0.002)

    def end(self, number: int = signal.SIGKILL) -> dict[str, Any]:
        os.kill(self._pid, number)
        _, status = os.waitpid(self._pid, 0)
        return self._told(os.waitstatus_to_exitcode(status))

    def _told(self, status: int | None) -> dict[str, Any]:
        if status not in (None, 0):
            running_in(Path(self._asked.place), WITHOUT_IT)  # another process may have the last word
        texts = {path.name: path.read_text(errors="replace") for path in self._folder.iterdir()}
        noted = json.loads(texts.pop("events", "") or "{}")
        if status is not None:
            shutil.rmtree(self._folder)
        return {"status": status, "seconds": time.monotonic() - self._start, "out": "", "err": "", **texts, **noted}


def serve() -> None:
    """Imports, then answers questions until standard input ends."""
    import zoo

    for name in IMPORTS.split():
        importlib.import_module(name)
    zoo.entries()  # imports the families
    threads = len(os.listdir("/proc/self/task"))
    assert threads == 1, f"a process of {threads} threads cannot be forked safely"
    stopped: _Command | None = None
    for line in sys.stdin:
        question = json.loads(line)
        if question:
            command = _Command(Asked(**{**question, "argv": tuple(question["argv"])}))
            answer = command.wait()
            stopped = command if answer["status"] is None else stopped
        else:
            assert stopped is not None
            answer = stopped.end()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
