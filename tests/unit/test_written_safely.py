"""Whatever an evaluator returns or raises is a line that can be read again, or one clear error; and whatever text and
numbers a log may hold, its report is written.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.core.blame import in_one_line, plain_values
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.json_text import LONGEST_LINE, as_text, parsed
from nasbench.core.loop import LONGEST_REASON, JobLoop
from nasbench.core.reward import score_of
from nasbench.core.source import JobList, SpaceSource
from nasbench.core.store import RunStore
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.opened.report import rebuild_report
from nasbench.executors.local import LocalExecutor
from nasbench.strategies.random import RandomSearch
from unit.toys import ToySpace, plan, trial

NASTY = "\ud800\x00\x1b[31m\u202e$<b>\n\r\u2028"
RUN = {"command": "search", "config": {"space": "toy", "strategy": "random", "trials": 6}}


class Silent(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Numb:
    """A value whose text and repr cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


class Answers:
    """Returns or raises one thing after another; trial 1 has a score, so that the others may fail alone."""

    def __init__(self, *answers: object) -> None:
        self._answers: Iterator[object] = iter([{"val_accuracy": 0.5}, *answers])

    def __call__(self, job: Job, report: object) -> Any:
        answer = next(self._answers)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def jobs(count: int) -> JobList:
    """Different networks, so that none is answered from the log."""
    architecture = trial().architecture
    return JobList(Job(number, 0, 1, f"key {number}", architecture=architecture) for number in range(1, count + 1))


def searched(directory: Path, *answers: object) -> list[Trial]:
    """The trials after the first as their log gives them back."""
    store = RunStore.create(directory, RUN)
    loop = JobLoop(jobs(len(answers) + 1), store.append, score_of((), "val_accuracy", None))
    LocalExecutor("cpu").run(loop, Answers(*answers))  # type: ignore[arg-type]
    store.close()
    read = RunStore.read(directory).trials
    assert read == store.trials
    return read[1:]


@pytest.mark.parametrize(
    "number",
    [np.float32(0.25), np.float64(0.25), np.array(0.25), torch.tensor(0.25), Decimal("0.25"), Fraction(1, 4), 0.25],
    ids=lambda number: type(number).__name__,
)
def test_numbers_of_any_library_are_numbers(number: object, tmp_path: Path) -> None:
    (found,) = searched(tmp_path, {"val_accuracy": number, "inside": [number, {"more": number}], "n": np.int64(3)})
    assert (found.status, found.score) == ("ok", 0.25)
    assert found.metrics == {"val_accuracy": 0.25, "inside": [0.25, {"more": 0.25}], "n": 3}


