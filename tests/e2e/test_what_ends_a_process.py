"""Only the user ends a run. What else is meant to end a process, raised in a part of the user's own, is one failed
trial, or one error that says who did it.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.blame import blame
from nasbench.core.errors import Interrupted, PartFailed, TimeUp, TrialFailed
from nasbench.core.stop_signals import from_outside
from nasbench.engine.run.interrupt import interrupts
from nasbench.train.faults import trial_boundary

HEAD = "import asyncio, signal, sys\nfrom small_parts import *\n\nclass Stop(BaseException): pass\n"


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a search of four trials with the parts in `code`, by name; the other parts are good."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(code: str, *flags: str, **parts: str) -> int:
        (tmp_path / "mine.py").write_text(HEAD + code)
        monkeypatch.delitem(sys.modules, "mine", raising=False)
        names = {"space": "Space", "evaluator": "Good", "strategy": "Draws", **parts}
        named = [word for kind, name in names.items() for word in (f"--{kind}", f"mine:{name}")]
        return main(["search", *named, "--trials", "4", "--wandb", "off", "--run", "run", *flags])

    return run


def statuses() -> list[str]:
    return [json.loads(line)["status"] for line in Path("run/trials.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("raised", ["GeneratorExit", "asyncio.CancelledError", "KeyboardInterrupt", "StopIteration"])
def test_an_evaluator_that_raises_it_fails_its_trial(raised: str, search: Callable[..., int]) -> None:
    code = f"""
class Breaks(Good):
    def __call__(self, job, report):
        if job.number == 2: raise {raised}
        return super().__call__(job, report)
"""
    assert search(code, evaluator="Breaks") == 0
    assert statuses() == ["ok", "failed", "ok", "ok"]
    assert json.loads(Path("run/trials.jsonl").read_text().splitlines()[1])["error"] == raised.rpartition(".")[2] + ":"


OTHERS = {
    "a strategy out of a generator": (
        "class P(Draws):\n    def ask(self, *_): return next(iter(()))",
        {"strategy": "P"},
        (),
        "mine:P (mine.py:5) failed in ask(1): StopIteration: (mine.py:6)",
    ),
    "an executor in run()": (
        "class P:\n    reports_travel = True\n    def describe(self): return []\n    def close(self): pass\n"
        "    def run(self, loop, evaluator): sys.exit(0)",
        {},
        ("--executor", "mine:P"),
        "mine:P (mine.py:5) failed in run(): SystemExit: 0 (mine.py:9)",
    ),
    "an executor in close()": (
        "from nasbench.executors.local import LocalExecutor as L\nclass P:\n    reports_travel = True\n"
        "    def describe(self): return []\n    def close(self): raise Stop\n"
        "    def run(self, loop, evaluator): L().run(loop, evaluator)",
        {},
        ("--executor", "mine:P"),
        "mine:P (mine.py:6) failed in close(): Stop: (mine.py:9)",
    ),
    "a space in graphs()": (
        "class P(Space):\n    def graphs(self, spec): sys.exit(0)",
        {"space": "P"},
        (),
        "mine:P (mine.py:5) failed in graphs(): SystemExit: 0 (mine.py:6)",
    ),
    "an objective": (
        "def p(metrics): sys.exit(0)",
        {},
        ("--objectives", "mine:p"),
        "the objective 'p' failed: SystemExit: 0 (mine.py:5)",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_another_part_that_raises_it_is_named_and_the_status_is_not_0(
    case: str, search: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    code, parts, flags, told = OTHERS[case]
    assert search(code, *flags, **parts) == 1
    errors = capsys.readouterr().err
    assert told in errors
    assert "Traceback" not in errors


def test_an_interrupt_that_an_evaluator_swallows_ends_the_run_all_the_same(
    search: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
class Swallows(Good):
    def __call__(self, job, report):
        try:
            if job.number == 3: signal.raise_signal(signal.SIGINT)
        except BaseException: pass
        return super().__call__(job, report)
"""
    assert search(code, evaluator="Swallows") == 130
    assert statuses() == ["ok", "ok"], "what it returned may be half done"
    assert "Go on with: nasbench search --run run --resume" in capsys.readouterr().err


def test_a_library_that_ends_the_command_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nasbench.cli.raised_by_user", lambda _error: None)
    monkeypatch.setattr("nasbench.cli._command", lambda *_: sys.exit(0))
    assert main(["list"]) == 1
    assert "SystemExit: 0" in capsys.readouterr().err


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(0), asyncio.CancelledError(), GeneratorExit()])
def test_the_boundaries_let_none_of_them_through(error: BaseException) -> None:
    with pytest.raises(PartFailed, match=type(error).__name__), blame("a part", "a call"):
        raise error
    with pytest.raises(TrialFailed, match=type(error).__name__), trial_boundary("it"):
        raise error
    with pytest.raises(TimeUp), trial_boundary("it"), blame("a part", "a call"):
        raise TimeUp


def test_a_keyboard_interrupt_is_the_users_where_a_signal_came_or_could_not_be_heard() -> None:
    assert from_outside(KeyboardInterrupt()), "Python's own handler raises it here"
    assert from_outside(Interrupted("SIGTERM"))
    with interrupts():
        assert not from_outside(KeyboardInterrupt())
        ours = signal.signal(signal.SIGINT, lambda *_: None)
        assert from_outside(KeyboardInterrupt()), "a library hears the signal now"
        signal.signal(signal.SIGINT, ours)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        assert from_outside(KeyboardInterrupt()), "a library may have made one of it"
