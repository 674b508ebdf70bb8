"""Where a run lies that a command reads, if it lies in an object store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.core.errors import UsageError
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
