"""Parts of the user's own that misbehave: one failed trial where it is that trial's fault, or else one clear error that
says which part, which line, and what was expected. Nothing ends the process without a word.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.broken import lines, module_in, search

from nasbench.cli import main


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return module_in(tmp_path, monkeypatch)


RAISED = {
    "sys.exit": ("sys.exit(0)", "SystemExit: 0"),
    "a text": ("sys.exit('gone')", "SystemExit: gone"),
    "endless recursion": ("deep()", "RecursionError"),
    "a BaseException": ("raise Stop('stop')", "Stop: stop"),
    "a ValueError": ("raise ValueError('too wide')", "ValueError: too wide"),
}


@pytest.mark.parametrize("case", RAISED)
def test_what_an_evaluator_raises_is_one_failed_trial(case: str, parts: Callable[[str], None]) -> None:
    statement, reason = RAISED[case]
    parts(f"""
class Broken(Good):
    def __call__(self, job, report):
        if job.number == 2: {statement}
        return super().__call__(job, report)
""")
    assert search(evaluator="Broken") == 0
    assert [line["status"] for line in lines()] == ["ok", "failed", "ok", "ok"]
    assert reason in lines()[1]["error"]


RETURNED = {
    "nothing": ("None", ["returned None", "dict of metrics"]),
    "a number": ("0.5", ["returned float '0.5'", "dict of metrics"]),
    "no such metric": ("{'accuracy': 0.5}", ["no metric 'val_accuracy'", "['accuracy']"]),
    "a text": ("{'val_accuracy': '0.5'}", ["'val_accuracy' is '0.5', which is no number"]),
    "an array": ("{'val_accuracy': numpy.ones(2)}", ["'val_accuracy' as a ndarray of shape (2,)"]),
    "an object": ("{'val_accuracy': 0.5, 'net': object()}", ["'net' as object", "no JSON"]),
}


@pytest.mark.parametrize("case", RETURNED)
@pytest.mark.parametrize("number", [1, 3])
def test_what_is_no_metrics_is_told_with_the_part_and_its_line(
    case: str, number: int, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    value, fragments = RETURNED[case]
    parts(f"""
class Broken(Good):
    def __call__(self, job, report):
        return {value} if job.number == {number} else super().__call__(job, report)
""")
    status = search(evaluator="Broken")
    if number == 1:  # every other trial would return the same
        assert status == 2
        told = capsys.readouterr().err
        assert not Path("run").exists(), "what was refused leaves nothing"
    else:
        assert status == 0
        assert [line["status"] for line in lines()] == ["ok", "ok", "failed", "ok"]
        told = lines()[2]["error"]
    assert "Traceback" not in told
    for fragment in ("mine:Broken (mine.py:", *fragments):
        assert fragment in told


def test_a_number_of_numpy_is_a_number(parts: Callable[[str], None]) -> None:
    parts("""
class Numpy(Good):
    def __call__(self, job, report): return {"val_accuracy": numpy.float32(0.5), "n": numpy.int64(3), "nan": [1]}
""")
    assert search(evaluator="Numpy") == 0
    assert lines()[0]["metrics"] == {"val_accuracy": 0.5, "n": 3, "nan": [1]}


STRATEGIES = {
    "ask raises": ("def ask(self, *_): raise KeyError('x')", 1, ["failed in ask(1): KeyError: 'x' (mine.py:"]),
    "ask leaves": ("def ask(self, *_): sys.exit(0)", 1, ["failed in ask(1): SystemExit: 0 (mine.py:"]),
    "tell raises": ("def tell(self, trial): raise Stop('no')", 1, ["failed in tell() of trial 1: Stop: no (mine.py:"]),
    "ask returns nothing": ("def ask(self, *_): return None", 2, ["answered ask(1) with None", "must return"]),
    "no architecture": ("def ask(self, *_): return Proposal(1, {'a': 1})", 2, ["no point of the space 'my'"]),
    "no such option": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 99, 'b': 1}))",
        2,
        ["decision 'a' has no option 99"],
    ),
    "a decision too few": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 1}))",
        2,
        ["missing decisions ['b']"],
    ),
    "another space": (
        "def ask(self, *_): return Proposal(1, Architecture.of('yours', {'a': 1, 'b': 1}))",
        2,
        ["its space is named 'yours'"],
    ),
    "fewer epochs than one": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 1, 'b': 1}), epochs=-3)",
        2,
        ["its epochs must be None, or a whole number from 1 on; got -3"],
    ),
    "a schedule in words": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 1, 'b': 1}), 1, schedule='long')",
        2,
        ["its schedule must be None, or a whole number from 1 on; got 'long'"],
    ),
    "what goes on from a key": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 1, 'b': 1}), 1, resume_from='3fa9')",
        2,
        ["its resume_from must be None, or a whole number from 1 on; got '3fa9'"],
    ),
    "a note that is the run's own": (
        "def ask(self, *_): return Proposal(1, Architecture.of('my', {'a': 1, 'b': 1}), note={'step': 5})",
        2,
        ["its note has 'step', which runs write themselves: call it something else"],
    ),
    "its making raises": (
        "def __init__(self, space): raise ValueError('no')",
        2,
        ["'mine:Broken' failed in its making"],
    ),
    "neither made with a space nor told": (
        "pass\n\nclass Broken:\n    def ask(self, *_): pass",
        2,
        ["lacks tell (see nasbench.core.protocols.Strategy). A strategy is made as Broken(space, ...)"],
    ),
    "not made with a space": (
        "def __init__(self): pass",
        2,
        ["takes 0 positional", "made as Broken(space, ...), see nasbench.core.protocols.Strategy"],
    ),
    "no method": ("tell = None", 2, ["'mine:Broken' is no strategy", "lacks tell"]),
}


@pytest.mark.parametrize("case", STRATEGIES)
def test_a_strategy_that_breaks_is_named(
    case: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    method, status, fragments = STRATEGIES[case]
    parts(f"\nclass Broken(Draws):\n    {method}\n")
    assert search(strategy="Broken") == status
    told = capsys.readouterr().err
    assert "Traceback" not in told
    for fragment in ("mine:Broken", *fragments):
        assert fragment in told


def test_an_architecture_that_the_space_cannot_spell_is_a_failed_trial(parts: Callable[[str], None]) -> None:
    parts("""
