"""Runs that are kept in an object store: a folder of this machine, by the same road as any other."""

import json
import shutil
from pathlib import Path

import pytest

import nasbench.storage.bringing
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.core.trust import trusting
from nasbench.engine.config import SearchConfig
from nasbench.engine.opened.view import open_run
from nasbench.engine.run.resume import stored_config
from nasbench.evaluators.kept import Kept
from nasbench.storage.address import Address
from nasbench.storage.bringing import Brought
from nasbench.storage.children import folder_of
from nasbench.storage.folders import bring_folder, put_folder
from nasbench.storage.mirror import Mirror
from unit.stored_runs import add, log, run
from unit.toys import trial


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


def test_a_run_goes_on_in_an_empty_directory_and_back(tmp_path: Path, storage: str) -> None:
    here, there = tmp_path / "here/x", tmp_path / "there/x"
    with run(here, storage, trials=9) as store:
        add(store, 3)
        (here / "best").mkdir()
        (here / "best/metrics.json").write_text("{}")
    with run(there, storage, resume=True, trials=12) as store:
        assert (there / "trials.jsonl").read_text() == (here / "trials.jsonl").read_text()
        assert (there / "best/metrics.json").exists()
        add(store, 2)
    with run(here, resume=True) as store:
        assert store.run["config"]["trials"] == 12, "the storage is in run.json, and has what was changed elsewhere"
        add(store, 1)
    assert log(here) == [1, 2, 3, 4, 5, 6]
    assert (tmp_path / "store/x/run.json").read_text() == (here / "run.json").read_text()
    assert not list((tmp_path / "store/x/writers").iterdir())


def test_a_trial_that_the_store_never_got_is_put_there_when_the_directory_goes_on(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "x", storage) as store:
        add(store, 3)
    sorted((tmp_path / "store/x/trials").iterdir())[-1].unlink()  # as if killed between the directory and the store
    with run(tmp_path / "x", resume=True):
        pass
    shutil.rmtree(tmp_path / "x")
    with run(tmp_path / "x", storage, resume=True) as store:
        assert [each.number for each in store.trials] == [1, 2, 3]


def test_a_trial_that_was_evaluated_again_elsewhere_is_set_aside(tmp_path: Path, storage: str) -> None:
    here, there = tmp_path / "here/x", tmp_path / "there/x"
    with run(here, storage) as store:
        add(store, 3)
    sorted((tmp_path / "store/x/trials").iterdir())[-1].unlink()  # killed before trial 3 was there
    with run(there, storage, resume=True) as store:
        store.append(trial(number=3, score=0.25, metrics={"val_accuracy": 0.25}))
        store.append(trial(number=4, score=0.25, metrics={"val_accuracy": 0.25}))
    with run(here, resume=True) as store:
        assert [(each.number, each.score) for each in store.trials] == [(1, 0.5), (2, 0.5), (3, 0.25), (4, 0.25)]
    (aside,) = here.glob("trials.rescued-*.jsonl")
    assert json.loads(aside.read_text())["score"] == 0.5


def test_a_run_that_went_on_in_two_places_is_refused_and_left_as_it_is(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "x", storage) as store:
        add(store, 2)
    file = tmp_path / "x/trials.jsonl"
    file.write_text(file.read_text().replace('"number":2', '"number":3'))
    before = file.read_text()
    with pytest.raises(UsageError, match="the run went on in two places"), run(tmp_path / "x", resume=True):
        pass
    assert file.read_text() == before
    record = json.loads((tmp_path / "x/run.json").read_text())
    (tmp_path / "x/run.json").write_text(json.dumps({**record, "started": "2020-01-01T00:00:00+00:00"}))
    with pytest.raises(UsageError, match="hold two different runs"), run(tmp_path / "x", resume=True):
        pass


def test_what_lies_there_is_not_mixed_with_a_run(tmp_path: Path, storage: str) -> None:
    (tmp_path / "store/x").mkdir(parents=True)
    (tmp_path / "store/x/holiday.jpg").touch()
    with pytest.raises(UsageError, match=r"holds 'holiday.jpg', and no run of nasbench"), run(tmp_path / "x", storage):
        pass
    assert not (tmp_path / "x").exists()
    with run(tmp_path / "y", storage):
        pass
    with pytest.raises(UsageError, match=r"already holds a run\. Continue"), run(tmp_path / "elsewhere/y", storage):
        pass
    yy = tmp_path / "elsewhere/yy"
    with pytest.raises(UsageError, match=r"holds no run .*Did you mean --run \.\.\./y"), run(yy, storage, resume=True):
        pass
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="choose another --storage"), run(tmp_path / "z", f"file://{tmp_path}/file"):
        pass
    assert not (tmp_path / "z").exists()


