"""Networks without values have the shapes, the gradients and the counts that PyTorch's meta device gives."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import zoo
from nasbench.blank import ShapesAlone, blank

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "batch norm": lambda: nn.BatchNorm2d(6),
    "batch norm without weights": lambda: nn.BatchNorm2d(6, affine=False),
    "layer norm of two axes": lambda: nn.LayerNorm((5, 5)),
    "layer norm without weights": lambda: nn.LayerNorm(5, elementwise_affine=False),
    "linear": lambda: nn.Linear(5, 3),
    "softmax": lambda: nn.Softmax(dim=1),
    **{
        f"{kind.__name__}{' in place' * in_place}": (lambda kind=kind, in_place=in_place: kind(inplace=in_place))
        for kind in (nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.Hardsigmoid, nn.ELU)
        for in_place in (False, True)
    },
    "GELU": nn.GELU,
    "Sigmoid": nn.Sigmoid,
}


def step(layer: nn.Module, x: Tensor) -> list[object]:
    """What one step of training shows: the result, and every gradient."""
    x = x.requires_grad_()
    result = layer(functional.pad(x, (0, 1)))
    result.sum().backward()
    return [(t.shape, t.dtype, t.device) for t in (result, x.grad, *(p.grad for p in layer.parameters()))]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_step_has_the_shapes_of_the_meta_device(name: str, mode: str) -> None:
    with torch.device("meta"):
        expected = step(getattr(LAYERS[name](), mode)(), torch.empty(2, 6, 5, 4))
    with blank():
        assert step(getattr(LAYERS[name](), mode)(), torch.empty(2, 6, 5, 4)) == expected


@pytest.mark.parametrize("other", [torch.empty(1, 3, device="meta"), torch.empty(2, 3, device="meta").half(), 2.0])
def test_sums_are_broadcast_and_promoted(other: Tensor | float) -> None:
    for x in (
        torch.empty(2, 3, device="meta"),
        torch.empty(2, 1, device="meta"),
        torch.ones(2, 3, device="meta").int(),
    ):
        with ShapesAlone():
            found = [x + other, x * other, x / other, x - other]
        assert [(t.shape, t.dtype) for t in found] == [
            (t.shape, t.dtype) for t in (x + other, x * other, x / other, x - other)
        ]


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2", "gmlp_ti", "vit_b_16", "googlenet_aux"])
def test_operations_are_those_of_pytorchs_counter(name: str) -> None:
    with blank():
        network = zoo.create(name).eval()
    image = torch.empty(1, 3, zoo.entry(name).card.task.image_size, zoo.entry(name).card.task.image_size, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as theirs:
        network(image)
    with torch.no_grad(), ShapesAlone() as ours:
        network(image)
    assert ours.flops == theirs.get_total_flops() > 0


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(4, 3), nn.BatchNorm2d(5), nn.LayerNorm(4), nn.LayerNorm((6, 5)), nn.Conv2d(5, 2, 3)],
    ids=str,
)
def test_shapes_that_do_not_fit_are_refused(layer: nn.Module) -> None:
    with ShapesAlone(), pytest.raises(RuntimeError):
        layer.to("meta")(torch.empty(2, 6, 5, 5, device="meta"))


def test_values_are_left_alone() -> None:
    with ShapesAlone():
        assert torch.relu(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
        assert torch.zeros(3).normal_(generator=torch.Generator().manual_seed(0)).abs().sum() > 0
