"""How a network starts, where a recipe asks for more than its layers' own initialisation. What was carried over from an
earlier training stays as it is.

All three are airbench's (Jordan 2024, arXiv:2404.00498, sections 3.1 to 3.3), for whatever network they apply to.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.train.data import ImageData
from nasbench.train.loader import eval_batches

IMAGES = 5000
"""Training images whose patches are whitened."""
BATCH = 500
SMALLEST = 5e-4
"""Added to the eigenvalues of the patches' covariance."""


def first_layer(model: nn.Module, task: Task) -> nn.Conv2d | None:
    """The convolution that whitens: the first dense one with a window that reads the image, if it has no more filters
    than there are directions of a patch, each once to either side.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups == 1 and layer.in_channels == task.channels:
            patch = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
            fits = max(layer.kernel_size) > 1 and max(layer.dilation) == 1 and layer.out_channels <= 2 * patch
            return layer if fits else None
    return None


def identity_layers(model: nn.Module, task: Task) -> list[nn.Conv2d]:
    """The dense convolutions with a window, without the one that reads the image."""
    return [
        layer
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d)
        and layer.groups == 1
        and max(layer.kernel_size) > 1
        and min(layer.kernel_size) % 2 == 1
        and layer.in_channels != task.channels
    ]


def head_layer(model: nn.Module, task: Task) -> nn.Linear | None:
    """The last matrix that gives logits of the classes."""
    heads = [each for each in model.modules() if isinstance(each, nn.Linear) and each.out_features == task.num_classes]
    return heads[-1] if heads else None


@torch.no_grad()
def start(model: nn.Module, recipe: Recipe, data: ImageData) -> None:
    """Sets the first values of the network as the recipe asks. A layer that whitens learns no more.

    Where a network has no such layer, nothing happens: `train/ignored` says so.
    """
    task = data.task
    if recipe.identity_start:
        for layer in identity_layers(model, task):
            nn.init.dirac_(layer.weight[: layer.in_channels])
    if recipe.scale_logits and (head := head_layer(model, task)) is not None:
        head.weight.div_(head.in_features)
        if head.bias is not None:
            head.bias.div_(head.in_features)
    if recipe.whiten and (first := first_layer(model, task)) is not None:
        split = data.train.first(recipe.train_images).first(IMAGES)
        images = (batch for batch, _ in eval_batches(split, data, torch.device("cpu"), BATCH))
        first.weight.copy_(whitening(images, first))
        first.weight.requires_grad_(False)


def whitening(batches: Iterable[Tensor], layer: nn.Conv2d) -> Tensor:  # (N, C, H, W) each
    """Filters whose outputs over the patches of these images are uncorrelated and of variance 1: the eigenvectors of
    the patches' covariance by the roots of their eigenvalues, the largest first, each also with the other sign.
    """
    products, count = torch.zeros(()), 0
    for images in batches:
        patches = functional.unfold(images, layer.kernel_size)  # (N, C k k, places)
        samples = patches.transpose(1, 2).flatten(0, 1).double()  # (N places, C k k)
        products, count = products + samples.T @ samples, count + len(samples)  # (C k k, C k k)
    values, vectors = torch.linalg.eigh(products / count)  # (C k k), (C k k, C k k) in columns
    scaled = (vectors / (values + SMALLEST).sqrt()).T.flip(0)  # (C k k, C k k), a row a direction
    half = -(-layer.out_channels // 2)
    filters = torch.cat((scaled[:half], -scaled[:half]))[: layer.out_channels]
    return filters.view(layer.weight.shape).to(layer.weight)
