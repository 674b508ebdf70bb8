"""What asks a process to stop: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it is closed.

The first signal asks: what runs is left, and tells how to go on. A second Ctrl-C ends the command line's process at
once: whoever presses it again does not want to wait. Schedulers send their signals more than once: a quick repetition
of theirs is the same wish. Signals belong to the process, so what was received is remembered here, once.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType
from typing import Any, NoReturn, final

from nasbench.core.errors import Interrupted, TimeUp
from nasbench.core.last_words import LAST_WORDS
from nasbench.core.shown import shown_lines

STOP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
QUICK_SECONDS = 1.0
HURRY_SECONDS = 1.0
"""How long what is being tidied up may still take after a quick second Ctrl-C."""
AGAIN_SECONDS = 0.05
"""After which a signal that was dropped is given once more."""
EXIT_INTERRUPTED = 130
SHOW_CURSOR = "\x1b[?25h"


def heeded() -> list[signal.Signals]:
    """Those of STOP that this process does not ignore: `nohup` lets a run outlive its terminal."""
    return [number for number in STOP if signal.getsignal(number) is not signal.SIG_IGN]


def _send(number: int) -> None:
    signal.pthread_kill(int(threading.main_thread().ident or 0), number)


@final
class Wishes:
    """The wishes to stop that this process has received.

    Attributes:
        asked: the name of the first signal; empty if there was none.
        owned: whether the process is the command line's own, which a second Ctrl-C may end. From Python, it raises.
        abrupt: whether the process had better end without Python's own end, in which something would wait or crash.
        sentence: what is said if the process ends without unwinding.
    """

    def __init__(self) -> None:
        self.owned = self.abrupt = False
        self.sentence: Callable[[], str] = lambda: "interrupted"
        self._depth = 0
        self._handler: object = None
        self._forget()

    def _forget(self) -> None:
        self.asked = ""
        self._last: tuple[int, float] | None = None

    @property
    def heeding(self) -> bool:
        """Whether every Ctrl-C is heard here now: no library has put its own handler in the place of this one."""
        return self._depth > 0 and signal.getsignal(signal.SIGINT) in (self._handler, signal.SIG_IGN)

    @contextmanager
    def heard_by(self, act: Callable[[str], None]) -> Iterator[None]:
        """While it lasts, the first signal calls `act` with its name, in the main thread; inside another one, the inner
        `act` is called. Outside the main thread it does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def hear(number: int, _frame: FrameType | None) -> None:
            name = signal.Signals(number).name
            if self._is_first(number):
                act(name)

        self._depth += 1
        outer, self._handler = self._handler, hear
        previous = {number: signal.signal(number, hear) for number in heeded()}
        swallowing, sys.unraisablehook = sys.unraisablehook, self._raise_again(sys.unraisablehook)
        try:
            yield
        finally:
            sys.unraisablehook = swallowing
            for number, handler in previous.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            self._depth -= 1
            self._handler = outer
            if not self._depth:
                self._forget()

    def _raise_again(self, otherwise: Callable[[Any], object]) -> Callable[[Any], None]:
        """A signal may come while an object is finalized, where Python tells of what is raised and drops it: then the
        signal is given once more.
        """

        def dropped(told: Any) -> None:
            if self.asked and isinstance(told.exc_value, KeyboardInterrupt):
                number = signal.Signals[self.asked]
                self._forget()
                threading.Timer(AGAIN_SECONDS, _send, (number,)).start()
            else:
                otherwise(told)

        return dropped

    def _is_first(self, number: int) -> bool:
        """Whether it is the first wish. A later one ends the process or raises Interrupted, unless it is quick."""
        last, self._last = self._last, (number, monotonic())
        if last is None:
            self.asked = signal.Signals(number).name
            return True
        quick = self._last[1] - last[1] < QUICK_SECONDS
        pressed_twice = number == last[0] == signal.SIGINT
        if self.owned and (pressed_twice or not quick):
            if not quick:
                self.end()
            threading.Thread(target=self._end_soon, name="second interrupt", daemon=True).start()
        elif not quick:
            raise Interrupted(signal.Signals(number).name)
        return False

    def _end_soon(self) -> None:
        threading.Event().wait(HURRY_SECONDS)
        self.end()

    def end(self) -> NoReturn:
        """Ends the process with the sentence, without waiting for anything: what has finished is on disk."""
        text = "interrupted"
        with suppress(Exception):
            text = self.sentence()
        leave(text, EXIT_INTERRUPTED)

    @contextmanager
    def with_sentence(self, sentence: Callable[[], str]) -> Iterator[None]:
        """While it lasts, `sentence` is what is said at such an end."""
        before, self.sentence = self.sentence, sentence
        try:
            yield
        finally:
            self.sentence = before


WISHES = Wishes()
"""Those of this process."""


def from_outside(error: BaseException) -> bool:
    """Whether an error is none of the code in which it was raised: the time limit of a trial, or the user's wish to
    stop. Code may raise a KeyboardInterrupt by itself: that is its own fault, and known as such where signals are
    heeded and none has come.
    """
    if isinstance(error, TimeUp):
        return True
    if not isinstance(error, KeyboardInterrupt):
        return False
    if isinstance(error, Interrupted) or WISHES.asked:
        return True
    main = threading.current_thread() is threading.main_thread()
    return main and not WISHES.heeding


def leave(text: str, status: int) -> NoReturn:
    """Ends the process at once with a sentence and a status, from any thread and from a signal handler."""
    with suppress(Exception):
        sys.stdout.flush()
    with suppress(Exception):
        LAST_WORDS.change("")
    with suppress(Exception):
        line = f"nasbench: {shown_lines(text)}\n"
        cursor = SHOW_CURSOR if os.isatty(2) else ""  # a live display hides it
        os.write(2, (cursor + line).encode(sys.stderr.encoding, errors="backslashreplace"))
    os._exit(status)
