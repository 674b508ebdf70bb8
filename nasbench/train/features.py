"""What layers of a network give for images: their outputs, and which layers end a stage.

A stage ends where the next layer's map has another size; each linear layer is a stage of its own. Of all modules with a
map of one size the one that is done last is taken, so in a network of cells it is a cell and not a branch of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError, unknown
from nasbench.train.compiled import eagerly

Batch = tuple[Tensor, Tensor]


def layer_shapes(network: nn.Module, image: Tensor) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the output without the batch, of every module that gives a tensor for `image` (1, C, H, W), in
    the order in which they are done. Names are those of `nasbench profile`, and of the modules that hold those layers.
    """
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str, output: Tensor) -> None:
        found.pop(name, None)
        found[name] = tuple(output.shape[1:])

    names = [name for name, _ in network.named_modules() if name]
    with torch.no_grad(), eagerly(network), _listening(network, names, note):
        network(image)
    return found


def stages(network: nn.Module, image: Tensor) -> list[str]:
    """The layers that end a stage, in order; the last is the one that gives the logits, if it is a linear layer."""
    shapes = layer_shapes(network, image)
    linear = {name for name, module in network.named_modules() if isinstance(module, nn.Linear)}
    maps: dict[tuple[int, ...], str] = {}
    mapping = [name for name, shape in shapes.items() if len(shape) == 3]
    for name in mapping:
        if shapes[name][1:] != (1, 1):
            maps[shapes[name][1:]] = name
    order = list(shapes)
    dense = [name for name in order if name in linear and len(shapes[name]) == 1 and not _in_a_map(name, mapping)]
    return sorted({*maps.values(), *dense}, key=order.index)


def _in_a_map(name: str, maps: Iterable[str]) -> bool:
    """Whether a layer lies in a module that gives a map: it squeezes channels, say, and is no stage."""
    return any(name.startswith(f"{each}.") for each in maps)


def check_layer(name: str, shapes: dict[str, tuple[int, ...]], model: str) -> None:
    """UsageError for a layer that there is not, with the nearest names."""
    if name not in shapes:
        raise unknown(f"layer of {model}", name, shapes, "All of them: nasbench features MODEL --list-layers")


def outputs(
    network: nn.Module, layers: Sequence[str], batches: Iterable[Batch], pool: bool
) -> tuple[dict[str, Tensor], Tensor]:
    """Layer -> its outputs for all images, float32 on the CPU, and the labels int64 (N).

    The output of a layer that is called twice is that of its last call. With `pool` maps are averaged over their
    places: (N, C). UsageError where no image can be read.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    labels: list[Tensor] = []
    latest: dict[str, Tensor] = {}

    def note(name: str, output: Tensor) -> None:
        latest[name] = pooled(output) if pool else output.float().cpu().clone()  # a later layer may work in place

    with torch.no_grad(), eagerly(network), _listening(network, layers, note):
        for images, targets in batches:
            network(images)
            labels.append(targets.cpu())
            for name in layers:
                found[name].append(latest[name])
    if not labels:
        raise UsageError("none of the images can be read. Replace or delete their files.")
    return {name: torch.cat(parts) for name, parts in found.items()}, torch.cat(labels)


def pooled(output: Tensor) -> Tensor:
    """(N, C, ...) -> (N, C), float32 on the CPU; of tokens (N, T, C) the mean over T."""
    found = output.float()
    if found.dim() == 3:
        return found.mean(dim=1).cpu()
    return (found.flatten(2).mean(dim=2) if found.dim() > 3 else found.clone()).cpu()


def peaks(output: Tensor) -> Tensor:
    """(N, C, ...) -> (N, C), the largest value of each channel; of tokens (N, T, C) the largest over T."""
    if output.dim() == 3:
        return output.amax(dim=1)
    return output.flatten(2).amax(dim=2) if output.dim() > 3 else output


def first_filters(network: nn.Module, image: Tensor) -> tuple[str, Tensor]:
    """The name and the weights (out, in, h, w) of the first convolution of maps. UsageError where there is none."""
    order = list(layer_shapes(network, image))
    convolutions = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    first = next((name for name in order if name in convolutions), None)
    if first is None:
        raise UsageError("the network has no convolution, so there are no filters to draw")
    return first, convolutions[first].weight.detach().float().cpu()


@contextmanager
def _listening(network: nn.Module, names: Iterable[str], note: Callable[[str, Tensor], None]) -> Iterator[None]:
    """While it lasts, `note` is called with the name of each module and the tensor that it gives."""

    def heard(name: str, _: nn.Module, __: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.dim() > 1:
            note(name, output)

    hooks = [network.get_submodule(name).register_forward_hook(partial(heard, name)) for name in names]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
