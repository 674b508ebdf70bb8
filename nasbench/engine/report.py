"""The report of a run of any command, from its directory alone, also of a run that is going on or was interrupted."""

from contextlib import nullcontext
from pathlib import Path

from nasbench.core.blame import in_one_line
from nasbench.core.errors import UsageError
from nasbench.core.run_record import check_whole
from nasbench.core.shown import quoted
from nasbench.core.spec import named_space
from nasbench.core.store import LOG_FILE, RUN_FILE, RunStore
from nasbench.core.trust import check_trusted, trusting
from nasbench.engine.config import RUNS, SearchConfig
from nasbench.engine.run.resume import completed_config, vouched_for


def write_report(store: RunStore) -> list[Path]:
    """Writes the report that belongs to the run's command; returns what was written, the page first."""
    command = store.run["command"]
    if command == "race":
        from nasbench.report.race.page import files_of, write_race

        return files_of(write_race(store), store.directory)
    if command == "fidelity":
        from nasbench.report.fidelity.page import write_fidelity

        return write_fidelity(store)
    if command == "supernet":
        from nasbench.report.supernet.page import write_supernet

        return write_supernet(store)
    if command == "compare":
        from nasbench.report.comparison.page import write_comparison

        return write_comparison(store)
    if command in ("train", "transfer") or (command == "scale" and not store.run["config"]["search"]):
        from nasbench.report.training.page import write_trainings

        return write_trainings(store)
    from nasbench.report.run.page import write_report as write_search

    return write_search(store)


def rebuild_report(directory: Path, trust: bool | None = None) -> list[Path]:
    """Writes the report anew; returns the paths.

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
            return write_report(store)
        except UsageError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise UsageError(
                f"the files of the run in {quoted(directory)} do not belong together, so that it has no report "
                f"({in_one_line(error)}). Restore {RUN_FILE} and {LOG_FILE} from where they were copied."
            ) from error
