"""Tests with several views of each image: against plain loops of crops, and against the dense layers of a network."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms import v2

import zoo
from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Preprocessing, Seen
from nasbench.core.spec import Task
from nasbench.nn.convolutional import convolutional_form
from nasbench.train.data import FileSplit, ImageData, Split, at_size, normalise
from nasbench.train.single import network_inputs, viewed
from nasbench.train.trainer import evaluate
from nasbench.train.views import SIDES, evaluate_views, prepared, sides_of

CPU = torch.device("cpu")
SMALL = Task(10, 32, 1)
MEAN, STD = (0.4,), (0.3,)


@pytest.fixture(scope="module")
def lenet() -> nn.Module:
    torch.manual_seed(0)
    return zoo.create("lenet5", 10, 32).eval()


@pytest.fixture(scope="module")
def data() -> ImageData:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (12, 1, 20, 20), generator=generator).byte()
    split = Split(images, torch.randint(0, 10, (12,), generator=generator))
    return ImageData("noise", split, split, MEAN, STD, tuple("abcdefghij"), 32)


@pytest.fixture
def photographs(tmp_path: Path) -> ImageData:
    generator = torch.Generator().manual_seed(1)
    for index, size in enumerate(((60, 80), (90, 50), (50, 50))):
        pixels = torch.randint(0, 256, (1, *size), generator=generator).byte()
        v2.functional.to_pil_image(pixels).convert("RGB").save(tmp_path / f"{index}.png")
    split = FileSplit(tuple(sorted(tmp_path.glob("*.png"))), (0, 1, 2))
    return ImageData("files", split, split, MEAN * 3, STD * 3, tuple("abcdefghij"), 32)


def loop_of_crops(network: nn.Module, image: Tensor, sides: tuple[int, ...]) -> Tensor:
    """Class probabilities of one uint8 image (1, C, H, W), crop by crop with torchvision's functions."""
    found = []
    for side in sides:
        square = normalise(at_size(image, side), MEAN, STD)[0]
        found += [network(crop[None]).softmax(dim=1)[0] for crop in v2.functional.ten_crop(square, [32, 32])]
    return torch.stack(found).mean(dim=0)


def test_the_published_sizes() -> None:
    assert sides_of("10", 224) == (256,)
    assert sides_of("multiscale", 224) == (256, 288, 320, 352)
    assert sides_of("dense", 224) == (256,)
    assert sides_of("10", 2) == (3,), "there is room for corners in small images too"
    with pytest.raises(UsageError, match=r"'ten'.*center"):
        sides_of("ten", 224)


@torch.no_grad()
@pytest.mark.parametrize("views", ["10", "multiscale"])
def test_crops_equal_a_plain_loop(lenet: nn.Module, data: ImageData, views: str) -> None:
    result, shares, labels = evaluate_views(lenet, data.val, data, CPU, views)
    assert isinstance(data.val, Split)
    sides = {"10": (37,), "multiscale": (37, 41, 46, 50)}[views]
    expected = torch.stack([loop_of_crops(lenet, image[None], sides) for image in data.val.images])
    torch.testing.assert_close(shares, expected)
    assert labels.tolist() == data.val.labels.tolist()
    assert result.correct == int((expected.argmax(dim=1) == labels).sum())
    assert result.loss == pytest.approx(-expected[torch.arange(12), labels].log().mean().item(), rel=1e-5)


def test_the_centre_is_what_evaluation_sees(lenet: nn.Module, data: ImageData) -> None:
    result, usual = evaluate_views(lenet, data.val, data, CPU, "center")[0], evaluate(lenet, data.val, data, CPU)
    assert (result.correct, result.in_five) == (usual.correct, usual.in_five)
    assert result.loss == pytest.approx(usual.loss, rel=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", ["vgg11", pytest.param("alexnet", marks=pytest.mark.slow), "lenet5"])
def test_dense_equals_the_dense_layers_on_one_crop_and_a_loop_over_places(name: str) -> None:
    channels = 1 if name == "lenet5" else 3
    torch.manual_seed(0)
    network = zoo.create(name, 10, 32).eval()
    form = convolutional_form(network, Task(10, 32, channels), 64)
    image = torch.randn(2, channels, 32, 32)
    torch.testing.assert_close(form(image)[:, :, 0, 0], network(image), rtol=1e-5, atol=1e-6)
    assert form(torch.randn(1, channels, 64, 48)).dim() == 4


@torch.no_grad()
def test_dense_layers_slide_over_a_larger_map() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(48, 5),
        nn.ReLU(),
        nn.Linear(5, 2),
    ).eval()
    form = convolutional_form(network, Task(2, 6, 1), 9)
    image = torch.randn(1, 1, 8, 9)
    logits = form(image)  # (1, 2, 3, 4)
    assert logits.shape == (1, 2, 3, 4)
    for y in range(3):
        for x in range(4):
            torch.testing.assert_close(logits[:, :, y, x], network(image[..., y : y + 6, x : x + 6]))


