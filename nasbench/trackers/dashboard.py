"""The dashboard of a run: sections of panels, chosen for the command and for what the run has logged.

It is data: `nasbench.trackers.wandb_dashboard` makes a W&B workspace or report of it, and `dashboard.json` keeps it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from nasbench.core.curves import groups_of
from nasbench.core.protocols import RunInfo
from nasbench.core.trial import Trial
from nasbench.trackers.series import Series, numbers

Kind = Literal["line", "scatter", "media"]
TABLE = "trials"
OF_A_LINE = ("number", "seed", "name", "epoch")
"""What a line of the curves says besides its metrics."""
BEST_CELL = "best_cell"
LARGEST_GROUP = 12
"""Curves of a panel at the most; W&B's colours repeat beyond."""


@dataclass(frozen=True)
class Panel:
    """A plot. `metrics` are names of the run's history; of a `scatter` they and `x` are columns of its table of trials,
    of `media` names of what is logged at the end.
    """

    kind: Kind
    title: str
    metrics: tuple[str, ...]
    x: str = "trial"
    log_x: bool = False


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
        """The object that dashboard.json holds."""
        return asdict(self)

    @property
    def metrics(self) -> set[str]:
        """All names of the history that its panels show."""
        panels = [panel for section in self.sections for panel in section.panels]
        lines = {name for panel in panels if panel.kind == "line" for name in (*panel.metrics, panel.x)}
        media = {name for panel in panels if panel.kind == "media" for name in panel.metrics}
        return lines | media | ({TABLE} if any(panel.kind == "scatter" for panel in panels) else set())


def logged_names(config: Mapping[str, Any], trials: Sequence[Trial], epochs: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names that trackers have logged of a run; `epochs` are the lines of its curves."""
    names = set(_series_names(config, trials)) | ({TABLE} if trials else set())
    for told in epochs:
        if told.get("name"):
            values = {name: value for name, value in told.items() if name not in OF_A_LINE}
            names |= {f"{told['name']}/seed{told['seed']}/{metric}" for metric in numbers(values)} | {"epoch"}
    return names


def dashboard_of(command: str, title: str, config: Mapping[str, Any], names: set[str]) -> Dashboard:
    """The dashboard of a run of that command; of all its panels those whose series are there."""
    searches = command == "search" or (command == "scale" and config.get("search"))
    listed = [*(_search(config, names) if searches else _results()), *_curves(names)]
    sections = (Section(name, tuple(_present(panels, names))) for name, panels in listed)
    return Dashboard(title, command, tuple(section for section in sections if section.panels))


def _search(config: Mapping[str, Any], names: set[str]) -> Iterator[tuple[str, list[Panel]]]:
    yield (
        "Does it beat chance?",
        [
            Panel("line", "Best so far, and what random children would have", ("best_so_far", "random_expected_best")),
            Panel("line", "Score of each trial", ("score", "control_score")),
            Panel("line", "Trained again, or by itself", ("retrained_score",)),
        ],
    )
    yield (
        "Score and cost",
        [
            Panel("scatter", "Score against parameters", ("score",), "params", log_x=True),
            Panel("scatter", "Score against multiply-adds", ("score",), "macs", log_x=True),
            Panel("line", "Seconds a trial", ("seconds",)),
        ],
    )
    yield (
        "Controller",
        [
            Panel("line", "Entropy of what it proposes, nats", ("controller/entropy",)),
            Panel("line", "Loss of its last update", ("controller/loss",)),
            Panel("line", "Baseline of its reward", ("controller/baseline",)),
        ],
    )
    groups = dict.fromkeys(group.name for group in groups_of(config, ()))
    yield ("Operations over time", [_shares(group, names) for group in groups])
    yield (
        "Trials",
        [
            Panel("line", "How they ended", tuple(sorted(name for name in names if name.startswith("count/")))),
            Panel("media", "All trials", (TABLE,)),
            Panel("media", "The best cell", (BEST_CELL,)),
        ],
    )


def _shares(group: str, names: set[str]) -> Panel:
    shares = sorted(name for name in names if name.startswith(f"share/{group}/"))
    return Panel("line", f"Options of {group}, among the last proposals", tuple(shares[:LARGEST_GROUP]))


def _results() -> Iterator[tuple[str, list[Panel]]]:
    yield ("Results", [Panel("line", "Score of each training", ("score",)), Panel("line", "Seconds", ("seconds",))])


def _curves(names: set[str]) -> Iterator[tuple[str, list[Panel]]]:
    told = (
        ("val_accuracy", "Validation accuracy"),
        ("val_top5", "Validation, top 5"),
        ("val_loss", "Validation loss"),
        ("train_loss", "Training loss"),
        ("lr", "Learning rate"),
        ("images_per_second", "Images a second"),
    )
    curves = {metric: sorted(name for name in names if _is_curve(name, metric)) for metric, _ in told}
    yield ("Curves of the trainings", [Panel("line", title, tuple(curves[metric]), "epoch") for metric, title in told])


def _is_curve(name: str, metric: str) -> bool:
    return name.endswith(f"/{metric}") and "/seed" in name


def _present(panels: Iterable[Panel], names: set[str]) -> Iterator[Panel]:
    """The panels with those of their metrics that are there."""
    for panel in panels:
        if panel.kind == "scatter":
            there = {TABLE, "score", f"metrics/{panel.x}"} <= names
        else:
            panel = replace(panel, metrics=tuple(name for name in panel.metrics if name in names))
            there = bool(panel.metrics) and (panel.kind == "media" or panel.x in names)
        if there:
            yield panel


def _series_names(config: Mapping[str, Any], trials: Sequence[Trial]) -> Iterator[str]:
    series = Series(RunInfo(Path(), config, len(trials), trials))
    for trial in trials:
        yield from series.trial(trial)
