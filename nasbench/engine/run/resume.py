"""Resuming a run: its configuration comes from run.json, and a flag that contradicts it is an error that names it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.run_record import check_whole
from nasbench.core.seal import sealed_paths
from nasbench.core.spec import ModelSpec, named_space
from nasbench.core.store import LOG_FILE, RUN_FILE, RunStore
from nasbench.core.trust import check_trusted, in_force
from nasbench.engine.config.record import Record, flag
from nasbench.engine.config.sharing import supernet_directory
from nasbench.engine.config.trust import import_paths, storages

Config = TypeVar("Config", bound=Record)


def stored_config(kind: type[Config], command: str, run: str | None, storage: str | None = None) -> Config:
    """The configuration of the run in a directory, ready to go on with. UsageError where another command's run is
    there. A run that is kept in an object store need not be in the directory; `storage` says where, if it does not.
    """
    if run is None:
        raise UsageError("--resume needs --run DIR: the directory of the run to go on with")
    _bring_record(Path(run), storage)
    if command == "search":
        _check_first_part(Path(run))
    record = RunStore.read_record(Path(run), resumes=True)
    check_whole(record, Path(run) / RUN_FILE)
    check_command(record, command, Path(run))
    vouched_for(record, Path(run))
    check_trusted(import_paths(kind(), record["config"]), Path(run) / RUN_FILE)
    return kind().changed(**_known(kind(), record["config"])).changed(run=run, resume=True)


def _bring_record(directory: Path, storage: str | None) -> None:
    """Brings run.json from the object store that keeps the run, where it lacks here or the run went on elsewhere; and
    the supernet that the run scores with, where that lacks.
    """
    if storage is None and (directory / RUN_FILE).exists():
        record = RunStore.read_record(directory, resumes=True)
        known = record.get("config")
        storage = known.get("storage") if isinstance(known, Mapping) else None
        vouched_for(record, directory)
        check_trusted(storages({"storage": storage}), directory / RUN_FILE)
    if storage is not None:
        from nasbench.storage.address import run_address
        from nasbench.storage.pulling import copy_run, refresh_record

        refresh_record(run_address(str(storage), directory), directory)
        config, supernet = RunStore.read_record(directory).get("config"), supernet_directory(directory)
        shares = isinstance(config, Mapping) and config.get("weight_sharing") is not None
        if shares and not (supernet / RUN_FILE).exists():
            copy_run(run_address(str(storage), supernet), supernet)


def _check_first_part(directory: Path) -> None:
    """UsageError with the command that goes on, where a search has not begun because its supernet is still trained."""
    supernet = supernet_directory(directory)
    if (directory / RUN_FILE).exists() or not (supernet / RUN_FILE).exists():
        return
    given = RunStore.read_record(supernet).get("argv")
    same = shlex.join(map(str, given)) if isinstance(given, list) else "the same as before, without --resume"
    raise UsageError(
        f"the search in {directory} has not begun: its shared weights are in {supernet}. The command that it began "
        f"with goes on with them, and needs no --resume: {same}"
    )


def vouched_for(run: Mapping[str, Any], directory: Path) -> None:
    """Lets the present command follow the import paths that this user gave when the run began here."""
    in_force().known.update(sealed_paths(run, directory))


def completed_config(kind: type[Record], run: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """The configuration in run.json, as it stands there, with the defaults of what is missing. UsageError for a field
    of a wrong type.
    """
    try:
        kind().changed(**_known(kind(), run["config"]))
    except UsageError as error:
        raise UsageError(f"the configuration in {directory / RUN_FILE} cannot be read: {error}") from error
    return {**kind().recorded(), **run["config"]}


def check_followed(store: RunStore) -> None:
    """UsageError for an import path in the plan or the log of a run that neither the user nor a seal vouches for."""
    vouched_for(store.run, store.directory)
    plan = store.run.get("plan")
    if isinstance(plan, Mapping):
        check_trusted(named_space(str(plan.get("source") or "")), store.directory / RUN_FILE)
    for trial in store.trials:
        if trial.model is not None:
            check_trusted(ModelSpec.from_json(trial.model).import_paths, store.directory / LOG_FILE)


def check_same(
    config: Record, run: Mapping[str, Any], command: str, directory: Path, flags: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """UsageError naming the field where `config` contradicts the run it goes on with. Where it runs may change, and
    where its table or its supernet lies. `flags`: field -> its flag, where the user gave it by another than its own.

    Returns name -> {old, new} of what is raised.
    """
    check_command(run, command, directory)
    before = type(config)().changed(**_known(type(config)(), run["config"]))
    return check_unchanged(before, config, directory, flags)


def check_unchanged(
    before: Record, config: Record, directory: Path, flags: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """UsageError naming the field where a resumed run would no longer be what it was. Returns what it raises."""
    stored = before.fixed()
    for name, new in config.fixed().items():
        if stored[name] != new:
            raise _contradiction(name, before.flat()[name], config.flat()[name], directory, flags)
    return _growth(before.growing(), config.growing(), directory)


def _growth(before: Mapping[str, Any], now: Mapping[str, Any], directory: Path) -> dict[str, dict[str, Any]]:
    """Name -> {old, new} of what a resumed run raises: more trials, say. UsageError for what it lowers."""
    raised = {}
    for name, new in now.items():
        old = before[name]
        if old == new:
            continue
        if isinstance(old, str) or isinstance(new, str):
            raise _contradiction(name, old, new, directory)
        if new < old:
            done = len(RunStore.read(directory).trials)
            raise UsageError(
                f"{flag(name)} {new} is fewer than the {old} that the run in {directory} has "
                f"({quantity(done, 'trial')} done). "
                "A run is extended, not cut short: give more, or leave the flag out."
            )
        raised[name] = {"old": old, "new": new}
    return raised


def rounds(run: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """What these fields of the configuration were at the start of a run, and after each time one of them was raised."""
    found = [{name: run["config"][name] for name in names}]
    for entry in reversed(run.get("resumed", [])):
        earlier = {name: entry[name]["old"] for name in names if name in entry}
        if earlier:
            found.append({**found[-1], **earlier})
    return found[::-1]


def check_command(run: Mapping[str, Any], command: str, directory: Path) -> None:
    """UsageError where the directory holds another command's run."""
    if run.get("command") != command:
        raise UsageError(f"{directory} holds a run of 'nasbench {run.get('command')}', not of {command}")


def _contradiction(
    name: str, old: Any, new: Any, directory: Path, flags: Mapping[str, str] | None = None
) -> UsageError:
    given = (flags or {}).get(name) or _flag(name)
    return UsageError(
        f"{given} {_told(new)} contradicts the run in {directory}, which has {_told(old)}. "
        "Leave the flag out, or start a new run."
    )


def _known(config: Record, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a stored configuration says of this one's fields; JSON has lists for tuples."""
    names = config.recorded()
    return {name: _tuple(value) for name, value in stored.items() if name in names}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _flag(name: str) -> str:
    """How a command names a field: models stand without a flag."""
    return "MODEL" if name in ("model", "models") else flag(name)


def _told(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
