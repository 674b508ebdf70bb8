"""Two workers, of Ray and without, and signals for the main process and for workers: no finished trial is lost, none is
run twice, and no process is left. Nobody else reaches the Ray that a search starts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "drivers" / "search.py"
KILLED = "the worker died: killed, crashed, or its machine is gone"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same within IPv6, and ::1, as /proc/net has them."""
LISTENS = "0A"
"""The state of a socket there."""


def start(directory: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(DRIVER), str(directory), json.dumps({"workers": 2, **options})]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def drive(directory: Path, **options: Any) -> int:
    process = start(directory, **options)
    out, err = process.communicate(timeout=600)
    assert process.returncode in (0, -signal.SIGKILL), err
    assert (out, err) == ("", "")  # it is no run of a command, which would leave last words
    return process.returncode


def whole_lines(directory: Path) -> list[str]:
    return (directory / "trials.jsonl").read_text().splitlines(keepends=True)


def search_with_kills(directory: Path, trials: int, moments: list[str], kill_after: list[int], **options: Any) -> None:
    """A search whose main process is killed at `moments`, and a worker of which kills itself once so many trials have
    begun.
    """
    options |= {"trials": trials, "kill_after": kill_after, "seconds": 0.01}
    before: list[str] = []
    for moment in moments:
        assert drive(directory, kill=moment, **options) == -signal.SIGKILL
        now = [line for line in whole_lines(directory) if line.endswith("\n")]
        assert now[: len(before)] == before, "a finished trial was lost"
        before = now
    assert drive(directory, **options) == 0
    assert whole_lines(directory)[: len(before)] == before, "a finished trial was lost"

    lines = [json.loads(line) for line in whole_lines(directory)]
    assert sorted(line["number"] for line in lines) == list(range(1, trials + 1))
    ok = [(line["key"], line["epochs"], line["seed"]) for line in lines if line["status"] == "ok"]
    assert len(ok) == len(set(ok)), "a finished trial was run twice"
    killed = sum(line["error"] == KILLED for line in lines)
    assert len(list(directory.glob("killed-after-*"))) == len(kill_after)
    # The trial of a worker that dies is run again, and fails only where it loses a second worker.
    assert killed <= len(kill_after) // 2
    print(
        f"{len(moments)} kills of the main process, {len(kill_after)} of workers ({killed} in the log), {len(lines)} "
        f"lines, {len(ok)} ok"
    )


def test_a_kill_of_the_main_process_and_two_of_workers(ray_session, tmp_path):
    search_with_kills(tmp_path, 18, ["write:8"], [3, 12], address=ray_session, epochs=1)


@pytest.mark.slow
def test_ten_kills_of_the_main_process_and_ten_of_workers(tmp_path):
    moments = [
        "after run.json",
        "line:5",
        "write:12",
        "told:20",
        "line:33",
        "listener:47",
        "write:60",
        "told:75",
        "line:90",
        "write:118",
    ]
    search_with_kills(tmp_path, 120, moments, [3, 7, 11, 15, 19, 23, 27, 31, 35, 39])


@pytest.mark.parametrize(
    ("number", "executor"),
    [
        pytest.param(signal.SIGTERM, {"workers": 2}, marks=pytest.mark.slow),
        (signal.SIGINT, {"workers": 0, "processes": 2}),
        (signal.SIGTERM, {"workers": 0, "processes": 2}),
    ],
)
def test_an_interrupt_stops_long_trials_at_once_and_leaves_no_process(number, executor, tmp_path):
    interrupt(start_long_trials(tmp_path, **executor), number, tmp_path)


def test_nobody_else_reaches_the_ray_of_a_search_and_an_interrupt_leaves_nothing_of_it(tmp_path, monkeypatch):
    home, run = tmp_path / "missing", tmp_path / "run"
    monkeypatch.setenv("HOME", str(home))
    process = start_long_trials(run, workers=2)
    token = token_of(process.pid)
    addresses = listening(process.pid, token.parent)
    assert addresses
    assert addresses <= LOOPBACK
    assert [oct(path.stat().st_mode & 0o777) for path in (token.parent, token)] == ["0o700", "0o600"]
    interrupt(process, signal.SIGINT, run)
    assert not token.parent.exists()
    assert not home.exists(), "Ray wrote its token into the home directory"


def start_long_trials(directory: Path, **executor: Any) -> subprocess.Popen[str]:
    """A search whose first two trials have begun and will not end."""
    process = start(directory, trials=10, seconds=600, **executor)
    deadline = time.monotonic() + 120
    while len(list(directory.glob("begun-*"))) < 2:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def interrupt(process: subprocess.Popen[str], number: signal.Signals, directory: Path) -> None:
    session = process.pid
    sent = time.monotonic()
    os.killpg(session, number) if number == signal.SIGINT else process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - sent < 20
    assert out == ""
    assert err.rstrip().endswith(f"nasbench.core.errors.Interrupted: {number.name}")
    assert (directory / "trials.jsonl").read_text() == ""
    assert_all_end(session)


