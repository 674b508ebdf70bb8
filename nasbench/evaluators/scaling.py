"""Training a base scaled by the coefficients that a proposal names: what `nasbench scale --search` evaluates."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from nasbench.core.compound import Multipliers
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import Metrics, Report
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.trial import Proposal
from nasbench.evaluators.building import build_network
from nasbench.evaluators.training import TrainingEvaluator
from search_spaces.compound.space import multipliers_of

Scale = Callable[[ModelSpec, Multipliers], ModelSpec]
"""(base, multipliers) -> the base scaled and rounded; a function that a worker can import."""


@dataclass(frozen=True)
class ScaledBase:
    """A base as the builder that the spaces of coefficients are handed."""

    base: ModelSpec
    scale: Scale

    def __call__(self, multipliers: Multipliers, task: Task) -> nn.Module:
        return build_network(self.scale(replace(self.base, task=task), multipliers))


@dataclass(frozen=True)
class ScalingEvaluator:
    """Scales `base` by a proposal's coefficients (phi = 1) or multipliers, and trains that. Images take the side that
    they ask for.

    Besides what the training tells: `depth`, `width` and `resolution_multiplier` before rounding, `resolution` in
    pixels, and `macs_ratio`, counted multiply-adds to the base's `base_macs`; for a proposal of coefficients `alpha`,
    `beta` and `gamma`, which at phi = 1 are those multipliers. A proposal that names a seed is trained under that, not
    the search's.
    """

    training: TrainingEvaluator
    base: ModelSpec
    base_macs: int
    scale: Scale

    def check(self) -> None:
        """UsageError for what every trial would meet: no data, no such device."""
        self.training.check()

    def task(self) -> Task:
        return self.training.task()

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:  # noqa: ARG002 - the base has its own
        architecture = proposal.architecture
        multipliers = multipliers_of(architecture)
        try:
            scaled = self.scale(self.base, multipliers)
        except UsageError as error:
            raise TrialFailed(str(error)) from error
        metrics = self.training(proposal, scaled, int(architecture.genes.get("seed", seed)), report)
        growth = {
            "depth": multipliers.depth,
            "width": multipliers.width,
            "resolution_multiplier": multipliers.resolution,
            "resolution": scaled.size.resolution,
            "macs_ratio": metrics["macs"] / self.base_macs,
        }
        if "seed" in architecture.genes:
            return {**metrics, **growth}
        return {
            **metrics,
            "alpha": multipliers.depth,
            "beta": multipliers.width,
            "gamma": multipliers.resolution,
            **growth,
        }
