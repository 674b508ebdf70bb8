"""The contract suite of evaluators."""

import pickle
from collections.abc import Mapping
from math import isfinite
from random import Random
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.job import Job
from nasbench.core.protocols import Depends, Evaluator, Measures, Metrics, SearchSpace
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators.four_arguments import with_job
from nasbench.testing.conditions import global_generators_untouched, require, require_json
from nasbench.testing.toy import TOY_SPACE


def check_evaluator(
    evaluator: Any,
    space: SearchSpace = TOY_SPACE,
    size: Size | None = None,
    task: Task | None = None,
    epochs: int = 1,
) -> None:
    """That an evaluator gives finite JSON metrics for an architecture of `space`, and the same from a pickled copy.

    Networks are built at `size` (else the space's own) for `task` (else the evaluator's own). An evaluator in the form
    of version 0.1.0, evaluator(proposal, spec, seed, report), is checked too.
    """
    told: Evaluator = with_job(evaluator)
    told.check()
    if isinstance(evaluator, Depends):
        require_json(evaluator.identity(), "the identity")
    architecture = sample(space.name, space.choices, Random(0))
    spec = ModelSpec(_source(space), size or space.default_size, task or told.task(), architecture=architecture)
    job = Job(1, seed=1, epochs=epochs, key=spec.key, model=spec, architecture=architecture)
    copy: Evaluator = pickle.loads(pickle.dumps(told))
    done: list[int] = []

    def report(epochs_done: int, metrics: Metrics) -> None:
        require_json(metrics, f"the metrics reported after {epochs_done} epochs")
        done.append(epochs_done)

    with global_generators_untouched("the evaluator"):
        metrics = told(job, report)
    _check_metrics(evaluator, metrics)
    require(done == sorted(set(done)) and all(1 <= e <= epochs for e in done), f"epochs reported {done}, of {epochs}")
    again = copy(job, lambda _epochs_done, _metrics: None)
    require(again == metrics, f"a pickled copy of the evaluator gives {again}, the evaluator itself {metrics}")


def _check_metrics(evaluator: Any, metrics: Mapping[str, Any]) -> None:
    require_json(metrics, "the metrics")
    infinite = [name for name, value in metrics.items() if isinstance(value, float) and not isfinite(value)]
    require(not infinite, f"metrics that are not finite: {infinite}")
    promised = evaluator.metrics() if isinstance(evaluator, Measures) else ()
    missing = [name for name in promised if name not in metrics]
    require(not missing, f"metrics() names {missing}, which the evaluator does not return; it returns {list(metrics)}")


def _source(space: SearchSpace) -> str:
    """Where a worker finds the space: its registered name, or else the import path of its class."""
    part = type(space)
    registered = space.name in spaces.names() and spaces.get(space.name) in (part, space)
    return f"space:{space.name}" if registered else f"space:{part.__module__}:{part.__qualname__}"
