"""The run of a supernet, as whoever scores with its weights reads it: what it is, and whether it is trained."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.run_record import check_whole
from nasbench.core.spec import Size, Task, named_space, size_of_record, task_of_record
from nasbench.core.store import RUN_FILE, RunStore
from nasbench.core.trust import check_trusted

WEIGHTS = Path("supernet") / "weights.safetensors"
"""In the run directory: the state_dict of the whole supernet, written when the training ends."""
RESULT = Path("supernet") / "result.json"
"""What came of the training; it is finished once this is there. The run goes on with its ranking check."""
CONTROLLER = Path("supernet") / "controller.safetensors"
"""The state_dict of the controller that drew the paths, where the sampler has one."""


@dataclass(frozen=True)
class SupernetRun:
    """A supernet whose training has ended.

    directory  of the run, absolute: workers have other current directories
    source     'space:NAME', whose architectures share the weights
    size       of the supernet, and of every path
    task       what it was trained for
    dataset    the name of its data set
    share      what it shares besides, where the space lets that be chosen
    """

    directory: Path
    source: str
    size: Size
    task: Task
    dataset: str
    share: str | None = None

    @property
    def weights(self) -> Path:
        return self.directory / WEIGHTS

    @property
    def controller(self) -> Path:
        """Where the controller that drew the paths lies, if the sampler has one."""
        return self.directory / CONTROLLER

    @property
    def sampler_options(self) -> Mapping[str, Any]:
        """The settings of what drew the paths, where they are not its defaults."""
        return dict(self.record()["plan"].get("sampler_options") or {})

    @property
    def space(self) -> str:
        """The name of the space, or its import path."""
        return self.source.removeprefix("space:")

    def record(self) -> Mapping[str, Any]:
        """run.json, read anew."""
        return RunStore.read_record(self.directory)

    @classmethod
    def read(cls, run: str) -> "SupernetRun":
        """Reads run.json of `run`, a directory; the weights are not looked into.

        UsageError where there is no run, that of another command, or one whose training is not finished.
        """
        directory, file = Path(run), Path(run) / RUN_FILE
        if not file.exists():
            raise UsageError(
                f"supernet:RUN takes the directory of a run of 'nasbench supernet', and {run} holds no run. Train a "
                f"supernet first: nasbench supernet --run {shlex.quote(run)}"
            )
        record = RunStore.read_record(directory)
        check_whole(record, file)
        if record["command"] != "supernet":
            raise UsageError(
                f"supernet:RUN takes the directory of a run of 'nasbench supernet'; {run} holds a run of 'nasbench "
                f"{record['command']}'"
            )
        plan = record.get("plan") or {}
        missing = [name for name in ("source", "size", "task") if name not in plan]
        if missing:
            raise UsageError(f"the plan in {file} lacks {', '.join(missing)}: it is not the whole record of a supernet")
        check_trusted(named_space(str(plan["source"])), file)
        found = cls(
            directory.absolute(),
            str(plan["source"]),
            size_of_record(plan["size"]),
            task_of_record(plan["task"]),
            str(record["config"].get("dataset", "")),
            plan.get("share"),
        )
        if not (record.get("ended") or (directory / RESULT).exists()):
            raise UsageError(
                f"the training of the supernet in {run} has not ended. Go on with it: nasbench supernet --run "
                f"{shlex.quote(run)} --resume"
            )
        if not found.weights.exists():
            raise weights_gone(directory)
        return found


def weights_gone(directory: Path) -> UsageError:
    """The error for a supernet that was trained in `directory`, and whose weights are not there."""
    return UsageError(
        f"the weights of the supernet in {directory} are gone: there is no {directory / WEIGHTS}. Put the file back, "
        "or train the supernet again in another directory."
    )
