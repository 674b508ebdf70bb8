"""A log that was deleted, moved, replaced or cut in the middle of a run is told, and what was finished is not lost."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench.core import append_log
from nasbench.core.append_log import AppendLog, InUse, opened
from nasbench.core.epoch_log import EpochLog
from nasbench.core.errors import LogLost, NotWritten, UsageError
from nasbench.core.job import Job
from nasbench.core.reported import AGAIN, CURVES, read_epochs
from nasbench.core.store import RunStore
from unit.failing_disk import failing_disk
from unit.toys import trial

JOB = Job(1, seed=0, epochs=2, key="0" * 16)


def begun(directory: Path) -> RunStore:
    store = RunStore.create(directory, {"command": "search"})
    store.append(trial(1))
    store.append(trial(2))
    return store


def replace(log: Path) -> None:
    text = log.read_bytes()
    log.unlink()
    log.write_bytes(text)


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (lambda log: log.unlink(), r"trials\.jsonl is gone: it was deleted or moved in the middle of the run"),
        (lambda log: log.rename(log.with_name("moved")), r"is gone: it was deleted or moved"),
        (replace, r"was replaced in the middle of the run: it is another file now"),
        (lambda log: os.truncate(log, 10), r"was changed in the middle of the run: it has 10 bytes"),
        (lambda log: log.write_bytes(log.read_bytes() + b"more\n"), r"was changed in the middle of the run"),
    ],
)
def test_a_log_that_is_not_what_it_was_takes_no_trial_and_all_trials_are_rescued(
    tmp_path: Path, happens: Callable[[Path], object], told: str
) -> None:
    store = begun(tmp_path / "run")
    log = tmp_path / "run" / "trials.jsonl"
    happens(log)
    left = log.read_bytes() if log.exists() else None
    with pytest.raises(LogLost, match=told + r".*3 finished trials: they are in .*rescued.*then go on with --resume"):
        store.append(trial(3))
    assert (log.read_bytes() if log.exists() else None) == left
    store.close()
    (rescued,) = (tmp_path / "run").glob("trials.rescued-*.jsonl")
    os.replace(rescued, log)
    again = RunStore.resume(tmp_path / "run")
    again.close()
    assert again.trials == [trial(1), trial(2), trial(3)]


@pytest.mark.parametrize("writes", [lambda store: store.append(trial(3)), lambda store: store.update(ended="now")])
def test_a_run_directory_that_was_deleted_is_told_and_not_made_again(
    tmp_path: Path, writes: Callable[[RunStore], None]
) -> None:
    store = begun(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(LogLost, match=rf"{tmp_path / 'run'} is gone: it was deleted or moved.*put it back"):
        writes(store)
    assert not (tmp_path / "run").exists()


def test_another_run_in_the_place_of_this_one_keeps_its_record(tmp_path: Path) -> None:
    store = begun(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "moved")
    RunStore.create(tmp_path / "run", {"command": "race"}).close()
    with pytest.raises(LogLost, match="was replaced"):
        store.update(ended="now")
    assert RunStore.read_record(tmp_path / "run")["command"] == "race"


def test_a_run_whose_log_is_gone_is_not_begun_again_under_its_record(tmp_path: Path) -> None:
    begun(tmp_path).close()
    (tmp_path / "trials.jsonl").unlink()
    with pytest.raises(UsageError, match=r"no log of trials.*Nothing was changed.*Put it back"):
        RunStore.resume(tmp_path)
    assert not (tmp_path / "trials.jsonl").exists()


def test_a_line_that_does_not_fit_leaves_nothing_of_itself(tmp_path: Path) -> None:
    with failing_disk() as disk:
        store = begun(tmp_path)
        before = (tmp_path / "trials.jsonl").read_bytes()
        for at in (1, 2):  # the write, of which a half arrived, and the flush to the disk
            disk.refuse(at)
            with pytest.raises(NotWritten, match=r"cannot write .*trials\.jsonl: no space left"):
                store.append(trial(3))
            assert (tmp_path / "trials.jsonl").read_bytes() == before
        disk.refuse(0)
        store.append(trial(3))
        assert store.trials == RunStore.read(tmp_path).trials == [trial(1), trial(2), trial(3)]
        store.close()


def test_an_interrupt_in_the_middle_of_a_line_is_no_change_by_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = begun(tmp_path)

    def interrupted(descriptor: int, data: memoryview) -> None:
        os.write(descriptor, data[:9])
        raise KeyboardInterrupt

    monkeypatch.setattr(append_log, "write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.append(trial(3))
    store.update(wall_seconds=1.0)
    store.close()
    assert RunStore.read_record(tmp_path)["wall_seconds"] == 1.0
    again = RunStore.resume(tmp_path)
    again.close()
    assert again.dropped == '{"number"'[:9]
    assert again.trials == [trial(1), trial(2)]


def test_a_log_has_one_writer_also_where_it_was_just_deleted(tmp_path: Path) -> None:
    log = AppendLog.alone(tmp_path / "log")
    with pytest.raises(InUse):
        AppendLog.alone(tmp_path / "log")
    log.append("one")
    log.close()
    AppendLog.alone(tmp_path / "log").close()
    assert (tmp_path / "log").read_text() == "one\n"


@pytest.mark.parametrize(
    ("lines", "torn"), [(b"one\ntwo\n", b"three"), (b"", b"t" * 99), (b"o" * 50 + b"\n", b"t" * 40)]
)
def test_a_torn_line_is_cut_whatever_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: bytes, torn: bytes
) -> None:
    monkeypatch.setattr(append_log, "CHUNK_BYTES", 8)
    (tmp_path / "log").write_bytes(lines + torn)
    log = opened(tmp_path / "log")
    log.append("more")
    log.close()
    assert (tmp_path / "log").read_bytes() == lines + b"more\n"


def test_a_torn_line_of_curves_spoils_no_other(tmp_path: Path) -> None:
    log = EpochLog(tmp_path)
    log.append(JOB, 1, {"val_accuracy": 0.5})
    log.close()
    whole = (tmp_path / CURVES).read_text()
    (tmp_path / CURVES).write_text(whole + '{"number": 1, "epo')
    again = EpochLog(tmp_path)
    again.append(JOB, 2, {"val_accuracy": 0.6})
    assert [line["epoch"] for line in read_epochs(tmp_path)] == [1, 2]
    (tmp_path / CURVES).unlink()
    with pytest.raises(LogLost, match=r"curves\.jsonl is gone"):
        again.append(JOB, 3, {})
    again.close()
    (tmp_path / CURVES).write_text("{}\n" + json.dumps({"number": 1, "epoch": 1}) + "\n")
    with pytest.raises(
        UsageError, match=r"line 1 of .*curves\.jsonl is not what a training reported.*Delete that line"
    ):
        list(read_epochs(tmp_path))


def test_what_is_said_again_is_news_where_it_is_not_in_the_log(tmp_path: Path) -> None:
    log, first, second = EpochLog(tmp_path), {"val_accuracy": 0.5}, {"val_accuracy": 0.6}
    log.append(JOB, 1, first)
    assert log.news(JOB, 1, {**first, AGAIN: True}) is None
    assert log.news(JOB, 2, {**second, AGAIN: True}) == second
    log.append(JOB, 2, second)
    assert log.news(JOB, 2, {**second, AGAIN: True}) is None
    assert log.news(JOB, 2, second) == second, "a training that was begun again reports anew"
    log.close()


def test_a_log_that_cannot_be_opened_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match=r"cannot write .*/none/log: its directory .*/none does not exist"):
        opened(tmp_path / "none" / "log")