FAILS: dict[str, tuple[object, str]] = {
    "NaN": ({"val_accuracy": float("nan")}, "val_accuracy is nan"),
    "infinity": ({"val_accuracy": 0.5, "loss": -float("inf")}, "loss is -inf"),
    "10**400 as the score": ({"val_accuracy": 10**400}, "whole number of more than 80 digits"),
    "10**400": ({"val_accuracy": 0.5, "n": [10**400]}, "n is "),
    "1e200": ({"val_accuracy": 1e200}, "out of all proportion"),
    "numpy's NaN": ({"val_accuracy": np.float32("nan")}, "val_accuracy is nan"),
    "a Decimal's NaN": ({"val_accuracy": Decimal("NaN")}, "val_accuracy is nan"),
    "a Decimal beyond floats": ({"val_accuracy": Decimal("1e999")}, "val_accuracy is inf"),
    "true": ({"val_accuracy": True}, "'val_accuracy' is True, which is no number"),
    "a text": ({"val_accuracy": "0.9"}, "'val_accuracy' is '0.9', which is no number"),
    "a long text": ({"val_accuracy": "9" * 10**7}, "which is no number"),
    "none": ({"val_accuracy": None}, "'val_accuracy' is None"),
    "params as a text": ({"val_accuracy": 0.5, "params": "12M"}, "the metric 'params' must be a number"),
    "params beyond counting": ({"val_accuracy": 0.5, "params": 10**30}, "the metric 'params' must be a number"),
    "a tensor of two": ({"val_accuracy": torch.zeros(2)}, "a Tensor of shape (2,)"),
    "a complex number": ({"val_accuracy": 1j}, "complex '1j'"),
    "a set": ({"val_accuracy": 0.5, "seen": {1}}, "'seen'"),
    "bytes": ({"val_accuracy": 0.5, "raw": b"1"}, "'raw'"),
    "numb": ({"val_accuracy": 0.5, "numb": Numb()}, "a Numb whose text cannot be had"),
    "a name that is none": ({"val_accuracy": 0.5, 7: 1}, "its name is no text"),
    "one name twice": ({"val_accuracy": 0.5, "n": {1: "a", "1": "b"}}, "is there twice"),
    "deep": ({"val_accuracy": 0.5, "deep": nested(100)}, "more than 64 levels"),
    "bottomless": ({"val_accuracy": 0.5, "deep": nested(100_000)}, "more than 64 levels"),
    "long": ({"val_accuracy": 0.5, "text": "x" * LONGEST_LINE}, "a line holds at most"),
    "nothing": (None, "returned None"),
    "a list": ([1], "it must return a dict"),
    "no metric": ({NASTY: 0.5}, "returned no metric 'val_accuracy'"),
    "an error without a text": (Silent(), "Silent: (a Silent whose text cannot be had"),
    "an error with a surrogate": (ValueError(NASTY), r"ValueError: \ud800\x00\x1b[31m\u202e$<b>"),
    "an error of 10 MB": (ValueError("x" * 10**7), "ValueError: xxx"),
    "a failed trial with a surrogate": (TrialFailed(NASTY), r"\ud800"),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_is_no_result_fails_its_trial_and_the_log_can_be_read(name: str, tmp_path: Path) -> None:
    answer, reason = FAILS[name]
    found, after = searched(tmp_path, answer, {"val_accuracy": 0.7})
    assert (found.status, found.score, after.score) == ("failed", None, 0.7)
    assert found.error is not None
    assert reason in found.error
    assert found.error.isprintable()
    assert len(found.error) <= LONGEST_REASON


def test_a_first_answer_that_is_none_stops_the_run_with_one_sentence(tmp_path: Path) -> None:
    told: list[Trial] = []
    loop = JobLoop(jobs(3), told.append, lambda metrics: 0.0)
    with pytest.raises(UsageError, match="more than 64 levels"):
        LocalExecutor("cpu").run(loop, lambda job, report: {"deep": nested(1000)})  # type: ignore[arg-type]
    assert told == []


@pytest.mark.parametrize("value", [nested(60), NASTY, Decimal("0.5"), -0.0, 2**62, None, True, [1, (2, 3.5)]])
def test_what_is_written_is_read_to_the_same(value: object) -> None:
    plain = plain_values(value)
    text = as_text({"value": plain})
    assert text.isascii()
    assert repr(parsed(text)["value"]) == repr(plain)


@pytest.mark.parametrize("value", [nested(64), nested(100_000), float("nan"), [-float("inf")], "x" * LONGEST_LINE])
def test_what_cannot_be_read_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        as_text({"value": value})


def test_the_text_of_an_error_is_short_printable_and_always_there() -> None:
    for error in (Silent(), ValueError(NASTY * 10_000), ValueError(Numb()), KeyError(nested(100_000))):
        told = in_one_line(error)
        assert told.isprintable()
        assert type(error).__name__ in told
        assert len(told) <= 500


def strange(number: int) -> Trial:
    """Trials with the strangest texts and numbers that a log may hold."""
    changes: dict[int, dict[str, Any]] = {
        1: {"score": 1e59, "note": {"entropy": 1e308, "loss": -1e308, "baseline": "high", "updates": -0.0}},
        2: {"score": -1e59, "note": {"entropy": "low", "loss": 0.5, NASTY: NASTY}},
        3: {"status": "failed", "score": None, "metrics": {}, "error": NASTY + "x" * 10**6},
        4: {"metrics": {"val_accuracy": 0.5, "params": 10**15, "macs": 0, NASTY: NASTY}},
        5: {"metrics": {"val_accuracy": 0.5, "params": -5, "macs": 1e-300}, "note": {"blind": NASTY}},
        6: {"key": NASTY, "worker": NASTY, "started": "yesterday", "name": NASTY, "data": NASTY},
        7: {"seconds": 1e14, "seed": -7, "score": -0.0, "of": 999, "status": "cached"},
        8: {"epochs": 10**15, "score": 0.1},
        9: {"note": {"entropy": 0.1, "loss": 2**200, "deep": nested(40)}, "genes": "zzz"},
    }
    return trial(number, **{"note": {"entropy": 1.0}, **changes.get(number, {})})


def test_a_report_is_written_whatever_texts_and_numbers_a_log_holds(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path, RUN)
    for number in range(1, 15):
        store.append(strange(number))
    store.close()
    assert RunStore.read(tmp_path).trials == [strange(number) for number in range(1, 15)]
    page = rebuild_report(tmp_path)[0].read_text(encoding="utf-8")
    assert r"\ud800\x00\x1b[31m\u202e$&lt;b&gt;" in page
    assert not set(page) & set("\x00\x1b\u202e\ud800")


@pytest.mark.parametrize(
    "report", [Numb(), "two", float("nan"), -1, None, 10**400], ids=["numb", "text", "nan", "-1", "none", "huge"]
)
def test_a_report_that_names_no_epochs_is_one_error(report: object, tmp_path: Path) -> None:
    def evaluator(job: Job, tell: Callable[[Any, Any], None]) -> dict[str, float]:
        tell(report, {"val_accuracy": 0.5})
        return {"val_accuracy": 0.5}

    loop = JobLoop(jobs(1), lambda _: None, lambda metrics: 0.0)
    with pytest.raises(UsageError, match="takes the number of epochs that are done"):
        LocalExecutor("cpu").run(loop, evaluator)  # type: ignore[arg-type]


def test_json_has_no_other_reader_in_the_store() -> None:
    """A reader that is laxer than the log's would let in what the log refuses."""
    from nasbench.core import log, store, trial

    for module in (log, store, trial):
        assert "json.loads" not in Path(str(module.__file__)).read_text(encoding="utf-8")
    assert json.loads("NaN") != json.loads("NaN"), "Python's own reader takes it"


NOTES = ({"loss": float("nan")}, {"deep": nested(100)}, {"step": "first"}, {"seen": {1}}, {"n": 10**400})


@pytest.mark.parametrize("note", NOTES, ids=["NaN", "deep", "step", "set", "digits"])
def test_a_note_that_cannot_be_read_again_is_refused_before_the_evaluation(note: dict[str, Any]) -> None:
    class Noting(RandomSearch):  # type: ignore[misc]
        def ask(self, *given: Any) -> Proposal:
            return replace(super().ask(*given), note=note)

    loop = JobLoop(SpaceSource(ToySpace(), Noting(ToySpace()), plan(3)), lambda _: None, lambda metrics: 0.0)
    with pytest.raises(UsageError, match=r"the strategy Noting .* its note cannot be written to the log"):
        loop.next()
