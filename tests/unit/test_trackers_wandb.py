"""W&B offline: what a search logs is read back from the files it leaves."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from nasbench.core.curves import expected_best
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.trial import Trial
from nasbench.trackers.guard import Guarded
from nasbench.trackers.wandb import WandbTracker
from nasbench.trackers.wandb_run import key_is_set_up
from unit.test_trackers_console import Info
from unit.toys import trial

FRESH = ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "WANDB_DIR", "WANDB_RUN_ID", "WANDB_PROJECT")


@pytest.fixture(autouse=True)
def no_key(monkeypatch, tmp_path):
    for name in FRESH:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def records(path: Path) -> Iterator[Any]:
    """The records of an offline run: after 7 bytes, LevelDB's log framing. A record lies in chunks of (crc 4, length 2,
    type 1, data) in blocks of 32 KiB; types: 1 whole, 2 first, 3 middle, 4 last; a block's last bytes stay empty where
    no header fits."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        if at + 7 + length > len(data):  # W&B's own process is still writing it
            return
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield Record.FromString(parts)
            parts = b""


def series(path: Path) -> dict[str, list[Any]]:
    """Metric -> its logged values, in order."""
    found: dict[str, list[Any]] = {}
    for record in records(path):
        if record.HasField("history"):
            for item in record.history.item:
                found.setdefault(item.key or ".".join(item.nested_key), []).append(json.loads(item.value_json))
    return found


def files_of(directory: Path) -> list[Path]:
    """The offline runs' files, once W&B's own process has written their last record."""
    paths = sorted((directory / "wandb").glob("offline-run-*/run-*.wandb"))
    deadline = monotonic() + 30
    while not all(any(record.HasField("exit") for record in records(path)) for path in paths):
        assert monotonic() < deadline, "no last record after 30 s"
        sleep(0.05)
    return paths


def run_trials() -> list[Trial]:
    trials = []
    for number in range(1, 13):
        note = {
            "blind": number <= 4,
            "entropy": 5.0 - number / 10,
            "loss": 0.1 * number,
            "baseline": 0.5,
            "updates": number // 4,
        }
        trials.append(
            trial(
                number,
                score=0.5 + 0.01 * number,
                key=f"k{number}",
                genes="aab",
                metrics={"params": 10, "macs": 20},
                note=note,
            )
        )
    trials[6] = trial(7, "failed", None, error="out of memory", metrics={}, note={"blind": False, "entropy": 4.0})
    return [*trials, trial(13, score=0.3, key="k13", note={"control": True, "blind": True})]


def tracked(directory: Path, finished: Sequence[Trial], history: Sequence[Trial] = (), **options: Any) -> list[Path]:
    directory.mkdir(exist_ok=True)
    tracker = WandbTracker("offline", **options)
    tracker.start(Info(directory, {"space": "no-such-space", "trials": 12, "seed": 3}, 13, history))
    for one in finished:
        tracker.trial(one)
    tracker.finish({"trials": 13, "best": {"number": 12}}, directory)
    return files_of(directory)


