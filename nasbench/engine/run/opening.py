"""What a command opens a run with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.log import Check
from nasbench.core.loop import Executor
from nasbench.core.protocols import Tracker
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import Record

if TYPE_CHECKING:
    from nasbench.train.reading import Reading


@dataclass(frozen=True)
class PartOf:
    """A command of which a run is only a part.

    goes_on  the command that goes on with both
    flags    field of the run's configuration -> the flag of that command, where it is another
    """

    goes_on: str
    flags: Mapping[str, str]


@dataclass(frozen=True)
class Opening:
    """What a command opens a run with.

    Attributes:
        command: as in `nasbench COMMAND`.
        plan: goes into run.json beside the configuration, so that the log can be read without it.
        identity: what results depend on beside the configuration, by content. A resumed run must find the same.
        reading: what was met in the images of the data set; it is printed once, and goes into run.json.
        check: UsageError where a line of the log does not fit the run that is resumed.
        part_of: the command that the run is a part of, if it is not its own.
    """

    command: str
    config: Record
    directory: Path
    argv: Sequence[str]
    executor: Executor
    trackers: Sequence[Tracker]
    plan: Mapping[str, Any]
    identity: Mapping[str, Any]
    listeners: Sequence[Callable[[RunStore], Callable[[Trial], None]]] = ()
    reading: "Reading | None" = None
    check: Check | None = None
    part_of: PartOf | None = None

    @property
    def resumes(self) -> bool:
        """Whether it goes on with a run that has begun."""
        return bool(self.config.flat()["resume"])
