"""From the store into a run directory: what lacks there, or is older."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.json_text import parsed
from nasbench.core.reported import CURVES
from nasbench.core.shown import say
from nasbench.core.store import LOG_FILE, LOGGED, RUN_FILE, RunStore
from nasbench.core.writing import make_folder, make_folder_of, write_atomically
from nasbench.storage.address import Address
from nasbench.storage.claim import FOLDER as WRITERS
from nasbench.storage.objects import ArrowObjects, Readable, Refused, Silent
from nasbench.storage.patient import Patient
from nasbench.storage.segments import read_log, segments

LOGS = {"trials": LOG_FILE, "curves": CURVES}
"""Folder of segments -> the file that they are."""
CHECKPOINTS = "checkpoints"
LEFT_OUT = ("wandb", CHECKPOINTS)
"""Folders that are not copied: W&B has its own, and of the weights, whoever trained them puts them there."""


def is_derived(name: str) -> bool:
    """Whether an object is a file that a run directory has besides its record, its log and its weights."""
    return name != RUN_FILE and name.partition("/")[0] not in (*LOGS, *LEFT_OUT, WRITERS)


def fetch(objects: Readable, name: str, directory: Path, again: bool = False) -> None:
    """Copies an object to its place in a directory, unless something is there and it is not `again`. FileNotFoundError
    where there is none, UsageError for a name that leads elsewhere.
    """
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()):
        raise UsageError(f"{name!r} in the storage leads out of a run directory: delete it there")
    if again or not path.exists():
        content = objects.read(name)
        make_folder(path.parent, parents=True)
        write_atomically(path, content)


def copy_run(address: Address, directory: Path) -> None:
    """Copies a run that nobody writes, its weights aside, into a directory that has none; nothing where the store has
    no such run.
    """
    objects = Patient(ArrowObjects(address), address.shown)
    names = objects.sizes()
    if RUN_FILE not in names:
        return
    lines = logged(objects.read(RUN_FILE))
    for name in names:
        if is_derived(name):
            fetch(objects, name, directory)
    for folder, file in LOGS.items():
        pull_log(objects, address, folder, directory / file, lines.get(folder, 0))
    pull_record(objects, address, directory)


def logged(record: bytes) -> Mapping[str, int]:
    """Folder of segments -> how many lines run.json says that it has at least."""
    with suppress(ValueError, KeyError, TypeError):
        return {"trials": int(parsed(record)[LOGGED])}
    return {}


def pull_log(objects: Readable, address: Address, folder: str, file: Path, lines: int = 0) -> None:
    """Makes a log what the store has, unless it is that with more lines. UsageError where they differ, and where the
    store has lost a part that is not here; it had so many `lines`.

    Trials that this directory alone has, because its process was killed before they were in the store, and that were
    evaluated again elsewhere, are set aside in a file of their own.
    """
    here = file.read_bytes() if file.exists() else b""
    here = here[: here.rfind(b"\n") + 1]
    if folder != "trials" and not (here or segments(folder, objects.sizes(folder))):
        if not file.exists():
            say(f"nasbench: {address.shown} has lost {folder!r}, what trainings said after each epoch: it is left out")
            write_atomically(file, "")
        return
    kept = read_log(objects, folder, here, lines)
    if kept.startswith(here):
        if len(kept) > len(here) or not file.exists():
            make_folder_of(file)
            write_atomically(file, kept)
    elif not here.startswith(kept):
        if folder != "trials":  # derived
            write_atomically(file, kept)
            return
        there = set(kept.splitlines(keepends=True))
        own = [line for line in here.splitlines(keepends=True) if line not in there]
        if set(map(_number, own)) <= set(map(_number, there)):
            aside = file.with_name(f"trials.rescued-{os.getpid()}.jsonl")
            write_atomically(aside, b"".join(own))
            write_atomically(file, kept)
            what = quantity(len(own), "trial")
            say(f"nasbench: {what} here had not reached {address.shown}, and came out again elsewhere: see {aside}")
            return
        raise UsageError(
            f"{file} and the log in {address.shown} differ in what they have in common: the run went on in two "
            "places. Nothing was changed. To go on with what the store has, resume in another directory of the name "
            f"{file.absolute().parent.name!r}."
        )


def _number(line: bytes) -> int | None:
    with suppress(ValueError, KeyError, TypeError):
        return int(parsed(line)["number"])
    return None


def refresh_record(address: Address, directory: Path) -> None:
    """Brings run.json into a directory that has none, or one of before the run went on elsewhere. UsageError where the
    store does not answer, or neither has the run.
    """
    objects = ArrowObjects(address)
    objects.check()
    try:
        pull_record(Patient(objects, address.shown), address, directory)
    except FileNotFoundError:
        if not (directory / RUN_FILE).exists():
            raise UsageError(f"{address.shown} holds no run (no run.json there).{nearest(address, '--run ')}") from None


def pull_record(objects: Readable, address: Address, directory: Path) -> None:
    """FileNotFoundError where the store has none, UsageError where what it has is none, or is of another run."""
    content, path = objects.read(RUN_FILE), directory / RUN_FILE
    try:
        there = parsed(content)
        began, resumed = there["started"], len(there.get("resumed", []))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(no_record(address)) from error
    if not path.exists():
        make_folder(directory, parents=True)
        write_atomically(path, content)
        return
    here = RunStore.read_record(directory)
    if began != here.get("started"):
        raise UsageError(
            f"{directory} and {address.shown} hold two different runs, which began at {here.get('started')} and {began}"
        )
    if resumed > len(here.get("resumed", [])):
        write_atomically(path, content)


def no_record(address: Address) -> str:
    """What is said of a run.json that is none."""
    return (
        f"{address.shown}/{RUN_FILE} is no run record of nasbench: it was cut short, or is of something else. Put it "
        "back; or delete it there, and go on from a directory that has the run."
    )


def nearest(address: Address, flag: str = "") -> str:
    """What is said of a name without a run: the nearest one that the storage has. `flag` is what names a directory."""
    from difflib import get_close_matches

    above, _, name = address.path.rpartition("/")
    there = ArrowObjects(Address(address.scheme, address.bucket, above, address.settings))
    with suppress(Silent, Refused):
        folders = there.folders()
        if name in folders:
            return " Other objects of a run are there, so run.json was lost: go on from a directory that has the run."
        near = get_close_matches(name, folders, n=1)
        if near:
            return f" Did you mean {flag}.../{near[0]}? A run is kept under the name of its directory."
    how = "give the same name with --run" if flag else "give a directory of the same name, which need not be there"
    return f" A run is kept under the name of its directory: {how}."
