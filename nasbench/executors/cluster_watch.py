"""Whether a Ray cluster is still there. Ray itself waits a minute for a head that is gone, in calls that cannot be
interrupted, and then ends the process; so a thread asks the head, and has the last word where the main one is stuck.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import final

from nasbench.core.stop_signals import WISHES, leave

LOOK_SECONDS = 1.5
"""How often the head is asked."""
MISSED_LIMIT = 3
"""A head that has not answered so often in a row is lost."""
LEAVE_SECONDS = 4.0
"""How long the main thread may take to leave a cluster that is lost."""
STATUS_FAILED = 1


@final
class ClusterWatch:
    """Inside `with`, asks the head whether it answers, and how many workers fit into the machines that are left.

    If the head is lost, and the main thread does not leave the `with` block, because it waits for the head, the
    process ends with `sentence` and status 1: what has finished is on disk.
    """

    def __init__(self, answers: Callable[[], bool], count_room: Callable[[], int], sentence: str) -> None:
        self._answers, self._count_room, self._sentence = answers, count_room, sentence
        self._left = threading.Event()
        self._room: int | None = None
        self.lost = False

    def room(self) -> int | None:
        """How many workers fit, as of the last look; None before it."""
        return self._room

    def __enter__(self) -> "ClusterWatch":
        threading.Thread(target=self._look, name="cluster watch", daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._left.set()

    def _look(self) -> None:
        missed = 0
        while not self._left.wait(LOOK_SECONDS):
            missed = 0 if self._answers() else missed + 1
            if missed == 0:
                with suppress(Exception):  # it may be lost at this moment
                    self._room = self._count_room()
            elif missed == MISSED_LIMIT:
                self.lost = True
                if self._left.wait(LEAVE_SECONDS):
                    return
                if WISHES.asked:  # who stops a whole group of processes stops the head too
                    WISHES.end()
                leave(self._sentence, STATUS_FAILED)
