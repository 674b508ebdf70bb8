"""Every space's supernet keeps the contract, and the suite names what breaks it."""

from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture, sample
from nasbench.core.spec import Size, Task
from nasbench.nn.recalibration import recalibrate
from nasbench.testing import TOY_SPACE, check_supernet
from search_spaces.enas_macro.space import EnasMacroSpace
from search_spaces.enas_micro.space import EnasMicroSpace
from search_spaces.mbconv.space import MbconvSpace
from search_spaces.nasbench201.space import NasBench201Space
from search_spaces.nasbench201.supernet import NasBench201Supernet
from search_spaces.nasnet.genotype import architecture_of
from search_spaces.nasnet.published import NASNET_A
from search_spaces.nasnet.space import NasnetSpace

SMALL = Size(1, 4, skeleton="cifar")
TASK = Task(5, 8, 3)
NASNET_A_UNUSED = architecture_of("nasnet", NASNET_A.normal.blocks, NASNET_A.reduce.blocks)
"""NASNet-A's blocks. The published cells also put out states that are used; in the space only unused states are."""
NO_PATH = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
"""A cell whose output does not depend on its input."""


@pytest.mark.parametrize("operations", [None, ("skip_connect", "avg_pool_3x3", "nor_conv_1x1")])
def test_nasbench201(operations: tuple[str, ...] | None) -> None:
    space = NasBench201Space(operations) if operations else NasBench201Space()
    check_supernet(space, SMALL, TASK, architectures=() if operations else (space.from_string(NO_PATH),))


def test_mbconv() -> None:
    check_supernet(MbconvSpace(), Size(0.3, 0.5), Task(5, 16, 3), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MbconvSpace().published()))
def test_published_networks_of_mbconv_at_their_size(name: str) -> None:
    space = MbconvSpace()
    check_supernet(space, Size(), Task(10, 80, 3), 0, (space.architecture(name),))


def test_nasnet_with_two_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow tests check the contract with all 13, which are thousands of layers."""
    operations = ("identity", "sep_3x3")
    monkeypatch.setattr("search_spaces.nasnet.supernet.OPERATIONS", operations)
    torch.manual_seed(0)
    space, rng = NasnetSpace(), Random(0)
    drawn = sample("nasnet", space.choices, rng).genes
    genes = {name: rng.choice(operations) if "_op_" in name else gene for name, gene in drawn.items()}
    path = Architecture.of("nasnet", genes)
    supernet, network = space.supernet(SMALL, TASK), space.build(path, SMALL, TASK)
    images = torch.randn(4, 3, 8, 8)
    recalibrate(supernet, path, [images, 2 * images + 1])
    network.load_state_dict(supernet.inherited(path))
    for mode in (False, True):  # training last: it moves the network's running statistics
        assert torch.allclose(supernet.train(mode)(images, path), network.train(mode)(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "pixels", "large"),
    [
        (Size(2, 4, skeleton="cifar"), 9, 64),
        (Size(1, 12, skeleton="imagenet"), 40, 64),  # 3 filters in the first stem cell: reductions to 1 + 1
        (Size(1, 8, skeleton="imagenet"), 40, 8),  # slim's large form, which starts at F = 64
    ],
)
def test_nasnet(size: Size, pixels: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_spaces.nasnet.sizes.LARGE_FILTERS", large)
    check_supernet(NasnetSpace(), size, Task(5, pixels, 1), 2, (NASNET_A_UNUSED,))


def test_enas_macro_of_four_layers() -> None:
    check_supernet(EnasMacroSpace(4), Size(1, 2, skeleton="cifar"), Task(3, 5, 1), 1)


@pytest.mark.slow
@pytest.mark.parametrize("size", [Size(1, 4, skeleton="cifar"), Size(2, 2, skeleton="cifar")])
def test_enas_macro(size: Size) -> None:
    check_supernet(EnasMacroSpace(), size, Task(5, 9, 3), 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "pixels"), [(Size(2, 4, skeleton="cifar"), 9), (Size(1, 12, skeleton="imagenet"), 40)]
)
def test_enas_micro(size: Size, pixels: int) -> None:
    space = EnasMicroSpace()
    check_supernet(space, size, Task(5, pixels, 1), 2, (space.architecture("released"),))


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", ["cifar", "imagenet"])
def test_nasnet_with_shared_inputs(skeleton: str) -> None:
    size, task = Size(1, 12, skeleton=skeleton), Task(5, 40 if skeleton == "imagenet" else 9, 1)
    check_supernet(NasnetSpace(), size, task, 2, (NASNET_A_UNUSED,), share="inputs")


def test_enas_micro_with_shared_inputs() -> None:
    space = EnasMicroSpace()
    check_supernet(space, Size(1, 2, skeleton="cifar"), Task(3, 5, 1), 0, (space.architecture("released"),), "inputs")


class ComputesAll(NasBench201Supernet):
    """Runs a second path, and multiplies its logits by zero."""

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        other = NasBench201Space().from_string(NO_PATH)
        return super().forward(x, architecture) + 0.0 * super().forward(x, other)


class KeepsMovingAverages(NasBench201Supernet):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.stem[1] = nn.BatchNorm2d(4)


class ForgetsTheStatistics(NasBench201Supernet):
    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        found = super().shared(architecture)
        return {name: torch.ones_like(each) if "running_mean" in name else each for name, each in found.items()}


class SharesTheWrongEdge(NasBench201Supernet):
    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        found = super().shared(architecture)
        swap = {"classifier.weight": found["classifier.weight"].flip(0)}
        return found | swap


class ZeroesGradients(NasBench201Supernet):
    """Every weight takes part in every step, so those that are not on the path get gradients of zero."""

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        unused = torch.stack([parameter.sum() for parameter in self.parameters()]).sum()
        return super().forward(x, architecture) + 0.0 * unused


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (ComputesAll, "floating-point operations"),
        (ZeroesGradients, "not None, and it is not on the path"),
        (KeepsMovingAverages, "changes the buffers.*stem.1"),
        (SharesTheWrongEdge, "in training mode"),
        (ForgetsTheStatistics, "recalibration changes|in evaluation mode"),
    ],
)
def test_a_broken_supernet_is_named(broken: type[NasBench201Supernet], complaint: str) -> None:
    class Space(NasBench201Space):
        def supernet(self, size: Size, task: Task, affine: bool = False) -> NasBench201Supernet:
            return broken([str(each) for each in self.choices[0].options], 1, 4, task, affine)

    with pytest.raises(AssertionError, match=complaint):
        check_supernet(Space(), SMALL, TASK, 1)


def test_a_space_without_a_supernet_is_named() -> None:
    with pytest.raises(AssertionError, match="no method supernet"):
        check_supernet(TOY_SPACE)
