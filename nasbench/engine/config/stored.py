"""Where a run lies that a command reads, if it lies in an object store."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.shown import sentence
from nasbench.core.store import RunStore
from nasbench.core.trial_of_run import find, split, weights_number
from nasbench.engine.config.record import Record, anew


@dataclass(frozen=True)
class Stored(Record):
    """A run that was kept in an object store."""

    storage: str | None = anew(None)
    """First bring the run into its directory here from this object store, with which it was kept: file:///PATH,
    s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.
    """

    def bring_model(self, model: str, trial: str | None) -> None:
        """The same for a MODEL that is a run, and one of its trials. UsageError for one that is something else."""
        if self.storage is None:
            return
        directory = str(_split(model)[0])
        known = os.path.exists(directory)
        if (not known and ":" in directory and os.sep not in directory) or os.path.isfile(directory):
            raise UsageError(
                f"--storage is for a MODEL that is a run, which is brought into its directory first; {model!r} is "
                "none: leave --storage out"
            )
        try:
            self.bring(model, trial=trial)
        except UsageError as error:
            if known or not directory or os.sep in directory:
                raise
            raise UsageError(
                f"{sentence(str(error))} If {directory!r} is a network by its name, leave --storage out: it is for "
                "runs."
            ) from error

    def bring(self, *runs: str, trial: str | None = None) -> None:
        """Brings what the store has of runs into their directories, and the weights of one trial; nothing without a
        storage. UsageError where one is not there.
        """
        if self.storage is None:
            return
        from nasbench.storage.bringing import Brought

        for run in runs:
            directory, which = _split(run)
            if not directory:
                raise UsageError("--storage needs the run's directory beside it: the run lies there under its name")
            brought = Brought(self.storage, Path(directory))
            brought.refresh()
            if (number := trial or which) is not None:
                found = find(RunStore.read(Path(directory)).trials, number, directory)
                brought.bring_weights(weights_number(found))


def _split(run: str) -> Sequence[str | None]:
    """RUN#7 -> (RUN, '7'), also where there is no directory RUN yet."""
    directory, which = split(run)
    before, mark, after = run.rpartition("#")
    return (before, after) if which is None and mark and not Path(run).exists() else (directory, which)
