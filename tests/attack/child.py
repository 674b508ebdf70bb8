"""What happens in the process that was forked to run one command: it is watched, limited, struck, and always ends."""

import faulthandler
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from attack.processes import strike
from attack.write_events import WriteEvents, tear

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Blow:
    """What happens to a command while it runs.

    Attributes:
        number: the signal.
        at: just before the at-th call that changes files; None for a timed blow.
        after: seconds from the start, for a timed blow.
        to: self, worker (one of its child processes), or group (it and all its children, as Ctrl-C in a terminal).
        torn: 0 to 1: so much of the file written last is there, if it was not synchronised; None leaves files alone.
        which: which worker, of those there are.
    """

    number: int = signal.SIGKILL
    at: int | None = None
    after: float | None = None
    to: str = "self"
    torn: float | None = None
    which: int = 0


@dataclass(frozen=True)
class Asked:
    """A command to run.

    Attributes:
        place: the directory in which it runs.
        argv: its words; @module:function WORDS calls that function with the words.
        blow: as a mapping, what happens to it.
        memory: the most bytes of address space, beyond those of the warm process.
        seconds: after these it hangs.
    """

    place: str
    argv: tuple[str, ...]
    blow: dict[str, Any] | None = None
    memory: int | None = None
    seconds: float = 180.0

    @property
    def struck(self) -> Blow | None:
        return None if self.blow is None else Blow(**self.blow)


def run_here(asked: Asked, folder: Path) -> NoReturn:
    """Runs the command in this forked process, which then ends. Its output, and what it did, lie in `folder`."""
    status, blow, changed = 99, asked.struck, set[str]()
    try:
        os.setsid()
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        noted = os.open(folder / "events", os.O_WRONLY | os.O_CREAT)
        os.chdir(asked.place)
        sys.path.insert(0, asked.place)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        faulthandler.enable()
        if asked.memory is not None:
            _limit(asked.memory)

        def note(events: WriteEvents) -> None:
            told = {"events": events.count, "last": events.last, "changed": sorted(changed)}
            os.ftruncate(noted, 0)
            os.pwrite(noted, json.dumps(told).encode(), 0)

        def act(events: WriteEvents) -> None:
            assert blow is not None
            note(events)
            if blow.torn is not None and events.unsynced is not None:
                tear(events.unsynced, blow.torn)
            strike(os.getpid(), blow.number, blow.to, blow.which)

        events = WriteEvents(Path(asked.place), None if blow is None else blow.at, act, changed.add)
        events.watch()
        try:
            status = _call(asked.argv)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        note(events)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _call(argv: tuple[str, ...]) -> int:
    if argv[0].startswith("@"):
        from nasbench.core.errors import RunFailed, UsageError

        module, _, function = argv[0].removeprefix("@").partition(":")
        try:
            importlib.import_module(module).__dict__[function](*argv[1:])
        except (UsageError, RunFailed) as error:
            print(error, file=sys.stderr)
            return 2 if isinstance(error, UsageError) else 1
        return 0
    from nasbench.cli import main

    return main(argv)


def _limit(memory: int) -> None:
    """What a command on a few small files never needs: that much more memory, and files of 200 MB."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 2**20, 200 * 2**20))
