"""What airbench's recipes are made of: Muon, alternating flips, scales that stay, a linear rate."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.spec import Task
from nasbench.train.data import FileSplit, ImageData, Split
from nasbench.train.freezing import Freezing
from nasbench.train.ignored import ignored_fields
from nasbench.train.loader import TrainBatches, eval_batches
from nasbench.train.optimizers.groups import make_optimizer, set_rate
from nasbench.train.optimizers.muon import REST_RATE, Muon, orthogonal
from nasbench.train.schedules import make_schedule
from nasbench.train.starts import start, whitening
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
AIRBENCH = recipes.get("airbench")


def digits_in_rows(count: int = 40) -> ImageData:
    """Each image differs from its mirror image, and from every other."""
    images = torch.arange(count).view(-1, 1, 1, 1).repeat(1, 1, 8, 8).to(torch.uint8)
    images[..., 0] = 200
    split = Split(images, torch.arange(count) % 10)
    return ImageData("rows", split, split.first(20), (0.0,), (1.0,), tuple("0123456789"), 8)


def mirrored(batches: TrainBatches, epoch: int) -> dict[int, bool]:
    found = {}
    for images, _ in batches.epoch(epoch):
        for image in (images * 255).round():
            number = int(image[0, 0, 4])
            found[number] = bool(image[0, 0, 7] == 200)
    return found


def test_each_image_is_mirrored_every_other_epoch() -> None:
    recipe = Recipe("turns", 1, epochs=4, batch_size=10, lr_peak=0.1, flip=True, alternate_flip=True)
    batches = TrainBatches(digits_in_rows(), recipe, 3, CPU)
    epochs = [mirrored(batches, epoch) for epoch in range(4)]
    assert len(epochs[0]) == 40
    assert 8 < sum(epochs[0].values()) < 32
    assert epochs[0] == epochs[2]
    assert epochs[1] == epochs[3] == {number: not turned for number, turned in epochs[0].items()}


def test_images_in_files_are_refused(tmp_path) -> None:
    split = FileSplit((tmp_path / "a.png",), (0,))
    data = ImageData("files", split, split, (0.0,) * 3, (1.0,) * 3, ("a", "b"), 8)
    with pytest.raises(UsageError, match="alternate_flip of recipe 'airbench' is for images in memory"):
        TrainBatches(data, AIRBENCH, 0, CPU)


@pytest.mark.parametrize("shape", [(8, 27), (64, 9), (16, 16)])
def test_the_iteration_brings_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrix, steps=8)
    values = torch.linalg.svdvals(found)
    assert 0.6 < values.min() < values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    along = torch.diag(left.T @ found @ right.T)
    assert along.min() > 0.6, "the singular vectors stay"


def test_filters_move_orthogonally_and_the_rest_by_momentum() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.Flatten(), nn.Linear(8, 2))
    optimizer = make_optimizer(network, replace(AIRBENCH, optimizer="muon"))
    assert isinstance(optimizer, Muon)
    filters, head = network[0].weight, network[2].weight
    start = (filters * 8**0.5 / filters.norm()).detach().clone(), head.detach().clone()
    for weight in network.parameters():
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    set_rate(optimizer, 0.1)
    optimizer.step()
    gradient = 1.6 * filters.grad.reshape(8, 27)  # Nesterov's look-ahead of the first step
    assert torch.allclose(filters.view(8, 27), start[0].view(8, 27) - 0.1 * orthogonal(gradient), atol=1e-6)
    assert torch.allclose(head, start[1] - REST_RATE * 0.1 * 1.85 * head.grad, atol=1e-6)


def test_the_rate_falls_in_a_straight_line() -> None:
    rate = make_schedule(replace(AIRBENCH, lr_peak=1.0, lr_final=0.2, warmup_epochs=1))
    assert [round(rate(step, 2, 3), 4) for step in range(6)] == [0.5, 1.0, 1.0, 0.8, 0.6, 0.4]


def test_scales_stay_and_shifts_learn() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
    network.append(nn.Linear(8 * 36, 10))
    recipe = replace(AIRBENCH, batch_size=10, epochs=2)
    fit(network, digits_in_rows(), recipe, seed=0, device=CPU)
    assert torch.equal(network[1].weight, torch.ones(8))
    assert network[1].bias.abs().sum() > 0


def test_fields_of_airbench_change_no_earlier_identity() -> None:
    known = recipes.get("cifar_fast").to_json()
    assert not {"pad_mode", "alternate_flip", "freeze_norm_scales"} & set(known)
    assert AIRBENCH.to_json()["alternate_flip"] is True


def drawn_images(count: int = 64) -> ImageData:
    """Noise that is smoothed, so that neighbours are correlated."""
    noise = torch.randint(0, 256, (count, 3, 12, 12), generator=torch.Generator().manual_seed(0)).float()
    images = nn.functional.avg_pool2d(noise, 3, 1, 1).to(torch.uint8)
    split = Split(images, torch.arange(count) % 10)
    return ImageData("noise", split, split.first(20), (0.5,) * 3, (0.2,) * 3, tuple("0123456789"), 12)


class TwoLayers(nn.Sequential):
    def __init__(self) -> None:
        layers = nn.Conv2d(3, 20, 3, padding=1, bias=False), nn.ReLU(), nn.Conv2d(20, 24, 3, padding=1, bias=False)
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))


def test_a_network_starts_as_the_recipe_asks() -> None:
    torch.manual_seed(0)
    network, data = TwoLayers(), drawn_images()
    head = network[5].weight.clone()
    start(network, AIRBENCH, data)
    batch = next(eval_batches(data.train, data, CPU, 64))[0]
    outputs = nn.functional.conv2d(batch, network[0].weight)  # (N, 20, H, W)
    table = outputs.transpose(0, 1).flatten(1)[:10]  # half of the filters; the others have the other sign
    assert torch.allclose(table @ table.T / table.shape[1], torch.eye(10), atol=0.05)
    assert torch.equal(network[0].weight[:10], -network[0].weight[10:])
    assert not network[0].weight.requires_grad
    middle = torch.rand(2, 20, 6, 6)
    assert torch.allclose(network[2](middle)[:, :20], middle, atol=1e-6)
    assert torch.equal(network[5].weight, head / 24)


def test_a_training_keeps_the_whitening_layer_and_what_was_carried_over() -> None:
    recipe = replace(AIRBENCH, epochs=1, batch_size=16, cutout=0)
    torch.manual_seed(0)
    network, data = TwoLayers(), drawn_images()
    fit(network, data, recipe, seed=0, device=CPU)
    expected = whitening((batch for batch, _ in eval_batches(data.train, data, CPU, 64)), network[0])
    assert torch.allclose(network[0].weight, expected, atol=1e-5)
    carried = TwoLayers()
    before = carried[0].weight.clone()
    fit(carried, data, recipe, seed=0, device=CPU, freezing=Freezing(pretrained=("0.weight",)))
    assert not torch.allclose(carried[0].weight.abs().sum(), expected.abs().sum())
    assert carried[0].weight.requires_grad
    assert not torch.equal(carried[0].weight, before)


def test_what_a_network_has_no_layers_for_is_said() -> None:
    wide = nn.Sequential(nn.Conv2d(3, 64, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 9)).to("meta")
    found = ignored_fields(wide, Task(10, 12, 3), AIRBENCH)
    assert set(found) == {"whiten", "identity_start", "scale_logits"}
    assert not set(ignored_fields(TwoLayers().to("meta"), Task(10, 12, 3), AIRBENCH)) & {"whiten", "scale_logits"}
