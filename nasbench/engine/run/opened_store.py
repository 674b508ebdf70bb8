"""The store of a run that a command opens: a new one, or one to go on with, kept elsewhere too where it is to be."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.core.errors import NotWritten, RunFailed, UsageError
from nasbench.core.identity import changes
from nasbench.core.seal import sealed
from nasbench.core.store import RunStore, discard, missing
from nasbench.core.trust import in_force
from nasbench.core.writing import make_folder
from nasbench.engine.config.trust import import_paths
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.provenance import now, provenance
from nasbench.engine.run.resume import check_followed, check_same
from nasbench.engine.run.watch import print_note


def opened_store(opening: Opening) -> RunStore:
    """UsageError where the run cannot be opened: then nothing is left of a new one."""
    storage = opening.config.flat().get("storage")
    return _in_directory(opening) if storage is None else _kept(opening, storage)


def _kept(opening: Opening, storage: str) -> RunStore:
    """The run, kept in an object store too."""
    from nasbench.storage.address import run_address
    from nasbench.storage.mirror import Mirror

    directory, resumed = opening.directory, opening.resumes
    new = missing(directory)
    store: RunStore | None = None
    mirror: Mirror | None = None
    begun = False
    try:
        mirror = Mirror(run_address(storage, directory), directory)
        adopted = resumed and not mirror.holds_a_run
        if resumed and not adopted:
            mirror.pull()
        elif not resumed:
            mirror.check_free()
        store = _in_directory(opening)
        begun = not resumed
        mirror.begin()
        if adopted:
            mirror.adopt_weights()
            print_note(f"{mirror.address.shown} had no such run: this one is kept there from now on")
    except BaseException:
        if mirror is not None:
            if begun:
                mirror.discard()
            mirror.close()
        if store is not None:
            store.close()
        if not resumed:
            _discard_new(directory, new, begun)
        raise
    store.mirror = mirror
    return store


def _discard_new(directory: Path, new: list[Path], begun: bool) -> None:
    """Takes away what was made for a run that was refused; a run that lies there stays."""
    from nasbench.storage.mirror import NOTE

    if begun or directory in new:
        discard(directory, new)
    elif not (directory / "run.json").exists():
        (directory / NOTE).unlink(missing_ok=True)


def _in_directory(opening: Opening) -> RunStore:
    if opening.resumes:
        store = RunStore.resume(opening.directory, opening.check)
        flags = opening.part_of.flags if opening.part_of else None
        try:
            raised = check_same(opening.config, store.run, opening.command, opening.directory, flags)
            check_followed(store)
            _check_identity(opening, store.run)
        except UsageError:
            store.close()
            raise
        if store.dropped is not None:
            print_note(
                f"the last line of {store.directory / 'trials.jsonl'} was cut short by an interrupted write; "
                "it was dropped"
            )
        entry = {"started": now(), "argv": list(opening.argv), **raised}
        changed = {**opening.config.kept(), **{name: change["new"] for name, change in raised.items()}}
        config = {**store.run["config"], **changed}
        try:
            resumed = [*store.run.get("resumed", []), entry]
            store.update(config=config, resumed=resumed, ended=None, **_seal(opening))
        except RunFailed:
            store.close()
            raise
    else:
        config = opening.config.recorded()
        record = {"command": opening.command, "config": config, "seed": config["seed"], **provenance(opening.argv)}
        plan = {"plan": dict(opening.plan), "identity": dict(opening.identity)}
        store = RunStore.create(opening.directory, {**record, **plan, **_seal(opening)})
    try:
        make_folder(opening.directory / "checkpoints")
    except NotWritten:
        store.close()
        raise
    return store


def _seal(opening: Opening) -> dict[str, Any]:
    """What lets this user resume the run here without vouching for its import paths again."""
    named = {each.path for each in import_paths(opening.config, opening.config.recorded())}
    return sealed(named | in_force().known, opening.directory)


def _moved(opening: Opening, before: Mapping[str, Any]) -> list[str]:
    """Places that are named anew, where nothing tells whether the same lies there: a run of 0.1.0 has no identity."""
    fixed, now_given = opening.config.fixed(), opening.config.flat()
    places = [name for name, value in fixed.items() if value != now_given[name]]
    return [f"{name} was {before[name]!r}" for name in places if name in before and before[name] != now_given[name]]


def _check_identity(opening: Opening, run: Mapping[str, Any]) -> None:
    """UsageError where a recipe, a data set or a table is not what the run began with."""
    before, now_found = run.get("identity"), json.loads(json.dumps(dict(opening.identity)))
    differs = changes(before, now_found) if before is not None else _moved(opening, run["config"])
    if differs:
        raise UsageError(
            f"the run in {opening.directory} began with something else: {'; '.join(differs[:5])}. "
            "Put it back as it was, or start a new run."
        )
