"""A run in an object store: its address, its log in segments, who may write it, and a store that is away."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import nasbench.storage.claim as claims
import nasbench.storage.patient as patience
from nasbench.core.errors import LogLost, NotWritten, UsageError
from nasbench.storage.address import Address, run_address
from nasbench.storage.claim import Claim
from nasbench.storage.objects import ArrowObjects, Refused, Silent
from nasbench.storage.patient import Patient
from nasbench.storage.segments import SegmentedLog, chain, read_log, segments


@pytest.fixture
def objects(tmp_path: Path) -> ArrowObjects:
    return ArrowObjects(Address.read(f"file://{tmp_path}/store"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("DEAD_SECONDS", 0.3), ("BEAT_SECONDS", 0.05), ("LOOK_SECONDS", 0.02)):
        monkeypatch.setattr(claims, name, seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runs/here", "takes file:///PATH, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"),
        ("s4://bucket/p", "no kind of --storage named 's4'. Known: file, gs, s3"),
        ("s3:///p", "names no bucket"),
        ("file://host/p", "with three slashes"),
        ("s3://KEY:SECRET@bucket/p", "takes no credentials"),
        ("s3://bucket/p?secret_key=SECRET", "nothing secret; it has 'secret_key'"),
        ("s3://bucket/p?endpoint_override=http://KEY:SECRET@host", "takes no credentials"),
        ("file:///a/b#1", "write %23 for it"),
        ("file:///a/b\n", "cannot be printed"),
        ("file:///a%00b", "cannot be printed"),
        ("file:///a?region=eu", "has no effect on file:///PATH"),
        ("s3://[bucket/p", "is no URL"),
        ("s3://bucket:9000/p", "a bucket's name has letters"),
        ("s3://bucket/a//b", "a prefix has no empty part"),
        ("s3://bucket/../b", "a prefix has no empty part"),
        ("s3://bucket?scheme=htpp", "Did you mean 'http'"),
        ("s3://bucket?region=", "is empty"),
        ("s3://bucket?region=a&region=b", "names a setting twice"),
    ],
)
def test_an_address_that_is_none_or_holds_a_secret(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        Address.read(text)
    assert "SECRET" not in str(refused.value)


def test_an_address_is_read_back_as_it_was() -> None:
    address = Address.read("s3://bucket/of/us/?endpoint_override=http://127.0.0.1:9000&scheme=http")
    assert Address.read(address.url) == address
    assert address.shown == "s3://bucket/of/us"
    assert run_address("s3://bucket", Path("runs/a b#7%")).root == "bucket/a b#7%"
    assert Address.read(run_address("s3://bucket", Path("runs/a b#7%")).url).root == "bucket/a b#7%"


def test_a_run_and_its_place_in_the_storage_lie_apart(tmp_path: Path) -> None:
    storage = f"file://{tmp_path}/store"
    for run in ("store/run", "store/run/of/run"):
        with pytest.raises(UsageError, match="cannot lie in the run directory"):
            run_address(storage, tmp_path / run)
    with pytest.raises(UsageError, match="cannot lie in the run directory"):
        run_address(f"file://{tmp_path}/run/kept", tmp_path / "run")
    with pytest.raises(UsageError, match="finished trainings"):
        run_address(storage, tmp_path / "trained")
    assert run_address(storage, tmp_path / "store/a/b").path == f"{tmp_path}/store/b"


def test_a_folder_that_cannot_be_made_is_no_missing_object() -> None:
    with pytest.raises(Refused, match="no folder can be made there"):
        ArrowObjects(Address.read("file:///proc/nothing/here")).write("writers/1", b"")


def test_a_log_in_segments_is_the_file_whenever_it_is_read(
    objects: ArrowObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasbench.storage.segments.MOST", 5)
    file = tmp_path / "log"
    file.write_text("before\n")
    log = SegmentedLog(objects, "trials", file, writer=1)
    log.begin()
    for number in range(25):
        with open(file, "a") as more:
            more.write(f"line {number}\ntorn")
        log.sync()
        whole = file.read_text().removesuffix("torn")
        assert read_log(objects, "trials").decode() == whole
        file.write_text(whole)
    assert read_log(objects, "trials").decode() == file.read_text()
    assert len(objects.sizes("trials")) < 12, "many small objects are joined"
    objects.write("trials/000001-000000000000-000000009999.jsonl", b"cut sho")  # its name says how long it should be
    assert read_log(objects, "trials").decode() == file.read_text()


def test_what_a_writer_that_was_thought_dead_still_writes_is_not_read(objects: ArrowObjects, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for file in (old, new):
        file.write_text("one\n")
    dead, living = SegmentedLog(objects, "trials", old, 1), SegmentedLog(objects, "trials", new, 2)
    dead.begin()
    living.begin()
    old.write_text("one\nfrom the dead\n")
    dead.sync()
    new.write_text("one\ntwo\n")
    living.sync()
    assert read_log(objects, "trials") == b"one\ntwo\n"
    with pytest.raises(UsageError, match=r"trials/mine.txt in the storage is no part of a log"):
        segments("trials", {"trials/mine.txt": 3})
    assert chain([]) == []


def test_one_writer_at_a_time(objects: ArrowObjects, quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    first = Claim.take(objects, objects, 0, "", "the run")
    with pytest.raises(UsageError, match=r"the run is in use: process \d+ on .* is writing this run"):
        Claim.take(objects, objects, 0, "", "the run")
    first.check()
    first.let_go()
    second = Claim.take(objects, objects, 7, "", "the run")
    assert second.number == 8
    second._left.set()  # it dies, and its claim stays
    third = Claim.take(objects, objects, 7, "", "the run")
    assert third.number == 9
    assert "waiting 0.3 s to see" in capsys.readouterr().err
    third._left.set()
    fourth = Claim.take(objects, objects, 7, third.token, "the run")
    assert "waiting" not in capsys.readouterr().err, "who holds the directory knows that its last process is dead"
    fourth.let_go()


def test_a_writer_hears_that_another_took_over(objects: ArrowObjects, quick: None) -> None:
    claim = Claim.take(objects, objects, 0, "", "the run")
    for name in objects.sizes("writers"):
        objects.delete(name)
    claim._beat()
    with pytest.raises(LogLost, match="the run in the run is another process's now"):
        claim.check()


class Away:
    """Objects of a server that is away for some calls."""

    def __init__(self, faults: list[Exception]) -> None:
        self._faults: Iterator[Exception] = iter(faults)
        self.there: dict[str, bytes | Path] = {}

    def _fail(self) -> None:
        for fault in self._faults:
            raise fault

    def read(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    def write(self, name: str, data: bytes | Path) -> None:
        self._fail()
        self.there[name] = data

    def sizes(self, folder: str = "") -> Mapping[str, int]:
        return {}

    def delete(self, name: str) -> None:
        del self.there[name]


def test_a_store_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "PAUSES", (0.0,))
    store = Away([Silent("connection refused"), Silent("slow down")])
    Patient(store, "s3://bucket/p").write("a", b"data")
    first, second = capsys.readouterr().err.splitlines()
    assert store.there == {"a": b"data"}
    assert "waiting for s3://bucket/p, which does not answer (connection refused)" in first
    assert "again" in second
    with pytest.raises(NotWritten, match="cannot write s3://bucket/p/b: permission denied"):
        Patient(Away([Refused("permission denied")]), "s3://bucket/p").write("b", b"")
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(NotWritten, match=r"the store has not answered for 0 minutes \(gone\)"):
        Patient(Away([Silent("gone")]), "s3://bucket/p").write("b", b"")


def test_objects_that_are_files(objects: ArrowObjects, tmp_path: Path) -> None:
    objects.check()
    objects.write("a/b.json", json.dumps([1]).encode())
    (tmp_path / "large").write_bytes(b"x" * 1000)
    objects.write("a/large", tmp_path / "large")
    (tmp_path / "store/a/.c.1234.part").write_bytes(b"half")
    assert objects.sizes() == {"a/b.json": 3, "a/large": 1000} == objects.sizes("a")
    objects.delete("a/large")
    objects.delete("a/large")
    with pytest.raises(FileNotFoundError):
        objects.read("a/large")
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"Not a directory; choose another --storage|File exists"):
        ArrowObjects(Address.read(f"file://{tmp_path}/file/below")).write("a", b"")
