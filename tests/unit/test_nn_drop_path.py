"""ScheduledDropPath against its definition."""

import pytest
import torch
from torch import nn

from nasbench.core.spec import Size, Task
from nasbench.nn.drop_path import DropPath, set_drop_path, set_progress
from search_spaces.nasnet.space import NasnetSpace


def test_probability_grows_with_depth_and_training():
    layers = nn.ModuleList(DropPath((cell + 1) / 20) for cell in range(20))
    set_drop_path(layers, 0.4)
    for share in (0.0, 0.25, 1.0, 1.5):
        set_progress(layers, share)
        for cell, layer in enumerate(layers):
            assert layer.probability == pytest.approx(0.4 * (cell + 1) / 20 * min(1.0, share))


def test_whole_examples_are_dropped_and_the_others_scaled():
    torch.manual_seed(0)
    layer = DropPath(0.5)
    set_drop_path(layer, 0.6)  # 0.3 at this depth
    x = torch.rand(4000, 2, 3, 3) + 0.5
    ratio = layer(x) / x
    per_example = ratio.flatten(1)
    assert torch.equal(per_example.min(1).values == 0, per_example.max(1).values == 0)
    kept = per_example[per_example[:, 0] > 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / 0.7))
    assert 1 - len(kept) / 4000 == pytest.approx(0.3, abs=0.03)


def test_evaluation_and_zero_probability_change_nothing():
    x = torch.rand(4, 2, 3, 3)
    layer = DropPath(1.0)
    assert layer(x) is x
    set_drop_path(layer, 0.9)
    assert layer.eval()(x) is x


def test_a_probability_of_one_is_refused():
    with pytest.raises(ValueError, match="got 1"):
        set_drop_path(nn.Identity(), 1.0)


@pytest.mark.parametrize(("skeleton", "image_size", "total"), [("cifar", 8, 8), ("imagenet", 32, 10)])
def test_a_network_drops_every_operation_but_identities(skeleton, image_size, total):
    space = NasnetSpace()
    size = Size(2, 8, skeleton=skeleton)
    network = space.build_published("nasnet-a", size, Task(10, image_size, 3))
    assert len(network.cells) == total
    for index, cell in enumerate(network.cells):
        paths = [module for module in cell.modules() if isinstance(module, DropPath)]
        edges = [edge for block in cell.blocks for edge in (block.left, block.right)]
        identities = (
            1 if edges[0][0].depthwise_1.stride == (2, 2) else 2
        )  # NASNet-A: one in the reduction cell, two in the normal one
        assert len(paths) == 10 - identities
        assert all(path.layer_share == pytest.approx((index + 1) / total) for path in paths)


def test_it_leaves_no_trace_in_the_state_dict():
    assert not DropPath(0.5).state_dict()
