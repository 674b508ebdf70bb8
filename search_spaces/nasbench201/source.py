"""Writes a network as one file that imports only torch: the source of `network.py`, followed by the cell."""

import inspect
from pprint import pformat

from nasbench.core.spec import ModelSpec
from search_spaces.nasbench201 import network
from search_spaces.nasbench201.notation import Cell, write

HEADER = '''"""The network {notation} of the NAS-Bench-201 space.

N = {num_cells} cells a stage, C = {filters} filters at first.
Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
"""
'''

FOOTER = '''

EDGES = {edges}
"""(source node, target node) -> operation."""


def build() -> nn.Module:
    """The network, newly initialised."""
    return Network(EDGES, num_cells={num_cells}, filters={filters}, num_classes={classes}, channels={channels})


if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''


def source(cell: Cell, num_cells: int, filters: int, spec: ModelSpec) -> str:
    """The file for one network."""
    values = {
        "notation": write(cell),
        "num_cells": num_cells,
        "filters": filters,
        "channels": spec.task.channels,
        "pixels": spec.pixels,
        "classes": spec.task.num_classes,
        "edges": pformat(cell, sort_dicts=False),
    }
    code = inspect.getsource(network).removeprefix(f'"""{network.__doc__}"""')
    return HEADER.format(**values) + code.rstrip("\n") + "\n" + FOOTER.format(**values)
