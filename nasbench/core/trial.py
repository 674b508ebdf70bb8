"""The question and the recorded answer of one step of a search."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nasbench.core.arch import Architecture

Status = Literal["ok", "cached", "pruned", "failed"]
STATUSES: tuple[Status, ...] = ("ok", "cached", "pruned", "failed")


@dataclass(frozen=True)
class Proposal:
    """What a strategy wants evaluated. `epochs` None is the recipe's.

    `schedule` is for training in stages: the epochs over which the recipe's schedule runs, where the training is to
    stop before its end (None: `epochs`). `resume_from` is the number of a trial of fewer epochs under the same
    schedule, whose training goes on.

    `note` is the strategy's own JSON (a controller's log-probability, say): logged, and handed back in the Trial. By
    convention `note['blind']` is true where the proposal used nothing that the search had told: such trials are the
    report's control.
    """

    number: int
    architecture: Architecture
    epochs: int | None = None
    schedule: int | None = None
    resume_from: int | None = None
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One line of `trials.jsonl`. `score`: higher is better, None where failed. `seconds` of wall time, `started` UTC
    ISO 8601.
    """

    number: int
    architecture: Architecture
    key: str
    status: Status
    score: float | None
    metrics: Mapping[str, Any]
    epochs: int
    seconds: float
    seed: int
    worker: str
    started: str
    note: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    of: int | None = None

    @property
    def scored(self) -> bool:
        """True where there is a score to learn from."""
        return self.score is not None

    def to_json(self) -> dict[str, Any]:
        record = {
            **vars(self),
            "architecture": self.architecture.to_json(),
            "metrics": dict(self.metrics),
            "note": dict(self.note),
        }
        if self.of is None:
            del record["of"]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Trial":
        """Raises KeyError, TypeError or ValueError where the record is not a trial."""
        fields = {name: record[name] for name in cls.__dataclass_fields__ if name not in ("architecture", "of")}
        if fields["status"] not in STATUSES:
            raise ValueError(f"status {fields['status']!r}")
        return cls(architecture=Architecture.from_json(record["architecture"]), of=record.get("of"), **fields)
