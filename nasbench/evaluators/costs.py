"""Memory and latency of children, beside what an evaluator returns: metrics for objectives, rewards and limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, final

from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import Depends, Evaluator, Measures, Metrics, Report, SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.shown import say
from nasbench.core.spec import ModelSpec, Task
from nasbench.evaluators.latency_by import UNSTEADY, LatencyBy

if TYPE_CHECKING:
    from nasbench.evaluators.latency_model import LatencyModel
    from nasbench.evaluators.latency_table import LatencyTable

COSTS = ("memory", "latency")
"""What is counted or measured of a network, by the names of the metrics: bytes, milliseconds."""


@final
@dataclass(frozen=True)
class CostsBy:
    """How the costs `names` are taken. `recipe` None: memory is that of SGD with momentum. A latency is that of
    `table`, else of `model`, else it is measured as `by` says.
    """

    names: tuple[str, ...]
    memory_batch: int = 32
    memory_of: Literal["training", "inference"] = "training"
    recipe: Recipe | None = None
    by: LatencyBy = LatencyBy()  # noqa: RUF009 - frozen
    table: "LatencyTable | None" = None
    model: "LatencyModel | None" = None

    def __call__(self, spec: ModelSpec) -> dict[str, float]:
        """Name -> memory in bytes, latency in milliseconds. TrialFailed where they cannot be had."""
        found: dict[str, float] = {}
        try:
            if "memory" in self.names:
                from nasbench.evaluators.memory_count import memory_of  # torch, which a refusal does without

                whole = memory_of(spec, self.memory_batch, self.recipe)
                found["memory"] = getattr(whole, self.memory_of)
            if "latency" in self.names:
                found["latency"] = self.latency(spec)
        except UsageError as error:
            raise TrialFailed(str(error)) from error
        return found

    def latency(self, spec: ModelSpec) -> float:
        """Milliseconds."""
        if self.table is not None:
            return self.table(spec)
        if self.model is not None:
            return self.model(spec)
        from nasbench.evaluators.latency import latency_of

        found = latency_of(spec, self.by)
        if not found.steady:
            _tell_unsteady()
        return found.median

    def check(self) -> None:
        """UsageError where the device of the latency is not there."""
        if "latency" in self.names and self.table is None:
            self.by.check()

    def identity(self) -> dict[str, Any]:
        """What the costs depend on, the machine aside."""
        memory = {"memory_batch": self.memory_batch, "memory_of": self.memory_of}
        latency: dict[str, Any] = asdict(self.by) if self.table is None else {"latency_table": self.table.digest}
        if self.model is not None:
            latency["latency_model"] = self.model.measured
        return {**(memory if "memory" in self.names else {}), **(latency if "latency" in self.names else {})}


def with_costs(evaluator: Evaluator, costs: CostsBy) -> Evaluator:
    """The evaluator with those costs among its metrics, if there are any."""
    if not costs.names:
        return evaluator
    return CostedWithMetrics(evaluator, costs) if isinstance(evaluator, Measures) else Costed(evaluator, costs)


@dataclass(frozen=True)
class Costed:
    """Takes the costs of a network before it is evaluated, and adds them to what is reported and returned."""

    evaluator: Evaluator
    costs: CostsBy

    def __call__(self, job: Job, report: Report) -> Metrics:
        found = self.costs(job.spec)
        metrics = self.evaluator(job, lambda epochs, told: report(epochs, {**told, **found}))
        return {**metrics, **found}

    def check(self) -> None:
        self.costs.check()
        self.evaluator.check()

    def task(self) -> Task:
        return self.evaluator.task()

    def identity(self) -> Mapping[str, Any]:
        own = dict(self.evaluator.identity()) if isinstance(self.evaluator, Depends) else {}
        return {**own, "costs": self.costs.identity()}


@final
@dataclass(frozen=True)
class CostedWithMetrics(Costed):
    """The same for an evaluator that says which metrics it returns."""

    def metrics(self) -> Sequence[str]:
        assert isinstance(self.evaluator, Measures), self.evaluator
        return (*self.evaluator.metrics(), *self.costs.names)


@cache
def _tell_unsteady() -> None:
    """Once a process: where the machine is shared, it holds for most networks of a search."""
    say(f"nasbench: while a latency was measured, {UNSTEADY}")


@final
class CountsAndCosts:
    """Architecture -> (parameters, multiply-adds, bytes of memory, milliseconds), by canonical forms; 0 for a cost that
    has no limit. TrialFailed where they cannot be had.
    """

    def __init__(
        self,
        counts: Callable[[Architecture], tuple[int, int]],
        costs: CostsBy,
        space: SearchSpace,
        spec: Callable[[Architecture], ModelSpec],
    ) -> None:
        self._counts, self._costs, self._space, self._spec = counts, costs, space, spec
        self._known: dict[str, dict[str, float]] = {}

    def __call__(self, architecture: Architecture) -> tuple[float, ...]:
        canonical = self._space.canonical(architecture)
        if canonical.key not in self._known:
            self._known[canonical.key] = self._costs(self._spec(canonical))
        return (*self._counts(architecture), *(self._known[canonical.key].get(name, 0) for name in COSTS))
