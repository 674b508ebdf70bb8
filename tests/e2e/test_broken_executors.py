"""Pruners and executors of the user's own that misbehave: each is named, and what had finished is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.broken import lines, module_in, search


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return module_in(tmp_path, monkeypatch)


def test_a_pruner_that_breaks_is_named(parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    parts("""
class Reports(Good):
    def __call__(self, job, report):
        report(1, {"val_accuracy": 0.5} if job.note.get("told", True) else {})
        return super().__call__(job, report)

class Silent(Good):
    def __call__(self, job, report):
        report(1, {"loss": 0.5})

class Prunes:
    def should_stop(self, number, epochs, score): sys.exit(0)
""")
    assert search("--pruner", "mine:Prunes", evaluator="Reports") == 1
    assert "mine:Prunes (mine.py:" in (told := capsys.readouterr().err)
    assert "failed in should_stop() of trial 1 after 1 epoch: SystemExit: 0 (mine.py:" in told
    assert search("--pruner", "mine:Prunes", "--run", "other", evaluator="Silent") == 2
    assert "needs a score after each epoch" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["'no'", "None", "1"])
def test_a_pruner_that_answers_neither_yes_nor_no_is_named(
    answer: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts(f"""
class Reports(Good):
    def __call__(self, job, report):
        report(1, {{"val_accuracy": 0.5}})
        return super().__call__(job, report)

class Prunes:
    def should_stop(self, number, epochs, score): return {answer}

class Numpys:
    def should_stop(self, number, epochs, score): return numpy.float64(score) > 0.9
""")
    assert search("--pruner", "mine:Prunes", evaluator="Reports") == 2
    assert f"must return True or False; got {answer}" in capsys.readouterr().err.replace("null", "None")
    assert search("--pruner", "mine:Numpys", "--run", "other", evaluator="Reports") == 0


EXECUTORS = {
    "answers twice": (
        "loop.finish(job, evaluator(job, None), 0.1, 'mine'); loop.finish(job, evaluator(job, None), 0.1, 'mine')",
        ["trial 1 was answered twice. An executor answers each job", "The finished trials are kept"],
        1,
    ),
    "leaves early": (
        "loop.finish(job, evaluator(job, None), 0.1, 'mine'); return",
        ["mine:Runs", "returned from run() before all trials were answered", "go on with --resume"],
        1,
    ),
    "does nothing": ("return", ["returned from run() before all trials were answered", "No trial had finished"], 0),
}


@pytest.mark.parametrize("case", EXECUTORS)
def test_an_executor_that_answers_too_often_or_too_little_is_told(
    case: str, parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    body, fragments, logged = EXECUTORS[case]
    parts(f"""
class Runs:
    def describe(self): return ["mine"]
    def run(self, loop, evaluator):
        while (job := loop.next()) is not None:
            {body}
    def close(self): pass
""")
    assert search("--executor", "mine:Runs") == 1
    told = capsys.readouterr().err
    for fragment in fragments:
        assert fragment in told
    assert (len(lines()) if Path("run").exists() else 0) == logged
    if logged:
        assert search("--resume", "--executor", "local") == 0
        assert [line["number"] for line in lines()] == [1, 2, 3, 4]


def test_close_that_breaks_as_well_hides_no_first_error(
    parts: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    parts("""
class Both:
    def describe(self): return ["mine"]
    def run(self, loop, evaluator):
        if loop.next() is not None:
            raise ValueError("the first")
    def close(self): raise KeyError("the second")

class Last(Both):
    def run(self, loop, evaluator):
        while (job := loop.next()) is not None:
            loop.finish(job, evaluator(job, None), 0.1, "mine")
""")
    assert search("--executor", "mine:Both") == 1
    told = capsys.readouterr()
    assert "failed in run(): ValueError: the first" in told.err
    assert "failed in close(): KeyError: 'the second'" in told.out + told.err
    assert search("--executor", "mine:Last", "--run", "other") == 1
    assert "failed in close(): KeyError: 'the second'" in capsys.readouterr().err