def token_of(session: int) -> Path:
    """The token of the Ray that a process has started; it lies in the folder of that Ray."""
    (token,) = [word for word in environment_of(session) if word.startswith("RAY_AUTH_TOKEN_PATH=")]
    return Path(token.partition("=")[2])


def listening(main: int, folder: Path) -> set[str]:
    """The addresses, in hexadecimal, at which a process and those of the Ray in `folder` listen."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENS:
                sockets[f"socket:[{rest[5]}]"] = local.partition(":")[0]
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if process.name == str(main) or str(folder) in (process / "environ").read_text(errors="replace"):
                held = [os.readlink(entry) for entry in (process / "fd").iterdir()]
                found |= {sockets[each] for each in held if each in sockets}
    return found


def test_processes_end_with_a_main_process_that_is_killed_and_the_run_goes_on(tmp_path):
    options = {"workers": 0, "processes": 2, "trials": 20}
    process = start(tmp_path, kill="line:8", **options)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert_all_end(process.pid)
    process.communicate()
    assert drive(tmp_path, **options) == 0
    assert sorted(json.loads(line)["number"] for line in whole_lines(tmp_path)) == list(range(1, 21))


@pytest.mark.slow
def test_nothing_of_ray_outlives_a_main_process_that_is_killed(tmp_path):
    process = start_long_trials(tmp_path, workers=2, faults={1: "freeze"})
    folder = token_of(process.pid).parent
    process.kill()
    process.communicate()
    assert_all_end(process.pid, seconds=30)
    deadline = time.monotonic() + 120
    while folder.exists():
        assert time.monotonic() < deadline, f"{folder} is left"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gcs_server", "raylet"])
def test_a_ray_that_is_gone_is_told_within_seconds_with_how_to_go_on(name, tmp_path):
    process = start_command(tmp_path)
    (server,) = [number for number, command in children(process.pid) if command.partition("\0")[0].endswith(f"/{name}")]
    os.kill(server, signal.SIGKILL)
    killed = time.monotonic()
    errors = process.communicate(timeout=90)[1]
    assert time.monotonic() - killed < 15
    assert process.returncode == 1, errors
    assert "does not answer any more" in errors
    assert "go on with --resume" in errors
    assert all(line.endswith("\n") for line in whole_lines(tmp_path / "run"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "status"), [("DashboardAgent", 1), ("", -signal.SIGKILL)])
def test_a_process_that_ray_or_a_signal_ends_leaves_its_last_words(name, status, tmp_path):
    """Ray ends its raylet after its agent, and then, in C++, the process that it serves."""
    process = start_command(tmp_path)
    raylets = [number for number, command in children(process.pid) if command.partition("\0")[0].endswith("/raylet")]
    (agent,) = [number for raylet in raylets for number, command in children(raylet) if "DashboardAgent" in command]
    os.kill(agent, signal.SIGTERM) if name else process.kill()
    errors = process.communicate(timeout=90)[1]
    assert process.returncode == status, errors
    (sentence,) = [line for line in errors.splitlines() if line.startswith("nasbench: the process has ended")]
    assert sentence.endswith("are kept in run. Go on with: nasbench search --run run --resume")
    assert all(line.endswith("\n") for line in whole_lines(tmp_path / "run"))


def start_command(place: Path) -> subprocess.Popen[str]:
    """A long search on Ray that has finished a trial."""
    (place / "mine.py").write_text(
        "import time\nfrom small_parts import *\n\nclass Slow(Good):\n    def __call__(self, job, report):\n"
        "        time.sleep(0.5)\n        return super().__call__(job, report)\n"
    )
    words = (
        "--space mine:Space --strategy mine:Draws --evaluator mine:Slow --wandb off --run run --trials 400 --workers 2"
    )
    paths = [str(DRIVER.parents[3]), str(DRIVER.parent), str(place)]
    process = subprocess.Popen(
        [sys.executable, "-m", "nasbench", "search", *words.split()],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
        text=True,
    )
    log, deadline = place / "run" / "trials.jsonl", time.monotonic() + 120
    while not (log.exists() and log.stat().st_size):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def children(parent: int) -> list[tuple[int, str]]:
    """(number, command line with zeros between its words) of a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append((int(stat.parent.name), (stat.parent / "cmdline").read_text()))
    return found


def environment_of(session: int) -> set[str]:
    """The environment variables of all processes in a session."""
    found: set[str] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                found |= set((stat.parent / "environ").read_text(errors="replace").split("\0"))
    return found


def assert_all_end(session: int, seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if not living(session):
            break
        time.sleep(0.05)
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