@torch.no_grad()
def test_a_network_of_global_pooling_is_its_own_form_and_pooling_before_hidden_layers_slides() -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    linear = nn.Sequential(*layers, nn.Linear(3, 2)).eval()
    image = torch.randn(1, 1, 9, 8)
    torch.testing.assert_close(convolutional_form(linear, Task(2, 6, 1), 9)(image)[:, :, 0, 0], linear(image))
    hidden = nn.Sequential(*layers, nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    logits = convolutional_form(hidden, Task(2, 6, 1), 9)(image)
    assert logits.shape == (1, 2, 4, 3)
    torch.testing.assert_close(logits[:, :, 3, 2], hidden(image[..., 3:9, 2:8]))


class ByName(nn.Module):
    """Convolutions and dense layers, with pooling as a function to `places` squared."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.convolution, self.places = nn.Conv2d(1, 3, 3), places
        self.dense, self.last = nn.Linear(3 * places * places, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.adaptive_avg_pool2d(self.convolution(x), self.places)
        return self.last(self.dense(torch.flatten(x, 1)).relu())


@torch.no_grad()
def test_pooling_as_a_function_and_maps_of_one_place() -> None:
    torch.manual_seed(0)
    image = torch.randn(1, 1, 9, 8)
    same = ByName(4).eval()
    logits = convolutional_form(same, Task(2, 6, 1), 9)(image)
    torch.testing.assert_close(logits[:, :, 3, 2], same(image[..., 3:9, 2:8]))
    with pytest.raises(UsageError, match="pools 4 x 4 places to 3 x 3"):
        convolutional_form(ByName(3).eval(), Task(2, 6, 1), 9)
    one_place = nn.Sequential(nn.Conv2d(1, 3, 6), nn.Flatten(), nn.Linear(3, 2)).eval()
    logits = convolutional_form(one_place, Task(2, 6, 1), 9)(image)
    torch.testing.assert_close(logits[:, :, 3, 2], one_place(image[..., 3:9, 2:8]))


@pytest.mark.parametrize("name", [pytest.param("vit_b_32", marks=pytest.mark.slow), "mixer_s32"])
def test_networks_of_patches_have_no_dense_form(name: str) -> None:
    with torch.device("meta"):
        network = zoo.create(name, 10, 224)
    with pytest.raises(UsageError, match=f"{name} has no fully convolutional form: .*Use other views: 10 or multisc"):
        prepared(network, Task(10, 224, 3), "dense", name)


@torch.no_grad()
@pytest.mark.parametrize("views", [name for name in SIDES if name != "center"])
def test_one_photograph_is_shown_as_a_split_of_them(photographs: ImageData, views: str) -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20", 10, 32).eval()
    shares = evaluate_views(network, photographs.val, photographs, CPU, views)[1]
    record: Preprocessing = photographs.preprocessing()
    assert record.seen == Seen(MEAN * 3, STD * 3, "bilinear", 0.875)
    shown = prepared(network, photographs.task, views)
    assert isinstance(photographs.val, FileSplit)
    for path, expected in zip(photographs.val.paths, shares, strict=True):
        inputs = network_inputs(path, record, views)
        assert (inputs[0].shape[-1] == inputs[0].shape[-2]) == (views != "dense" or path.name == "2.png")
        assert viewed(shown, inputs, 32, views) == pytest.approx(expected.tolist(), rel=1e-4)
