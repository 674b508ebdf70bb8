"""The report of a run of any command, from its directory alone, also of a run that is going on or was interrupted."""

from collections.abc import Callable
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
    files = report_of(store)
    for name in reversed(files):  # the page last: the plots that it stands beside are there
        write_atomically(store.directory / name, files[name])
    return [store.directory / name for name in files]


def rebuild_report(directory: Path, trust: bool | None = None) -> list[Path]:
    """Writes the report anew; returns the paths. Errors as of `opened_report`."""
    return opened_report(directory, write_report, trust)


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
