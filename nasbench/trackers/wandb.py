"""Weights & Biases as a listener: one W&B run a search, online or offline, never on the search's critical path.

What is logged: the series of `nasbench.trackers.series`, a table of the trials, the best cell's drawing, and the
run's configuration.

Offline, the files lie under `<run directory>/wandb` and nothing touches the network. To upload them later, on a machine
with a key (`wandb login`): `wandb sync <run directory>/wandb/offline-run-*`. Each part of a resumed search carries
the same run id, kept in `<run directory>/wandb-id`, and steps go on where they were, so that W&B shows one run; `wandb
sync` takes several files in order. What the environment changes of this: see `nasbench.trackers.wandb_run`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from nasbench.core.curves import best_so_far, expected_best, random_scores, searched
from nasbench.core.job import Job
from nasbench.core.json_text import parsed
from nasbench.core.picture import svg_image
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.registry import trackers as known
from nasbench.core.shown import say
from nasbench.core.trial import Trial
from nasbench.core.writing import write_atomically
from nasbench.trackers.series import Series, curve_of, numbers
from nasbench.trackers.wandb_run import Asked, connect, in_sweep, mode_of

FIRST_TABLE = 50
"""Trials after which the table is logged first; then whenever they have doubled, so that a killed search has half of it
at least.
"""
COLUMNS = (
    "number",
    "key",
    "status",
    "score",
    "params",
    "macs",
    "epochs",
    "seconds",
    "random",
    "note",
    "error",
    "architecture",
)


@known.register("wandb")
class WandbTracker:
    """`mode` auto is online where a key is set up, else offline. `trials` adds a W&B run for each trial, grouped under
    the search's. `given` are settings of W&B that win over its environment variables, `tags` go to the run.

    UsageError at once where `mode` is online and there is no key: W&B would prompt for it.
    """

    def __init__(
        self,
        mode: Asked = "auto",
        project: str = "nasbench",
        trials: bool = False,
        given: Mapping[str, str | None] | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        self._mode, self._may_go_offline = mode_of(mode)
        self._project, self._each = project, trials
        self._given: dict[str, Any] = {name: value for name, value in (given or {}).items() if value}
        if tags:
            self._given["run_tags"] = tuple(tags)
        self._run: Any = None
        self._series: Series
        self._next_table = FIRST_TABLE
        self._epochs = 0
        self._curves: set[str] = set()
        self._own: dict[str, Any] = {}

    def start(self, run: RunInfo) -> None:
        if self._mode == "disabled":  # WANDB_MODE=disabled: nothing is logged and nothing is written
            return
        if self._each and in_sweep():
            say("nasbench: in a sweep W&B gives every run of a process the same id: --wandb-trials adds none")
        kept = _kept_id(run.directory)
        self._own = {
            "project": self._project,
            "run_id": kept or uuid4().hex[:12],
            "run_name": run.directory.resolve().name,
            "root_dir": str(run.directory),
            "run_job_type": _record(run.directory).get("command", "search"),
            "config": dict(run.config),
        }
        curves = run.directory / "curves.jsonl"
        named = run.config.get("seeds") or run.config.get("sampler")  # trainings that have names
        self._epochs = _lines_in(curves) if named and curves.exists() else 0
        self._run = connect(self._mode, self._may_go_offline, self._own, self._given)
        if self._run.offline:
            self._mode = "offline"
        new = kept != self._run.id  # the environment may name another one
        write_atomically(run.directory / "wandb-id", self._run.id + "\n")
        self._run.config.update(
            {"run_directory": str(run.directory), **_versions(run.directory)}, allow_val_change=True
        )
        self._run.define_metric("trial", hidden=True)
        self._run.define_metric("*", step_metric="trial")
        self._run.define_metric("epoch", hidden=True)
        self._run.define_metric("score", summary="max", step_metric="trial")
        self._series = Series(run)
        self._table()  # what a table imports is imported now, before the search
        for trial in run.history:
            values = self._series.trial(trial)
            if new:  # the search began without W&B
                self._run.log(values, step=self._step)

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Logs the curves of a training that has a name, as `<name>/seed<S>/<metric>` against `epoch`."""
        if not job.name or self._mode == "disabled":
            return
        assert self._run is not None, "start comes first"
        self._epochs += 1
        curve = curve_of(job)
        if curve not in self._curves:
            self._curves.add(curve)
            if "*" not in curve:  # W&B takes one only at the end of a pattern
                self._run.define_metric(f"{curve}/*", step_metric="epoch")
        self._run.log({**self._series.epoch(job, metrics), "epoch": epochs}, step=self._step)

    @property
    def _step(self) -> int:
        """Steps never go back: the trials in the log and the epochs that were reported."""
        return len(self._series.trials) + self._epochs

    def trial(self, trial: Trial) -> None:
        if self._mode == "disabled":
            return
        assert self._run is not None, "start comes first"
        self._run.log(self._series.trial(trial), step=self._step)
        if len(self._series.trials) >= self._next_table:
            self._next_table = 2 * len(self._series.trials)
            self._run.log({"trials": self._table()}, step=self._step)
        if self._each and not in_sweep():  # an agent of a sweep has one run, whose id W&B would give to all
            self._log_apart(trial)

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        if self._run is None:
            return
        import wandb

        run, self._run = self._run, None
        last: dict[str, Any] = {}
        if self._series.trials:
            last = {"trials": self._table()}
            if not self._series.trials[0].name:  # a list of trainings is no search
                last["search_against_random"] = self._curve()
        if drawing := svg_image(run_dir / "best" / "cell.svg", run_dir, "The cells of the best network"):
            last["best_cell"] = wandb.Html(drawing, inject=False, data_is_not_path=True)
        if last:
            run.log(last, step=self._step)  # the last trial's own step: a resumed run goes on with the next
        for name, value in summary.items():
            run.summary[name] = value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
        run.finish(exit_code=1 if summary.get("interrupted") or summary.get("error") else 0)

    def _table(self) -> Any:
        import wandb

        rows = [
            [
                trial.number,
                trial.key,
                trial.status,
                trial.score,
                trial.metrics.get("params"),
                trial.metrics.get("macs"),
                trial.epochs,
                trial.seconds,
                bool(trial.note.get("blind") or trial.note.get("control")),
                json.dumps(dict(trial.note)),
                trial.error,
                json.dumps(dict(trial.genes)),
            ]
            for trial in self._series.trials
        ]
        return wandb.Table(columns=list(COLUMNS), data=rows)

    def _curve(self) -> Any:
        """n, best so far, expected best of n random, for as many n as there are random scores."""
        import wandb

        scores = random_scores(self._series.trials)
        best = best_so_far(searched(self._series.trials))
        step = max(1, len(best) // 200)
        rows = [
            [n, best[n - 1], expected_best(scores, n) if n <= len(scores) else None]
            for n in range(1, len(best) + 1, step)
        ]
        return wandb.Table(columns=["trials", "best_so_far", "random_expected_best"], data=rows)

    def _log_apart(self, trial: Trial) -> None:
        """A run of the trial's own. It shares the search's project and tags, but not its id, its name or its end."""
        assert self._run is not None, "start comes first"
        fixed = {
            **{name: value for name, value in self._given.items() if name != "run_name"},
            "run_id": f"{self._run.id}-{trial.number}",
            "run_name": f"trial-{trial.number}",
            "run_group": os.environ.get("WANDB_RUN_GROUP") or self._run.id,
            "run_job_type": "trial",
            "resume": None if self._mode == "offline" else "allow",
        }
        config = {**trial.genes, "key": trial.key, "epochs": trial.epochs, "seed": trial.seed}
        run = connect(self._mode, self._may_go_offline, {**self._own, "config": config}, fixed)
        run.log(numbers({"score": trial.score, **trial.metrics}))
        run.summary["status"] = trial.status
        run.finish(exit_code=1 if trial.status == "failed" else 0)


def _lines_in(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(line.endswith(b"\n") for line in file)


def _kept_id(directory: Path) -> str | None:
    """The W&B id that the run in a directory had before."""
    path = directory / "wandb-id"
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def _versions(directory: Path) -> dict[str, Any]:
    """What `run.json` says of where the run came from."""
    record = _record(directory)
    return {name: record[name] for name in ("versions", "hardware", "git_commit", "argv", "plan") if name in record}


def _record(directory: Path) -> dict[str, Any]:
    """What `run.json` holds; nothing where it cannot be read."""
    try:
        found = parsed((directory / "run.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
