"""The process that outlives a driver of Ray: what it says, and when it says nothing."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

DRIVER = """
import os, signal, sys
from nasbench.core.last_words import LAST_WORDS
from nasbench.core.stop_signals import leave
from nasbench.executors.reaper import Reaper

reaper = Reaper(*sys.argv[1:])
LAST_WORDS.change("this is not said")
LAST_WORDS.change("gone \\x1b[31m; go on with --resume")
{end}
"""
SAID = "nasbench: gone \\x1b[31m; go on with --resume\n"


def drive(end: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DRIVER.format(end=end), *map(str, folders)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=60)


def wait_for_the_end_of(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while folder.exists():
        assert time.monotonic() < deadline, f"{folder} is left"
        time.sleep(0.01)


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_it_says_the_last_words_of_a_driver_that_ends_without_any(end: str, tmp_path: Path) -> None:
    folder = tmp_path / "ray"
    folder.mkdir()
    ended = drive(end, folder)
    assert ended.returncode != 0
    assert ended.stderr == SAID
    wait_for_the_end_of(folder)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("leave('its own', 1)", "nasbench: its own\n"),
        ("reaper.dismiss(); os._exit(1)", ""),
        ("LAST_WORDS.change(''); os._exit(1)", ""),
    ],
)
def test_it_says_nothing_of_a_driver_that_has_had_its_say(end: str, said: str) -> None:
    assert drive(end).stderr == said


def test_a_standard_error_that_is_closed_or_full_stops_nothing(tmp_path: Path) -> None:
    """A pipe that nobody reads would hold whoever writes to it for ever."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b"." * 4096):
            pass
    command = [sys.executable, "-c", DRIVER.format(end="os._exit(1)")]
    for words, error in ((["sh", "-c", 'exec "$@" 2>&-', "sh"], None), ([], writing)):
        folder = tmp_path / "ray"
        folder.mkdir()
        assert subprocess.run([*words, *command, folder], check=False, timeout=60, stderr=error).returncode == 1
        wait_for_the_end_of(folder)
    os.close(reading)
    os.close(writing)
