"""Waiting for a store: a server that is restarted, or a network that is away for a while, costs a run nothing but time.

Calls run in threads of their own, so that a signal neither cuts one in half nor has to wait for one that hangs.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, final

from nasbench.core.errors import Interrupted, NotWritten
from nasbench.core.shown import say
from nasbench.core.stop_signals import WISHES
from nasbench.storage.objects import Objects, Refused, Silent

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 600.0
"""A store that has not answered for so long is given up."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between one try and the next; the last one goes on."""
SLOW_SECONDS = 15.0
"""After so long without an answer a line says what is waited for."""
LOOK_SECONDS = 0.05


@final
class Patient:
    """The objects of a store that may be away for a while. One line says that it is, and one that it is back.

    NotWritten where it refuses a call, or stays away; Interrupted where the user stops waiting.
    """

    def __init__(self, objects: Objects, shown: str) -> None:
        self._objects, self._shown = objects, shown

    def read(self, name: str) -> bytes:
        return self._wait(lambda: self._objects.read(name), "read", name)

    def write(self, name: str, data: bytes | Path) -> None:
        self._wait(lambda: self._objects.write(name, data), "write", name)

    def sizes(self, folder: str = "") -> Mapping[str, int]:
        return self._wait(lambda: self._objects.sizes(folder), "list", folder)

    def delete(self, name: str) -> None:
        self._wait(lambda: self._objects.delete(name), "delete", name)

    def _wait(self, call: Callable[[], Answer], doing: str, name: str) -> Answer:
        began, tries, told = monotonic(), 0, False
        where = "/".join(filter(None, (self._shown, name)))

        def tell(why: object) -> None:
            nonlocal told
            if not told:
                say(f"nasbench: waiting for {self._shown}, which does not answer ({why}); nothing is lost")
            told = True

        while True:
            attempt = _Attempt(call)
            while not attempt.ended.wait(LOOK_SECONDS):
                if WISHES.asked:
                    raise Interrupted(WISHES.asked)
                if monotonic() - began > SLOW_SECONDS:
                    tell(f"no word for {SLOW_SECONDS:g} s")
                if monotonic() - began > PATIENCE_SECONDS:
                    raise NotWritten(_gone(where, doing, "no answer"))
            try:
                answer: Answer = attempt.answer()
            except Refused as error:
                raise NotWritten(f"cannot {doing} {where}: {error}.") from error
            except Silent as error:
                if monotonic() - began > PATIENCE_SECONDS:
                    raise NotWritten(_gone(where, doing, error)) from error
                tell(error)
            else:
                if told:
                    say(f"nasbench: {self._shown} answers again, after {monotonic() - began:.0f} s")
                return answer
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            tries += 1
            until = monotonic() + pause
            while monotonic() < until:
                if WISHES.asked:
                    raise Interrupted(WISHES.asked)
                threading.Event().wait(LOOK_SECONDS)


def once(call: Callable[[], object], seconds: float = 10.0) -> bool:
    """Tries a call that may be lost, for that long at most; whether it succeeded."""
    attempt = _Attempt(call)
    if not attempt.ended.wait(seconds):
        return False
    try:
        attempt.answer()
    except (Silent, Refused, FileNotFoundError):
        return False
    return True


class _Attempt:
    """One call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        self._call = call
        self._answer: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="storage", daemon=True).start()

    def answer(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as error:  # raised again where the answer is waited for
            self._error = error
        finally:
            self.ended.set()


def _gone(where: str, doing: str, why: object) -> str:
    minutes = PATIENCE_SECONDS / 60
    return f"cannot {doing} {where}: the store has not answered for {minutes:g} minutes ({why}). Mend it first."
