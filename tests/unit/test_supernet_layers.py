"""Layers that supernets share: slices, elastic kernels, normalisation, recalibration."""

from random import Random

import pytest
import torch
from torch import nn

from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task
from nasbench.nn.elastic import Cut, ElasticConv
from nasbench.nn.layers import FactorizedReduction
from nasbench.nn.recalibration import recalibrate
from nasbench.nn.shared_norm import SharedNorm
from nasbench.nn.sliced import SlicedConv, SlicedReduction
from nasbench.nn.supernet import Supernet
from search_spaces.mbconv.space import MbconvSpace
from search_spaces.nasbench201.space import NasBench201Space
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasBench201Space()
SMALL = Size(1, 4, skeleton="cifar")
SKIPS = SPACE.from_string("|skip_connect~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|none~1|skip_connect~2|")


@pytest.fixture
def supernet() -> Supernet:
    torch.manual_seed(0)
    return SPACE.supernet(SMALL, Task(5, 8, 3))


def test_a_sliced_convolution_learns_the_outputs_alone() -> None:
    conv = SlicedConv(states=4, c_in=3, c_out=5)
    x = torch.randn(2, 6, 4, 4)
    y = conv(x, (1, 3))
    weight = torch.cat([conv.pieces[1], conv.pieces[3]], dim=1)[:, :, None, None]
    assert torch.equal(y, nn.functional.conv2d(x, weight))
    y.sum().backward()
    assert [piece.grad is None for piece in conv.pieces] == [True, False, True, False]


def test_a_sliced_reduction_of_an_odd_width_is_a_factorized_reduction() -> None:
    sliced, own = SlicedReduction(3, 2, 5), FactorizedReduction(4, 5, relu=True)
    own.load_state_dict(
        {name: getattr(sliced, name[:6]).weight((0, 2)) for name in ("path_1.weight", "path_2.weight")}, strict=False
    )
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(sliced(x, (0, 2)), own(x))


def test_a_smaller_kernel_is_the_centre_and_fewer_channels_are_the_first() -> None:
    conv = ElasticConv(4, 6, 5)
    assert torch.equal(conv.weight_of(Cut(3, 2, 3)), conv.weight[:2, :3, 1:4, 1:4])
    depthwise = ElasticConv(4, 4, 5, stride=2, depthwise=True)
    x = torch.randn(1, 3, 7, 7)
    expected = nn.functional.conv2d(x, depthwise.weight[:3, :, 1:4, 1:4], None, 2, 1, groups=3)
    assert torch.equal(depthwise(x, Cut(3, 3, 3)), expected)


def test_a_shared_norm_keeps_no_moving_average() -> None:
    norm, own = SharedNorm(4), nn.BatchNorm2d(4)
    x = torch.randn(8, 4, 3, 3)
    assert torch.equal(norm(x), own(x))
    assert not norm.running_mean.any()
    assert torch.allclose(norm(x[:, :2]), own(x)[:, :2], atol=1e-6), "fewer channels are the first ones"


def test_recalibration_is_the_plain_average_over_images(supernet: Supernet) -> None:
    batches = [torch.randn(8, 3, 8, 8), torch.randn(8, 3, 8, 8) * 3 + 1, torch.randn(4, 3, 8, 8) - 2]
    recalibrate(supernet, SKIPS, iter(batches))
    conv, norm = supernet.stem
    seen = [conv(images).detach() for images in batches]
    shares = torch.tensor([8 / 20, 8 / 20, 4 / 20])
    means = torch.stack([x.mean(dim=(0, 2, 3)) for x in seen], dim=1)  # (C, batches)
    variances = torch.stack([x.var(dim=(0, 2, 3), correction=0) for x in seen], dim=1)
    assert torch.allclose(norm.running_mean, means @ shares, atol=1e-6)
    assert torch.allclose(norm.running_var, variances @ shares)
    unused = supernet.body[0].edges["0_1"]["nor_conv_3x3"].bn
    assert not unused.running_mean.any()
    used = supernet.body[0].edges["0_3"]["nor_conv_1x1"].bn
    assert used.running_mean.any()


def test_recalibration_needs_images_and_leaves_no_trace_when_it_fails(supernet: Supernet) -> None:
    with pytest.raises(UsageError, match="at least one batch"):
        recalibrate(supernet, SKIPS, [])
    with pytest.raises(RuntimeError):
        recalibrate(supernet.train(), SKIPS, [torch.randn(4, 3, 8, 8), torch.randn(4, 2, 8, 8)])
    assert all(module.training for module in supernet.modules())
    assert not any(module._forward_pre_hooks for module in supernet.modules())
    assert not supernet.stem[1].running_mean.any()


def test_an_update_moves_the_path_alone(supernet: Supernet) -> None:
    """With gradients of None. With gradients of zero, old momentum and weight decay move all that was ever trained."""
    optimizer = torch.optim.SGD(supernet.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    everything = SPACE.from_string(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    )
    off_path = supernet.body[0].edges["0_1"]["nor_conv_3x3"].conv.weight

    def step(path: Architecture, set_to_none: bool) -> bool:
        before = off_path.detach().clone()
        optimizer.zero_grad(set_to_none=set_to_none)
        supernet(torch.randn(4, 3, 8, 8), path).square().sum().backward()
        optimizer.step()
        return not torch.equal(off_path, before)

    assert step(everything, set_to_none=True)
    assert not step(SKIPS, set_to_none=True)
    assert step(everything, set_to_none=True)
    assert step(SKIPS, set_to_none=False)


def test_scale_and_shift_are_an_argument() -> None:
    task = Task(5, 8, 3)
    plain, affine = SPACE.supernet(SMALL, task), SPACE.supernet(SMALL, task, affine=True)
    extra = set(dict(affine.named_parameters())) - set(dict(plain.named_parameters()))
    assert extra == {
        f"{name}.{part}"
        for name, module in affine.named_modules()
        if isinstance(module, SharedNorm)
        for part in ("weight", "bias")
    }
    affine.stem[1].weight.data.fill_(2.0)
    assert affine.inherited(SKIPS)["stem.1.weight"].eq(2.0).all()
    assert plain.inherited(SKIPS)["stem.1.weight"].eq(1.0).all()


def test_inherited_weights_are_copies(supernet: Supernet) -> None:
    inherited = supernet.inherited(SKIPS)
    inherited["classifier.weight"].zero_()
    assert supernet.classifier.weight.any()


def test_what_has_no_supernet_or_no_path_is_refused(supernet: Supernet) -> None:
    with pytest.raises(UsageError, match="no auxiliary head"):
        NasnetSpace().supernet(Size(1, 4, skeleton="cifar", aux_head=True), Task())
    with pytest.raises(UsageError, match="--filters 4"):
        NasnetSpace().supernet(Size(1, 3, skeleton="cifar"), Task())
    with pytest.raises(UsageError, match="no skeleton"):
        MbconvSpace().supernet(Size(1, 1, skeleton="cifar"), Task())
    reduced = NasBench201Space(("none", "nor_conv_1x1")).supernet(SMALL, Task(5, 8, 3))
    with pytest.raises(UsageError, match="skip_connect"):
        reduced(torch.randn(2, 3, 8, 8), SKIPS)
    with pytest.raises(UsageError, match="missing decisions"):
        supernet(torch.randn(2, 3, 8, 8), sample("mbconv", MbconvSpace().choices[:1], Random(0)))
