"""A trial that knows its run, so that its network can be asked for."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nasbench.core.trial import Trial

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, repr=False)
class RunTrial(Trial):
    """A trial and the run directory that it lies in."""

    run: Path = Path()

    @classmethod
    def in_run(cls, trial: Trial, run: Path) -> Self:
        """The trial, of that run."""
        return cls(**{each.name: getattr(trial, each.name) for each in fields(Trial)}, run=run)

    def network(self, weights: bool = True) -> "nn.Module":
        """The network in evaluation mode. UsageError where its weights were not kept, unless `weights` is false."""
        from nasbench.engine.parts.models import load

        return load(self.run, trial=self.number, weights=weights)

    def to_json(self) -> dict[str, Any]:
        """The line of the log."""
        record = super().to_json()
        del record["run"]
        return record

    def __repr__(self) -> str:
        score = "no score" if self.score is None else f"score {self.score:.4f}"
        return f"<trial {self.number}: {self.status}, {score}, {self.name or self.key}>"

    def _repr_html_(self) -> str:
        from nasbench.report.notebook import trial_card

        return trial_card(self, self.run)