def test_the_offline_run_holds_the_series_the_table_and_the_drawing(tmp_path, capfd):
    run = tmp_path / "run"
    (run / "best").mkdir(parents=True)
    (run / "best" / "cell.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>cell</text></svg>')
    (run / "run.json").write_text(json.dumps({"schema": 1, "versions": {"torch": "2.15"}, "argv": ["nasbench"]}))
    trials = run_trials()
    (path,) = tracked(run, trials)
    logged = series(path)
    scores = [one.score for one in trials[:12]]
    assert logged["score"] == [score for score in scores if score is not None]
    assert logged["control_score"] == [0.3]
    assert logged["trial"] == list(range(1, 14))
    assert logged["best_so_far"][-1] == max(score for score in scores if score is not None)
    assert logged["controller/entropy"] == [one.note["entropy"] for one in trials[:12]]
    assert len(logged["controller/loss"]) == len(logged["controller/baseline"]) == 11
    known = [0.51, 0.52, 0.53, 0.54]
    assert logged["random_expected_best"] == pytest.approx(
        [expected_best(known[: min(n, 4)], min(n, 4)) for n in range(1, 13)]
    )
    assert logged["trials._type"] == ["table-file"]
    assert logged["trials.nrows"] == [13]
    content = json.loads((path.parent / "files" / logged["trials.path"][0]).read_text())
    assert content["columns"][:4] == ["number", "key", "status", "score"]
    assert [row[2] for row in content["data"]].count("failed") == 1
    assert "cell" in (path.parent / "files" / logged["best_cell.path"][0]).read_text()
    config = {
        item.key: json.loads(item.value_json)
        for record in records(path)
        if record.HasField("config")
        for item in record.config.update
    }
    initial = next(record.run for record in records(path) if record.HasField("run"))
    config |= {item.key: json.loads(item.value_json) for item in initial.config.update}
    assert config["seed"] == 3
    assert config["versions"] == {"torch": "2.15"}
    assert initial.project == "nasbench"
    assert capfd.readouterr() == ("", "")


def test_shares_of_options_are_logged(tmp_path, monkeypatch):
    directory = tmp_path / "run"
    directory.mkdir()
    tracker = WandbTracker("offline")
    tracker.start(Info(directory, {"space": "unit.toys:ToySpace"}, 2))
    tracker.trial(trial(1, genes="aab"))
    tracker.trial(trial(2, genes="bbb"))
    tracker.finish({}, directory)
    (path,) = files_of(directory)
    logged = series(path)
    assert logged["share/op/a"] == [pytest.approx(2 / 3), pytest.approx(2 / 6)]
    assert logged["share/op/b"] == [pytest.approx(1 / 3), pytest.approx(4 / 6)]


def test_a_resumed_search_goes_on_under_the_same_id(tmp_path):
    run, trials = tmp_path / "run", run_trials()
    (first,) = tracked(run, trials[:5])
    both = tracked(run, trials[5:], history=trials[:5])
    (second,) = [path for path in both if path != first]
    assert first.name == second.name == f"run-{(run / 'wandb-id').read_text().strip()}.wandb"
    assert series(first)["trial"] + series(second)["trial"] == list(range(1, 14))
    steps = [
        record.history.step.num for path in (first, second) for record in records(path) if record.HasField("history")
    ]
    assert steps == list(range(1, 14))


def test_the_curves_of_named_trainings_are_logged_against_their_epochs(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / "curves.jsonl").write_text('{"epoch": 1}\n' * 5)  # of an earlier sitting: steps do not go back
    tracker = WandbTracker("offline")
    tracker.start(Info(directory, {"seeds": 2}, 2))
    for seed in (0, 1):
        job = Job(seed + 1, seed, epochs=2, key="k", name="zoo:lenet5")
        for epoch in (1, 2):
            tracker.epoch(job, epoch, {"val_accuracy": seed + epoch / 10, "left_out": "text"})
        tracker.epoch(replace(job, name=""), 1, {"val_accuracy": 9.0})
        tracker.trial(trial(seed + 1, score=0.5, name="zoo:lenet5", seed=seed))
    tracker.finish({}, directory)
    (path,) = files_of(directory)
    logged = series(path)
    assert [logged[f"zoo:lenet5/seed{seed}/val_accuracy"] for seed in (0, 1)] == [[0.1, 0.2], [1.1, 1.2]]
    assert logged["epoch"] == [1, 2, 1, 2]
    assert not [name for name in logged if "left_out" in name or "against_random" in name or "best_so_far" in name]
    steps = [record.history.step.num for record in records(path) if record.HasField("history")]
    assert steps == list(range(6, 14))
    assert logged["child/val_accuracy"] == [9.0, 9.0]  # of a training without a name, against its own count
    assert logged["child/number"] == [1, 2]
    assert logged["child/reports"] == [1, 2]
    metrics = [record.metric for record in records(path) if record.HasField("metric")]
    against = {metric.glob_name or metric.name: metric.step_metric for metric in metrics if metric.step_metric}
    assert against["zoo:lenet5/seed0/*"] == against["zoo:lenet5/seed1/*"] == "epoch"
    assert against["child/*"] == "child/reports"
    best = {metric.name for metric in metrics if metric.summary.max}
    assert {"score", "zoo:lenet5/seed0/val_accuracy", "child/val_accuracy"} <= best


def test_a_search_begun_without_wandb_is_caught_up(tmp_path):
    trials = run_trials()
    (path,) = tracked(tmp_path / "run", trials[5:], history=trials[:5])
    assert series(path)["trial"] == list(range(1, 14))


def test_each_trial_can_have_a_run_of_its_own(tmp_path):
    paths = tracked(tmp_path / "run", run_trials()[:2], trials=True)
    runs = [next(record.run for record in records(path) if record.HasField("run")) for path in paths]
    assert sorted(run.job_type for run in runs) == ["search", "trial", "trial"]
    search = next(run for run in runs if run.job_type == "search")
    assert {run.run_group for run in runs if run.job_type == "trial"} == {search.run_id}
    assert {run.display_name for run in runs} == {"run", "trial-1", "trial-2"}


def test_online_without_a_key_is_answered_before_any_work():
    with pytest.raises(UsageError, match="WANDB_API_KEY"):
        WandbTracker("online")


def test_a_key_is_found_in_the_environment_and_in_netrc(monkeypatch, tmp_path):
    assert not key_is_set_up()
    (tmp_path / "netrc").write_text("machine api.wandb.ai\n  login user\n  password 0123\n")
    (tmp_path / "netrc").chmod(0o600)
    assert key_is_set_up()
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert not key_is_set_up()
    monkeypatch.setenv("WANDB_API_KEY", "0123")
    assert key_is_set_up()


def test_a_missing_package_is_said_once_and_costs_nothing(tmp_path):
    code = f"""
import sys
sys.modules["wandb"] = None
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from nasbench.trackers.guard import Guarded
from nasbench.trackers.wandb import WandbTracker
tracker = Guarded(WandbTracker())
tracker.start(SimpleNamespace(directory=Path({str(tmp_path)!r}), config={{}}, planned=1, history=()))
tracker.trial(None)
tracker.finish({{}}, Path({str(tmp_path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "pip install wandb" in done.stderr


def test_an_unwritable_directory_costs_nothing(tmp_path, capfd):
    (tmp_path / "file").touch()
    tracker = Guarded(WandbTracker("offline"))
    tracker.start(Info(tmp_path / "file" / "run"))
    tracker.trial(trial(1))
    tracker.finish({}, tmp_path)
    assert tracker.broken
    assert "WandbTracker failed" in capfd.readouterr().err
