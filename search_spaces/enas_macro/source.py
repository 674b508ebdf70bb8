"""Writes a network as one file that imports only torch, from the sources that build the network here."""

from typing import Any

from nasbench.core.spec import ModelSpec
from nasbench.nn import layers, pointwise
from nasbench.nn.definitions import needed
from search_spaces.enas_macro import arc, network

MODULES = (pointwise, layers, arc, network)
"""In the order of dependencies: a module uses only definitions of the modules before it."""

HEADER = '''"""{title}, of ENAS's macro search space.

{form}
Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
"""

from collections.abc import Sequence

import torch
from torch import Tensor, is_grad_enabled, nn
from torch.nn import functional
'''

FOOTER = '''

# Each layer: its operation, and its skips. Skip 0 is the stem, skip 1 the first layer, and so on.
ARC: Arc = (
{rows})


def build() -> nn.Module:
    """The network, newly initialised."""
    return macro(ARC, {arguments})


if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''


def source(spec: ModelSpec, arc: arc.Arc, arguments: dict[str, Any]) -> str:
    """The file for the network that `network.macro` builds from `arc` and `arguments`."""
    title = f"The network {spec.name}" if spec.architecture is None else f"Architecture {spec.architecture.key}"
    values = {"channels": spec.task.channels, "pixels": spec.pixels}
    header = HEADER.format(
        title=title,
        form=f"{len(arc)} layers in the {arguments['form']} form, F = {arguments['filters']} filters at first.",
        classes=spec.task.num_classes,
        **values,
    )
    footer = FOOTER.format(
        rows="".join(f'    ("{operation}", {skips!r}),\n' for operation, skips in arc),
        arguments=", ".join(f"{name}={value!r}" for name, value in arguments.items()),
        **values,
    )
    return header + "".join(f"\n\n{text}\n" for text in needed(("macro",), MODULES)) + footer
