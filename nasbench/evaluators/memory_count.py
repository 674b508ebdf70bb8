"""The memory that a model takes at a batch size, of training under a recipe and of inference: counted."""

from dataclasses import replace

from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network
from nasbench.nn.regularised import regularised
from nasbench.train.memory import Memory, memory

SGD = Recipe("sgd-with-momentum", 1, epochs=1, batch_size=1, lr_peak=0.1)
"""What is counted where no recipe is named: one number for each parameter is kept by the optimiser."""


def memory_of(spec: ModelSpec, batch_size: int, recipe: Recipe = SGD) -> Memory:
    """The network of `spec` on the CPU in float32. UsageError for one that cannot be built, or cannot be trained."""
    recipe = replace(recipe, batch_size=batch_size, accumulate=min(recipe.accumulate, batch_size))
    with blank():
        network = build_network(spec)
    try:
        return memory(network, spec.seen_task, regularised(recipe, spec.size), batch_size)
    except (ValueError, RuntimeError, NotImplementedError) as error:
        raise UsageError(
            f"the memory of a training step of {spec.name or spec.source} cannot be counted: {error}"
        ) from error
