"""What is said of a run that was broken off: what is kept of it, and how to go on."""

import shlex
from collections.abc import Sequence

from nasbench.core.count_text import quantity
from nasbench.core.errors import PartFailed, UsageError
from nasbench.core.seal import FIELD
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config.trust import import_paths
from nasbench.engine.run.opening import Opening


def again(opening: Opening, store: RunStore | None) -> str:
    """The command that goes on with the run."""
    if opening.part_of is not None:
        return opening.part_of.goes_on
    command = f"nasbench {opening.command} --run {shlex.quote(str(opening.directory))} --resume"
    if store is not None and FIELD not in store.run and import_paths(opening.config, store.run["config"]):
        command += " --trust"  # there is no place for the user's key
    return command


def interrupted(opening: Opening, store: RunStore | None) -> str:
    """After an interrupt: what is kept, and the command that goes on, if the run had begun."""
    if not (opening.directory / "run.json").exists():
        return "interrupted before the run began: nothing was evaluated. Give the command again."
    done = _kept(len(store.trials) if store else 0, opening)
    return f"interrupted; {done}. Go on with: {again(opening, store)}"


def ended_without_a_word(opening: Opening, store: RunStore | None) -> str:
    """What is said in place of a process that could not say it: what is kept, and the command that goes on."""
    why = "the process has ended without a word: it was killed, or a process of Ray that it needs has ended"
    if not (opening.directory / "run.json").exists():
        return f"{why}. Nothing was evaluated: give the command again."
    return f"{why}. The finished trials are kept in {opening.directory}. Go on with: {again(opening, store)}"


def how_to_go_on(store: RunStore | None, opening: Opening) -> str:
    """After a file that could not be written: what is kept, and the command that goes on."""
    if not (opening.directory / "run.json").exists():
        if store is None:
            return "Then start the run again."
        had = f"The run had {quantity(len(store.trials), 'finished trial')}."
        return f"{had} If it was moved, put it back; then: {again(opening, store)}"
    kept = f"{_kept(len(store.trials), opening)}. " if store is not None else ""
    return f"{kept}Then go on with: {again(opening, store)}"


def what_is_left(error: UsageError | PartFailed, trials: Sequence[Trial], opening: Opening) -> str:
    """The error with what is kept of the run, and how to go on where a part broke; '' where nothing is to be added."""
    if isinstance(error, UsageError):
        return f"{error}\n{_kept(len(trials), opening)}." if trials else ""
    if trials:
        return f"{error} The finished trials are kept: mend it, then go on with --resume."
    then = "go on with --resume" if opening.resumes else "start the run again"
    return f"{error} No trial had finished: mend it, then {then}."


def _kept(trials: int, opening: Opening) -> str:
    return f"{quantity(trials, 'finished trial')} {'is' if trials == 1 else 'are'} kept in {opening.directory}"
