"""A dashboard as data: sections of panels. `nasbench.trackers.panels` says which ones a command has.

`nasbench.trackers.wandb_dashboard` makes a W&B workspace or report of it, and `dashboard.json` keeps it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from nasbench.core.errors import UsageError
from nasbench.core.protocols import RunInfo
from nasbench.core.run_shown import RunShown
from nasbench.core.trial import Trial
from nasbench.trackers.series import Series, numbers

Kind = Literal["line", "area", "scatter", "bar", "curves", "table", "media", "parallel"]
OF_A_LINE = ("number", "seed", "name", "epoch")
"""What a line of the curves says besides its metrics."""
TRIALS, BEST_CELL = "trials", "best_cell"


@dataclass(frozen=True)
class Panel:
    """A plot, a table or a drawing.

    kind     line: metrics of the history against `x`; area: the same, stacked to 100 %; scatter, bar, curves: columns
             of a table that the run logs; table: the table itself; media: a drawing; parallel: one line for each run,
             over its configuration
    metrics  names of the history; of scatter, bar and curves the one column that is drawn; of parallel fields of the
             configuration
    x        a name of the history, or a column of the table
    table    the table that columns are of
    by       of curves: the column that tells the curves apart
    pattern  a regular expression: all names of the history that match it are drawn as well
    """

    kind: Kind
    title: str
    metrics: tuple[str, ...] = ()
    x: str = "trial"
    table: str = ""
    by: str = ""
    pattern: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table that it draws."""
        return tuple(name for name in (self.x, self.by, *self.metrics) if name) if self.table and self.draws else ()

    @property
    def draws(self) -> bool:
        """Whether it draws columns of a table."""
        return self.kind in ("scatter", "bar", "curves")

    @property
    def names(self) -> set[str]:
        """The names of the history that it needs, without those that match its pattern."""
        if self.kind in ("line", "area"):
            return {*self.metrics, self.x}
        return {self.table} if self.table else set() if self.kind == "parallel" else set(self.metrics)

    def matches(self, names: Iterable[str]) -> list[str]:
        """The names that match its pattern, in order."""
        return sorted(name for name in names if re.search(self.pattern, name)) if self.pattern else []


@dataclass(frozen=True)
class Section:
    """Panels under one heading."""

    name: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """What a run shows."""

    title: str
    command: str
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that dashboard.json holds. Fields of a panel that say nothing are left out."""
        sections = [
            {"name": section.name, "panels": [_told(panel) for panel in section.panels]} for section in self.sections
        ]
        return {"title": self.title, "command": self.command, "sections": sections}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Dashboard":
        """From that object. UsageError for what is none."""
        try:
            sections = tuple(
                Section(str(section["name"]), tuple(map(_panel_of, section["panels"])))
                for section in record["sections"]
            )
            return cls(str(record["title"]), str(record["command"]), sections)
        except (KeyError, TypeError) as error:
            raise UsageError(f"it is no dashboard: {type(error).__name__} {error}") from error

    @property
    def panels(self) -> list[Panel]:
        return [panel for section in self.sections for panel in section.panels]

    @property
    def metrics(self) -> set[str]:
        """All names of the history that its panels show, without those that match a pattern."""
        return {name for panel in self.panels for name in panel.names}

    def of(self, names: set[str]) -> "Dashboard":
        """What of it a run shows that has logged these names."""
        sections = (Section(section.name, tuple(_present(section.panels, names))) for section in self.sections)
        return replace(self, sections=tuple(section for section in sections if section.panels))


def logged_names(
    config: Mapping[str, Any],
    trials: Sequence[Trial],
    epochs: Iterable[Mapping[str, Any]],
    shown: RunShown | None = None,
) -> set[str]:
    """The names that W&B has of a run; `epochs` are the lines of its curves, `shown` is what it logs at its end."""
    names = set(_series_names(config, trials)) | ({TRIALS} if trials else set())
    for told in epochs:
        values = numbers({name: value for name, value in told.items() if name not in OF_A_LINE})
        axes = {"epoch", *(["updates"] if "updates" in values else [])}
        if told.get("name"):
            names |= {f"{told['name']}/seed{told['seed']}/{metric}" for metric in values} | axes
        else:
            names |= {f"child/{metric}" for metric in values} | {"child/number", "child/epoch", "child/reports"}
    if shown is not None:
        names |= {*shown.tables, *shown.pictures}
    return names


def _told(panel: Panel) -> dict[str, Any]:
    return {name: value for name, value in asdict(panel).items() if value}


def _panel_of(record: Mapping[str, Any]) -> Panel:
    known = {each.name for each in fields(Panel)}
    given = {name: value for name, value in record.items() if name in known}
    return Panel(**{**given, "metrics": tuple(given.get("metrics", ()))})


def _present(panels: Iterable[Panel], names: set[str]) -> Iterator[Panel]:
    """The panels with those of their metrics that are there."""
    for panel in panels:
        if panel.kind in ("line", "area"):
            found = tuple(name for name in panel.metrics if name in names)
            if panel.x in names and (found or panel.matches(names)):
                yield replace(panel, metrics=found)
        elif panel.kind == "parallel" or panel.names <= names:
            yield panel


def _series_names(config: Mapping[str, Any], trials: Sequence[Trial]) -> Iterator[str]:
    series = Series(RunInfo(Path(), config, len(trials), trials))
    for trial in trials:
        yield from series.trial(trial)
