"""The report of a run of any command, from its directory alone, also of a run that is going on or was interrupted; and
of several searches side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from nasbench.core.blame import in_one_line
from nasbench.core.errors import UsageError
from nasbench.core.run_record import check_whole
from nasbench.core.shown import quoted
from nasbench.core.spec import named_space
from nasbench.core.store import LOG_FILE, RUN_FILE, RunStore
from nasbench.core.trust import check_trusted, trusting
from nasbench.core.writing import write_atomically
from nasbench.engine.config import RUNS, SearchConfig
from nasbench.engine.run.resume import completed_config, vouched_for

Made = TypeVar("Made")
PAGES = {"race": "race", "fidelity": "fidelity", "supernet": "supernet", "compare": "comparison"}
"""Command -> the folder of nasbench.report that has its page, for those that are neither searches nor trainings."""


def report_of(store: RunStore) -> dict[str, str]:
    """The report that belongs to the run's command, file name -> text, the page first. Nothing is written."""
    command = store.run.get("command", "search")
    trains = command in ("train", "transfer") or (command == "scale" and not store.run["config"]["search"])
    folder = PAGES.get(command, "training" if trains else "run")
    made: dict[str, str] = import_module(f"nasbench.report.{folder}.page").files(store)
    return made


def write_report(store: RunStore) -> list[Path]:
    """Writes the report that belongs to the run's command; returns what was written, the page first."""
    return _written(report_of(store), store.directory)


def rebuild_report(directory: Path, trust: bool | None = None, out: Path | None = None) -> list[Path]:
    """Writes the report anew, into the run's directory or the folder `out`; returns the paths.

    Errors as of `opened_report`.
    """
    if out is None:
        return opened_report(directory, write_report, trust)
    _check_out(out)
    return _written(opened_report(directory, report_of, trust), out)


def report_side_by_side(directories: Sequence[Path], out: Path, trust: bool | None = None) -> list[Path]:
    """Writes one page of several searches into the folder `out`; returns the paths, the page first.

    UsageError for runs that are no searches, for a run that is given twice, for an `out` that is itself a run; others
    as of `opened_report`.
    """
    from nasbench.report.side_by_side.page import files

    _check_out(out)
    places = [directory.resolve() for directory in directories]
    if twice := next((each for each in places if places.count(each) > 1), None):
        raise UsageError(f"{quoted(directories[places.index(twice)])} is given twice. Name each run once.")
    stores = [opened_report(directory, _search_alone, trust) for directory in directories]
    return _written(files(stores), out)


def _search_alone(store: RunStore) -> RunStore:
    """The run, if it may stand beside others."""
    command = str(store.run.get("command", "search"))
    if command != "search":
        instead = {
            "race": "nasbench race with all --strategies sets strategies side by side",
            "fidelity": "nasbench fidelity with all --scores sets cheap scores side by side",
        }.get(command, "nasbench compare sets trained networks side by side")
        raise UsageError(
            f"searches can stand side by side, and {quoted(store.directory)} is a run of nasbench {command}. Leave it "
            f"out, or give it alone for its own report ({instead})."
        )
    return store


def _check_out(out: Path) -> None:
    if (out / RUN_FILE).exists():
        raise UsageError(f"--out {quoted(out)} is itself a run, whose own report stands there. Name another folder.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {quoted(out)} is a file. Name a folder; it is made where there is none.")


def _written(files: Mapping[str, str], directory: Path) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    for name in reversed(list(files)):  # the page last: the plots that it stands beside are there
        write_atomically(directory / name, files[name])
    return [directory / name for name in files]


def opened_report(directory: Path, make: Callable[[RunStore], Made], trust: bool | None = None) -> Made:
    """What `make`, such as `report_of`, makes of the run in a directory.

    UsageError where the directory holds no run; and where it is that of a search in a space that its run.json names by
    an import path, unless this user began the run here, or trusts it. `trust` None: as the command line says.
    """
    with nullcontext() if trust is None else trusting([], trust):
        store = RunStore.read(directory)
        check_whole(store.run, directory / RUN_FILE)
        vouched_for(store.run, directory)
        kind, plan = RUNS.get(store.run["command"], SearchConfig), store.run.get("plan") or {}
        store.run["config"] = completed_config(kind, store.run, directory)
        for space in (store.run["config"].get("space"), plan.get("source")):
            check_trusted(named_space(str(space or "")), directory / RUN_FILE)
        try:
            return make(store)
        except UsageError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise UsageError(
                f"the files of the run in {quoted(directory)} do not belong together, so that it has no report "
                f"({in_one_line(error)}). Restore {RUN_FILE} and {LOG_FILE} from where they were copied."
            ) from error
