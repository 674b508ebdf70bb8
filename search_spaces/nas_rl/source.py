"""Writes a network as one file that imports only torch, made of the sources that build it here."""

from collections.abc import Sequence

from nasbench.core.spec import ModelSpec
from nasbench.nn import layers as nn_layers
from nasbench.nn import pointwise
from nasbench.nn.definitions import needed
from search_spaces.nas_rl import layers as own_layers
from search_spaces.nas_rl import network
from search_spaces.nas_rl.layers import Layer, outputs_of

HEADER = '''"""{title}, of the space of Neural Architecture Search with Reinforcement Learning.

{num_layers} layers. Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
"""

from typing import NamedTuple

import torch
from torch import Tensor, is_grad_enabled, nn
from torch.nn import functional
'''

FOOTER = '''

LAYERS = (
{rows})
"""Layer 1, 2, ... Layer 0 is the image."""
OUTPUTS = {outputs}
"""The layers that the classifier reads: those that no other layer reads."""


def build() -> nn.Module:
    """The network, newly initialised."""
    return Network(LAYERS, OUTPUTS, num_classes={classes}, channels={channels})


if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''

MODULES = (pointwise, nn_layers, own_layers, network)
"""In the order of dependencies: a module uses only definitions of the modules before it."""


def source(layers: Sequence[Layer], spec: ModelSpec) -> str:
    """The file for one network."""
    named = f"The network {spec.name}" if spec.architecture is None else f"Architecture {spec.architecture.key}"
    values = {
        "title": named,
        "num_layers": len(layers),
        "channels": spec.task.channels,
        "pixels": spec.pixels,
        "classes": spec.task.num_classes,
        "rows": "".join(f"    {layer!r},\n" for layer in layers),
        "outputs": outputs_of(layers),
    }
    definitions = needed(("Network",), MODULES)
    return HEADER.format(**values) + "".join(f"\n\n{text}\n" for text in definitions) + FOOTER.format(**values)
