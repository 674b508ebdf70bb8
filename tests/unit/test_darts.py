"""DARTS's networks against a plain definition, in the notation of the release: h_prev is 0 there and h is 1."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.nn.drop_path import DropPath
from nasbench.report.models.cells.drawing import draw_svg, family
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasnetSpace()
CELLS = {  # operation and input of each pair of edges
    "darts-v1": (
        "sep 1 sep 0 skip 0 sep 1 skip 0 sep 1 sep 0 skip 2",
        "max 0 max 1 skip 2 max 0 max 0 skip 2 skip 2 avg 0",
    ),
    "darts-v2": (
        "sep 0 sep 1 sep 0 sep 1 sep 1 skip 0 skip 0 dil 2",
        "max 0 max 1 skip 2 max 1 max 0 skip 2 skip 2 max 1",
    ),
}
Weights = dict[str, Tensor]


def part(weights: Weights, name: str) -> Weights:
    return {key[len(name) + 1 :]: value for key, value in weights.items() if key.startswith(f"{name}.")}


def norm(x: Tensor, w: Weights) -> Tensor:
    return functional.batch_norm(x, w["running_mean"], w["running_var"], w["weight"], w["bias"])


def factorized(x: Tensor, w: Weights) -> Tensor:
    x = functional.relu(x)
    halves = [functional.conv2d(x[:, :, at:, at:], w[f"path_{at + 1}.weight"], stride=2) for at in (0, 1)]
    return norm(torch.cat(halves, 1), part(w, "bn"))


def calibrated(x: Tensor, w: Weights) -> Tensor:
    if "path_1.weight" in w:
        return factorized(x, w)
    return norm(functional.conv2d(functional.relu(x), w["conv.weight"]), part(w, "bn"))


def separable(x: Tensor, w: Weights, time: str, dilation: int = 1) -> Tensor:
    depthwise = w[f"depthwise{time}.weight"]
    x = functional.conv2d(functional.relu(x), depthwise, None, 1, dilation, dilation, len(depthwise))
    return norm(functional.conv2d(x, w[f"pointwise{time}.weight"]), part(w, f"bn{time}"))


OPERATIONS: dict[str, Callable[[Tensor, Weights, int], Tensor]] = {
    "sep": lambda x, w, stride: separable(separable(x, w, "_1"), w, "_2"),
    "dil": lambda x, w, stride: separable(x, w, "", dilation=2),
    "skip": lambda x, w, stride: x if stride == 1 else factorized(x, w),
    "max": lambda x, w, stride: functional.max_pool2d(x, 3, stride, 1),
    "avg": lambda x, w, stride: functional.avg_pool2d(x, 3, stride, 1, count_include_pad=False),
}


def cell(edges: str, w: Weights, s0: Tensor, s1: Tensor, reduces: bool) -> Tensor:
    states = [calibrated(s0, part(w, "calibrate_prev")), calibrated(s1, part(w, "calibrate"))]
    words = edges.split()
    for block in range(4):
        sides = []
        for side, at in (("left", 4 * block), ("right", 4 * block + 2)):
            operation, state = words[at], int(words[at + 1])
            stride = 2 if reduces and state < 2 else 1
            sides.append(OPERATIONS[operation](states[state], part(w, f"blocks.{block}.{side}.0"), stride))
        states.append(sides[0] + sides[1])
    return torch.cat(states[2:], 1)


def plain(name: str, w: Weights, layers: int, x: Tensor, imagenet: bool) -> tuple[Tensor, Tensor]:
    """(logits, auxiliary logits) of the released network, in evaluation mode."""
    if imagenet:
        x = functional.relu(norm(functional.conv2d(x, w["stem.0.weight"], None, 2, 1), part(w, "stem.1")))
        s0 = norm(functional.conv2d(x, w["stem.3.weight"], None, 2, 1), part(w, "stem.4"))
        s1 = functional.conv2d(functional.relu(s0), w["cells.0.conv.weight"], None, 2, 1)
        s1 = norm(s1, part(w, "cells.0.bn"))
    else:
        s0 = s1 = norm(functional.conv2d(x, w["stem.0.weight"], None, 1, 1), part(w, "stem.1"))
    for index in range(layers):
        reduces = index in (layers // 3, 2 * layers // 3)
        s0, s1 = s1, cell(CELLS[name][reduces], part(w, f"cells.{index + imagenet}"), s0, s1, reduces)
        if index == 2 * layers // 3:
            seen = s1
    aux = part(w, "aux_head")
    seen = functional.avg_pool2d(functional.relu(seen), 5, 2 if imagenet else 3)
    seen = functional.relu(norm(functional.conv2d(seen, aux["proj.conv.weight"]), part(aux, "proj.bn")))
    seen = functional.conv2d(seen, aux["full.weight"])
    seen = functional.relu(seen if imagenet else norm(seen, part(aux, "bn"))).flatten(1)
    logits = functional.linear(s1.mean((2, 3)), w["classifier.linear.weight"], w["classifier.linear.bias"])
    return logits, functional.linear(seen, aux["linear.weight"], aux["linear.bias"])


@pytest.mark.parametrize(("skeleton", "pixels"), [("cifar", 32), ("cifar", 24), ("imagenet", 224)])
@pytest.mark.parametrize("name", CELLS)
def test_the_network_computes_what_the_plain_definition_does(name: str, skeleton: str, pixels: int) -> None:
    torch.manual_seed(0)
    imagenet = skeleton == "imagenet"
    num_cells = 1 if imagenet else 2
    network = SPACE.build_published(name, Size(num_cells, 8, skeleton=skeleton, aux_head=True), Task(10, pixels))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 3, pixels, pixels)
    with torch.no_grad():
        expected, expected_aux = plain(name, network.state_dict(), 3 * num_cells + 2, x, imagenet)
        network.eval()
        found = network(x)
        network.training = True  # it alone: the head answers, with running statistics
        found_aux = network(x)[1]
    assert expected.std() > 1e-2
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert torch.allclose(found_aux, expected_aux, rtol=1e-4, atol=1e-5)


def test_drop_path_has_one_probability_and_leaves_out_identities_alone() -> None:
    network = SPACE.build_published("darts-v2", Size(1, 8, skeleton="cifar"), Task())
    assert {module.layer_share for module in network.modules() if isinstance(module, DropPath)} == {1.0}
    edges = [[side for block in cell.blocks for side in (block.left, block.right)] for cell in network.cells]
    assert [sum(isinstance(edge, nn.Identity) for edge in cell) for cell in edges] == [2, 3, 2, 3, 2]
    for edge in (edge for cell in edges for edge in cell if not isinstance(edge, nn.Identity)):
        assert isinstance(edge[1], DropPath)


def test_the_drawing_has_four_blocks_and_knows_each_operation() -> None:
    graphs = SPACE.graphs(ModelSpec("space:nasnet", Size(6, 36, skeleton="cifar"), Task(), name="darts-v2"))
    assert {graph.outputs for graph in graphs.values()} == {("block_0", "block_1", "block_2", "block_3")}
    assert graphs["Normal cell"].nodes[3].edges == (("h_prev", "skip_factorized"), ("block_0", "dil_sep_3x3_once"))
    drawn = {operation for graph in graphs.values() for node in graph.nodes for _, operation in node.edges}
    assert {family(operation) for operation in drawn} == {"separable convolution", "identity", "max pooling"}
    assert "dil sep 3×3" in draw_svg(graphs)
