"""Normalisations folded into the layers before them: equal outputs, and what may not be folded is not."""

import pytest
import torch
from torch import Tensor, nn

from nasbench.engine.config import ModelOverrides
from nasbench.engine.export.command import with_random_bn_stats
from nasbench.engine.parts.models import build, resolve
from nasbench.nn.folding import Folded, fold


def folded(network: nn.Module, channels: int = 3, side: int = 32) -> tuple[Folded, nn.Module]:
    """The folded copy of a network with random statistics, checked against it on other images."""
    network = with_random_bn_stats(network.eval(), 0)
    generator = torch.Generator().manual_seed(0)
    found = fold(network, torch.randn(2, channels, side, side, generator=generator))
    images = torch.randn(3, channels, side, side, generator=generator)
    with torch.no_grad():
        expected, logits = network(images), found.network(images)
    assert float((logits - expected).abs().max() / expected.abs().max()) < 1e-5
    return found, network


@pytest.mark.parametrize(
    ("model", "number", "left"),
    [
        ("resnet20", 19, 0),
        pytest.param("mobilenet_v2", 52, 0, marks=pytest.mark.slow),
        pytest.param("preresnet110", 55, 54, marks=pytest.mark.slow),
        pytest.param("efficientnet_b0", 49, 0, marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_zoo(model: str, number: int, left: int) -> None:
    found, network = folded(build(resolve(model, ModelOverrides(image_size=32))))
    assert (len(found.folded), len(found.left)) == (number, left)
    assert any(isinstance(each, nn.BatchNorm2d) for each in network.modules()), "the network itself is not changed"


def test_every_normalisation_of_a_cell_network() -> None:
    spec = resolve("space:nasnet:nasnet-a", ModelOverrides(cells=1, filters=8))
    found, _ = folded(build(spec))
    assert len(found.folded) == 64
    assert not found.left, "factorized reductions are shared out among their two convolutions"


class Both(nn.Module):
    """A convolution whose output is normalised and used as it is, one that is called twice, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.used_norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.twice, self.twice_norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.linear, self.linear_norm = nn.Linear(4, 5), nn.BatchNorm1d(5)
        self.batch_alone = nn.BatchNorm1d(5, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.used(x)
        x = x + self.used_norm(x)
        x = self.twice_norm(self.twice(self.twice(x)))
        return self.batch_alone(self.linear_norm(self.linear(x.mean(dim=(2, 3)))))


def test_what_is_used_otherwise_stays() -> None:
    torch.manual_seed(0)
    found, _ = folded(Both())
    assert found.folded == ("linear_norm",)
    assert found.left == ("used_norm", "twice_norm", "batch_alone")


def test_shared_weights_stay() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Flatten())
    network[2].weight = network[0].weight
    assert folded(network, side=4)[0].folded == ()
