"""A classifier as a fully convolutional network, which gives logits for every place of a larger image.

Dense evaluation (Sermanet et al. 2014, arXiv:1312.6229; Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2): the
first dense layer becomes a convolution as large as the map that it reads, the following ones become 1x1 convolutions.
On an image of the network's own size nothing changes; a larger one gives a map of logits.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional

from nasbench.core.errors import UsageError
from nasbench.core.spec import Task

ADAPTIVE = {nn.AdaptiveAvgPool2d: nn.AvgPool2d, nn.AdaptiveMaxPool2d: nn.MaxPool2d}
"""Pooling to a fixed number of places -> the same with a window, whose number of places grows with the image."""
LINEAR = (nn.Linear, nn.Dropout, nn.Identity, nn.Flatten)
"""Modules whose mean over places is what they make of the mean."""
ELEMENTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Hardswish, nn.Tanh, nn.Sigmoid, nn.Softplus),
    *(nn.Dropout, nn.Identity, nn.Mish),
)
ELEMENTWISE_NAMES = {"relu", "relu_", "relu6", "tanh", "sigmoid", "silu", "gelu", "hardswish", "dropout", "contiguous"}
FLATTENING = {"flatten", "view", "reshape", "squeeze"}
TOLERANCE = 1e-5
"""Largest difference on one image, divided by the largest logit."""


class _Map(NamedTuple):
    """A map that is flattened: its channels, height and width for an image of the network's own size."""

    channels: int
    height: int
    width: int


def convolutional_form(network: nn.Module, task: Task, larger: int, name: str = "this network") -> nn.Module:
    """A copy of `network` in evaluation mode: images (B, C, H, W) of any size from `task`'s on -> logits (B, K, h, w).

    `larger` is a side in pixels that it has to take. UsageError for a network that has no such form, with the reason. A
    network without values (on the meta device) is judged by its shapes alone.
    """
    copy = deepcopy(network).eval()
    device = next(copy.parameters()).device
    generator = torch.Generator().manual_seed(0)
    sides = (task.image_size, larger)
    own, large = (torch.randn(2, task.channels, side, side, generator=generator).to(device) for side in sides)
    with torch.no_grad():
        expected = copy(own)  # (2, K)
        try:
            form = _converted(copy, own)
        except UsageError as error:
            raise UsageError(
                f"{name} has no fully convolutional form: {error}. Use other views: 10 or multiscale."
            ) from error
        try:
            found, shown = form(own), form(large)
        except Exception as error:  # whatever a network says of an image that it cannot take
            raise UsageError(
                f"{name} takes no images of {larger} pixels ({type(error).__name__}), only of {task.image_size}: it "
                "has no fully convolutional form. Use other views: 10 or multiscale."
            ) from error
    fits = found.shape == (*expected.shape, 1, 1) and shown.dim() == 4
    if fits and not found.is_meta:
        fits = bool((found[:, :, 0, 0] - expected).abs().max() <= TOLERANCE * expected.abs().max().clamp(min=1e-12))
    if not fits:
        raise UsageError(
            f"{name} has no fully convolutional form: it would classify an image of {task.image_size} pixels "
            "otherwise. Use other views: 10 or multiscale."
        )
    return form


