"""The hand-designed networks from LeNet-5 to SENet: counts against their cards, gradients, outputs, units, forms."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import zoo
from nasbench.blank import ShapesAlone, blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from nasbench.profile import count, profile
from zoo.families.alexnet import response_norm
from zoo.families.densenet import densenet
from zoo.families.googlenet import GoogLeNet
from zoo.families.lenet import C3_SOURCES, RadialBasis
from zoo.families.preactivation import Variant
from zoo.families.resnet import ResNet
from zoo.families.resnet_cifar import StochasticDepth
from zoo.families.vgg import VGG
from zoo.inception_modules import NaiveInception, ReducedInception
from zoo.library import IMAGENET, load_in_order
from zoo.registry import SMALL_IMAGE

FAMILIES = (
    *("lenet", "alexnet", "vgg", "nin", "inception", "resnet", "resnet_cifar", "preresnet"),
    *("wide_resnet", "resnext", "densenet", "senet"),
)
ENTRIES = {name: entry for name, entry in zoo.entries().items() if entry.card.family in FAMILIES}

LARGE_ONLY = {
    **dict.fromkeys(("alexnet_two_tower", "alexnet_ungrouped"), 67),
    **dict.fromkeys(
        ("zfnet", "zfnet_wide", "alexnet_bn", "preresnet200", "bn_inception", "se_inception", "senet154", "xception"),
        65,
    ),
    **dict.fromkeys(("inception_v3", "inception_v4", "inception_resnet_v2"), 75),
    "inception_v3_aux": 299,
}
"""Networks without a form for small images, and the smallest side they take."""

SMALL_ONLY = {name for name, entry in ENTRIES.items() if entry.card.task.image_size <= SMALL_IMAGE}

DEEP = {name for name in ENTRIES if "1202" in name or "1001" in name}
"""Thousands of operations: slow even where nothing is computed."""

LONG = {
    name
    for name in ENTRIES
    if any(part in name for part in ("164", "152", "101", "169", "200", "201", "_250_", "_190_", "senet154"))
} | {
    *("inception_resnet_v2", "inception_v4", "inception_v3_aux", "se_inception", "densenet_100_12", "densenet_100_24"),
    *(
        "resnet44",
        "plain44",
        "plain56",
        "plain110",
        "preresnet56",
        "se_resnet56",
        "se_resnet110",
        "resnet110_stochastic_depth",
    ),
}
"""About a second where nothing is computed: the fast tests count their parameters, and the operations of their
shallower relatives.
"""

MANY_WEIGHTS = 30_000_000


def marked(names: list[str], slow: Callable[[str], bool]) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.slow) if slow(name) else name for name in names]


def smallest_task(name: str) -> Task:
    """The smallest images that are tested, the side of scikit-learn's digits where the network takes it; odd classes,
    grey.
    """
    return Task(num_classes=7, image_size=LARGE_ONLY.get(name, 8), channels=1)


def heavy(name: str) -> bool:
    """Whether a real step of the smallest form takes more than a second or so."""
    card = ENTRIES[name].card
    small_vgg = card.family == "vgg"  # the dense layers of 4,096 are gone there
    long = name in DEEP or name in ("densenet_bc_190_40", "densenet_bc_250_24", "densenet_100_24", "inception_v3_aux")
    return long or ((card.params or 0) > MANY_WEIGHTS and not small_vgg)


def outputs(network: nn.Module, images: Tensor) -> list[Tensor]:
    output = network(images)
    return list(output) if isinstance(output, tuple) else [output]


def images_of(task: Task, device: str = "cpu", batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, task.channels, task.image_size, task.image_size, generator=generator)
    return images.to(device)


def without_gradient(network: nn.Module, images: Tensor) -> list[str]:
    """Trains one step with every output, auxiliary ones too; names the trainable parameters that got no gradient."""
    network.train()
    torch.stack([output.float().square().sum() for output in outputs(network, images)]).sum().backward()
    return [
        name for name, parameter in network.named_parameters() if parameter.requires_grad and parameter.grad is None
    ]


def spread(network: nn.Module) -> nn.Module:
    """Gives batch normalisations statistics and scales that are not the trivial ones, so that equal outputs say
    something.
    """
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            with torch.no_grad():
                module.running_mean.normal_(0.0, 0.1, generator=generator)
                module.running_var.uniform_(0.8, 1.2, generator=generator)
                module.weight.uniform_(0.8, 1.2, generator=generator)
                module.bias.normal_(0.0, 0.1, generator=generator)
    return network.eval()


def test_every_card_is_verified_by_counting() -> None:
    assert {entry.card.verified for entry in ENTRIES.values()} == {"C"}


@pytest.mark.parametrize("name", [name for name in ENTRIES if name in DEEP | LONG])
def test_the_published_form_has_its_cards_parameters(name: str) -> None:
    """The others are counted below, with their operations."""
    card = ENTRIES[name].card
    with blank():
        network = ENTRIES[name].build(card.task)
    assert sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad) == card.params


@pytest.mark.parametrize("name", marked(list(ENTRIES), lambda name: name in DEEP | LONG))
def test_the_published_form_has_its_cards_counts_and_no_dead_parameter(name: str) -> None:
    card = ENTRIES[name].card
    with blank():
        network = ENTRIES[name].build(card.task)
        images = torch.empty(2, card.task.channels, card.task.image_size, card.task.image_size)
    params, macs = count(network, card.task)
    assert params == card.params
    assert card.macs is not None
    assert abs(macs - card.macs) <= 0.005 * card.macs
    for module in network.modules():
        if isinstance(module, StochasticDepth):
            module.p = 0.0
    with ShapesAlone():
        assert without_gradient(network, images) == []


@pytest.mark.parametrize("name", marked(list(ENTRIES), heavy))
def test_the_smallest_form_runs_forward_and_backward(name: str) -> None:
    torch.manual_seed(0)
    task = smallest_task(name)
    network = ENTRIES[name].build(task)
    images = images_of(task)
    assert without_gradient(network, images) == []
    network.eval()
    with torch.no_grad():
        (logits,) = outputs(network, images)
    assert logits.shape == (2, 7)
    assert torch.isfinite(logits).all()


ASKED = """
lenet5 lenet5_original alexnet alexnet_two_tower alexnet_ungrouped zfnet nin vgg11 vgg11_lrn vgg13 vgg16 vgg16_c vgg19
googlenet googlenet_aux googlenet_bn inception_naive inception_reduced bn_inception inception_v3 inception_v4
inception_resnet_v2 xception plain18 plain34 resnet18 resnet34 resnet50 resnet101 resnet152 resnet18_a resnet34_a
resnet50_v1 plain20 plain110 plain32 plain44 plain56 plain1202 resnet20 resnet32 resnet44 resnet56 resnet110
resnet1202 resnet164 resnet110_bn_after_add resnet164_bn_after_add resnet110_relu_before_add resnet164_relu_before_add
resnet110_relu_preact resnet164_relu_preact preresnet110 preresnet164 preresnet1001 resnet110_stochastic_depth
wrn_16_8 wrn_28_10 wrn_40_4 wrn_50_2 resnext29_8x64d resnext29_16x64d resnext50_32x4d resnext101_32x4d
resnext101_64x4d densenet_40_12 densenet_100_12 densenet_100_24 densenet_bc_100_12 densenet_bc_250_24
densenet_bc_190_40 densenet121 densenet169 densenet201 se_inception se_resnet50 senet154 se_resnet20 se_resnet56
se_resnet110 se_resnet164 se_wrn_16_8 resnet1001 wrn_28_10_dropout resnet1202_stochastic_depth
"""


def test_every_network_that_was_asked_for_is_there() -> None:
    assert set(ASKED.split()) <= set(ENTRIES)


# Counts that the literature and other libraries agree on, beside the cards
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lenet5_original", 60_000),
        ("alexnet_two_tower", 60_965_224),
        ("vgg16_c", 133_638_952),
        ("vgg16", 138_357_544),
        ("googlenet", 6_998_552),
        ("googlenet_aux", 13_378_280),
        ("resnet20", 269_722),
        ("resnet110", 1_727_962),
        ("resnet1202", 19_421_274),
        ("wrn_28_10", 36_479_194),
        ("resnext29_8x64d", 34_426_698),
        ("densenet_40_12", 1_019_722),
        ("densenet_bc_100_12", 769_162),
        ("senet154", 115_088_984),
    ],
)
def test_golden_counts(name: str, params: int) -> None:
    assert ENTRIES[name].card.params == params


def test_vgg16_row_by_row_as_lectures_print_it() -> None:
    task = ENTRIES["vgg16"].card.task
    with blank():
        layers = profile(zoo.create("vgg16"), task).layers
    rows = [layer for layer in layers if layer.type in ("Conv2d", "MaxPool2d", "Linear")]
    assert (rows[0].activations, rows[0].weights, rows[0].params, rows[0].macs) == (3_211_264, 1_728, 1_792, 86_704_128)
    fc6 = next(layer for layer in rows if layer.type == "Linear")
    assert (fc6.weights, fc6.params) == (102_760_448, 102_764_544)
    image = task.channels * task.image_size**2
    # the 15.2M that the rows come to; lectures print 24M
    assert image + sum(row.activations for row in rows) == 15_237_608
    assert sum(row.params for row in rows) == 138_357_544
    assert [row.receptive_field for row in rows[:3]] == [3, 5, 6]


def test_cifar_100_adds_its_rows_alone() -> None:
    task = Task(num_classes=100)
    with blank():
        assert count(zoo.create("resnet20", num_classes=100), task)[0] == 275_572
        assert count(zoo.create("wrn_28_10", num_classes=100), task)[0] == 36_536_884


@pytest.mark.parametrize("name", sorted(LARGE_ONLY))
def test_a_network_for_large_images_says_so(name: str) -> None:
    told = f"'{name}' exists for large images only.*needs at least {LARGE_ONLY[name]} px; got 32 px"
    with pytest.raises(UsageError, match=told):
        zoo.create(name, image_size=32)


@pytest.mark.parametrize("name", sorted(SMALL_ONLY))
def test_a_network_for_small_images_says_so(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' exists for small images only.*got 224 px. For large images take"):
        zoo.create(name, image_size=224)


def test_the_networks_that_an_error_names_exist_in_the_form_it_says() -> None:
    named = set()
    for name, size in [*((name, 32) for name in LARGE_ONLY), *((name, 224) for name in SMALL_ONLY)]:
        with pytest.raises(UsageError) as error:
            zoo.create(name, image_size=size)
        named.add((str(error.value).split("take '")[1].rstrip("'"), size))
    with blank():
        assert all(zoo.create(name, image_size=size) for name, size in named)


def test_the_original_lenet_takes_up_to_32_pixels() -> None:
    with pytest.raises(UsageError, match="up to 32 pixels; got 48"):
        zoo.create("lenet5_original", image_size=48)


def test_lenets_tables() -> None:
    assert sum(len(sources) for sources in C3_SOURCES) == 60
    assert len(set(C3_SOURCES)) == 16
    codes = RadialBasis(13).codes
    assert codes.shape == (13, 84)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    assert torch.pdist(codes, p=0).min() >= 4  # no two classes share a code
    assert RadialBasis(13)(codes).argmax(dim=1).tolist() == list(range(13))


def test_response_normalisation_is_alexnets() -> None:
    x = images_of(Task(image_size=2, channels=9)).abs()
    squares = torch.stack([x[:, max(0, i - 2) : i + 3].square().sum(dim=1) for i in range(9)], dim=1)
    torch.testing.assert_close(response_norm()(x), x / (2.0 + 1e-4 * squares) ** 0.75)


def test_the_lectures_inception_example() -> None:
    task = Task(image_size=28, channels=256)
    naive = NaiveInception(256, 128, 192, 96)
    reduced = ReducedInception(256, 128, 64, 192, 64, 96, 64)
    assert count(naive, task)[1] == 854_196_224
    assert count(reduced, task)[1] == 271_351_808
    assert naive(images_of(task)).shape == (2, naive.channels, 28, 28) == (2, 672, 28, 28)
    assert reduced(images_of(task)).shape == (2, reduced.channels, 28, 28) == (2, 480, 28, 28)
    for name, module in (
        ("inception_naive", naive),
        ("inception_reduced", reduced),
    ):  # the zoo's networks of one module: a classifier more
        card = zoo.entry(name).card
        assert card.macs == count(module, task)[1] + module.channels * card.task.num_classes


def test_googlenets_heads_speak_in_training_alone() -> None:
    task = smallest_task("googlenet_aux")
    network = ENTRIES["googlenet_aux"].build(task)
    assert [output.shape for output in outputs(network.train(), images_of(task))] == [(2, 7)] * 3
    assert [output.shape for output in outputs(network.eval(), images_of(task))] == [(2, 7)]


@pytest.mark.parametrize(
    ("own", "library", "options"),
    [
        (lambda task: ResNet(task, 18), "resnet18", {}),
        (lambda task: ResNet(task, 50), "resnet50", {}),
        (lambda task: densenet(task, 121), "densenet121", {}),
        (
            lambda task: GoogLeNet(task, aux_heads=True, library_form=True),
            "googlenet",
            {"aux_logits": True, "init_weights": False},
        ),
        pytest.param(lambda task: VGG(task, "A"), "vgg11", {}, marks=pytest.mark.slow),
    ],
    ids=["resnet18", "resnet50", "densenet121", "googlenet", "vgg11"],
)
def test_own_builders_give_torchvisions_outputs(
    own: Callable[[Task], nn.Module], library: str, options: dict[str, bool]
) -> None:
    from torchvision import models

    torch.manual_seed(0)
    task = replace(IMAGENET, image_size=96)
    theirs = spread(models.get_model(library, weights=None, **options))
    ours = own(task).eval()
    load_in_order(ours, theirs.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(ours(images_of(task)), theirs(images_of(task)), rtol=1e-5, atol=1e-5)


UNITS: dict[Variant, str] = {
    "original": "conv BN ReLU conv BN add ReLU",
    "bn_after_add": "conv BN ReLU conv add BN ReLU",
    "relu_before_add": "conv BN ReLU conv BN ReLU add",
    "relu_preact": "ReLU conv BN ReLU conv BN add",
    "preact": "BN ReLU conv BN ReLU conv add",
}
SHORT = {"Conv2d": "conv", "PointwiseConv": "conv", "BatchNorm2d": "BN", "ReLU": "ReLU", "Add": "add", "Identity": ""}


def order_of(unit: nn.Module, x: Tensor) -> str:
    """The operations of a unit in the order in which they run."""
    seen: list[str] = []
    for module in unit.modules():
        if not list(module.children()) and not isinstance(module, nn.Sequential):
            module.register_forward_hook(lambda module, *_: seen.append(SHORT[type(module).__name__]))
    unit(x)
    return " ".join(operation for operation in seen if operation)
