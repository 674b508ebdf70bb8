"""The counter and the profiler."""

import pytest
import torch
import torchvision
from torch import Tensor, nn

from nasbench.blank import blank
from nasbench.core.spec import Size, Task
from nasbench.profile import count, profile
from search_spaces.nasnet.space import NasnetSpace


class Branches(nn.Module):
    """A 3x3 and a 5x5 convolution added, a strided convolution, a pooling, a linear layer over all positions."""

    def __init__(self) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 5, padding=2)
        self.down = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.relu, self.pool = nn.ReLU(inplace=True), nn.MaxPool2d(2)
        self.dropout, self.flatten = nn.Dropout(0.5), nn.Flatten()
        self.linear = nn.Linear(4 * 2 * 2, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.down(self.small(x) + self.large(x)))
        return self.linear(self.flatten(self.dropout(self.pool(x))))


def test_a_model_is_counted_and_left_alone():
    model = torchvision.models.resnet18()
    weight = model.conv1.weight.clone()
    assert count(model, Task(1000, 224, 3)) == (11_689_512, 1_814_073_344)
    assert model.training
    assert model.conv1.weight.device.type == "cpu"
    assert torch.equal(model.conv1.weight, weight)
    assert model.bn1.num_batches_tracked == 0
    assert not model._forward_hooks


def test_only_trainable_parameters_count():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 5), nn.Linear(5, 2))
    model[1].requires_grad_(False)
    assert count(model, Task(2, 1, 3)) == (12, 25)


def test_a_model_on_the_meta_device_is_counted_too():
    with blank():
        model = nn.Conv2d(3, 4, 3, padding=1, bias=False)
    assert count(model, Task(4, 8, 3)) == (108, 108 * 64)


def test_a_model_on_the_meta_device_keeps_its_modes():
    with blank():
        network = Branches().train()
    network.dropout.eval()
    assert count(network, Task(10, 8, 3)) == count(Branches(), Task(10, 8, 3))
    assert [name for name, module in network.named_modules() if not module.training] == ["dropout"]


def test_layers_by_hand():
    result = profile(Branches(), Task(10, 8, 3))
    rows = {layer.name: layer for layer in result.layers}
    assert list(rows) == [
        "small",
        "large",
        "down",
        "relu",
        "pool",
        "flatten",
        "linear",
    ]  # dropout does nothing in evaluation
    assert [rows[name].receptive_field for name in rows] == [3, 5, 7, 7, 9, 13, 13]
    assert rows["down"].output == (4, 4, 4)
    assert rows["down"].params == 4 * 4 * 9 + 4
    assert rows["down"].macs == 4 * 4 * 9 * 16
    assert rows["pool"].activation_bytes == 4 * 2 * 2 * 4
    assert rows["linear"].type == "Linear"
    assert [name for name in rows if rows[name].shares_memory] == ["relu", "flatten"]
    own = ("small", "large", "down", "pool", "linear")
    assert result.activation_bytes == sum(rows[name].activation_bytes for name in own)


def test_totals_agree_with_the_counter():
    task = Task(10, 32, 3)
    network = NasnetSpace().build_published("nasnet-a", Size(2, 8, skeleton="cifar"), task)
    result = profile(network, task)
    assert (result.params, result.macs) == count(network, task)
    assert sum(layer.params for layer in result.layers) == result.params
    assert sum(layer.macs for layer in result.layers) == result.macs
    assert network.training


def test_a_cell_networks_field_follows_its_longest_path():
    network = NasnetSpace().build_published("nasnet-a", Size(1, 4, skeleton="cifar"), Task(10, 16, 3))
    rows = {layer.name: layer for layer in profile(network, Task(10, 16, 3)).layers}
    assert rows["stem.0"].receptive_field == 3
    assert rows["cells.0.blocks.0.left.0.depthwise_2"].receptive_field == 3 + 2 * 4
    assert (
        rows["cells.1.calibrate.relu"].receptive_field == 3 + 2 * 4
    )  # both 5x5 operations of the first cell are its longest paths
    assert (
        rows["cells.1.blocks.0.right.0.depthwise_1"].receptive_field == 3 + 6
    )  # 7x7 on the stem, which is h_prev here
    assert rows["cells.1.blocks.0.right.0.depthwise_2"].receptive_field == 3 + 6 + 2 * 6  # at stride 2


@pytest.mark.parametrize(("name", "expected"), [("resnet18", 435), ("densenet121", 2071), ("alexnet", 195)])
def test_known_receptive_fields(name, expected):
    """Of the features before the mean over the image; as in Araujo, Norris and Sim, Distill 2019
    (doi:10.23915/distill.00021).
    """
    layers = profile(getattr(torchvision.models, name)(), Task(1000, 224, 3)).layers
    images = [layer for layer in layers if len(layer.output) == 3 and layer.type != "AdaptiveAvgPool2d"]
    assert images[-1].receptive_field == expected


def test_attention_has_no_window():
    model = torchvision.models.vit_b_16()
    layers = profile(model, Task(1000, 224, 3)).layers
    assert layers[0].receptive_field == 16
    assert layers[-1].receptive_field is None


def test_a_layer_called_twice_counts_its_parameters_once():
    shared = nn.Conv2d(3, 3, 3, padding=1)
    result = profile(nn.Sequential(shared, shared), Task(3, 8, 3))
    assert [layer.params for layer in result.layers] == [84, 0]
    assert [layer.receptive_field for layer in result.layers] == [3, 5]
    assert result.params == 84


def test_outputs_that_share_memory_are_counted_once():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.ReLU(),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Hardswish(inplace=True),
        nn.Identity(),
        nn.Flatten(),
        nn.Unflatten(1, (4, 36)),
        nn.Flatten(),
        nn.Linear(144, 3),
    )
    found = profile(network, Task(3, 8, 3))
    shared = [(layer.type, layer.activation_bytes) for layer in found.layers if layer.shares_memory]
    assert shared == [(kind, 576) for kind in ("ReLU", "Hardswish", "Flatten", "Unflatten", "Flatten")]
    assert found.activation_bytes == 576 + 576 + 3 * 4  # the convolution, the ReLU that is not in place, the classifier
    assert [layer.type for layer in found.largest("activation_bytes")] == ["Conv2d", "ReLU", "Linear"]


def test_a_layer_in_the_memory_of_the_image_adds_nothing():
    found = profile(nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(192, 2)), Task(2, 8, 3))
    assert found.activation_bytes == 2 * 4


def test_vgg16_holds_60_megabytes_of_activations():
    """13 convolutions, 5 poolings, the adaptive pooling and 3 dense layers; each ReLU computes in place."""
    with blank():
        network = torchvision.models.vgg16()
    assert profile(network, Task(1000, 224, 3)).activation_bytes == 60_448_672
