"""The series of a run as a run of MLflow.

Where it goes is what MLFLOW_TRACKING_URI says; without it, `mlflow.db` beside the run directory, which no server needs:
`mlflow ui --backend-store-uri sqlite:///runs/mlflow.db`. The experiment is MLFLOW_EXPERIMENT_NAME, else nasbench. A
resumed run goes on with the same run of MLflow, whose id is in `<run directory>/mlflow-id`.
"""

import os
import re
from collections.abc import Mapping
from time import time

from nasbench.core.errors import UsageError
from nasbench.core.protocols import RunInfo
from nasbench.core.registry import trackers as known
from nasbench.core.writing import write_atomically
from nasbench.trackers.series_tracker import SeriesTracker

ID_FILE = "mlflow-id"
LONGEST_PARAMETER = 500
"""Characters of a parameter's value that every store of MLflow takes."""
BATCH = 1000
"""Metrics that MLflow takes at a time."""


@known.register("mlflow")
class MlflowTracker(SeriesTracker):
    """The configuration is the parameters of the run of MLflow, each cut to what its stores take."""

    def __init__(self) -> None:
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise UsageError(
                f"MLflow cannot be imported ({error}). Install it with `pip install mlflow` (or mlflow-skinny), or "
                "leave mlflow out of --track."
            ) from error
        self._client_of = MlflowClient

    def open(self, run: RunInfo) -> bool:
        beside = f"sqlite:///{run.directory.resolve().parent / 'mlflow.db'}"
        self._client = self._client_of(tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or beside)
        kept = run.directory / ID_FILE
        if kept.exists():
            self._id = kept.read_text(encoding="utf-8").strip()
            self._client.update_run(self._id, status="RUNNING")
            return False
        self._id = self._begun(run)
        write_atomically(kept, self._id + "\n")
        return True

    def write(self, axis: str, step: int, values: Mapping[str, float]) -> None:  # noqa: ARG002 - a name has one axis
        from mlflow.entities import Metric

        now = int(time() * 1000)
        metrics = [Metric(_taken(name), float(value), now, step) for name, value in values.items()]
        for first in range(0, len(metrics), BATCH):
            self._client.log_batch(self._id, metrics=metrics[first : first + BATCH])

    def close(self, stopped: bool) -> None:
        self._client.set_terminated(self._id, "KILLED" if stopped else "FINISHED")

    def _begun(self, run: RunInfo) -> str:
        from mlflow.entities import Param

        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "nasbench"
        there = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if there is None else there.experiment_id
        begun = str(self._client.create_run(experiment, run_name=run.directory.resolve().name).info.run_id)
        given = {key: str(value) for key, value in run.config.items() if value not in (None, "", ())}
        params = [Param(key, value[:LONGEST_PARAMETER]) for key, value in given.items()]
        self._client.log_batch(begun, params=params)
        return begun


def _taken(name: str) -> str:
    """The name with what MLflow takes: letters, digits, and _-. :/"""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)
