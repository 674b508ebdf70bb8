"""The report of a run of any command, from its directory alone, also of a run that is going on or was interrupted."""

from pathlib import Path

from nasbench.core.store import RunStore


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


def rebuild_report(directory: Path) -> list[Path]:
    """Writes the report anew; returns the paths. UsageError where the directory holds no run."""
    return write_report(RunStore.read(directory))
