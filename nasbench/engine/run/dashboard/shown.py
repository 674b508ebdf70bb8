"""What W&B shows of a run, made from its directory: the dashboard, and the tables and drawings that its panels name."""

from collections.abc import Iterator
from pathlib import Path

from nasbench.core.reported import read_epochs
from nasbench.core.run_record import searches
from nasbench.core.run_shown import RunShown, Table
from nasbench.core.run_title import run_title
from nasbench.core.store import RunStore
from nasbench.core.writing import write_json
from nasbench.engine.run.dashboard.compared_tables import (
    comparison_tables,
    fidelity_tables,
    race_tables,
    ranking_tables,
    training_tables,
)
from nasbench.engine.run.dashboard.parallel import parallel_coordinates
from nasbench.engine.run.dashboard.search_tables import scale_tables, search_tables
from nasbench.report.run.trial_drawing import drawing_of
from nasbench.trackers.dashboard import BEST_CELL, Dashboard, logged_names
from nasbench.trackers.panels import dashboard_of

FILE = "dashboard.json"
DRAWN = 24
"""Of so many of the best networks the table of trials has a drawing."""
LARGEST = 2 * 2**20
"""Bytes of a drawing that is logged."""
PICTURES = {"scale": ("surface", "comparison"), "compare": ("accuracy_against_macs",)}
"""Command -> drawings of its report that its dashboard has, file RUN/NAME.svg each."""


def shown_of(store: RunStore) -> RunShown:
    """The tables and drawings of a run. Of one that was broken off, what can be told so far."""
    command = _command(store)
    pictures = {name: text for name in PICTURES.get(command, ()) if (text := _picture(store, f"{name}.svg"))}
    if command == "search" and (drawn := parallel_coordinates(store.trials)):
        pictures["decisions"] = drawn
    networks: dict[str, str] = {}
    if searches(command, store.run["config"]):
        best = sorted(store.trials, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))
        for trial in best:
            if len(networks) < DRAWN and trial.scored and trial.key not in networks:
                networks[trial.key] = drawing_of(store.run, trial)
    return RunShown(dict(_tables(store, command)), pictures, {key: svg for key, svg in networks.items() if svg})


def dashboard_of_run(store: RunStore, shown: RunShown | None = None) -> Dashboard:
    """The dashboard of a run: of what its command can show, what it has logged."""
    config = store.run["config"]
    shown = shown_of(store) if shown is None else shown
    names = logged_names(config, store.trials, read_epochs(store.directory), shown)
    if (store.directory / "best" / "cell.svg").exists():
        names.add(BEST_CELL)
    return dashboard_of(_command(store), run_title(config), config).of(names)


def write_dashboard(directory: Path, dashboard: Dashboard) -> Path:
    """Writes dashboard.json into a run directory; its path."""
    path = directory / FILE
    write_json(path, dashboard.to_json())
    return path


def _tables(store: RunStore, command: str) -> Iterator[tuple[str, Table]]:
    makers = {
        "compare": (comparison_tables,),
        "supernet": (ranking_tables,),
        "race": (race_tables,),
        "fidelity": (fidelity_tables,),
        "search": (search_tables, ranking_tables),
    }.get(command, (scale_tables, search_tables) if searches(command, store.run["config"]) else (training_tables,))
    for make in makers:
        yield from make(store)


def _command(store: RunStore) -> str:
    return str(store.run.get("command", "search"))


def _picture(store: RunStore, name: str) -> str:
    path = store.directory / name
    if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST:
        return ""
    return path.read_text(encoding="utf-8")
