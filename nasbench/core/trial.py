"""The question and the recorded answer of one step of a search."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nasbench.core.arch import Architecture, Gene
from nasbench.core.errors import UsageError
from nasbench.core.typed import checked_fields, fits, shown

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
    """One line of `trials.jsonl`.

    Attributes:
        architecture: the point of the search space; None for a network that was not searched.
        score: higher is better; None where the trial failed.
        seconds: wall time of the evaluation.
        started: UTC, ISO 8601.
        of: for a cached trial, the number of the trial that answered it.
        name: what a list of jobs calls it; empty in a search.
        data: the name of the data set.
        model: the model specification as JSON, where it does not follow from the run's plan and the architecture.
    """

    number: int
    architecture: Architecture | None
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
    name: str = ""
    data: str = ""
    model: Mapping[str, Any] | None = None

    @property
    def scored(self) -> bool:
        """True where there is a score to learn from."""
        return self.score is not None

    @property
    def proposed(self) -> Architecture:
        """The architecture of a trial of a search."""
        assert self.architecture is not None, self
        return self.architecture

    @property
    def genes(self) -> Mapping[str, Gene]:
        """Decision -> option; empty for a network that was not searched."""
        return self.architecture.genes if self.architecture is not None else {}

    def to_json(self) -> dict[str, Any]:
        """Fields that say nothing (of, name, data, model) are left out."""
        record: dict[str, Any] = {**vars(self), "metrics": dict(self.metrics), "note": dict(self.note)}
        record["architecture"] = self.architecture.to_json() if self.architecture is not None else None
        return {name: value for name, value in record.items() if value or name not in LEFT_OUT}

    @classmethod
    def from_json(cls, record: object) -> "Trial":
        """UsageError (a ValueError) for what is no trial: a field that is missing, of a wrong type or out of range, a
        score of a failed trial. Fields that this version does not know are left aside.
        """
        if not isinstance(record, Mapping):
            raise UsageError(f"a trial is an object with named fields; got {shown(record)}")
        given = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        missing = [name for name in cls.__dataclass_fields__ if name not in given and name not in LEFT_OUT]
        if missing:
            raise UsageError(f"it lacks the field {missing[0]!r}")
        if isinstance(given["architecture"], Mapping):
            given["architecture"] = Architecture.from_json(given["architecture"])
        trial = cls(**checked_fields(cls, given, "the trial"))
        for name, least in (("number", 1), ("epochs", 0), ("seconds", 0)):
            if getattr(trial, name) < least:
                raise UsageError(f"the field {name!r} of the trial is at least {least}; got {getattr(trial, name)}")
        if trial.status == "failed" and trial.score is not None:
            raise UsageError(f"the trial has failed, and has the score {trial.score}")
        for name in COUNTS:
            check_number(trial.metrics, name)
        check_note(trial.note)
        return trial


COUNTS = ("params", "macs")
"""Metrics that reports draw and compare wherever they are there."""
NUMBERED = ("retrain_of", "check_of", "step")
"""What in a note is a number of a trial; of a training that is compared with others, `of` is one too."""


def check_note(note: Mapping[str, Any]) -> None:
    """UsageError where what is a number of a trial in a note is none."""
    for name in (*NUMBERED, "of") if "compared_as" in note else NUMBERED:
        if name in note and not fits(note[name], int):
            raise UsageError(f"{name!r} in the note is the number of a trial; got {shown(note[name])}")


def check_number(metrics: Mapping[str, Any], name: str) -> None:
    """UsageError where a metric is there, is not null and is no number that can be drawn."""
    value = metrics.get(name)
    if value is not None and not fits(value, float):
        raise UsageError(f"the metric {name!r} must be a number that can be compared; got {shown(value)}")


LEFT_OUT = ("of", "name", "data", "model")
