"""Writes a network as one file that imports only torch.

The file is assembled from the sources that build the network here: the function that builds it, all definitions that
this function needs, and the operations that the two cells use. So its network has the same state_dict and the same
outputs.
"""

import ast
import inspect
from typing import Any

from nasbench.core.spec import ModelSpec
from nasbench.nn import cell, drop_path, layers, ops, pointwise
from nasbench.nn.definitions import needed
from search_spaces.nasnet import darts, enas, network, skeleton
from search_spaces.nasnet.sizes import Rules

MODULES = (drop_path, pointwise, layers, ops, cell, skeleton, network, enas, darts)
"""In the order of dependencies: a module uses only definitions of the modules before it."""

HEADER = '''"""{title}

{form}
Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))

Drop path is off: to train with it, set `final` of every DropPath to the last probability, and `progress` to the share
of training done.
"""

import torch
from torch import Tensor, is_grad_enabled, nn
from torch.nn import functional
'''

FOOTER = '''

# Each cell: its blocks (first input, second input, first operation, second operation, how to combine), and the states
# that it puts out.
# States: 0 is the output of the cell before, 1 of the one before that, 2... are the blocks.
NORMAL: CellWiring = {normal}
REDUCE: CellWiring = {reduce}


def build() -> nn.Module:
    """The network, newly initialised."""
    return {builder}(NORMAL, REDUCE, {arguments})


if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''


def source(spec: ModelSpec, rules: Rules, arguments: dict[str, Any], space: str = "the NASNet search space") -> str:
    """The file for the network that `nasnet`, `enas` or `darts` builds from `arguments`, by its rules."""
    builder = "nasnet" if rules == "amoebanet" else rules
    used = {operation for part in ("normal", "reduce") for block in arguments[part][0] for operation in block[2:4]}
    sizes = {name: value for name, value in arguments.items() if name not in ("normal", "reduce")}
    pixels = spec.pixels
    title = (
        f"The network {spec.name}"
        if spec.architecture is None
        else f"A network of cells, architecture {spec.architecture.key}"
    )
    header = HEADER.format(
        title=f"{title}, of {space}.",
        form=f"Skeleton: {spec.size.skeleton}. N = {sizes['num_cells']} normal cells a stack, F = {sizes['filters']} "
        "filters at first.",
        channels=spec.task.channels,
        pixels=pixels,
        classes=spec.task.num_classes,
    )
    footer = FOOTER.format(
        normal=_wiring_text(arguments["normal"]),
        reduce=_wiring_text(arguments["reduce"]),
        builder=builder,
        arguments=", ".join(f"{name}={value!r}" for name, value in sizes.items()),
        channels=spec.task.channels,
        pixels=pixels,
    )
    definitions = needed((builder,), MODULES, {"OPERATIONS": _operations(used)})
    return header + "".join(f"\n\n{text}\n" for text in definitions) + footer


def _wiring_text(wiring: tuple[tuple[tuple[Any, ...], ...], tuple[int, ...]]) -> str:
    blocks, outputs = wiring
    rows = "".join(f'        ({a}, {b}, "{op_1}", "{op_2}", "{combine}"),\n' for a, b, op_1, op_2, combine in blocks)
    return f"(\n    (\n{rows}    ),\n    {outputs!r},\n)"


def _operations(used: set[str]) -> str:
    """The table of operations, reduced to the used operations and those that they refer to."""
    text = inspect.getsource(ops)
    table = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    )
    assert isinstance(table, ast.Dict)
    entries = {}
    named: dict[str, set[str]] = {}
    for key, value in zip(table.keys, table.values, strict=True):
        assert isinstance(key, ast.Constant)
        entries[str(key.value)] = ast.get_source_segment(text, value)
        named[str(key.value)] = {str(node.value) for node in ast.walk(value) if isinstance(node, ast.Constant)}
    kept = set(used)
    for name in used:
        kept |= named[name] & entries.keys()
    rows = "".join(f'    "{name}": {value},\n' for name, value in entries.items() if name in kept)
    return f"OPERATIONS = {{  # name -> (input channels, filters, stride) -> module\n{rows}}}"
