"""W&B's own environment variables mean here what W&B documents; flags win over them; the exit code is the command's."""

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest

import nasbench
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.spec import Task
from nasbench.engine.config import Tracking
from nasbench.trackers.wandb import WandbTracker
from nasbench.trackers.wandb_run import mode_of
from unit.test_trackers_console import Info
from unit.test_trackers_wandb import files_of, records, series
from unit.toys import trial


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def logged(directory: Path, **options: Any) -> Path:
    """The file of the one W&B run that a short search in `directory` leaves."""
    directory.mkdir(exist_ok=True)
    tracker = WandbTracker(**options)
    tracker.start(Info(directory, {"space": "no-such-space"}, 1))
    tracker.trial(trial(1))
    tracker.finish({}, directory)
    (path,) = files_of(directory)
    return path


def run_record(path: Path) -> Any:
    return next(record.run for record in records(path) if record.HasField("run"))


def test_what_the_environment_says_of_a_run_is_what_the_run_is(tmp_path, monkeypatch):
    said = {
        "WANDB_PROJECT": "mine",
        "WANDB_ENTITY": "us",
        "WANDB_NAME": "tuesday",
        "WANDB_NOTES": "a note",
        "WANDB_TAGS": "one,two",
        "WANDB_RUN_GROUP": "night",
        "WANDB_JOB_TYPE": "night-job",
        "WANDB_RUN_ID": "r1",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    run = run_record(logged(tmp_path / "run"))
    assert (run.project, run.entity, run.display_name, run.notes) == ("mine", "us", "tuesday", "a note")
    assert (list(run.tags), run.run_group, run.job_type, run.run_id) == (["one", "two"], "night", "night-job", "r1")
    assert (tmp_path / "run" / "wandb-id").read_text() == "r1\n"


def test_without_it_a_run_is_called_as_its_directory_in_the_project_nasbench(tmp_path):
    run = run_record(logged(tmp_path / "run"))
    assert (run.project, run.display_name, run.job_type) == ("nasbench", "run", "search")
    assert (tmp_path / "run" / "wandb-id").read_text().strip() == run.run_id


@pytest.mark.parametrize("mode", ["offline", "dryrun"])
def test_wandb_mode_offline_needs_no_key_and_wins_over_one(tmp_path, monkeypatch, mode):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", mode)
    assert logged(tmp_path / "run").parent.name.startswith("offline-run-")


def test_wandb_mode_disabled_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    tracker = WandbTracker("auto", trials=True)
    tracker.start(Info(tmp_path, {"seeds": 1}, 1))
    tracker.trial(trial(1))
    tracker.finish({}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_was_given_wins_over_wandb_mode(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert logged(tmp_path / "run", mode="offline").suffix == ".wandb"
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert mode_of("online") == ("online", False)
    assert mode_of("auto") == ("disabled", True)


def test_a_mode_that_wandb_does_not_know_and_one_without_its_key_are_answered_at_once(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "ofline")
    with pytest.raises(UsageError, match=r"WANDB_MODE.*'ofline'.*Did you mean 'offline'"):
        WandbTracker("auto")
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(UsageError, match="WANDB_MODE=online needs a key"):
        WandbTracker("auto")


def test_wandb_dir_says_where_the_files_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "elsewhere"))
    directory = tmp_path / "run"
    directory.mkdir()
    tracker = WandbTracker("offline")
    tracker.start(Info(directory, {}, 1))
    tracker.finish({}, directory)
    assert not (directory / "wandb").exists()
    assert len(files_of(tmp_path / "elsewhere")) == 1


def test_another_id_in_the_environment_is_another_run_and_is_caught_up(tmp_path, monkeypatch):
    directory = tmp_path / "run"
    first = logged(directory)
    monkeypatch.setenv("WANDB_RUN_ID", "second")
    tracker = WandbTracker("offline")
    tracker.start(Info(directory, {}, 2, [trial(1)]))
    tracker.trial(trial(2))
    tracker.finish({}, directory)
    (path,) = [path for path in files_of(directory) if path != first]
    assert path.name == "run-second.wandb"
    assert (directory / "wandb-id").read_text() == "second\n"
    history = [record.history for record in records(path) if record.HasField("history")]
    assert len(history) == 2


def test_the_runs_of_single_trials_have_ids_and_names_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_ID", "r1")
    monkeypatch.setenv("WANDB_NAME", "tuesday")
    directory = tmp_path / "run"
    directory.mkdir()
    tracker = WandbTracker("offline", trials=True)
    tracker.start(Info(directory, {}, 1))
    tracker.trial(trial(1))
    tracker.finish({}, directory)
    runs = sorted((run_record(path) for path in files_of(directory)), key=lambda run: run.run_id)
    assert [(run.run_id, run.display_name) for run in runs] == [("r1", "tuesday"), ("r1-1", "trial-1")]


def test_text_of_users_reaches_wandb_as_it_is(tmp_path):
    names = ["$x_{$", "a*b/c.d", "[red]\x1b[31m", "line\nline", "שלום", "😀" * 200]
    directory = tmp_path / "run"
    directory.mkdir()
    tracker = WandbTracker("offline")
    tracker.start(Info(directory, {"note": names}, 1))
    for number, name in enumerate(names, start=1):
        tracker.epoch(Job(number, 0, epochs=1, key=name, name=name), 1, {"val_accuracy": 0.5})
        tracker.trial(trial(number, name=name, key=name))
    tracker.finish({}, directory)
    (path,) = files_of(directory)
    assert {f"{name}/seed0/val_accuracy" for name in names} <= series(path).keys()
    config = {item.key: json.loads(item.value_json) for item in run_record(path).config.update}
    assert config["note"] == names


class Half:
    """An evaluator whose second child has no score."""

    bad: ClassVar[set[int]] = {2}

    def check(self) -> None: ...

    def task(self) -> Task:
        return Task()

    def __call__(self, job: Job, report: object) -> dict[str, float]:
        return {"val_accuracy": float("nan") if job.number in self.bad else 0.5}


class Never(Half):
    bad: ClassVar[set[int]] = set(range(9))


@pytest.mark.parametrize(("evaluator", "code"), [("Half", 0), ("Never", 1)])
def test_wandb_is_told_the_exit_status_of_the_command(tmp_path, evaluator, code):
    """A failed child is an answer; a search of which nothing succeeded has failed."""
    options = {"space": "unit.toys:ToySpace", "strategy": "random", "trials": 4, "wandb": "offline"}
    run = tmp_path / "run"
    with pytest.raises(RunFailed) if code else nullcontext():
        nasbench.search(evaluator=f"{__name__}:{evaluator}", run=str(run), **options)
    (path,) = files_of(run)
    assert [record.exit.exit_code for record in records(path) if record.HasField("exit")] == [code]


def test_flags_win_over_the_environment(tmp_path, monkeypatch):
    import wandb

    monkeypatch.setenv("WANDB_PROJECT", "other")
    monkeypatch.setenv("WANDB_NAME", "other")
    monkeypatch.setenv("WANDB_TAGS", "other")
    settings = Tracking(
        wandb="offline", wandb_project="mine", wandb_entity="team", wandb_name="first", wandb_tags=("a,b", "c")
    ).wandb_settings
    (tmp_path / "run.json").write_text('{"command": "transfer"}')
    tracker = WandbTracker(**settings)
    tracker.start(Info(tmp_path, {"space": "no-such-space", "model": "zoo:lenet5"}, 1, ()))
    run = tracker._run
    assert (run.project, run.entity, run.name, run.tags) == ("mine", "team", "first", ("a", "b", "c"))
    assert run.job_type == "transfer"
    tracker.finish({}, tmp_path)
    assert isinstance(run, wandb.Run)


def test_settings_of_wandb_without_wandb_are_refused():
    with pytest.raises(UsageError, match="--wandb-project and --wandb-tags asks for something of W&B, and --wandb off"):
        Tracking(wandb="off", wandb_project="mine", wandb_tags=("a",)).check()


def test_tables_are_staged_in_the_run_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name in ("first", "second"):
        logged(tmp_path / name, mode="offline")
        assert (tmp_path / name / "wandb" / "artifacts").is_dir()
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "mine"))
    logged(tmp_path / "third", mode="offline")
    assert (tmp_path / "mine" / "artifacts").is_dir()
    assert not (tmp_path / "third" / "wandb" / "artifacts").exists()
    assert not (tmp_path / "home" / ".local").exists()
