"""Who may write a run that is kept in a store: one process at a time, on whatever machine.

A store has no locks. So a writer puts an object of its own beside the run, and then looks whether it is alone: of two
that do so at once, at least one sees the other, and both may have to leave. It changes the object again and again; one
that stays as it is for a while belongs to a process that is dead. No clock is compared with another machine's.
"""

import json
import os
import platform
import re
import secrets
import threading
from contextlib import suppress
from time import monotonic
from typing import final

from nasbench.core.errors import LogLost, UsageError
from nasbench.core.shown import say
from nasbench.storage.objects import Objects, Refused, Silent

FOLDER = "writers"
NAME = re.compile(r"writers/(?P<number>[0-9]{6})-(?P<token>[0-9a-f]{16})\.json")
BEAT_SECONDS = 5.0
"""How often a writer shows that it lives."""
DEAD_SECONDS = 30.0
"""A writer that has not done so for so long is dead."""
LOOK_SECONDS = 0.5


@final
class Claim:
    """The right to write a run. Make one with `take`."""

    def __init__(self, objects: Objects, number: int, token: str, shown: str) -> None:
        self.number, self.token = number, token
        self._objects, self._shown = objects, shown
        self._name = _name(number, token)
        self._beats = 0
        self._left = threading.Event()
        self._writing = threading.Lock()
        self._lost = False

    @classmethod
    def take(cls, objects: Objects, waiting: Objects, last: int, own: str, shown: str) -> "Claim":
        """The claim with a number above `last`. `own` is the token of an earlier process that is known to be dead.

        UsageError where another process writes the run. `waiting` are the same objects, for calls that are waited for.
        """
        others = _claims(waiting)
        for token, number in others.items():
            if token != own:
                _wait_for_death(waiting, _name(number, token), shown)
            waiting.delete(_name(number, token))
        claim = cls(objects, max([last, *others.values()]) + 1, secrets.token_hex(8), shown)
        waiting.write(claim._name, claim._content())
        if _claims(waiting).keys() - {claim.token}:
            waiting.delete(claim._name)
            raise UsageError(_in_use(shown, "another process, which began at the same time"))
        threading.Thread(target=claim._beat, name="storage claim", daemon=True).start()
        return claim

    def check(self) -> None:
        """LogLost where another process has taken the run over."""
        if self._lost:
            raise LogLost(
                f"the run in {self._shown} is another process's now: this one gave no sign of life for "
                f"{DEAD_SECONDS:g} s (a suspended machine, or a network that was away), and the run was resumed "
                "elsewhere. What this one finished since then is in its own directory alone."
            )

    def let_go(self) -> None:
        """Lets another process write at once."""
        self._left.set()
        with self._writing, suppress(Silent, Refused):
            self._objects.delete(self._name)

    def _beat(self) -> None:
        while not self._left.wait(BEAT_SECONDS):
            with self._writing, suppress(Silent, Refused):  # the store is away: so it is for others
                if self._left.is_set():
                    return
                numbers = _claims(self._objects)
                if self.token not in numbers or max(numbers.values()) > self.number:
                    self._lost = True
                    return
                self._beats += 1
                self._objects.write(self._name, self._content())

    def _content(self) -> bytes:
        who = {"machine": platform.node(), "process": os.getpid(), "beats": self._beats}
        return json.dumps(who).encode()


def _wait_for_death(objects: Objects, name: str, shown: str) -> None:
    """UsageError where the writer lives."""
    first = _read(objects, name)
    if first is None:
        return
    who = _who(first)
    say(
        f"nasbench: {shown} was being written by {who}; waiting {DEAD_SECONDS:g} s to see whether it still is (Ctrl-C "
        "stops)"
    )
    until = monotonic() + DEAD_SECONDS
    pause = threading.Event()
    while monotonic() < until:
        pause.wait(LOOK_SECONDS)
        found = _read(objects, name)
        if found is None:  # it has just ended
            return
        if found != first:
            raise UsageError(_in_use(shown, who))


def _read(objects: Objects, name: str) -> bytes | None:
    try:
        return objects.read(name)
    except FileNotFoundError:
        return None


def _in_use(shown: str, who: str) -> str:
    return f"{shown} is in use: {who} is writing this run. Wait for it, or choose another --run."


def _who(content: bytes) -> str:
    try:
        record = json.loads(content)
        return f"process {int(record['process'])} on {str(record['machine'])[:80]!r}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _claims(objects: Objects) -> dict[str, int]:
    """Token -> number of all claims."""
    names = map(NAME.fullmatch, objects.sizes(FOLDER))
    return {match["token"]: int(match["number"]) for match in names if match is not None}


def _name(number: int, token: str) -> str:
    return f"{FOLDER}/{number:06d}-{token}.json"
