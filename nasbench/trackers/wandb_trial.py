"""A W&B run for each trial, with its curve, grouped under the run of the search."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics
from nasbench.core.trial import Trial
from nasbench.trackers.series import numbers
from nasbench.trackers.wandb_metrics import summary_of

OWN = ("run_name", "run_group")
"""Of what flags set of the search's run, what a trial's run has not."""


class TrialRuns:
    """`open_run` opens a run of W&B, given settings that the environment may change and settings that it may not;
    `own` and `given` are those of the search's run, `run_id` is its id.
    """

    def __init__(
        self,
        open_run: Callable[[Mapping[str, Any], Mapping[str, Any]], Any],
        own: Mapping[str, Any],
        given: Mapping[str, Any],
        run_id: str,
        offline: bool,
    ) -> None:
        self._open, self._own, self._id, self._offline = open_run, own, run_id, offline
        self._given = {name: value for name, value in given.items() if name not in OWN}
        self._told: dict[int, list[dict[str, float]]] = {}

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Keeps what a training said until its trial is finished: one that is begun again says it again."""
        kept = [line for line in self._told.get(job.number, []) if line["epoch"] < epochs]
        self._told[job.number] = [*kept, {**numbers(metrics), "epoch": epochs}]

    def trial(self, trial: Trial) -> None:
        """The run of a finished trial: its curve, its score and metrics, its decisions as the configuration."""
        fixed = {
            **self._given,
            "run_id": f"{self._id}-{trial.number}",
            "run_name": f"trial-{trial.number}",
            "run_group": os.environ.get("WANDB_RUN_GROUP") or self._id,
            "run_job_type": "trial",
            "resume": None if self._offline else "allow",
        }
        named = {"name": trial.name} if trial.name else {}
        config = {**trial.genes, **named, "key": trial.key, "epochs": trial.epochs, "seed": trial.seed}
        run = self._open({**self._own, "config": config}, fixed)
        run.define_metric("epoch", hidden=True)
        run.define_metric("*", step_metric="epoch")
        curve = self._told.pop(trial.number, [])
        for name in dict.fromkeys(name for line in curve for name in line):
            if kept := summary_of(name):
                run.define_metric(name, step_metric="epoch", summary=kept)
        for line in curve:
            run.log(line, step=int(line["epoch"]))
        told = {
            name: value for name, value in numbers(trial.metrics).items() if not any(name in line for line in curve)
        }
        last = numbers({"score": trial.score, **told})
        if last:
            run.log(last, step=int(curve[-1]["epoch"]) if curve else 0)
        run.summary["status"] = trial.status
        run.summary["seconds"] = trial.seconds
        run.finish(exit_code=1 if trial.status == "failed" else 0)
