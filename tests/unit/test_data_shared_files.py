"""File lists are one array of bytes, whatever the names, and loader processes share it."""

import os
import pickle
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

from nasbench.train.data import FileSplit
from nasbench.train.paths import Paths
from nasbench.train.shared_files import SharedFiles

NAMES = ("train/cat/1.png", "train/cat/2.png", "train/Ölkäfer/é 3.png", os.fsdecode(b"train/dog/\xff\xfe.png"))


def test_names_are_kept_whatever_their_letters() -> None:
    paths = Paths("/data", NAMES)
    assert paths.names == NAMES
    assert list(paths) == [Path("/data", name) for name in NAMES]
    assert (paths[-1], paths[1:3].names) == (Path("/data", NAMES[-1]), NAMES[1:3])
    assert paths.take([2, 0]).names == (NAMES[2], NAMES[0])
    assert paths == Paths("/data", list(NAMES)) == pickle.loads(pickle.dumps(paths))
    assert hash(paths) == hash(Paths("/data", NAMES))
    assert paths != Paths("/data", NAMES[::-1])
    assert (len(Paths("/data", ())), Paths("/data", ()).names) == (0, ())


def test_a_split_travels_to_a_loader_process_as_handles_of_shared_memory() -> None:
    many = [f"train/n{label:08d}/n{label:08d}_{index}.JPEG" for label in range(100) for index in range(50)]
    labels = tuple(label for label in range(100) for _ in range(50))
    files = SharedFiles(FileSplit(Paths("/data", many), labels), shared=True)
    sent = bytes(ForkingPickler.dumps(files))
    assert len(sent) < 2000 < len("".join(many))
    there = ForkingPickler.loads(sent)
    assert [there.path(index) for index in (0, 1, 4999)] == [Path("/data", many[index]) for index in (0, 1, 4999)]
    assert [there.label(index) for index in (0, 50, 4999)] == [0, 1, 99]
    assert len(there) == 5000


def test_files_that_are_plain_paths_are_packed_too() -> None:
    split = FileSplit((Path("a/b.png"), Path("/c/d.png")), (1, 0))
    files = SharedFiles(split, shared=False)
    assert [files.path(index) for index in range(2)] == list(split.paths)
    assert [files.label(index) for index in range(2)] == [1, 0]
