"""What is said in place of this process if it ends without a word of its own: killed, or ended by a library's C++ code.

It cannot say it then. So a process beside it that outlives it (`executors/reaper`) is told the text beforehand, and
each time that the text changes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import final


@final
class LastWords:
    """The text of this process, empty while there is nothing to say, and who is told it."""

    def __init__(self) -> None:
        self._text = ""
        self._heirs = list[Callable[[str], None]]()

    def leave_to(self, heir: Callable[[str], None]) -> None:
        """Calls `heir` with the text now, and whenever it changes."""
        self._heirs.append(heir)
        heir(self._text)

    def take_from(self, heir: Callable[[str], None]) -> None:
        """`heir` is told nothing more. Calling it again does no harm."""
        if heir in self._heirs:
            self._heirs.remove(heir)

    def change(self, text: str) -> None:
        """From now on, `text` is said; if it is empty, nothing is."""
        self._text = text
        for heir in self._heirs:
            heir(text)

    @contextmanager
    def forgotten_after(self) -> Iterator[None]:
        """At its end, the text is again what it was at its beginning."""
        before = self._text
        try:
            yield
        finally:
            self.change(before)


LAST_WORDS = LastWords()
"""Those of this process."""