def test_a_run_of_this_machine_is_kept_from_now_on(
    tmp_path: Path, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with run(tmp_path / "x") as store:
        add(store, 2)
        (tmp_path / "x/checkpoints/1.safetensors").write_bytes(b"weights")
    with run(tmp_path / "x", storage, resume=True):
        assert "this one is kept there from now on" in capsys.readouterr().err
    assert (tmp_path / "store/x/checkpoints/1.safetensors").read_bytes() == b"weights"
    shutil.rmtree(tmp_path / "x")
    with run(tmp_path / "x", storage, resume=True) as store:
        assert len(store.trials) == 2


def test_a_discarded_run_is_not_kept_either(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "x", storage) as store:
        store.close(discarded=True)
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_a_name_in_the_store_never_leads_out_of_the_directory(tmp_path: Path, storage: str) -> None:
    mirror = Mirror(Address.read(f"{storage}/x"), tmp_path / "x")
    try:
        with pytest.raises(UsageError, match="leads out of a run directory"):
            mirror.fetch("../../elsewhere")
    finally:
        mirror.close()


def test_a_worker_leaves_a_childs_files_in_the_store(tmp_path: Path, storage: str) -> None:
    with folder_of(f"{storage}/x/checkpoints") as folder:
        assert folder is not None
        assert not folder.is_relative_to(tmp_path)
        (folder / "1.safetensors").write_bytes(b"weights")
        (folder / "1.state").write_bytes(b"state")
    with folder_of(f"{storage}/x/checkpoints", ["2.state", "1.state"]) as folder:
        assert folder is not None
        assert [path.name for path in folder.iterdir()] == ["1.state"]
    with folder_of(str(tmp_path)) as folder:
        assert folder == tmp_path
    assert {path.name for path in (tmp_path / "store/x/checkpoints").iterdir()} == {"1.safetensors", "1.state"}


def test_a_supernet_comes_along_with_the_search_that_scores_with_it(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "x-supernet", storage) as store:
        add(store, 1)
        (tmp_path / "x-supernet/supernet").mkdir()
        (tmp_path / "x-supernet/supernet/weights.safetensors").write_bytes(b"weights")
    with run(tmp_path / "x", storage, weight_sharing="fair"):
        pass
    there = tmp_path / "there/x"
    with run(there, storage, resume=True):
        pass
    supernet = there.with_name("x-supernet")
    assert (supernet / "supernet/weights.safetensors").read_bytes() == b"weights"
    assert log(supernet) == [1]
    assert RunStore.read(supernet).run == RunStore.read(tmp_path / "x-supernet").run


def test_a_training_that_is_done_is_found_on_another_machine(tmp_path: Path, storage: str) -> None:
    here, there = (Kept(tmp_path / name / "digest", f"{storage}/trained/digest") for name in ("here", "there"))
    assert not here.brought().finished
    with here.alone():
        here.weights.write_bytes(b"weights")
        here.put()
        assert not (tmp_path / "store").exists(), "what is not finished stays where it is"
        here.finish({"metrics": {"val_accuracy": 0.5}})
        here.put()
    assert there.brought().finished
    assert there.weights.read_bytes() == b"weights"
    assert there.result() == here.result()


def test_a_store_that_a_mailed_run_names_is_not_asked(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "x", storage):
        pass
    shutil.copytree(tmp_path / "x", tmp_path / "mailed/x")
    shutil.rmtree(tmp_path / "store")
    mailed = tmp_path / "mailed/x"
    with pytest.raises(UsageError, match=r"names an object store, .*give the same path yourself: --storage 'file:"):
        stored_config(SearchConfig, "search", str(mailed))
    with trusting([f"--storage={storage}"]):
        assert stored_config(SearchConfig, "search", str(mailed)).place.storage == storage


def test_a_folder_of_another_machine_is_replaced_whole(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/kept"
    for name, result in (("one", b"1"), ("other", b"22")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(name[:3].encode())  # of one size
        (tmp_path / name / "result").write_bytes(result)
        put_folder(url, tmp_path / name, last="result")
    bring_folder(url, tmp_path / "here", last="result")
    assert (tmp_path / "here" / "weights").read_bytes() == b"oth"
    assert (tmp_path / "here" / "result").read_bytes() == b"22"


def test_a_run_that_another_machine_writes_is_brought_here_as_far_as_it_is(tmp_path: Path, storage: str) -> None:
    far, here = tmp_path / "far/x", tmp_path / "here/x"
    with run(far, storage) as store:
        add(store, 2)
        brought = Brought(storage, here)
        brought.refresh()
        assert log(here) == [1, 2]
        add(store, 1)
        (far / "best").mkdir()
        (far / "best/cell.svg").write_text("of trial 3")
        assert log(here) == [1, 2]
        brought.refresh()
        assert log(here) == [1, 2, 3]
        store.update(ended="2030-01-01T00:00:00+00:00")
    brought.refresh()
    assert (here / "best/cell.svg").read_text() == "of trial 3"
    assert (here / "run.json").read_bytes() == (far / "run.json").read_bytes()
    with run(far, resume=True) as store:
        add(store, 1)
        (far / "best/cell.svg").write_text("of trial 4")
    Brought(storage, here).refresh()
    assert log(here) == [1, 2, 3, 4]
    assert (here / "best/cell.svg").read_text() == "of trial 4", "a picture belongs to its log"
    assert not (here / "storage.json").exists(), "who reads has claimed nothing"
    with run(here, storage, resume=True) as store:
        assert len(store.trials) == 4


def test_a_directory_that_has_more_than_the_store_keeps_it(tmp_path: Path, storage: str) -> None:
    here = tmp_path / "x"
    with run(here, storage) as store:
        add(store, 2)
        sorted((tmp_path / "store/x/trials").iterdir())[-1].unlink()
        assert log(here) == [1, 2]
        Brought(storage, here).refresh()
        add(store, 1)  # its log is the file that it was
    assert log(here) == [1, 2, 3]
    store_record = tmp_path / "store/x/run.json"
    record = json.loads(store_record.read_text())
    (here / "run.json").write_text(json.dumps({**record, "ended": "2030-01-01T00:00:00+00:00"}))
    Brought(storage, here).refresh()
    assert json.loads((here / "run.json").read_text())["ended"] is not None, "the store had not heard of it"


def test_files_of_something_else_are_left_alone_and_a_broken_off_bringing_goes_on(
    tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here/x"
    with run(tmp_path / "far/x", storage) as store:
        add(store, 2)
    for name in ("trials.jsonl", "report.html"):
        here.mkdir(parents=True)
        (here / name).write_text("mine")
        with pytest.raises(UsageError, match=r"holds files and no run\.json"):
            Brought(storage, here).refresh()
        assert [(each.name, each.read_text()) for each in here.iterdir()] == [(name, "mine")]
        shutil.rmtree(here)
    with monkeypatch.context() as broken:
        broken.setattr(nasbench.storage.bringing, "pull_log", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Brought(storage, here).refresh()
    assert not (here / "run.json").exists()
    Brought(storage, here).refresh()
    assert log(here) == [1, 2]
    assert not (here / "bringing").exists()


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_cannot_be_brought_is_refused(tmp_path: Path, storage: str) -> None:
    with run(tmp_path / "far/x", storage):
        pass
    with pytest.raises(UsageError, match=r"holds no run .*Did you mean \.\.\./x"):
        Brought(storage, tmp_path / "here/xx").refresh()
    assert not (tmp_path / "here").exists()
    with run(tmp_path / "here/x"):
        pass
    record = tmp_path / "here/x/run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "started": "2020-01-01T00:00:00+00:00"}))
    with pytest.raises(UsageError, match="hold two different runs"):
        Brought(storage, tmp_path / "here/x").refresh()
    (tmp_path / "store/x/run.json").write_text("[]")
    with pytest.raises(UsageError, match="no run record"):
        Brought(storage, tmp_path / "other/x").refresh()


@pytest.mark.slow
def test_a_finished_run_that_lies_only_in_the_store_is_brought_here_as_the_refusal_says(
    tmp_path: Path, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, elsewhere, here = ["--storage", storage, "--wandb", "off"], str(tmp_path / "far/x"), str(tmp_path / "here/x")
    asked = ["--strategy", "random", "--trials", "2", "--dataset", "digits", "--evaluator", "proxy:params"]
    assert main(["search", *asked, "--run", elsewhere, *kept]) == 0
    for command in ("report", "watch"):
        assert main([command, here]) == 2
        assert "nasbench report RUN --storage URL" in capsys.readouterr().err
    assert main(["report", here, "--storage", storage]) == 0
    assert log(Path(here)) == log(Path(elsewhere)) == [1, 2]
    assert main(["report", here]) == 0
    for name, more in (("dashboard", ["--offline"]), ("profile", []), ("export", ["--formats", "model.py"])):
        there = str(tmp_path / name / "x")
        out = ["--out", str(tmp_path / "out")] if name == "export" else []
        assert main([name, there, *more, *out, "--storage", storage]) == 0
        assert log(Path(there)) == [1, 2]
    assert open_run(tmp_path / "python/x", storage=storage).trials[1].number in (1, 2)
