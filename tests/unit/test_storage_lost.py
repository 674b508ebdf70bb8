"""What an object store has lost of a run, and what was never there: one clear error each."""

import re
import shutil
from pathlib import Path

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.engine.config.stored import Stored
from nasbench.storage.bringing import Brought
from unit.stored_runs import add, log, run


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_log_with_a_hole_is_refused_and_left_as_it_is(tmp_path: Path, storage: str, how: str) -> None:
    with run(tmp_path / "far/x", storage) as store:
        add(store, 4)
    *_, damaged, last = sorted((tmp_path / "store/x/trials").iterdir())
    lines = damaged.read_bytes()
    damaged.unlink()
    if how == "cut":
        damaged.write_bytes(lines[:9])
    for brings in (
        lambda: Brought(storage, tmp_path / "here/x").refresh(),
        lambda: run(tmp_path / "other/x", storage, resume=True).__enter__(),
    ):
        with pytest.raises(UsageError, match=r"bytes [0-9,]+ to [0-9,]+ of the log 'trials' are missing"):
            brings()
    assert last.exists(), "what is there behind the hole is nobody's to delete"
    damaged.write_bytes(lines)
    Brought(storage, tmp_path / "here/x").refresh()
    assert log(tmp_path / "here/x") == [1, 2, 3, 4]


@pytest.mark.parametrize("lost", ["all", "all but the first", "the end"])
def test_a_log_that_is_gone_is_no_empty_one(tmp_path: Path, storage: str, lost: str) -> None:
    far = tmp_path / "far/x"
    with run(far, storage) as store:
        add(store, 3)
        store.update(ended="2030-01-01T00:00:00+00:00")
    folder = tmp_path / "store/x/trials"
    if lost.startswith("all"):
        keep = sorted(folder.iterdir())[: 1 if "first" in lost else 0]
        gone = [each for each in folder.iterdir() if each not in keep]
    else:
        gone = sorted(folder.iterdir())[-1:]
    for each in gone:
        each.unlink()
    left = {file: file.read_bytes() for file in (tmp_path / "store").rglob("*") if file.is_file()}
    for brings in (
        lambda: Brought(storage, tmp_path / "here/x").refresh(),
        lambda: run(tmp_path / "other/x", storage, resume=True).__enter__(),
    ):
        with pytest.raises(UsageError, match="of the log") as raised:
            brings()
        assert "are missing in the storage" in str(raised.value)
        assert "go on from a directory that has the whole run" in str(raised.value)
    assert {file: file.read_bytes() for file in (tmp_path / "store").rglob("*") if file.is_file()} == left
    with pytest.raises(UsageError, match="no log of trials"):
        RunStore.read(tmp_path / "other/x")
    with run(far, resume=True) as store:
        assert len(store.trials) == 3
    Brought(storage, tmp_path / "again/x").refresh()
    assert log(tmp_path / "again/x") == [1, 2, 3], "a directory that has the whole run mends the storage"


def test_a_record_that_is_gone_is_told_and_put_back_by_a_directory_that_has_it(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "far/x", storage) as store:
        add(store, 2)
    (tmp_path / "store/x/run.json").unlink()
    for brings in (
        lambda: Brought(storage, tmp_path / "here/x").refresh(),
        lambda: run(tmp_path / "other/x", storage, resume=True).__enter__(),
    ):
        with pytest.raises(UsageError, match=r"run\.json was lost: go on from a directory that has the run") as raised:
            brings()
        assert "Did you mean" not in str(raised.value)
    with run(tmp_path / "far/x", resume=True) as store:
        assert len(store.trials) == 2
    Brought(storage, tmp_path / "here/x").refresh()
    assert log(tmp_path / "here/x") == [1, 2]


@pytest.mark.parametrize("damaged", [b"", b'{"schema": 2, "sta', b"[]", b"{}"])
def test_a_damaged_record_is_brought_nowhere(tmp_path: Path, storage: str, damaged: bytes) -> None:
    with run(tmp_path / "far/x", storage) as store:
        add(store, 2)
    record = tmp_path / "store/x/run.json"
    whole = record.read_bytes()
    record.write_bytes(damaged)
    for brings in (
        lambda: Brought(storage, tmp_path / "here/x").refresh(),
        lambda: run(tmp_path / "other/x", storage, resume=True).__enter__(),
        lambda: run(tmp_path / "far/x", resume=True).__enter__(),
    ):
        with pytest.raises(
            UsageError, match=r"x/run\.json is no run record of nasbench: .* delete it there, and go on"
        ):
            brings()
    assert not (tmp_path / "other/x/run.json").exists()
    record.write_bytes(whole)
    with run(tmp_path / "other/x", storage, resume=True) as store:
        assert len(store.trials) == 2


def test_curves_that_are_gone_are_told_and_cost_no_trial(
    tmp_path: Path, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with run(tmp_path / "far/x", storage) as store:
        add(store, 3)
    shutil.rmtree(tmp_path / "store/x/curves")
    brought = Brought(storage, tmp_path / "here/x")
    for _ in range(2):
        brought.refresh()
    assert capsys.readouterr().err.count("has lost 'curves'") == 1
    with run(tmp_path / "other/x", storage, resume=True) as store:
        assert len(store.trials) == 3
    assert "has lost 'curves'" in capsys.readouterr().err
    assert list((tmp_path / "store/x/curves").iterdir()), "it has a log of them again"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("zoo:resnet18", "'zoo:resnet18' is none: leave --storage out"),
        ("space:nasnet:nasnet-a", "'space:nasnet:nasnet-a' is none"),
        ("my_module:MyNet", "'my_module:MyNet' is none"),
        ("resnet18", "If 'resnet18' is a network by its name, leave --storage out"),
        ("architecture.json", "'architecture.json' is none"),
        ("runs/none", "holds no run (no run.json there)"),
        ("", "--storage needs the run's directory beside it"),
    ],
)
def test_a_model_that_is_no_run_is_not_looked_for_in_the_store(
    tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch, model: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "architecture.json").write_text("{}")
    (tmp_path / "store").mkdir()
    with pytest.raises(UsageError, match=re.escape(told)) as raised:
        Stored(storage).bring_model(model, None)
    assert "--run" not in str(raised.value), "commands that read a MODEL have no such flag"
    assert ("by its name" in str(raised.value)) == (model == "resnet18")
    Stored(None).bring_model(model, None)
