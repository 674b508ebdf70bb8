"""Errors that speak to the user.

`UsageError` is bad usage or input (exit status 2), `RunFailed` a run that could not go on (exit status 1). Anything
else that escapes is a bug.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from nasbench.core.shown import quoted


class UsageError(ValueError):
    """Bad usage or input: the message names the value received, the nearest valid one and what to do."""


class RunFailed(RuntimeError):
    """A fault that every trial would meet, or that ends a run: the message says what is left and what to do."""


class NotWritten(RunFailed):
    """A file that the disk refuses: the message says which one, why, and what to do first. Whoever knows the command
    adds how to go on.
    """


class LogLost(RunFailed):
    """The log that a run writes was deleted, moved or changed by somebody else: the message says what is left of it."""


class PartFailed(RunFailed):
    """A part of the user's own broke in the middle of a run: the message says where, and whoever holds the log adds
    what is kept and what to do.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM: state is saved; the message says how to go on."""


class TrialFailed(RuntimeError):
    """A fault of one trial (NaN, out of memory, a build error): the trial is recorded as failed and the search goes
    on.
    """


class TimeUp(BaseException):
    """The time limit of a trial. It is no Exception, so that no evaluator takes it for one of its own errors."""


class TrialPruned(Exception):
    """A training is to stop early: raised by `report`, recorded as a pruned trial with the last reported metrics."""


def together(checks: Iterable[Callable[[], object]]) -> None:
    """Runs all checks, and raises one UsageError with everything that they found."""
    faults: list[UsageError] = []
    for check in checks:
        try:
            check()
        except UsageError as fault:
            faults.append(fault)
    if len(faults) > 1:
        raise UsageError("\n".join(dict.fromkeys(map(str, faults)))) from faults[0]
    if faults:
        raise faults[0]


LONG_LIST = 30
"""More names than this are not listed in a message."""


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UsageError:
    """The error for a name that is not there: names the nearest one, lists what is known, and adds `hint` as a line of
    its own.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    message = f"no {kind} named {quoted(name)}."
    if near:
        message += f" Did you mean {near[0]!r}?"
    if len(names) > LONG_LIST:
        message += f" Near it: {', '.join(get_close_matches(name, names, n=5, cutoff=0.3))}." if near else ""
    elif names:
        message += f" Known: {', '.join(names)}."
    return UsageError(message + (f"\n{hint}" if hint else ""))
