"""One evaluation as every command hands it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.spec import ModelSpec


@dataclass(frozen=True)
class Job:
    """What is evaluated, under which seed and for how many epochs. An executor carries it, an evaluator gets it.

    Attributes:
        key: 16 hexadecimal digits that identify the network. Equal key, epochs and seed mean the same evaluation.
        model: the network; None where nothing is built (a repetition of a race).
        architecture: the point of the search space that was proposed; None for a network that was not searched.
        name: what a list calls it, such as 'zoo:resnet20'; empty in a search.
        data: the name of the data set it is trained on.
        schedule: the epochs over which the recipe's schedule runs, where the training stops before its end.
        resume_from: the number of the trial of fewer epochs whose training goes on.
        note: JSON that goes into the log as it is.
        facts: metrics known before the evaluation; they are logged beside what the evaluator returns.
        fault: why this cannot be evaluated. It becomes the reason of a failed trial.
        started: UTC, ISO 8601, set when the job is handed out.
    """

    number: int
    seed: int
    epochs: int
    key: str
    model: ModelSpec | None = None
    architecture: Architecture | None = None
    name: str = ""
    data: str = ""
    schedule: int | None = None
    resume_from: int | None = None
    note: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    started: str = ""

    @property
    def spec(self) -> ModelSpec:
        """The model, where there is one."""
        assert self.model is not None, self
        return self.model

    @property
    def identity(self) -> tuple[str, int, int]:
        """Two jobs with the same identity are the same evaluation."""
        return self.key, self.epochs, self.seed
