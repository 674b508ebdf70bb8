"""A file is there whole or not at all, and a disk that refuses it is one error that says which, why and what to do."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from nasbench.core.errors import NotWritten, RunFailed, UsageError
from nasbench.core.not_written import check_new_file, check_writable, not_written, refused
from nasbench.core.writing import copy_file, delete, files_together, make_folder, replacing, write_atomically
from nasbench.train.checkpoint import save_state, save_weights
from unit.failing_disk import failing_disk


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Inside, the operating system lets no file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_whichever_call_the_disk_refuses_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")
    with failing_disk() as disk:
        disk.refuse(0)
        write_atomically(tmp_path / "other", "new")
        calls = list(disk.calls)
        assert calls == ["open", "write", "fsync", "close", "replace"]
        for at in range(1, len(calls) + 1):
            disk.refuse(at)
            with pytest.raises(NotWritten, match=r"cannot write .*run\.json: no space left on the device\. Make room"):
                write_atomically(path, "new")
            assert path.read_text() == "old"
            assert names(tmp_path) == ["other", "run.json"]
        disk.refuse(0)
        write_atomically(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EFBIG, "larger than is allowed"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "input/output error"),
        (errno.EISDIR, "a directory has that name"),
    ],
)
def test_the_reason_is_named_and_what_to_do(number: int, reason: str) -> None:
    text = str(not_written(Path("runs/a/run.json"), OSError(number, os.strerror(number))))
    assert text.startswith("cannot write runs/a/run.json: ")
    assert reason in text
    assert len(text.split(". ")) == 2  # what to do


def test_a_path_that_cannot_be_is_told_by_what_stands_in_its_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far" / "a")
    for path, reason in (
        (tmp_path / "link", rf"its directory {tmp_path / 'far'} does not exist\. Make it, or put it back"),
        (tmp_path / "gone" / "deep" / "a", rf"its directory {tmp_path / 'gone'} does not exist"),
        (tmp_path / "file" / "a", rf"{tmp_path / 'file'} is a file and no directory"),
        (tmp_path / "folder", "a directory has that name"),
    ):
        with pytest.raises(NotWritten, match=reason):
            write_atomically(path, "")
    with pytest.raises(NotWritten, match="cannot make the directory"):
        make_folder(tmp_path / "file")
    with pytest.raises(NotWritten, match="cannot delete"):
        delete(tmp_path / "folder")
    assert names(tmp_path) == ["file", "folder", "link"]


def test_what_libraries_write_is_refused_in_the_same_words(tmp_path: Path) -> None:
    with largest_file(2000):
        for write in (
            lambda: save_state(tmp_path / "a.pt", {"a": torch.zeros(10_000)}),
            lambda: save_weights(tmp_path / "a.safetensors", torch.nn.Linear(50, 50)),
            lambda: write_atomically(tmp_path / "a.json", "0" * 3000),
        ):
            with pytest.raises(NotWritten, match=r"cannot write .*/a\..*: the file would be larger than is allowed"):
                write()
    assert names(tmp_path) == []


@pytest.mark.slow
def test_a_program_that_does_not_fit_does_not_end_the_process(tmp_path: Path) -> None:
    program = torch.export.export(torch.nn.Linear(50, 50), (torch.zeros(2, 50),))
    with largest_file(2000), pytest.raises(NotWritten, match=r"cannot write .*/a\.pt2: the file would be larger"):
        _export(program, tmp_path / "a.pt2")  # where PyTorch opens the file itself, it calls terminate()
    assert names(tmp_path) == []
    _export(program, tmp_path / "a.pt2")
    assert torch.export.load(tmp_path / "a.pt2").module()(torch.zeros(3, 50)[:2]).shape == (2, 50)


def _export(program: torch.export.ExportedProgram, path: Path) -> None:
    with replacing(path) as file:
        torch.export.save(program, file)  # type: ignore[arg-type]


def test_what_the_writer_raises_itself_is_not_the_disk(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a") as file:
        file.write(b"half"[: 1 // 0])
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "none", tmp_path / "a")
    assert names(tmp_path) == []


def write_best(best: Path) -> None:
    with files_together(best, ("model.pt2",), "metrics.json") as part:
        write_atomically(part / "weights", "new")
        write_atomically(part / "metrics.json", "new")


def test_files_that_belong_together_come_together(tmp_path: Path) -> None:
    best = tmp_path / "best"
    best.mkdir()
    for name in ("metrics.json", "weights", "model.pt2", "front.json"):
        (best / name).write_text("old")
    before = {path.name: path.read_text() for path in best.iterdir()}
    with failing_disk() as disk:
        for at in range(1, 11):  # two files of five calls each
            disk.refuse(at)
            with pytest.raises(NotWritten, match=r"cannot write .*/best/(weights|metrics\.json): no space"):
                write_best(best)
            assert {path.name: path.read_text() for path in best.iterdir()} == before
            assert names(tmp_path) == ["best"]
        disk.refuse(11)  # the last step: what says that the others are there is not, so nothing is taken for another
        with pytest.raises(NotWritten):
            write_best(best)
        assert names(best) == ["front.json", "weights"]


def test_links_and_devices_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_atomically(tmp_path / "link", "through")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "through"
    write_atomically(Path(os.devnull), "nowhere")
    assert not Path(os.devnull).is_file()
    with pytest.raises(NotWritten, match=r"cannot write /dev/full: no space left"):
        write_atomically(Path("/dev/full"), "full")


def test_a_flag_that_names_no_place_is_bad_usage_and_a_full_disk_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_writable(tmp_path / "new" / "deep", "--out")
    with pytest.raises(UsageError, match=r"file is a file and no directory\. Choose another with --out"):
        check_writable(tmp_path / "file" / "a", "--out")
    assert isinstance(refused(tmp_path, OSError(errno.EROFS, ""), "--run"), UsageError)
    assert isinstance(refused(tmp_path, OSError(errno.ENOSPC, ""), "--run"), RunFailed)


def test_a_new_file_needs_its_directory_and_one_that_is_there_is_enough(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "a")
    (tmp_path / "whole").symlink_to(tmp_path / "new")
    for path, told in (
        (tmp_path / "none" / "a", f"no directory '{tmp_path / 'none'}' for --csv"),
        (tmp_path / "link", f"no directory '{tmp_path / 'far'}' for --csv"),
        (tmp_path / "file" / "a", "file is a file and no directory"),
        (tmp_path, f"Write a name in it: '{tmp_path / 'a.csv'}'"),
    ):
        with pytest.raises(UsageError) as refusal:
            check_new_file(path, "--csv", "a.csv")
        assert told in str(refusal.value)
    for path in (tmp_path / "new", tmp_path / "file", tmp_path / "whole"):
        check_new_file(path, "--csv", "a.csv")


def test_a_place_that_may_not_be_written_is_bad_usage() -> None:
    with pytest.raises(UsageError, match=r"permission denied|read-only"):
        check_writable(Path("/proc/1/a") if os.geteuid() else _read_only(), "--out")


def _read_only() -> Path:
    """A place on a file system that nobody can write to, where there is one."""
    for line in Path("/proc/mounts").read_text().splitlines():
        place = Path(line.split()[1])
        if "ro" in line.split()[3].split(",") and place.is_dir():
            return place / "a"
    pytest.skip("root may write everywhere here: no file system is read-only")


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="this system has no /dev/shm")
def test_files_in_memory_are_written_as_any_others() -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        write_atomically(Path(folder, "run.json"), "first")
        write_atomically(Path(folder, "run.json"), "second")
        assert [path.read_text() for path in Path(folder).iterdir()] == ["second"]
