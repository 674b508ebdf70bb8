"""Each proxy against a value computed by hand, or by a small formula of another kind."""

import copy
from collections.abc import Callable
from math import log
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.proxy import IMAGES, OFFERED, PARTS, SCORES, WITHOUT_IMAGES, needs_of, proxy_named
from nasbench.core.registry import proxies
from nasbench.core.spec import Task
from nasbench.evaluators.proxies.az_nas import az_nas, entropy, step
from nasbench.evaluators.proxies.fisher import fisher
from nasbench.evaluators.proxies.grad_norm import grad_norm
from nasbench.evaluators.proxies.jacob_cov import jacob_cov, score_of_jacobians
from nasbench.evaluators.proxies.naswot import agreement, log_determinant, naswot
from nasbench.evaluators.proxies.snip import snip
from nasbench.evaluators.proxies.synflow import synflow
from nasbench.evaluators.proxies.zico import layer_score, zico
from nasbench.train.device import isolated_rng

CPU = torch.device("cpu")


def batch(count: int = 5, side: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, side, side, generator=drawn, dtype=torch.float64)
    return images, torch.arange(count) % 2


def with_weights(network: nn.Module) -> nn.Module:
    with isolated_rng(CPU, 7):
        for parameter in network.parameters():
            nn.init.normal_(parameter)
    return network.double()


def linear() -> nn.Module:
    return with_weights(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)))


def slopes(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """By how much the mean cross-entropy grows with each logit, (B, 2): (softmax - one-hot) / B."""
    logits = network(images).detach()
    return (logits.softmax(dim=1) - nn.functional.one_hot(labels, 2)) / len(labels)


def test_synflow_of_a_chain_is_the_product_of_its_weights_once_a_layer() -> None:
    chain = nn.Sequential(
        nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(),
        nn.Linear(1, 1, bias=False),
    )  # fmt: skip
    for layer, weight in zip((chain[0], chain[3], chain[5]), (-2.0, 3.0, -0.5), strict=True):
        nn.init.constant_(layer.weight, weight)
    nn.init.constant_(chain[1].weight, 100.0)  # of the normalisation, which is left out
    found = synflow(chain, Task(1, 1, 1))
    assert found == {"synflow": 3 * (2 * 3 * 0.5), "log_synflow": pytest.approx(log(9))}


@pytest.mark.parametrize("layers", [50, 80])
def test_synflow_is_a_number_where_float32_would_overflow(layers: int) -> None:
    deep = nn.Sequential(*(nn.Conv2d(8, 8, 1, bias=False) for _ in range(layers)), nn.Flatten())
    for layer in deep[:-1]:
        nn.init.constant_(layer.weight, 1.0)
    found = synflow(deep, Task(8, 1, 8))
    assert found["log_synflow"] == pytest.approx(log(layers) + (layers + 1) * log(8))
    assert found["synflow"] == (pytest.approx(layers * 8.0 ** (layers + 1)) if layers == 50 else None)  # 1e60 at most


def test_synflow_fails_where_nothing_passes_and_where_it_is_infinite() -> None:
    chain = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten())
    for weight, told in ((0.0, "nothing of the image reaches"), (float("inf"), "its sum is")):
        nn.init.constant_(chain[0].weight, weight)
        with pytest.raises(TrialFailed, match=told):
            synflow(chain, Task(1, 1, 1))


def test_grad_norm_and_snip_of_a_linear_network() -> None:
    network, (images, labels) = linear(), batch()
    gradient = slopes(network, images, labels).T @ images.flatten(1)  # (2, 12)
    assert grad_norm(network, images, labels) == pytest.approx(float(gradient.square().sum().sqrt()))
    assert snip(network, images, labels) == pytest.approx(float((gradient * network[1].weight.detach()).abs().sum()))


def test_fisher_of_a_convolution_whose_mean_is_the_logit() -> None:
    network = with_weights(nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    images, labels = batch()
    information = network(images).detach() * slopes(network, images, labels)  # (B, 2)
    expected = 0.5 * float(information.square().mean(dim=0).sum())
    assert fisher(network, images, labels) == pytest.approx(expected)


def test_fisher_reads_outputs_before_the_next_layer_changes_them_in_place() -> None:
    plain = with_weights(nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.Hardtanh(-0.1, 0.1), nn.Linear(4, 2)))
    in_place = copy.deepcopy(plain)
    in_place[2] = nn.Hardtanh(-0.1, 0.1, inplace=True)
    assert fisher(in_place, *batch()) == fisher(plain, *batch()) > 0


def test_naswot_of_units_written_by_hand() -> None:
    on = torch.tensor([[True, False], [True, True], [False, True]])
    kernel = agreement(on)
    assert kernel.tolist() == [[2, 1, 0], [1, 2, 1], [0, 1, 2]]
    assert log_determinant(kernel) == pytest.approx(log(4))
    images = on.double().view(3, 2, 1, 1) - 0.5
    assert naswot(nn.Sequential(nn.ReLU(), nn.Flatten()), images) == pytest.approx(log(4))
    assert naswot(nn.Sequential(nn.ReLU(inplace=True), nn.Flatten()), images.clone()) == pytest.approx(log(4))


def test_naswot_fails_where_two_images_look_the_same() -> None:
    with pytest.raises(TrialFailed, match="kernel is singular"):
        naswot(nn.Sequential(nn.ReLU(), nn.Flatten()), torch.ones(2, 3, 1, 1))
    with pytest.raises(TrialFailed, match="the network has none"):
        naswot(linear(), batch()[0])


