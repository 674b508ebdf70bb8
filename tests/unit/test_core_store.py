"""The run directory: what is on disk is the truth, and nothing is written over."""

import json
import multiprocessing
from pathlib import Path

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore, best_trial
from unit.toys import trial


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path / "run", {"command": "search"})
    trials = [trial(1), trial(2, status="failed", score=None, error="NaN"), trial(3, status="cached", of=1)]
    for each in trials:
        store.append(each)
    assert RunStore.read(tmp_path / "run").trials == trials
    store.close()
    again = RunStore.resume(tmp_path / "run")
    again.close()
    assert again.trials == trials


def test_a_torn_last_line_is_dropped_and_said(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path, {"command": "search"})
    store.append(trial(1))
    store.close()
    log = tmp_path / "trials.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"number": 2, "archi')
    store = RunStore.resume(tmp_path)
    assert store.dropped == '{"number": 2, "archi'
    assert [known.number for known in store.trials] == [1]
    store.append(trial(2))
    store.close()
    assert [json.loads(line)["number"] for line in log.read_text().splitlines()] == [1, 2]


@pytest.mark.parametrize(
    "line", ["{}", "not json", '{"number": 1}', "\x00\x00", json.dumps({**trial(1).to_json(), "status": "fine"})]
)
def test_a_corrupt_line_is_named_and_nothing_is_changed(tmp_path: Path, line: str) -> None:
    store = RunStore.create(tmp_path, {"command": "search"})
    store.append(trial(1))
    store.close()
    log = tmp_path / "trials.jsonl"
    text = log.read_text() + line + "\n" + json.dumps(trial(3).to_json()) + "\n"
    log.write_text(text)
    with pytest.raises(UsageError, match=r"line 2 of .*trials.jsonl.*Nothing was changed"):
        RunStore.resume(tmp_path)
    assert log.read_text() == text


def _hold(directory: Path, ready: object, release: object) -> None:
    store = RunStore.resume(directory)
    ready.set()  # type: ignore[attr-defined]
    release.wait(30)  # type: ignore[attr-defined]
    store.close()


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    RunStore.create(tmp_path, {"command": "search"}).close()
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, ready, release))
    other.start()
    assert ready.wait(30)
    try:
        with pytest.raises(UsageError, match="in use"):
            RunStore.resume(tmp_path)
    finally:
        release.set()
        other.join(30)
    RunStore.resume(tmp_path).close()


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path, {"command": "search"})
    store.append(trial(1))
    store.close()
    with pytest.raises(UsageError, match="already holds a run"):
        RunStore.create(tmp_path, {"command": "search"})
    assert len(RunStore.read(tmp_path).trials) == 1


@pytest.mark.parametrize(
    ("record", "message"),
    [({"schema": 99}, "schema version 99"), ({"other": 1}, "no run record"), ([], "no run record")],
)
def test_a_foreign_record_is_refused(tmp_path: Path, record: object, message: str) -> None:
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=message):
        RunStore.resume(tmp_path)


def test_best_is_taken_among_the_most_epochs_and_not_from_controls() -> None:
    trials = [
        trial(1, score=0.9),
        trial(2, score=0.7, epochs=5),
        trial(3, score=0.8, epochs=5),
        trial(4, score=0.8, epochs=5),
    ]
    control = trial(5, score=0.99, epochs=5, note={"control": True})
    assert best_trial([*trials, control]) == trials[2]
    assert best_trial([]) is None
    assert best_trial([trial(1, status="failed", score=None)]) is None


@pytest.mark.parametrize("linked", [False, True])
def test_a_log_that_is_not_empty_is_never_emptied(tmp_path: Path, linked: bool) -> None:
    store = RunStore.create(tmp_path / "run", {"command": "search", "config": {}})
    store.append(trial(1))
    store.close()
    before = (tmp_path / "run" / "trials.jsonl").read_bytes()
    if linked:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "trials.jsonl").symlink_to(tmp_path / "run" / "trials.jsonl")
    else:
        (tmp_path / "run" / "run.json").unlink()
    directory = tmp_path / ("other" if linked else "run")
    with pytest.raises(
        UsageError, match=r"a log of trials and no run\.json.*Nothing was changed.*Put its run\.json back"
    ):
        RunStore.create(directory, {"command": "search", "config": {}})
    with pytest.raises(UsageError, match=r"holds no run.*put its run\.json back"):
        RunStore.resume(directory)
    assert (tmp_path / "run" / "trials.jsonl").read_bytes() == before


def test_a_run_without_its_log_is_read_by_nobody(tmp_path: Path) -> None:
    RunStore.create(tmp_path, {"command": "search", "config": {}}).close()
    assert RunStore.read(tmp_path).trials == []
    (tmp_path / "trials.jsonl").unlink()
    with pytest.raises(UsageError, match=r"no log of trials .*Put it back to read the run\.") as read:
        RunStore.read(tmp_path)
    with pytest.raises(UsageError, match=r"no log of trials .*Put it back to go on with --resume"):
        RunStore.resume(tmp_path)
    assert "--run" not in str(read.value), "what reads a run has no such flag"


@pytest.mark.parametrize("content", [None, "[]", "{}", '{"schema": 99}', '{"schema": 2, "argv": 3}'])
def test_who_reads_a_run_gets_no_advice_for_who_writes_one(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    for reads in (RunStore.read, RunStore.read_record):
        with pytest.raises(UsageError) as raised:
            reads(tmp_path)
        for word in ("--run", "--resume", "start a new run"):
            assert word not in str(raised.value)
    if content is None:
        with pytest.raises(UsageError, match="Start one without --resume"):
            RunStore.resume(tmp_path)
