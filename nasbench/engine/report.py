"""Rebuilding a report: from the log alone, also of a run that is going on or was interrupted."""

from pathlib import Path

from nasbench.core.store import RunStore


def rebuild_report(directory: Path) -> list[Path]:
    """Writes the report and its pictures anew; returns their paths. UsageError where the directory holds no run."""
    store = RunStore.read(directory)
    if store.run.get("command") == "race":
        from nasbench.report.race.page import files_of, write_race

        return files_of(write_race(store), directory)
    from nasbench.report.run.page import write_report

    return write_report(store)
