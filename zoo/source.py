"""Writes a network of the zoo as one file that imports only torch. It is assembled from the sources of the zoo."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from inspect import unwrap
from typing import Any

from torch import nn

from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelCard, ModelSpec, Size, Task, pixels_of
from nasbench.nn import mbconv_source
from nasbench.nn.mbconv import StageNet
from nasbench.nn.reached import PROJECT, Import, reached
from nasbench.nn.regularised import dropping
from zoo.registry import entry
from zoo.scaled import check_scales, multipliers_of, task_of_zoo

FILE = '''"""{title}

Images: {channels} x {pixels} x {pixels}. Classes: {classes}.

This file needs nothing but PyTorch. `build()` makes the network; its state_dict has the names of the weights beside it:

    network = build()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
"""

{imports}


{definitions}


TASK = {task}


def build() -> nn.Module:
    """The network, newly initialised."""
    return {call}


if __name__ == "__main__":
    network = build().eval()
    print(f"{{sum(p.numel() for p in network.parameters()):,}} parameters")
    print("logits:", tuple(network(torch.zeros(1, {channels}, {pixels}, {pixels})).shape))
'''


def source(name: str, size: Size, task: Task) -> str:
    """The file for the network of that name at the multipliers of `size`.

    Raises UsageError if the network is built by the code of another library.
    """
    found, seen = entry(name), replace(task, image_size=pixels_of(size, task))
    build: Callable[..., nn.Module] = found.build
    multipliers: tuple[float | str, ...] = ()
    check_scales(name, size)
    if size.is_scaled:
        assert found.scaled is not None, name
        build, multipliers = found.scaled, multipliers_of(size)
    task = task_of_zoo(ModelSpec("zoo", size, task, name=name))
    with blank():
        network = build(task, *multipliers)
    title = _title(found.card, size)
    if isinstance(network, StageNet):
        return mbconv_source.source(title, dropping(network.blueprint, size), seen, size.drop_path)
    root, call, parts = _call(build, multipliers)
    makers = {root.__module__, *(type(module).__module__ for module in network.modules())}
    foreign = {module.partition(".")[0] for module in makers} - {"torch", *PROJECT}
    needs = reached((Task,) if foreign else (root, Task, *parts), (Import("torch", ""), Import("torch", "nn")))
    libraries = sorted(foreign) or needs.libraries
    if libraries:
        raise UsageError(
            f"{name!r} is built by {' and '.join(libraries)}: its model.py would import more than torch. "
            "Leave that format out; onnx and torch-export hold the whole network."
        )
    if root.__name__ != root.__qualname__:
        raise UsageError(
            f"no model.py for {name!r}: its builder, {root.__qualname__}, is not a function or class of a module"
        )
    return FILE.format(
        title=title,
        channels=task.channels,
        pixels=seen.image_size,
        classes=task.num_classes,
        imports="\n".join(needs.imports),
        definitions="\n\n\n".join(needs.definitions),
        task=task,
        call=call,
    )


def _title(card: ModelCard, size: Size) -> str:
    scaled = f", depth times {size.depth:g}, width times {size.width:g}" if size.is_scaled else ""
    return f"The network {card.name}{scaled} ({card.paper})."


def _call(
    build: Callable[..., nn.Module], multipliers: tuple[float | str, ...]
) -> tuple[Callable[..., Any], str, list[Callable[..., Any]]]:
    """The function or class inside a builder's partials and wrappers, its call as text, and the functions and classes
    among its arguments.
    """
    given: tuple[Any, ...] = ()
    named: dict[str, Any] = {}
    build = unwrap(build)
    while isinstance(build, partial):
        given, named = (*build.args, *given), {**build.keywords, **named}
        build = unwrap(build.func)
    parts = [value for value in (*given, *named.values()) if callable(value)]
    values = [_text(value) for value in given] + ["TASK"] + [_text(value) for value in multipliers]
    arguments = [*values, *(f"{name}={_text(value)}" for name, value in named.items())]
    return build, f"{build.__name__}({', '.join(arguments)})", parts


def _text(value: Any) -> str:
    return str(value.__name__) if callable(value) else repr(value).replace("'", '"')
