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
from nasbench.engine.run.interrupt import interrupts

ROOT = Path(__file__).resolve().parents[2]
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
