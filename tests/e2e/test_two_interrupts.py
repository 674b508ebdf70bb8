"""Ctrl-C twice, as people press it: the run still says how to go on and ends with status 130."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nasbench.cli.listing  # noqa: F401 - a test replaces its run
from nasbench.cli import main
from nasbench.core.errors import Interrupted
from nasbench.core.store import RunStore
from nasbench.engine.run.interrupt import interrupts

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = Path(__file__).parent / "drivers"
EVALUATOR = """
import time
from nasbench.core.spec import Task

class Slow:
    def check(self): pass
    def task(self): return Task()
    def __call__(self, job, report):
        time.sleep(0.05)
        return {"val_accuracy": 0.5}
"""


def test_only_the_first_of_quick_signals_raises() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts():
        with pytest.raises(Interrupted, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_closed_terminal_ends_a_run_as_ctrl_c_does_and_nohup_lets_it_run() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with interrupts(), pytest.raises(Interrupted, match="SIGHUP"):
            signal.raise_signal(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with interrupts():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_interrupt_that_disturbs_the_clean_up_tells_how_to_go_on_all_the_same(monkeypatch, capsys) -> None:
    def run(argv: list[str]) -> None:
        try:
            raise Interrupted("interrupted; 3 finished trials are kept. Go on with: nasbench search --resume")
        finally:
            raise KeyboardInterrupt

    monkeypatch.setattr("nasbench.cli.listing.run", run)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # what main does to its process after an interrupt
    assert main(["list"]) == 130
    assert "Go on with: nasbench search --resume" in capsys.readouterr().err


def test_a_quick_second_interrupt_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(EVALUATOR)
    words = "search --space examples.toy_space:ToySpace --evaluator slow:Slow --strategy random --trials 5000 --run run"
    process = subprocess.Popen(
        [sys.executable, "-m", "nasbench", *words.split(), "--wandb", "off"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / "run" / "trials.jsonl"
    deadline = time.monotonic() + 60
    while not (log.exists() and log.stat().st_size):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Go on with: nasbench search --run run --resume" in errors.splitlines()[-1]
    assert "Traceback" not in errors


WAITS = """
import os, time
from pathlib import Path
from small_parts import *

def wait(moment):
    if os.environ["MOMENT"] == moment:
        Path("here").touch()
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try: time.sleep(1)
            except BaseException:
                if moment != "a stubborn trial": raise

class Waits(Good):
    def __call__(self, job, report):
        if job.number == 3:
            wait("a trial")
            wait("a stubborn trial")
        return super().__call__(job, report)

class Late(Listens):
    def finish(self, summary, directory): wait("the end")

wait("the start")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "kept"), [("the start", None), ("a trial", 2), ("a stubborn trial", 2), ("the end", 4)]
)
def test_a_fast_double_ctrl_c_ends_the_command_at_once_and_what_is_on_disk_is_whole(
    moment: str, kept: int | None, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(WAITS)
    flags = "--strategy mine:Draws --track mine:Late --wandb off --trials 4 --run run"
    command = [sys.executable, "-m", "nasbench", "search", "--space", "mine:Space", "--evaluator", "mine:Waits"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{DRIVERS}", "MOMENT": moment}
    process = subprocess.Popen(
        [*command, *flags.split()], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "here").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - sent < 15, "it waited for the part"
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert (tmp_path / "run").exists() == (kept is not None)
    if kept is not None:
        assert "Go on with: nasbench search --run run --resume" in errors.splitlines()[-1]
        assert len(RunStore.read(tmp_path / "run").trials) == kept
        again = [*command[:4], "--run", "run", "--resume"]
        assert (
            subprocess.run(again, cwd=tmp_path, env={**environment, "MOMENT": ""}, capture_output=True).returncode == 0
        )
