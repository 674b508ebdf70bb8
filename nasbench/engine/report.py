"""The report of a run of any command, from its directory alone, also of a run that is going on or was interrupted."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from nasbench.core.run_record import check_whole
from nasbench.core.spec import named_space
from nasbench.core.store import RUN_FILE, RunStore
from nasbench.core.trust import check_trusted, trusting
from nasbench.engine.run.resume import vouched_for


def write_report(store: RunStore) -> list[Path]:
    """Writes the report that belongs to the run's command; returns what was written, the page first."""
    command = store.run["command"]
    if command == "race":
        from nasbench.report.race.page import files_of, write_race

        return files_of(write_race(store), store.directory)
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
        config, plan = (store.run.get(name) for name in ("config", "plan"))
        spaces = [config.get("space")] if isinstance(config, Mapping) else []
        spaces += [plan.get("source")] if isinstance(plan, Mapping) else []
        for space in spaces:
            check_trusted(named_space(str(space or "")), directory / RUN_FILE)
        return write_report(store)
