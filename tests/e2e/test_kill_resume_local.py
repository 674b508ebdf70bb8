"""One worker, in process: a search that was killed with SIGKILL, whenever, leaves the log of one that never was."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "drivers" / "search.py"
TRIALS = 60
EVALUATED = 12, 24
"""Trials of this search that are evaluated and score (not answered from the log), in which the evaluator can kill the
process.
"""

MOMENTS = [
    *("before run.json", "while run.json", "after run.json"),
    *(
        "write:1",
        "line:1",
        "told:2",
        "listener:3",
        "line:5",
        "replay:4",
        "write:7",
        "trial:12",
        "told:13",
        "write:19",
        "line:20",
    ),
    *("replay:20", "trial:24", "write:28", "listener:30", "told:41", "line:59", "replay:59", "write:60"),
]
"""In an order in which each can follow the ones before it in the same search."""


Drive = Callable[..., int]


@pytest.fixture(scope="module")
def drive() -> Iterator[Drive]:
    """Runs (or goes on with) the search of a directory in a process of its own; its exit status."""
    with subprocess.Popen(
        [sys.executable, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout

        def drive(directory: Path, **options: Any) -> int:
            print(json.dumps([str(directory), {"trials": TRIALS, **options}]), file=server.stdin, flush=True)
            status = int(server.stdout.readline())
            assert status in (0, -9)
            return status

        yield drive
        server.stdin.close()
        assert server.wait(timeout=60) == 0


def log(directory: Path) -> list[dict[str, Any]]:
    """The lines of the log, less what depends on the clock."""
    lines = [json.loads(line) for line in (directory / "trials.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name not in ("seconds", "started", "worker")} for line in lines
    ]


def kill_at(drive: Drive, directory: Path, moment: str) -> None:
    """A sitting that ends at that moment; for a replay, there must be something to replay first."""
    kind, _, number = moment.partition(":")
    if kind == "replay" and not (directory / "trials.jsonl").exists():
        assert drive(directory, kill=f"line:{number}") == -9
    options = {"faults": {number: "kill once"}} if kind == "trial" else {"kill": moment}
    assert drive(directory, **options) == -9, f"the search was not killed at {moment}"


@pytest.fixture(scope="module")
def undisturbed(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    directory = tmp_path_factory.mktemp("undisturbed")
    assert drive(directory) == 0
    lines = log(directory)
    assert [line["number"] for line in lines] == list(range(1, TRIALS + 1))
    assert {line["status"] for line in lines} == {"ok", "cached", "failed"}
    assert all(lines[number - 1]["status"] == "ok" for number in EVALUATED)
    return lines


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_once_and_resumed(drive, moment, undisturbed, tmp_path):
    kill_at(drive, tmp_path, moment)
    assert drive(tmp_path) == 0
    assert log(tmp_path) == undisturbed


def test_killed_at_every_one_of_these_moments_one_after_another(drive, undisturbed, tmp_path):
    assert len(MOMENTS) >= 20
    for moment in MOMENTS:
        kill_at(drive, tmp_path, moment)
    assert drive(tmp_path) == 0
    assert log(tmp_path) == undisturbed
