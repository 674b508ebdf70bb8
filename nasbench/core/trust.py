"""The trust boundary: an import path that stands in a file is followed only where the user says so.

A MODEL and a run directory are data that people mail each other, and whoever imports a module runs it. Names of what
comes with nasbench, or of a plug-in that is installed, need no trust. A path of the user's own does, `module:Name`:
either the user gave it in this very command, or asked for `--trust` (from Python `trust=True`).
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from nasbench.core.errors import UsageError
from nasbench.core.shown import quoted

SHIPPED = ("nasbench.testing:ToySpace", "nasbench.testing:TOY_SPACE")
"""Import paths of parts that come with nasbench and have no name."""


@dataclass(frozen=True)
class Named:
    """An import path that stands in a file, or an address whose answers are as powerful.

    `what` says in words what is named and how, `again` how a user gives the same, `why` what to follow it would do.
    """

    what: str
    path: str
    again: str
    why: str = "To import it is to run its code"


@dataclass(frozen=True)
class Trust:
    """What one command, or one call from Python, may import because a file names it.

    Attributes:
        given: what the user gave in this command.
        everything: whether the user trusts the files that the command reads.
        known: import paths that were followed already, or that the user's own seal vouches for.
    """

    given: frozenset[str] = frozenset()
    everything: bool = False
    known: set[str] = field(default_factory=set)

    def allows(self, path: str) -> bool:
        """Whether an import path that stands in a file may be followed."""
        return self.everything or path in self.given or path in self.known or path in SHIPPED


_OUTSIDE = Trust()
"""Of what no command encloses: it knows what this process has imported by the user's own word."""
_trust: ContextVar[Trust | None] = ContextVar("trust", default=None)


@contextmanager
def trusting(given: Iterable[object], everything: bool = False) -> Iterator[Trust]:
    """Inside, one command: `given` are the words of its command line, or the arguments of a call from Python."""
    trust = Trust(frozenset(_paths(given)), everything)
    before = _trust.set(trust)
    try:
        yield trust
    finally:
        _trust.reset(before)


def in_force() -> Trust:
    """What the present command may follow."""
    return _trust.get() or _OUTSIDE


def check_trusted(found: Iterable[Named], file: object) -> None:
    """UsageError for an import path that `file` names and that the user has not vouched for. Nothing is imported."""
    trust = in_force()
    for each in found:
        if ":" in each.path and not trust.allows(each.path):
            raise UsageError(
                f"{quoted(str(file))} names {each.what}, {quoted(each.path)}. {each.why}, so a file alone does not do "
                "that, and nothing was imported. If you trust where the file comes from, give --trust (from Python "
                f"trust=True). Or give the same path yourself: {each.again}."
            )


def _paths(given: Iterable[object]) -> Iterator[str]:
    """The import paths among what a user gave, in whatever form the flags take them."""
    for value in given:
        if isinstance(value, str):
            whole = value.partition("=")[2] if value.startswith("--") else value
            if "://" in whole:
                yield whole
            for word in re.split("[,=]", value):
                yield from _forms(word.strip().lstrip("+-"))
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _paths(value)
        elif isinstance(value, dict):
            yield from _paths(value.values())


def _forms(word: str) -> Iterator[str]:
    """`space:PATH:PUBLISHED`, `proxy:PATH` and `PATH:OPTION` name PATH too. What lies on disk is a file, whatever it is
    called.
    """
    if ":" not in word or os.path.lexists(word):
        return
    yield word
    if word.startswith("proxy:"):
        yield word.removeprefix("proxy:")
    parts = word.removeprefix("space:").split(":")
    if len(parts) > 2 or word.startswith("space:"):
        yield ":".join(parts[:2])
