"""A run directory that is kept elsewhere too, as far as a run's store has to know."""

from collections.abc import Sequence
from typing import Protocol


class Mirrored(Protocol):
    """What keeps a run directory elsewhere. Names are those of files in the run directory, with '/'.

    Where the other place stays away, NotWritten; LogLost where another process has taken the run over.
    """

    def grown(self) -> None:
        """The logs have grown: when this returns, their lines are there too."""

    def recorded(self) -> None:
        """run.json has changed."""

    def push(self) -> None:
        """Puts everything there that is new or changed."""

    def fetch(self, name: str) -> None:
        """Copies a file from there to its place here, unless one is here; nothing where there is none."""

    def names(self, folder: str) -> Sequence[str]:
        """The files of a folder there."""

    def delete(self, name: str) -> None:
        """Deletes a file there."""

    def discard(self) -> None:
        """Deletes all of the run there."""

    def close(self) -> None:
        """Lets the run go."""
