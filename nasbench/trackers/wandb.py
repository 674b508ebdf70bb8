"""Weights & Biases as a listener: one W&B run a run, online or offline, never on its critical path.

What is logged: the series of `nasbench.trackers.series`, what each training says after each epoch, a table of the
trials, at the end the tables and drawings that the dashboard shows, and the run's configuration.

Offline, the files lie under `<run directory>/wandb` and nothing touches the network. To upload them later, on a machine
with a key (`wandb login`): `wandb sync <run directory>/wandb/offline-run-*`. Each part of a resumed search carries
the same run id, kept in `<run directory>/wandb-id`, and steps go on where they were, so that W&B shows one run; `wandb
sync` takes several files in order. What the environment changes of this: see `nasbench.trackers.wandb_run`.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from nasbench.core.curves import is_retraining
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.picture import svg_image
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.registry import trackers as known
from nasbench.core.reported import CURVES, each_epoch_once
from nasbench.core.run_record import searches
from nasbench.core.run_shown import RunShown
from nasbench.core.run_title import run_title
from nasbench.core.shown import say, shortened
from nasbench.core.store import RUN_FILE
from nasbench.core.trial import Trial
from nasbench.core.within_epoch import STEP, STEPS
from nasbench.core.writing import write_atomically
from nasbench.trackers.dashboard import BEST_CELL, OF_A_LINE, TRIALS
from nasbench.trackers.panels import dashboard_of
from nasbench.trackers.series import Series, curve_of, numbers
from nasbench.trackers.wandb_alerts import Alerts
from nasbench.trackers.wandb_artifact import log_best, object_in
from nasbench.trackers.wandb_dashboard import Workspaces
from nasbench.trackers.wandb_media import html_of, media_of, trials_table
from nasbench.trackers.wandb_metrics import Axes
from nasbench.trackers.wandb_run import ID_FILE, Asked, connect, in_sweep, kept_id, mode_of
from nasbench.trackers.wandb_trial import TrialRuns

FIRST_TABLE = 50
"""Trials after which the table is logged first; then whenever they have doubled, so that a killed search has half of it
at least.
"""
WITHIN_FILE = "wandb-within"
"""How many reports within epochs were logged, in the run directory."""
LONGEST_TAG = 64
"""Characters of a tag of W&B."""


@known.register("wandb")
class WandbTracker:
    """`mode` auto is online where a key is set up, else offline. `trials` adds a W&B run for each trial, grouped under
    the search's. `given` are settings of W&B that win over its environment variables, `tags` go to the run. With
    `artifacts`, what the run leaves for use is logged as one; with `alerts` W&B tells of the end, of a stall, and of
    many failures.

    UsageError at once where `mode` is online and there is no key: W&B would prompt for it.
    """

    def __init__(
        self,
        mode: Asked = "auto",
        project: str = "nasbench",
        trials: bool = False,
        given: Mapping[str, str | None] | None = None,
        tags: Sequence[str] = (),
        artifacts: bool = False,
        alerts: bool = True,
    ) -> None:
        self._mode, self._may_go_offline = mode_of(mode)
        self._project, self._each, self._artifacts, self._alerting = project, trials, artifacts, alerts
        self._given: dict[str, Any] = {name: value for name, value in (given or {}).items() if value}
        if tags:
            self._given["run_tags"] = tuple(tags)
        self._run: Any = None
        self._series: Series
        self._axes: Axes
        self._next_table = FIRST_TABLE
        self._epochs = self._children = self._within = 0
        self._directory = Path()
        self._apart: TrialRuns | None = None
        self._alerts: Alerts | None = None
        self._workspaces: Workspaces | None = None
        self._shown = False

    @property
    def shows(self) -> bool:
        """Whether tables and drawings are kept."""
        return self._run is not None

    def start(self, run: RunInfo) -> None:
        if self._mode == "disabled":  # WANDB_MODE=disabled: nothing is logged and nothing is written
            return
        self._directory = run.directory
        with suppress(OSError, ValueError):
            self._within = int((run.directory / WITHIN_FILE).read_text(encoding="utf-8"))
        if self._each and in_sweep():
            say("nasbench: in a sweep W&B gives every run of a process the same id: --wandb-trials adds none")
        kept, record = kept_id(run.directory), object_in(run.directory / RUN_FILE)
        command, title = str(record.get("command", "search")), run_title(run.config)
        own = {
            "project": self._project,
            "run_id": kept or uuid4().hex[:12],
            "run_name": run.directory.resolve().name,
            "root_dir": str(run.directory),
            "run_job_type": command,
            "run_group": f"{command} · {title}",
            "run_tags": _tags(command, run.config),
            "run_notes": shlex.join(map(str, record.get("argv", ()))) or title,
            "config": dict(run.config),
        }
        if self._each and not in_sweep():
            own["run_group"] = own["run_id"]  # the trials' runs are in it too
        self._run = connect(self._mode, self._may_go_offline, own, self._given)
        if self._run.offline:
            self._mode = "offline"
        new = kept != self._run.id  # the environment may name another one
        write_atomically(run.directory / ID_FILE, self._run.id + "\n")
        self._run.config.update({"run_directory": str(run.directory), **_versions(record)}, allow_val_change=True)
        self._axes, self._series = Axes(self._run), Series(run)
        trials_table(())  # what a table imports is imported now, before the search
        self._listen_apart(own)
        if self._alerting:
            self._alerts = Alerts(self._run.name or title, lambda *told: self._run.alert(*told))
        if not self._run.offline:
            dashboard = dashboard_of(command, title, run.config)
            self._workspaces = Workspaces(dashboard, self._run.entity, self._run.project)
        self._catch_up(run, new)

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Logs what a training says: of one that has a name as `<name>/seed<S>/<metric>` against `epoch`, of a child of
        a search as `child/<metric>` against `child/reports`, the number of reports so far.
        """
        if self._mode == "disabled":
            return
        assert self._run is not None, "start comes first"
        self._log_epoch(job, epochs, metrics)
        if self._apart is not None:
            self._apart.epoch(job, epochs, metrics)

    def within(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Logs what a training says within an epoch, as `<name>/seed<S>/within/<metric>` against `updates`."""
        if self._mode == "disabled" or not job.name:
            return
        self._within += 1  # kept, as steps must not go back where the run is resumed
        write_atomically(self._directory / WITHIN_FILE, f"{self._within}\n")
        values = {f"{curve_of(job)}/within/{name}": value for name, value in numbers(metrics).items()}
        self._axes.within(curve_of(job), values)
        updates = epochs * metrics[STEPS] + metrics[STEP]
        self._run.log({**values, "updates": updates}, step=self._step)

    def trial(self, trial: Trial) -> None:
        if self._mode == "disabled":
            return
        assert self._run is not None, "start comes first"
        self._log_trial(trial)
        if len(self._series.trials) >= self._next_table:
            self._next_table = 2 * len(self._series.trials)
            self._run.log({TRIALS: trials_table(self._series.trials)}, step=self._step)
        if self._apart is not None:
            self._apart.trial(trial)
        if self._alerts is not None:
            self._alerts.trial(trial)

    def show(self, shown: RunShown) -> None:
        """Logs the tables and drawings of a run that has come to its end."""
        told = media_of(shown)
        if self._series.trials:
            told[TRIALS] = trials_table(self._series.trials, shown.networks)
        if told:
            self._run.log(told, step=self._step)
        self._shown = True

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        if self._run is None:
            return
        last: dict[str, Any] = {}
        if self._series.trials and not self._shown:
            last = {TRIALS: trials_table(self._series.trials)}
        if html := svg_image(run_dir / "best" / "cell.svg", run_dir, "The cells of the best network"):
            last[BEST_CELL] = html_of(html)
        if last:
            self._run.log(last, step=self._step)  # the last trial's own step: a resumed run goes on with the next
        for name, value in summary.items():
            self._run.summary[name] = value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
        scores = [trial.score for trial in self._series.trials if trial.score is not None and not trial.name]
        if scores:
            self._run.summary["best_score"] = max(scores)
        broken = bool(summary.get("interrupted") or summary.get("error"))
        if self._artifacts and not summary.get("discarded"):
            log_best(self._run, run_dir, object_in(run_dir / RUN_FILE), self._best_was_retrained(run_dir))
        if self._alerts is not None:
            self._alerts.end(len(self._series.trials), summary)
        if self._workspaces is not None:
            self._workspaces.wait()
        run, self._run = self._run, None
        run.finish(exit_code=1 if broken else 0)

    @property
    def _step(self) -> int:
        """Steps never go back: the trials in the log, and what was reported after epochs and within them."""
        return len(self._series.trials) + self._epochs + self._within

    def _log_epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        self._epochs += 1
        if job.name:
            curve, values = curve_of(job), self._series.epoch(job, metrics)
            self._axes.curve(curve, values)
            updates = numbers({"updates": metrics.get("updates")})
            self._run.log({**values, "epoch": epochs, **updates}, step=self._step)
            return
        self._children += 1
        values = self._series.child_epoch(job, epochs, metrics)
        self._axes.child(values)
        self._run.log({**values, "child/reports": self._children}, step=self._step)

    def _log_trial(self, trial: Trial) -> None:
        values = self._series.trial(trial)
        self._axes.trial(values)
        self._run.log(values, step=self._step)

    def _catch_up(self, run: RunInfo, new: bool) -> None:
        """Logs what a run was before that began without W&B; of one that did not, only counts it."""
        if new:
            with suppress(UsageError):  # curves that cannot be read cost no trial
                self._log_curves(run.directory)
        reports, children = _reports(run.directory / CURVES)
        self._epochs, self._children = max(self._epochs, reports), max(self._children, children)
        for trial in run.history:
            if new:
                self._log_trial(trial)
            else:
                self._series.trial(trial)

    def _log_curves(self, directory: Path) -> None:
        for line in each_epoch_once(directory):
            told = {name: value for name, value in line.items() if name not in OF_A_LINE}
            job = Job(line["number"], line["seed"], line["epoch"], "", name=line.get("name", ""))
            self._log_epoch(job, line["epoch"], told)

    def _listen_apart(self, own: Mapping[str, Any]) -> None:
        if not self._each or in_sweep():  # an agent of a sweep has one run, whose id W&B would give to all
            return

        def opened(settings: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
            return connect(self._mode, self._may_go_offline, settings, fixed)

        self._apart = TrialRuns(opened, own, self._given, self._run.id, self._mode == "offline")

    def _best_was_retrained(self, run_dir: Path) -> bool:
        number = object_in(run_dir / "best" / "metrics.json").get("number")
        return any(trial.number == number and is_retraining(trial) for trial in self._series.trials)


def _tags(command: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """What a run is found by: its command, what it searches or trains, how, and on which data."""
    named = [command, *(config.get(name) for name in ("space", "base", "strategy", "sampler", "dataset"))]
    if not searches(command, config):
        named = [each for each in named if each != config.get("strategy")]
    return tuple(dict.fromkeys(shortened(str(each), LONGEST_TAG) for each in named if each))


def _reports(path: Path) -> tuple[int, int]:
    """The lines of the curves, and how many are of children, which have no name."""
    if not path.exists():
        return 0, 0
    with open(path, "rb") as file:
        whole = [line for line in file if line.endswith(b"\n")]
    return len(whole), sum(b'"name":""' in line for line in whole)


def _versions(record: Mapping[str, Any]) -> dict[str, Any]:
    """What `run.json` says of where the run came from."""
    return {name: record[name] for name in ("versions", "hardware", "git_commit", "argv", "plan") if name in record}
