"""Whole folders in an object store: all files, and one of them last, which says that the folder is whole."""

from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.writing import make_folder, write_atomically
from nasbench.storage.address import Address
from nasbench.storage.objects import ArrowObjects
from nasbench.storage.patient import Patient


def put_folder(url: str, folder: Path, last: str) -> None:
    """Puts the files of a folder there, those aside whose names begin with a dot: all of them, so that no file of
    another machine's folder stays among them, or none where all are there.

    NotWritten where the store stays away.
    """
    objects = _objects(url)
    there = objects.sizes()
    files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    if all(there.get(file.name) == file.stat().st_size for file in files):
        return
    for file in sorted(files, key=lambda file: (file.name == last, file.name)):
        objects.write(file.name, file)


def bring_folder(url: str, folder: Path, last: str) -> None:
    """Copies the files from there, where `last` is among them. NotWritten as above."""
    objects = _objects(url)
    there = objects.sizes()
    if last not in there:
        return
    if strange := [name for name in there if "/" in name]:
        raise UsageError(f"{url} is no folder of a training: it holds {strange[0]!r}. Delete it there.")
    make_folder(folder, parents=True)
    for name in sorted(there, key=lambda name: (name == last, name)):
        write_atomically(folder / name, objects.read(name))


def _objects(url: str) -> Patient:
    address = Address.read(url)
    return Patient(ArrowObjects(address), address.shown)
