"""What `make gpu` reads out of logs, and that no step of it takes longer than it may."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from gpu_measures import best_of, children_an_hour, log_of, reached, times_one
from step_process import run_step


def line(worker, started, seconds, score=0.5, status="ok"):
    moment = f"2026-01-01T00:{started // 60:02}:{started % 60:02}.000+00:00"
    return {"worker": worker, "started": moment, "seconds": seconds, "score": score, "status": status}


def test_children_of_workers_that_still_start_do_not_count():
    lines = [line("a", 0, 30.0), line("b", 0, 50.0), line("a", 30, 30.0), line("b", 50, 10.0), line("a", 60, 26.0)]
    found = children_an_hour([*lines, line("b", 60, 1.0, None, "failed")], workers=2)
    assert found["trained"] == 5
    assert (found["warm"], found["warm_seconds"]) == (3, 36.0)
    assert found["children_an_hour"] == 300.0
    assert found["seconds_a_child"] == 22.0


@pytest.mark.parametrize("lines", [[], [line("a", 0, 1.0)], [line("a", 0, 1.0), line("a", 1, 1.0)]])
def test_a_rate_is_told_only_where_every_worker_got_warm(lines):
    assert children_an_hour(lines, workers=2)["children_an_hour"] is None


def test_workers_are_compared_with_one():
    measured = {"1": {"children_an_hour": 200.0}}
    assert times_one({"children_an_hour": 700.0}, measured) == 3.5
    assert times_one({"children_an_hour": None}, measured) is None
    assert times_one({"children_an_hour": 700.0}, {}) is None


def test_a_log_that_was_cut_off_is_read_as_far_as_it_is_whole(tmp_path):
    assert log_of(tmp_path) == []
    (tmp_path / "trials.jsonl").write_text('{"status": "ok", "score": 0.5}\n{"status": "failed", "score": null}\n{"sta')
    assert best_of(log_of(tmp_path)) | {"cached": 0, "pruned": 0} == {
        "trials": 2, "ok": 1, "failed": 1, "cached": 0, "pruned": 0, "best_score": 0.5,
    }  # fmt: skip


def test_an_aim_is_reached_by_the_test_accuracy_alone():
    assert reached({"val_accuracy": 0.97, "test_accuracy": 0.951}, 0.95)["reached"]
    assert not reached({"val_accuracy": 0.97, "test_accuracy": 0.949}, 0.95)["reached"]
    assert not reached({}, 0.95)["reached"]


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    log = tmp_path / "log"
    ended = run_step(["sh", "-c", "echo begun; sleep 60 & wait"], 0.3, log, tmp_path, {})
    assert ended.timed_out
    assert ended.status != 0
    assert ended.last_line == "begun"


def test_the_answer_of_a_command_is_the_last_object_that_it_printed(tmp_path):
    log = tmp_path / "log"
    run_step(["echo", '{"of": "another"}'], 10.0, log, tmp_path, {})
    ended = run_step(["sh", "-c", """echo '{"a": 1}'; echo done; exit 3"""], 10.0, log, tmp_path, {})
    assert (ended.status, ended.record, ended.timed_out) == (3, {"a": 1}, False)
