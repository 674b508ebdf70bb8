"""The memory that a model takes at a batch size, of training under a recipe and of inference: counted."""

from dataclasses import replace

from nasbench.blank import blank
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network
from nasbench.nn.regularised import regularised
from nasbench.train.faults import trial_boundary
from nasbench.train.memory import Memory, memory

SGD = Recipe("sgd-with-momentum", 1, epochs=1, batch_size=1, lr_peak=0.1)
"""What is counted where no recipe is named: one number for each parameter is kept by the optimiser."""
ONE_VALUE = "Expected more than 1 value per channel"
"""What a batch normalisation says of a batch of one image whose map has one place."""


def memory_of(spec: ModelSpec, batch_size: int, recipe: Recipe | None = None) -> Memory:
    """The network of `spec` on the CPU in float32; without a recipe under plain SGD with momentum.

    UsageError for a network that cannot be built, and for a batch that is too small for its normalisations; TrialFailed
    where it cannot be run or trained otherwise.
    """
    recipe = SGD if recipe is None else recipe
    recipe = replace(recipe, batch_size=batch_size, accumulate=min(recipe.accumulate, batch_size))
    with blank():
        network = build_network(spec)
    name = spec.name or spec.source
    try:
        with trial_boundary(f"counting the memory of a training step of {name}"):
            return memory(network, spec.seen_task, regularised(recipe, spec.size), batch_size)
    except TrialFailed as error:
        if ONE_VALUE not in str(error):
            raise
        raise UsageError(
            f"the memory of a training step of {name} cannot be counted: {error.__cause__}. Take a larger batch, or "
            "more pixels."
        ) from error
