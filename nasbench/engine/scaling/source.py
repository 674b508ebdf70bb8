"""Candidates on the surface as jobs: each proposal is the base scaled by its coefficients, phi being 1."""

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.trial import Proposal
from nasbench.engine.parts.scaled import compound_scale, counted
from nasbench.engine.scaling.surface import Surface
from nasbench.evaluators.building import build_network
from search_spaces.compound.space import coefficients_of


@dataclass(frozen=True)
class ScaledBase:
    """A base as the builder that the spaces of coefficients are handed."""

    base: ModelSpec

    def __call__(self, multipliers: Multipliers, task: Task) -> nn.Module:
        return build_network(compound_scale(replace(self.base, task=task), multipliers))


class SurfaceSource(SpaceSource):
    """Jobs whose model is `base`, scaled; a candidate that cannot be built is a failed trial.

    Their facts: `alpha`, `beta`, `gamma`, what `growth` tells, and under a budget what `surface` tells.
    """

    def __init__(
        self, space: SearchSpace, strategy: Strategy, plan: Plan, base: ModelSpec, surface: Surface | None = None
    ) -> None:
        super().__init__(space, strategy, plan)
        self._base, self._base_macs = base, counted(base).macs
        self._surface = Surface(base) if surface is None else surface

    def job(self, proposal: Proposal) -> Job:
        job, found = super().job(proposal), coefficients_of(proposal.architecture)
        try:
            phi = self._surface.phi(found)
            model = compound_scale(self._base, found.at(phi))
            facts = {**_named(found), **growth(model, found.at(phi), self._base_macs)}
            facts |= self._surface.facts(found, phi)
        except UsageError as error:
            return replace(job, model=self._base, fault=str(error))
        return replace(job, model=model, facts=facts)


def growth(model: ModelSpec, multipliers: Multipliers, base_macs: int) -> dict[str, Any]:
    """Multipliers before rounding, the resolution in pixels, and counted multiply-adds to the base's."""
    return {
        "depth": multipliers.depth,
        "width": multipliers.width,
        "resolution_multiplier": multipliers.resolution,
        "resolution": model.pixels,
        "macs_ratio": counted(model).macs / base_macs,
    }


def _named(found: Coefficients) -> dict[str, float]:
    return {"alpha": found.alpha, "beta": found.beta, "gamma": found.gamma}
