"""What is read by a name is a regular file, or one error says what is there instead."""

import os
import socket
from pathlib import Path

import pytest
import torch

from nasbench.core.errors import UsageError
from nasbench.core.identity import file_digest
from nasbench.core.plain_file import check_plain, no_file, plain_bytes
from nasbench.core.store import RunStore
from nasbench.evaluators.table_file import read_sheet
from nasbench.train.checkpoint import load_state, load_weights
from nasbench.train.decoding import read_image

READERS = {
    "bytes": plain_bytes,
    "a digest": file_digest,
    "a table": lambda path: read_sheet(path, ()),
    "weights": load_weights,
    "a state": lambda path: load_state(path, torch.device("cpu")),
    "an image": read_image,
}


@pytest.mark.parametrize("reader", READERS)
def test_nobody_waits_for_a_pipe(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "name.csv"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="a pipe") as told:
        READERS[reader](path)
    assert "name.csv" in str(told.value)


@pytest.mark.parametrize("name", ["run.json", "trials.jsonl"])
def test_nor_does_a_run(name: str, tmp_path: Path) -> None:
    RunStore.create(tmp_path, {"command": "toy"}).close()
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    for opened in (RunStore.read, RunStore.resume):
        with pytest.raises(UsageError, match=f"{name}' is a pipe, and must be a file"):
            opened(tmp_path)


def test_what_is_there_instead_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "failing").symlink_to("/proc/self/mem")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    told = {}
    for name in ("folder", "loop", "device", "socket", "missing", "zero\0byte", "failing"):
        with pytest.raises(UsageError) as error:
            plain_bytes(Path(name))
        told[name] = str(error.value)
    assert "is a directory" in told["folder"]
    assert "symbolic links" in told["loop"]
    assert "is a device" in told["device"]
    assert "is a socket" in told["socket"]
    assert "No such file" in told["missing"]
    assert "null byte" in told["zero\0byte"]
    assert "cannot read 'failing': Input/output error" in told["failing"]


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0x")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        check_plain(tmp_path / name)
        assert no_file(tmp_path / name) == ""
        assert plain_bytes(tmp_path / name) == b"\0x"
