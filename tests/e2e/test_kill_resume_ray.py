"""Two Ray workers, and SIGKILL for the main process and for workers: no finished trial is lost, and none is run twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "drivers" / "search.py"
KILLED = "the worker died: killed, crashed, or its machine is gone"


def start(directory: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(DRIVER), str(directory), json.dumps({"workers": 2, **options})]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def drive(directory: Path, **options: Any) -> int:
    process = start(directory, **options)
    out, err = process.communicate(timeout=600)
    assert process.returncode in (0, -signal.SIGKILL), err
    assert (out, err) == ("", "")
    return process.returncode


def whole_lines(directory: Path) -> list[str]:
    return (directory / "trials.jsonl").read_text().splitlines(keepends=True)


def search_with_kills(directory: Path, trials: int, moments: list[str], worker_kills: list[int], **options: Any) -> list[dict[str, Any]]:
    """The log of a search whose main process is killed at `moments`, and whose workers kill themselves in the trials `worker_kills`."""
    options |= {"trials": trials, "faults": dict.fromkeys(worker_kills, "kill"), "seconds": 0.02}
    before: list[str] = []
    for moment in moments:
        assert drive(directory, kill=moment, **options) == -signal.SIGKILL
        now = [line for line in whole_lines(directory) if line.endswith("\n")]
        assert now[: len(before)] == before, "a finished trial was lost"
        before = now
    assert drive(directory, **options) == 0
    assert whole_lines(directory)[: len(before)] == before, "a finished trial was lost"
    return [json.loads(line) for line in whole_lines(directory)]


def check(lines: list[dict[str, Any]], trials: int, worker_kills: list[int]) -> None:
    assert sorted(line["number"] for line in lines) == list(range(1, trials + 1))
    ok = [(line["key"], line["epochs"], line["seed"]) for line in lines if line["status"] == "ok"]
    assert len(ok) == len(set(ok)), "a finished trial was run twice"
    killed = {line["number"] for line in lines if line["error"] == KILLED}
    cached = {line["number"] for line in lines if line["status"] == "cached"}
    assert killed == set(worker_kills) - cached
    assert len(killed) >= 3


def test_two_kills_of_the_main_process_and_a_few_of_workers(ray_session, tmp_path):
    worker_kills = [4, 15, 26]
    lines = search_with_kills(tmp_path, 40, ["line:8", "write:20"], worker_kills, address=ray_session)
    check(lines, 40, worker_kills)


@pytest.mark.slow
def test_ten_kills_of_the_main_process_and_ten_of_workers(tmp_path):
    moments = ["after run.json", "line:5", "write:12", "told:20", "line:33", "listener:47", "write:60", "told:75", "line:90", "write:118"]
    worker_kills = [3, 8, 14, 22, 31, 40, 52, 55, 63, 71, 78, 85, 91, 97, 104, 110, 115]
    lines = search_with_kills(tmp_path, 120, moments, worker_kills)
    check(lines, 120, worker_kills)
    killed = sum(line["error"] == KILLED for line in lines)
    print(f"{len(moments)} kills of the main process, {killed} of workers, {len(lines)} lines")
    assert killed >= 10


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupt_stops_long_trials_at_once_and_leaves_no_process(number, tmp_path):
    process = start(tmp_path, trials=10, seconds=600)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("begun-*"))) < 2:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    session = process.pid
    sent = time.monotonic()
    os.killpg(session, number) if number == signal.SIGINT else process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - sent < 20
    assert out == ""
    assert err.rstrip().endswith(f"nasbench.core.errors.Interrupted: {number.name}")
    assert (tmp_path / "trials.jsonl").read_text() == ""
    for _ in range(100):
        if not living(session):
            break
        time.sleep(0.1)
    assert living(session) == []


def living(session: int) -> list[str]:
    """The commands of the processes in a session, apart from those that are dead and not yet buried."""
    commands = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, sid = stat.read_text().rpartition(")")[2].split()[:4]
            if int(sid) == session and state != "Z":
                commands.append((stat.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile
    return commands
