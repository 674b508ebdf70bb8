"""Going on with a run: its configuration comes from run.json, and a flag that contradicts it is an error that names the
field.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.engine.config import (
    WHERE_IT_RUNS,
    CompareConfig,
    RaceConfig,
    ScaleConfig,
    SearchConfig,
    TrainConfig,
    TransferConfig,
)

Config = TypeVar("Config", SearchConfig, RaceConfig, ScaleConfig, TrainConfig, TransferConfig, CompareConfig)


def stored_config(kind: type[Config], command: str, run: str | None) -> Config:
    """The configuration of the run in a directory, ready to be gone on with. UsageError where another command's run is
    there.
    """
    if run is None:
        raise UsageError("--resume needs --run DIR: the directory of the run to go on with")
    record = RunStore.read(Path(run)).run
    if record.get("command") != command:
        raise UsageError(f"{run} holds a run of 'nasbench {record.get('command')}', not of {command}")
    known = {field.name for field in fields(kind)}
    stored: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in record["config"].items()
        if name in known
    }
    return replace(kind(**stored), run=run, resume=True)


def check_resume(config: Config, command: str) -> None:
    """UsageError naming the field where `config` contradicts the run it goes on with. Where it runs may change."""
    stored = stored_config(type(config), command, config.run)
    for field in fields(config):
        old, new = getattr(stored, field.name), getattr(config, field.name)
        if field.name not in WHERE_IT_RUNS and old != new:
            flag = "--" + field.name.replace("_", "-")
            raise UsageError(
                f"{flag} {new} contradicts the run in {config.run}, which has {old}. Leave the flag out, or start a "
                "new run."
            )
