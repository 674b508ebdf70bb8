"""A run directory as an object: its trials, a table, pictures. What every command returns is one too."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore, returned_trial
from nasbench.engine.config import Stored
from nasbench.engine.opened.run_trial import RunTrial

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Picture:
    """A plot as SVG; notebooks show it."""

    name: str
    svg: str

    def save(self, path: str | Path) -> None:
        """Writes the SVG to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<plot {self.name}>"


class RunView(ABC):
    """What a run directory shows. The directory is read when something is asked for."""

    @property
    @abstractmethod
    def directory(self) -> Path:
        """The run directory."""

    @cached_property
    def _store(self) -> RunStore:
        return RunStore.read(self.directory)

    @property
    def command(self) -> str:
        """The command that made the run: search, train, compare, ..."""
        return str(self._store.run["command"])

    def to_dataframe(self) -> "DataFrame":
        """A table with a row for each line of the log: its fields, its metrics, and its decisions as `gene.NAME`."""
        from pandas import DataFrame

        return DataFrame([_row(trial) for trial in self._store.trials])

    def report(self) -> Path:
        """Writes the report anew, and returns its path."""
        from nasbench.engine.opened.report import rebuild_report

        return rebuild_report(self.directory)[0]

    def plots(self) -> Mapping[str, Picture]:
        """The plots of the report by name, drawn anew. The report is written with them."""
        from nasbench.engine.opened.report import rebuild_report

        files = [file for file in rebuild_report(self.directory) if file.suffix == ".svg"]
        return {file.stem: Picture(file.stem, file.read_text(encoding="utf-8")) for file in files}

    def plot(self, name: str | None = None) -> Picture:
        """One plot of the report; without a name, its first. UsageError with all names where there is none of that."""
        drawn = self.plots()
        if not drawn or (name is not None and name not in drawn):
            asked = "a plot" if name is None else f"the plot {name!r}"
            raise UsageError(f"{self.directory} has not {asked}; it has: {', '.join(drawn) or 'none yet'}")
        return drawn[name or next(iter(drawn))]

    def __repr__(self) -> str:
        return f"<{self.command} in {self.directory}: {quantity(len(self._store.trials), 'trial')}>"

    def _repr_html_(self) -> str:
        from nasbench.report.notebook import run_card

        return run_card(self._store)


class OpenedRun(RunView):
    """A run directory that was opened: finished, interrupted, or going on. `trials` are those there were then."""

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)
        self._store  # noqa: B018 - reads it now, so that a directory without a run is refused here

    @property
    def directory(self) -> Path:
        return self._directory

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration, flat, as run.json holds it."""
        return dict(self._store.run["config"])

    @property
    def trials(self) -> Sequence[RunTrial]:
        """The trials in order of finishing."""
        return [RunTrial.in_run(trial, self._directory) for trial in self._store.trials]

    @property
    def best(self) -> RunTrial | None:
        """The best trial of a search; None where there is none yet."""
        found = returned_trial(self._store.run, self._store.trials)
        return None if found is None else RunTrial.in_run(found, self._directory)


def open_run(directory: str | Path, storage: str | None = None) -> OpenedRun:
    """Opens a run directory for reading, of any command. UsageError where it holds no run or its log is damaged.

    A run that was kept with `storage` is brought into the directory first, as far as it is there now.
    """
    Stored(storage).bring(str(directory))
    return OpenedRun(directory)


def _row(trial: Any) -> dict[str, Any]:
    record = trial.to_json()
    fields = {name: record.get(name) for name in ("number", "name", "key", "status", "score", "epochs", "seed")}
    more = {name: record.get(name) for name in ("seconds", "started", "worker", "error")}
    genes = {f"gene.{name}": option for name, option in trial.genes.items()}
    return {**fields, **record["metrics"], **more, **genes}