class _AsMap(nn.Module):
    """A network whose last pooling is global and followed by linear layers alone: its logits are the mean of the map's
    as they are.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:  # (B, C, H, W)
        logits: Tensor = self.network(images)  # (B, K)
        return logits[:, :, None, None]  # (B, K, 1, 1)


def _converted(network: nn.Module, image: Tensor) -> nn.Module:
    graph = _traced(network, image)
    flat: set[fx.Node] = set()
    linear_after = True
    pooled: list[fx.Node] = []
    flattened: fx.Node | None = None
    size = _Map(0, 1, 1)
    for node in list(graph.graph.nodes):
        if node.op in ("placeholder", "get_attr", "output"):
            continue
        inputs = [each for each in node.all_input_nodes if each.op != "get_attr"]
        if not any(each in flat for each in inputs):
            shape, source = _shape(node), inputs[0] if inputs else None
            if len(shape) == 4:
                _keep_windows(graph, node, pooled)
                continue
            if source is None or len(shape) != 2 or len(_shape(source)) != 4:
                _refuse(node, graph)
            _, channels, height, width = _shape(source)
            if not (_is_mean(node) or (_called(node, graph) in FLATTENING and shape[1] == channels * height * width)):
                _refuse(node, graph)
            flattened, size = node, _Map(channels, 1, 1) if _is_mean(node) else _Map(channels, height, width)
            flat.add(node)
            continue
        if len(inputs) != 1:
            _refuse(node, graph)
        flat.add(node)
        linear_after = _stays_linear(node, graph) and linear_after
    if flattened is None:
        raise UsageError("no layer of it makes features of a map")
    if linear_after and (pooled or _is_mean(flattened)):
        return _AsMap(network)
    _to_convolutions(graph, flattened, flat, size, pooled)
    graph.graph.lint()
    graph.recompile()
    return graph


def _to_convolutions(
    graph: fx.GraphModule, flattened: fx.Node, flat: set[fx.Node], size: _Map, pooled: list[fx.Node]
) -> None:
    """Replaces what follows the map. The global pooling before it, if there is one, gets a window that slides."""
    for node in pooled:
        _, _, height, width = _shape(node.all_input_nodes[0])
        if node.op == "call_module":
            kind = ADAPTIVE[type(graph.get_submodule(str(node.target)))]
            graph.set_submodule(str(node.target), kind((height, width), stride=1))
    source = flattened.all_input_nodes[0]
    if _is_mean(flattened):
        _, _, height, width = _shape(source)
        with graph.graph.inserting_before(flattened):
            sliding = graph.graph.call_function(functional.avg_pool2d, (source, (height, width), 1))
        flattened.replace_all_uses_with(sliding)
    else:
        flattened.replace_all_uses_with(source)
    graph.graph.erase_node(flattened)
    first = True
    for node in list(graph.graph.nodes):
        if node not in flat or node is flattened:
            continue
        module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, nn.Linear):
            window = (size.height, size.width) if first else (1, 1)
            graph.set_submodule(str(node.target), _as_convolution(module, window))
            first = False
        elif isinstance(module, nn.BatchNorm1d):
            graph.set_submodule(str(node.target), _for_maps(module))
        elif _called(node, graph) in FLATTENING:
            node.replace_all_uses_with(node.all_input_nodes[0])
            graph.graph.erase_node(node)


def _as_convolution(layer: nn.Linear, window: tuple[int, int]) -> nn.Conv2d:
    channels = layer.in_features // (window[0] * window[1])
    made = nn.Conv2d(channels, layer.out_features, window, bias=layer.bias is not None).to(layer.weight.device)
    made.weight = nn.Parameter(layer.weight.detach().view(layer.out_features, channels, *window))  # (out, C, h, w)
    made.bias = layer.bias
    return made.eval()


def _for_maps(norm: nn.BatchNorm1d) -> nn.BatchNorm2d:
    made = nn.BatchNorm2d(norm.num_features, norm.eps, norm.momentum, norm.affine).to(norm.running_mean.device)  # type: ignore[union-attr]
    made.load_state_dict(norm.state_dict())
    return made.eval()


def _keep_windows(graph: fx.GraphModule, node: fx.Node, pooled: list[fx.Node]) -> None:
    """Pooling to several places becomes one with a window. Pooling to one place is remembered: see what follows it."""
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    by_name = module is None and _function(node).startswith("adaptive_")
    if type(module) not in ADAPTIVE and not by_name:
        return
    before, after = _shape(node.all_input_nodes[0])[2:], _shape(node)[2:]
    if after == (1, 1):
        pooled.append(node)
    elif by_name and before == after:
        node.replace_all_uses_with(node.all_input_nodes[0])
        graph.graph.erase_node(node)
    elif before == after:
        graph.set_submodule(str(node.target), nn.Identity())
    elif by_name or before[0] % after[0] or before[1] % after[1]:
        raise UsageError(
            f"its layer {_function(node)} pools {before[0]} x {before[1]} places to {after[0]} x {after[1]}"
        )
    else:
        window = (before[0] // after[0], before[1] // after[1])
        graph.set_submodule(str(node.target), ADAPTIVE[type(module)](window, stride=window))


def _stays_linear(node: fx.Node, graph: fx.GraphModule) -> bool:
    """Whether the mean over places goes through. UsageError for what is neither linear nor element by element."""
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    if isinstance(module, LINEAR):
        return True
    named = "" if module is not None else _called(node, graph)
    if named in FLATTENING:
        return True
    if not isinstance(module, (*ELEMENTWISE, nn.BatchNorm1d)) and named not in ELEMENTWISE_NAMES:
        _refuse(node, graph)
    return False


def _is_mean(node: fx.Node) -> bool:
    return node.op != "call_module" and _function(node) == "mean"


def _function(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else str(getattr(node.target, "__name__", node.target))


def _called(node: fx.Node, graph: fx.GraphModule) -> str:
    """What a node calls, as one word: the class of a module in small letters, or the name of a function."""
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target))).__name__.lower()
    return _function(node)


def _shape(node: fx.Node) -> tuple[int, ...]:
    shape = getattr(node.meta.get("tensor_meta"), "shape", ())
    return tuple(int(side) for side in shape)


def _refuse(node: fx.Node, graph: fx.GraphModule) -> NoReturn:
    if node.op == "call_module":
        kind = type(graph.get_submodule(str(node.target))).__name__
        raise UsageError(f"its layer {node.target} ({kind}) does not work place by place")
    if _function(node) in ("getattr", "size", "getitem"):
        raise UsageError("its steps depend on the shape of the image, as those of transformers and MLPs do")
    raise UsageError(f"its step {_function(node)!r} does not work place by place")


class _Tracer(fx.Tracer):
    """Layers that turn maps into maps are not looked into, but for pooling to several places."""

    def __init__(self, whole: set[str]) -> None:
        super().__init__()
        self._whole = whole

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_qualified_name in self._whole or super().is_leaf_module(m, module_qualified_name)


def _traced(network: nn.Module, image: Tensor) -> fx.GraphModule:
    """The steps of a network, with the shape that each has for `image`. UsageError where they depend on values."""
    whole: set[str] = set()
    hooks = [
        module.register_forward_hook(_noting(whole, name))
        for name, module in network.named_modules()
        if name and not _pools_to_places(module)
    ]
    network(image)
    for hook in hooks:
        hook.remove()
    try:
        tracer = _Tracer(whole)
        graph = fx.GraphModule(network, tracer.trace(network))
        ShapeProp(graph).propagate(image)
    except Exception as error:  # whatever a network does with what stands for its images
        raise UsageError(f"its steps cannot be followed ({type(error).__name__})") from error
    return graph


def _pools_to_places(module: nn.Module) -> bool:
    return (
        any(isinstance(part, tuple(ADAPTIVE)) and part.output_size not in (1, (1, 1)) for part in module.modules())
        and type(module) not in ADAPTIVE
    )


def _noting(whole: set[str], name: str) -> Callable[[nn.Module, Any, Any], None]:
    def note(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        tensors = [each for each in (*inputs, output) if isinstance(each, Tensor)]
        if isinstance(output, Tensor) and all(tensor.dim() == 4 for tensor in tensors):
            whole.add(name)
        else:
            whole.discard(name)

    return note