def test_jacob_cov_of_two_jacobians_with_a_known_correlation() -> None:
    jacobians = torch.tensor([[1.0, 0.0, -1.0], [1.0, 1.0, -2.0]], dtype=torch.float64)
    r = 3 / (2**0.5 * 6**0.5)
    values = (1 - r + 1e-5, 1 + r + 1e-5)
    expected = -sum(log(value) + 1 / value for value in values)
    assert score_of_jacobians(jacobians) == pytest.approx(expected)


class Squares(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).square()


def test_jacob_cov_takes_the_gradient_of_the_summed_logits_by_the_pixels() -> None:
    images, _ = batch()
    assert jacob_cov(Squares(), images) == pytest.approx(score_of_jacobians(2 * images.flatten(1)))


def test_jacob_cov_fails_where_the_image_does_not_matter() -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) * 0.0

    with pytest.raises(TrialFailed, match="does not depend on an image"):
        jacob_cov(Constant(), batch()[0])


def test_zico_is_the_mean_over_the_deviation_of_the_signed_gradient() -> None:
    gradients = torch.tensor([[1.0, -2.0, 1.0], [3.0, -2.0, -1.0]], dtype=torch.float64)
    assert layer_score(gradients) == pytest.approx(log(2 / 1 + 1 / 1))  # the second weight does not vary
    assert layer_score(torch.ones(2, 3, dtype=torch.float64)) == 0.0


def test_zico_of_a_linear_network() -> None:
    network, batches = linear(), [batch(seed=1), batch(seed=2)]
    one, two = (slopes(network, *each).T @ each[0].flatten(1) for each in batches)
    ratio = (one.abs() + two.abs()) / (one - two).abs()  # mean over deviation: the halves cancel
    assert zico(network, batches) == pytest.approx(log(float(ratio.sum())))


def test_entropy_of_two_channels_of_equal_variance() -> None:
    features = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).view(4, 2, 1, 1)
    assert entropy(features) == pytest.approx(log(2), abs=1e-6)
    assert entropy(features * torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)) == pytest.approx(0.0, abs=1e-6)
    assert entropy(torch.zeros(4, 2, 1, 1)) != entropy(torch.zeros(4, 2, 1, 1))  # not a number


@pytest.mark.parametrize(("weight", "channels"), [(2.0, 1), (0.25, 1)])
def test_step_of_a_cell_that_multiplies(weight: float, channels: int) -> None:
    before = torch.randn(8, channels, 2, 2, requires_grad=True)
    assert step(before, weight * before) == pytest.approx(2 - weight - 1 / weight, abs=1e-4)
    assert step(before, before * 1.0) == float("-inf")
    assert step(before, torch.zeros_like(before)) == pytest.approx(2 - 1e6)


class Small(nn.Module):
    """A stem, three cells and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4))
        conv = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.cells = nn.ModuleList([nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1)), nn.Sequential(conv, nn.ReLU())])
        self.cells.append(nn.BatchNorm2d(8))
        self.dropout = nn.Dropout(0.5)
        self.classifier = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.stem(x)
        for cell in self.cells:
            h = cell(h)
        logits: Tensor = self.classifier(self.dropout(h.mean(dim=(2, 3))))
        return logits


def test_az_nas_has_its_four_parts() -> None:
    with isolated_rng(CPU, 3):
        found = az_nas(Small(), Task(2, 4, 3), macs=17)
    assert tuple(found) == PARTS["az-nas"]
    assert found["macs"] == 17
    assert found["expressivity"] is not None
    assert 0 < found["expressivity"] < 2 * log(4) + 2 * log(8)


def offered(network: nn.Module) -> dict[str, Any]:
    images, labels = (each.float() if each.is_floating_point() else each for each in batch(8, side=4))
    task = Task(2, 4, 3)
    more = {"images": images, "labels": labels, "batches": [(images, labels), (images + 1, labels)]}
    return {"network": network, "task": task, "params": 5, "macs": 7, **more}


def called(function: Callable[..., Any], values: dict[str, Any]) -> Any:
    named = function.__code__.co_varnames[: function.__code__.co_argcount]
    with isolated_rng(CPU, 11):
        return function(**{name: values[name] for name in named})


@pytest.mark.parametrize("name", sorted(proxies.names()))
def test_a_proxy_leaves_the_network_as_it_is_and_says_the_same_again(name: str) -> None:
    function = proxy_named(name)
    with isolated_rng(CPU, 5):
        network = Small().train()
    before = copy.deepcopy(network.state_dict())
    first = called(function, offered(network))
    assert called(function, offered(network)) == first
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert network.classifier.weight.dtype == torch.float32
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("name", ["synflow", "grad_norm", "snip", "fisher", "zico"])
def test_a_sum_over_layers_needs_a_layer(name: str) -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.ones(2))

        def forward(self, x: Tensor) -> Tensor:
            return x.mean(dim=(2, 3))[:, :2] * self.factor

    with pytest.raises(TrialFailed, match="no convolution and no linear layer"):
        called(proxy_named(name), offered(Scale()))


def test_what_is_known_without_importing_a_proxy_is_what_it_says() -> None:
    for name in proxies.names():
        function = proxy_named(name)
        named = function.__code__.co_varnames[: function.__code__.co_argcount]
        assert set(named) <= set(OFFERED), name
        assert (name in WITHOUT_IMAGES) == (not set(named) & set(IMAGES)), name
        assert (needs_of(function).parts, needs_of(function).score) == (PARTS.get(name, ()), SCORES.get(name)), name