class Broken(Space):
    def canonical(self, architecture):
        if architecture.genes["a"] == 2: raise Stop("no such")
        return None if architecture.genes["a"] == 3 else architecture
""")
    assert search(space="Broken") == 0
    assert [line["status"] for line in lines()] == ["ok", "failed", "failed", "ok"]
    assert "canonical() of the space mine:Broken (mine.py:" in lines()[1]["error"]
    assert "Stop: no such (mine.py:" in lines()[1]["error"]
    assert "returned 'None', which is no Architecture" in lines()[2]["error"]


@pytest.mark.parametrize("method", ["start(self, run)", "trial(self, trial)", "finish(self, summary, directory)"])
def test_a_tracker_that_breaks_costs_nothing(
    method: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts(f"\nclass Broken(Listens):\n    def {method}: sys.exit('no network')\n")
    assert search("--track", "mine:Broken") == 0
    assert len(lines()) == 4
    told = capsys.readouterr().err
    assert "Broken failed and is left out from here on: no network (mine.py:" in told


EVALUATORS = {
    "task raises": ("def task(self): sys.exit(0)", ["failed in task(): SystemExit: 0 (mine.py:"]),
    "check raises": ("def check(self): raise OSError('no disk')", ["failed in check(): OSError: no disk (mine.py:"]),
    "its making raises": ("def __init__(self): deep()", ["failed in its making: RecursionError"]),
    "nobody offers": ("def __init__(self, nonsense): pass", ["'nonsense'"]),
}


@pytest.mark.parametrize("case", EVALUATORS)
def test_an_evaluator_that_breaks_beforehand_is_named_and_nothing_begins(
    case: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    method, fragments = EVALUATORS[case]
    parts(f"\nclass Broken(Good):\n    {method}\n")
    assert search(evaluator="Broken") == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    for fragment in ("mine:Broken", *fragments):
        assert fragment in told
    assert not Path("run").exists()


MODULES = {
    "a syntax error": ("\nclass Broken(Good:\n    pass\n", ["cannot import 'mine'", "SyntaxError", "mine.py:"]),
    "an import that fails": ("\nimport no_such_thing\n", ["ModuleNotFoundError", "'no_such_thing'", "mine.py:"]),
    "an exit": ("\nsys.exit(3)\n", ["SystemExit: 3", "mine.py:"]),
    "no such class": ("\nBRANCHES = 3\n", ["'Broken'", "Known: Draws, Good, Listens, Space, Stop, deep."]),
}


@pytest.mark.parametrize("case", MODULES)
def test_a_module_that_breaks_is_told_with_its_line(
    case: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    text, fragments = MODULES[case]
    parts(text)
    assert search(evaluator="Broken", strategy="Broken", space="Broken") == 2
    told = capsys.readouterr().err
    for fragment in fragments:
        assert fragment in told


def test_what_nobody_thought_of_is_told_with_its_line_and_a_traceback_where_asked(
    parts: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts("""
class Broken(Good):
    def identity(self): raise KeyError("digest")
""")
    assert search(evaluator="Broken") == 2
    told = capsys.readouterr().err
    assert "identity() in mine.py:" in told
    assert "KeyError: 'digest'" in told
    assert "Traceback" not in told
    monkeypatch.setenv("NASBENCH_TRACEBACK", "1")
    assert search(evaluator="Broken") == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_part_that_breaks_before_a_trial_has_finished_leaves_nothing(
    parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts("\nclass Broken(Draws):\n    def ask(self, *_): raise KeyError('x')\n")
    assert search(strategy="Broken") == 1
    told = capsys.readouterr().err
    assert "No trial had finished: mend it, then start the run again." in told
    assert "stopped: 0 of 4 trials (none)" in told
    assert next(line for line in told.splitlines() if line.startswith("stopped:")).endswith("no score yet")
    assert not Path("run").exists()


def test_what_is_in_the_log_is_counted_where_the_strategy_breaks_over_it(
    parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts("\nclass Broken(Draws):\n    def tell(self, trial): raise KeyError('x')\n")
    assert search(strategy="Broken") == 1
    told = capsys.readouterr().err
    assert "The finished trials are kept: mend it, then go on with --resume." in told
    assert "stopped: 1 of 4 trials (1 ok)" in told
    assert next(line for line in told.splitlines() if line.startswith("stopped:")).endswith("; run")
    assert len(lines()) == 1


@pytest.mark.parametrize("workers", ["0", "1"])
def test_so_does_a_race_whose_strategy_breaks(
    workers: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts("\nclass Broken(Draws):\n    def ask(self, *_): raise KeyError('x')\n")
    assert main(["race", "--strategies", "mine:Broken", "--seeds", "1", "--trials", "2", "--workers", workers]) == 1
    told = capsys.readouterr().err
    assert "strategy 'mine:Broken' failed under seed 0: KeyError: 'x' (mine.py:" in told
    assert "No trial had finished: mend it, then start the run again." in told
    assert not Path("runs").exists()
