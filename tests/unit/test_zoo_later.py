"""Networks after the lectures' own, and forms of theirs: counts against cards and libraries, gradients, the parts."""

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import zoo
from nasbench.blank import ShapesAlone, blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from nasbench.profile import count
from zoo.families.squeezenet_forms import Bypass
from zoo.families.vim import Scan, recurrence
from zoo.families.vip import PermuteMlp

FAMILIES = {
    "convnext": 4,
    "swin": 3,
    "deit": 6,
    "poolformer": 5,
    "convmixer": 3,
    "vip": 4,
    "vim": 2,
    "enet": 1,
}
ENTRIES = {name: entry for name, entry in zoo.entries().items() if entry.card.family in FAMILIES}
QUICK = {"convmixer_1024_20", "vip_s7", "enet", "convnext_tiny"}
"""They are counted in the fast suite, the others in the slow one."""
LARGE = {"convnext_tiny", "swin_t", "poolformer_s12", "convmixer_768_32", "enet"}


def without_gradient(network: nn.Module, images: Tensor) -> list[str]:
    network(images).square().sum().backward()
    return [name for name, parameter in network.named_parameters() if parameter.grad is None]


def test_every_family_is_complete_and_verified() -> None:
    assert {family: sum(e.card.family == family for e in ENTRIES.values()) for family in FAMILIES} == FAMILIES
    assert {entry.card.verified for entry in ENTRIES.values()} == {"C"}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ENTRIES]
)
def test_the_published_form_has_its_cards_counts_and_no_dead_parameter(name: str) -> None:
    card = ENTRIES[name].card
    with blank():
        network = ENTRIES[name].build(card.task)
        images = torch.empty(2, card.task.channels, card.task.image_size, card.task.image_size)
    assert count(network, card.task) == (card.params, card.macs)
    with ShapesAlone():
        assert without_gradient(network.train(), images) == []


@pytest.mark.parametrize("family", ["ConvNeXt", "Swin"])
def test_params_and_errors_are_those_that_torchvision_publishes(family: str) -> None:
    for name, entry in ENTRIES.items():
        if not name.startswith(family.lower()):
            continue
        enum = next(each for each in dir(models) if each.lower() == f"{name}_weights")
        meta = getattr(models, enum).IMAGENET1K_V1.meta
        assert entry.card.params == meta["num_params"]
        accuracy = {metric: 100 - meta["_metrics"]["ImageNet-1K"][f"acc@{k}"] for metric, k in ERRORS.items()}
        assert {result.metric: result.value for result in entry.card.results} == pytest.approx(accuracy)


ERRORS = {"top1_error": 1, "top5_error": 5}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("zfnet_wide", 107_627_624),
        ("alexnet_bn", 61_100_840 + 2 * (64 + 192 + 384 + 256 + 256 + 4096 + 4096)),
        ("resnet200", 64_673_832),
        ("preresnet200", 64_666_280 - 128),
        ("vim_small", 25_796_584),
        ("squeezenet1_0_bypass", 1_248_424),
        ("deit_base", 86_567_656),
    ],
)
def test_counts_that_others_publish(name: str, params: int) -> None:
    """Of lectures, released code, pytorchcv's tables, and a count of the released Vision Mamba."""
    assert zoo.entry(name).card.params == params


@pytest.mark.parametrize("name", ["enet", "vim_tiny", "squeezenet1_0_bypass"])
def test_small_images_go_forward_and_backward(name: str) -> None:
    torch.manual_seed(0)
    side = 8 if name == "vim_tiny" else 65
    network = zoo.create(name, num_classes=7, image_size=side, channels=1)
    assert without_gradient(network.train(), torch.randn(2, 1, side, side)) == []
    assert torch.isfinite(network.eval()(torch.randn(1, 1, side, side))).all()


@pytest.mark.parametrize("name", sorted(LARGE))
def test_large_only_networks_say_so_and_what_to_take(name: str) -> None:
    with pytest.raises(UsageError, match="large images only") as error:
        zoo.create(name, image_size=32)
    with blank():
        zoo.create(str(error.value).split("take '")[1].rstrip("'"), image_size=32)


def test_a_permutator_is_for_one_size() -> None:
    with pytest.raises(UsageError, match=r"224 px only.*got 192 px"):
        zoo.create("vip_s7", image_size=192)


def test_the_recurrence_is_the_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    decay, inputs = torch.rand(2, 13, 3, generator=generator), torch.randn(2, 13, 3, generator=generator)
    state, states = torch.zeros(2, 3), []
    for step in range(13):
        state = decay[:, step] * state + inputs[:, step]
        states.append(state)
    torch.testing.assert_close(recurrence(decay, inputs), torch.stack(states, dim=1))


@torch.no_grad()
def test_a_scan_is_causal_and_the_state_space_as_published() -> None:
    torch.manual_seed(0)
    scan, x = Scan(6, 2), torch.randn(1, 9, 6)
    later = x.clone()
    later[:, 5:] += 1
    out = scan(x)
    torch.testing.assert_close(scan(later)[:, :5], out[:, :5])
    u = torch.nn.functional.silu(scan.conv(x.transpose(1, 2))[..., :9]).transpose(1, 2)[0]  # (L, C)
    low, into, read = scan.select(u).split([2, 16, 16], dim=1)
    step, state = torch.nn.functional.softplus(scan.step(low)), torch.zeros(6, 16)
    for place in range(9):
        dt = step[place][:, None]
        state = torch.exp(-dt * scan.log_decay.exp()) * state + dt * into[place] * u[place][:, None]
        torch.testing.assert_close(out[0, place], state @ read[place] + scan.skip * u[place], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_permuting_layer_reads_one_column_at_a_time() -> None:
    torch.manual_seed(0)
    layer, x = PermuteMlp(8, 4), torch.randn(1, 4, 4, 8)
    rows = layer._along(x, layer.over_rows)
    for column in range(4):
        for segment in range(4):
            read = x[0, :, column, 2 * segment : 2 * segment + 2].reshape(-1)  # all rows, two channels
            expected = layer.over_rows(read).reshape(4, 2)
            torch.testing.assert_close(rows[0, :, column, 2 * segment : 2 * segment + 2], expected)


def test_bypasses_are_around_every_second_fire_module() -> None:
    with blank():
        features = zoo.create("squeezenet1_0_bypass").features
    assert [place for place, layer in enumerate(features) if isinstance(layer, Bypass)] == [4, 7, 9, 12]


def test_factors_are_cheaper_by_what_the_paper_says() -> None:
    def spatial(name: str) -> int:
        task = zoo.entry(name).card.task
        with blank():
            network = zoo.entry(name).build(Task(task.num_classes, task.image_size, task.channels))
        return sum(p.numel() for m in network[1:-1].modules() if isinstance(m, nn.Conv2d) for p in m.parameters())

    assert spatial("inception_5x5") == 64 * 96 * 25
    assert spatial("inception_5x5_as_3x3") == 64 * 96 * 9 + 96 * 96 * 9
    assert spatial("inception_7x7_as_1x7") / spatial("inception_7x7") == pytest.approx((128 + 192) * 7 / (192 * 49))
    assert spatial("inception_3x3_as_1x3") / spatial("inception_3x3") == pytest.approx(1 / 3)
