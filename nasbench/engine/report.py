"""Rebuilding a report: from the log alone, also of a run that is going on or was interrupted."""

from pathlib import Path

from nasbench.core.store import RunStore


def rebuild_report(directory: Path) -> list[Path]:
    """Writes the report and its pictures anew; returns their paths. UsageError where the directory holds no run."""
    store = RunStore.read(directory)
    from nasbench.report.html import write_report

    return write_report(store)
