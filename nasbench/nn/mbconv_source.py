"""Writes a network of stages as one file that imports only torch, made of the sources that build it here."""

from dataclasses import replace
from functools import reduce

from nasbench.core import spec
from nasbench.core.spec import Task
from nasbench.nn import drop_path, mbconv
from nasbench.nn.definitions import needed, top_level, without_method
from nasbench.nn.mbconv import Blueprint

HEADER = '''"""{title}

Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))

{drop_path}
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
'''

FOOTER = '''

BLUEPRINT = Blueprint(
    stem={stem},
    stages=(
{stages}    ),
    head={head},
{others})
TASK = {task}


def build() -> nn.Module:
    """The network, newly initialised."""
{returned}

if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''

LEFT_OUT = {
    "Task": ("__repr__", "is_small"),
    "Stage": ("__post_init__",),
    "Blueprint": ("__post_init__",),
    "StageNet": ("stage_rows",),
}
"""Class -> its methods that the file of one network does not need: checks of input, texts, and the choice of a form."""


OFF = """Drop path is off: to train with it, set `final` of every DropPath to the last probability, and `progress` to
the share of training done."""
ON = "In training mode the last block's path is dropped with a probability of {drop_path:g}, earlier ones less often."
PLAIN_RETURN = "    return StageNet(BLUEPRINT, TASK)\n"
DROPPING_RETURN = """    network = StageNet(BLUEPRINT, TASK)
    for module in network.modules():
        if isinstance(module, DropPath):
            module.final = {drop_path!r}
    return network
"""


def source(title: str, blueprint: Blueprint, task: Task, dropped: float | None = None) -> str:
    """The text of the file for the network of `blueprint` and images of `task`.

    With `dropped`, the network that the file builds drops the last block's path with that probability.
    """
    whole = top_level(spec) | top_level(mbconv)
    plain = {name: reduce(without_method, methods, whole[name]) for name, methods in LEFT_OUT.items()}
    definitions = needed(("StageNet",), (spec, drop_path, mbconv), plain)
    others = {name: value for name, value in vars(blueprint).items() if name not in ("stem", "stages", "head")}
    footer = FOOTER.format(
        stem=blueprint.stem,
        stages="".join(f"        {_text(stage)},\n" for stage in blueprint.stages),
        head=blueprint.head,
        others="".join(f"    {name}={_text(value)},\n" for name, value in others.items()),
        task=_text(replace(task, stem="")),  # the blueprint has its form already
        channels=task.channels,
        pixels=task.image_size,
        returned=DROPPING_RETURN.format(drop_path=dropped) if dropped else PLAIN_RETURN,
    )
    header = HEADER.format(
        title=title,
        channels=task.channels,
        pixels=task.image_size,
        classes=task.num_classes,
        drop_path=ON.format(drop_path=dropped) if dropped else OFF,
    )
    return header + "".join(f"\n\n{text}\n" for text in definitions) + footer


def _text(value: object) -> str:
    return repr(value).replace("'", '"')
