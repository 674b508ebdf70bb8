"""Where a worker leaves a child's weights: in the run directory, or, where the run is kept in an object store, there.

So workers on other machines need no disk that all share.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from nasbench.core.part_file import PART
from nasbench.core.writing import write_atomically
from nasbench.storage.address import Address, is_address
from nasbench.storage.objects import ArrowObjects
from nasbench.storage.patient import Patient


@contextmanager
def folder_of(place: str | None, wanted: Sequence[str] = ()) -> Iterator[Path | None]:
    """The folder in which a child's files lie while it is trained; None where `place` is.

    Where `place` is a URL, that is a folder of this machine: the first of `wanted` that the store has is there at the
    beginning, and what is there at the end goes to the store, those aside that `wanted` names after its first.
    NotWritten where the store stays away.
    """
    if place is None or not is_address(place):
        yield None if place is None else Path(place)
        return
    address = Address.read(place)
    objects = Patient(ArrowObjects(address), address.shown)
    with TemporaryDirectory(prefix="nasbench-child-") as made:
        folder = Path(made)
        for name in wanted:
            try:
                write_atomically(folder / name, objects.read(name))
                break
            except FileNotFoundError:
                continue
        yield folder
        for file in sorted(folder.iterdir()):
            if not PART.fullmatch(file.name) and file.name not in wanted[1:]:
                objects.write(file.name, file)
