"""What a recipe asks of layers that a network does not have: it would change nothing, and nobody would know.

Of a network's layers a recipe sets drop path, dropout, batch normalisation and how some start; of its heads, the weight
of the auxiliary ones. The other fields concern images, the optimiser or the loss, which every network has.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasbench.core.errors import TrialFailed
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.nn.drop_path import DropPath
from nasbench.train.faults import trial_boundary
from nasbench.train.starts import first_layer, head_layer, identity_layers


def ignored_fields(network: nn.Module, task: Task, recipe: Recipe) -> dict[str, str]:
    """Field of the recipe -> why it has no effect on this network. The network must be on the meta device.

    `task` gives the shape of the images that the network sees.
    """
    modules = list(network.modules())
    found = _not_dropped(modules, recipe)
    if not any(isinstance(module, _BatchNorm) for module in modules):
        asked = [name for name in ("bn_momentum", "bn_eps") if getattr(recipe, name) is not None]
        found |= dict.fromkeys(asked, "it has no batch normalisation")
    if recipe.whiten and first_layer(network, task) is None:
        found["whiten"] = "its first layer is no convolution with few enough filters"
    if recipe.identity_start and not identity_layers(network, task):
        found["identity_start"] = "it has no dense convolution with a window"
    if recipe.scale_logits and head_layer(network, task) is None:
        found["scale_logits"] = "no matrix at its end gives logits"
    if recipe.aux_weight != Recipe.aux_weight and not _has_aux_head(network, task):
        found["aux_weight"] = "it has no auxiliary head"
    return found


def ignored_by_supernet(supernet: nn.Module, recipe: Recipe) -> dict[str, str]:
    """Field of the recipe -> why it has no effect on the supernet."""
    found = _not_dropped(list(supernet.modules()), recipe)
    if recipe.bn_momentum is not None:
        found["bn_momentum"] = "its normalisations keep no moving averages"
    return found


def _not_dropped(modules: Sequence[nn.Module], recipe: Recipe) -> dict[str, str]:
    """The fields of drop path and dropout, where no layer has any."""
    found: dict[str, str] = {}
    if recipe.drop_path and not any(isinstance(module, DropPath) for module in modules):
        found["drop_path"] = "no layer of it drops paths"
    if recipe.dropout and not any(isinstance(module, nn.Dropout) for module in modules):
        found["dropout"] = "it has no dropout layer"
    return found


def _has_aux_head(network: nn.Module, task: Task) -> bool:
    """Whether the network returns more than one head's logits in training mode. Its mode is restored.

    True also for a network whose training mode needs numbers, which the meta device has not: nothing is known of it.
    """
    was_training = network.training
    images = torch.empty(2, task.channels, task.image_size, task.image_size, device="meta")
    try:
        with trial_boundary("a forward pass without numbers"), torch.no_grad():
            output = network.train()(images)
    except TrialFailed:
        return True
    finally:
        network.train(was_training)
    return isinstance(output, tuple) and len(output) > 1


def told(name: str, recipe: Recipe, fields: dict[str, str]) -> tuple[str, ...]:
    """A sentence a field, for people. `name` says what the network is called."""
    return tuple(
        f"{field} = {getattr(recipe, field):g} of recipe {recipe.name!r} has no effect on {name}: {why}"
        for field, why in fields.items()
    )
