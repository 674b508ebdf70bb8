"""Mobile networks, EfficientNets, transformers and MLPs: counts against their cards, gradients, equality with the
libraries.
"""

import pytest
import timm
import torch
import torchvision.models
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

import zoo.registry
from nasbench.blank import ShapesAlone, blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from nasbench.nn.mbconv import Block, Blueprint, Stage, StageNet, scaled
from nasbench.nn.mbconv_published import EFFICIENTNET_B0, MNASNET_A1, MNASNET_B1, MOBILENET_V1, MOBILENET_V2
from nasbench.nn.rounding import round_filters, round_repeats
from nasbench.profile import count
from zoo.families.cyclemlp import CycleFC
from zoo.families.efficientnet import PUBLISHED, TORCHVISION_EPS, efficientnet
from zoo.families.s2mlp import spatial_shift
from zoo.library import load_by_name, load_in_order

FAMILIES = {
    "mobilenet": 2,
    "shufflenet": 7,
    "mnasnet": 2,
    "squeezenet": 3,
    "efficientnet": 8,
    "vit": 5,
    "mlp_mixer": 6,
    "resmlp": 4,
    "gmlp": 3,
    "s2mlp": 2,
    "cyclemlp": 5,
    "nasnet": 1,
    "pnasnet": 1,
}
ENTRIES = {name: entry for name, entry in zoo.registry.entries().items() if entry.card.family in FAMILIES}
VERIFIED = [name for name, entry in ENTRIES.items() if entry.card.verified]
UNVERIFIED = {"s2mlp_wide", "s2mlp_deep"}
LARGE_ONLY = {
    "squeezenet1_0",
    "squeezenet1_0_bypass",
    "squeezenet1_1",
    "nasnetalarge",
    "pnasnet5large",
    *(name for name in ENTRIES if name.startswith("cyclemlp")),
}
PATCHES = {"vit", "mlp_mixer", "resmlp", "gmlp", "s2mlp"}
SMALLEST_SIBLINGS = {
    min((e.card for e in ENTRIES.values() if e.card.family == f), key=lambda card: card.macs or 0).name
    for f in FAMILIES
}
"""One network of every family: the others run the same code over more layers."""
HEAVY_PARAMS = 15_000_000
"""Above this, real computation takes seconds on two cores."""


def smallest(name: str) -> int:
    """The smallest image that the tests put through a network for real."""
    if name not in LARGE_ONLY:
        return 8 if ENTRIES[name].card.family in PATCHES else 16
    return 96 if name in ("nasnetalarge", "pnasnet5large") else 65


def on_meta(name: str, task: Task) -> nn.Module:
    with blank():
        return ENTRIES[name].build(task)


def without_gradient(network: nn.Module, image: Tensor) -> list[str]:
    network.train()
    network(image).sum().backward()
    return [
        name for name, parameter in network.named_parameters() if parameter.requires_grad and parameter.grad is None
    ]


def test_every_family_is_complete():
    found = {family: sum(entry.card.family == family for entry in ENTRIES.values()) for family in FAMILIES}
    assert found == FAMILIES
    assert set(ENTRIES) - set(VERIFIED) == UNVERIFIED


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [
        ("mobilenet_v1", 4_231_976, 568.7e6),
        ("mobilenet_v2", 3_504_872, 300.8e6),
        ("shufflenet_v1_g3", 1_865_728, 137.5e6),
        ("shufflenet_v1_g3_x2_0", 5_448_208, 507.6e6),
        ("mnasnet_a1", 3_887_038, 311.6e6),
        ("squeezenet1_0", 1_248_424, 0.819e9),
        ("efficientnet_b7", 66_347_960, 37.75e9),
        ("vit_h_14", 632_045_800, 167.3e9),
        ("mixer_l16", 208_196_168, 44.55e9),
        ("resmlp_b24_8", 129_138_280, 100.2e9),
        ("gmlp_s", 19_422_656, 4.39e9),
        ("cyclemlp_b1", 15_155_400, 2.12e9),
        ("nasnetalarge", 88_753_150, 23.78e9),
        ("pnasnet5large", 86_057_668, 24.94e9),
    ],
)
def test_cards_say_what_was_published_of_counts(name, params, macs):
    card = ENTRIES[name].card
    assert card.params == params
    assert card.macs == pytest.approx(macs, rel=0.005)


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - SMALLEST_SIBLINGS))
def test_params_equal_the_card(name):
    """Those of the smallest siblings are counted below, with their operations."""
    network = on_meta(name, ENTRIES[name].card.task)
    assert (
        sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
        == ENTRIES[name].card.params
    )


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in SMALLEST_SIBLINGS)) for name in ENTRIES]
)
def test_published_form_has_the_counts_of_its_card_and_no_dead_parameter(name):
    card = ENTRIES[name].card
    network = on_meta(name, card.task)
    assert count(network, card.task) == (card.params, card.macs)
    image = torch.empty(2, card.task.channels, card.task.image_size, card.task.image_size, device="meta")
    with ShapesAlone():
        assert without_gradient(network, image) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (entry.card.params > HEAVY_PARAMS))
        for name, entry in ENTRIES.items()
    ],
)
def test_runs_at_the_smallest_size(name):
    task = Task(num_classes=7, image_size=smallest(name), channels=1)
    network = ENTRIES[name].build(task)
    image = torch.randn(2, 1, task.image_size, task.image_size)
    assert without_gradient(network, image) == []
    assert network.eval()(image).shape == (2, 7)


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - LARGE_ONLY))
def test_cifar_sized_forms(name):
    network, image = on_meta(name, Task(num_classes=10, image_size=32)).eval(), torch.empty(1, 3, 32, 32, device="meta")
    with ShapesAlone():
        assert network(image).shape == (1, 10)
        if isinstance(network, StageNet):
            assert network.stages(network.stem(image)).shape[2:] == (4, 4)


@pytest.mark.parametrize("name", sorted(LARGE_ONLY))
def test_large_only_networks_say_so(name):
    with pytest.raises(UsageError, match="large images only"):
        on_meta(name, Task(image_size=32))


@pytest.mark.parametrize(
    ("name", "image_size"), [("vit_b_16", 230), ("vit_h_14", 225), ("mixer_b16", 30), ("gmlp_s", 2)]
)
def test_patches_must_tile_the_image(name, image_size):
    with pytest.raises(UsageError, match="Nearest"):
        on_meta(name, Task(image_size=image_size))


def alike(own: nn.Module, library: nn.Module, image_size: int = 64) -> float:
    """The largest difference of outputs with the same weights, relative to the largest output; statistics as of a first
    batch.
    """
    images = torch.randn(4, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    for module in library.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        library.train()(images)
        load_in_order(own, library.state_dict())
        ours, theirs = own.eval()(images), library.eval()(images)
    assert theirs.abs().max() > 1e-4
    return float((ours - theirs).abs().max() / theirs.abs().max())


LIBRARY_TWINS = {
    "mobilenet_v1": (MOBILENET_V1, lambda: timm.create_model("mobilenetv1_100")),
    "mobilenet_v2": (MOBILENET_V2, torchvision.models.mobilenet_v2),
    "mnasnet_a1": (MNASNET_A1, lambda: timm.create_model("semnasnet_100")),
    "mnasnet_b1": (MNASNET_B1, torchvision.models.mnasnet1_0),
    "mnasnet_b1 of timm": (MNASNET_B1, lambda: timm.create_model("mnasnet_100")),
}


@pytest.mark.parametrize("name", LIBRARY_TWINS)
def test_own_builders_equal_the_library(name):
    blueprint, library = LIBRARY_TWINS[name]
    torch.manual_seed(0)
    assert alike(StageNet(blueprint, Task(1000, 224)), library()) < 1e-5


def test_widths_equal_the_library():
    torch.manual_seed(0)
    for width in (0.35, 1.4):
        own = StageNet(scaled(MOBILENET_V2, width=width), Task(1000, 224))
        assert alike(own, torchvision.models.mobilenet_v2(width_mult=width)) < 1e-5


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name > "b1")) for name in PUBLISHED])
def test_efficientnets_equal_torchvision(name):
    torch.manual_seed(0)
    scale = PUBLISHED[name]
    library = getattr(torchvision.models, f"efficientnet_{name}")()
    eps = next(module.eps for module in library.modules() if isinstance(module, nn.BatchNorm2d))
    assert eps == TORCHVISION_EPS[name]
    for module in library.modules():
        if type(module).__name__ == "StochasticDepth":
            module.p = 0.0
    assert alike(efficientnet(Task(1000, 224), scale.width, scale.depth, bn_eps=eps), library) < 1e-5


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("mixer_s32", "mixer_s32_224"),
        ("mixer_s16", "mixer_s16_224"),
        ("resmlp_12", "resmlp_12_224"),
        ("gmlp_ti", "gmlp_ti16_224"),
        pytest.param("resmlp_24", "resmlp_24_224", marks=pytest.mark.slow),
        pytest.param("mixer_b16", "mixer_b16_224", marks=pytest.mark.slow),
        pytest.param("gmlp_b", "gmlp_b16_224", marks=pytest.mark.slow),
    ],
)
def test_third_party_mlps_equal_timm(name, library):
    torch.manual_seed(0)
    theirs, ours = timm.create_model(library).eval(), ENTRIES[name].build(ENTRIES[name].card.task).eval()
    load_by_name(ours, theirs.state_dict())
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image), rtol=0, atol=1e-5)


def test_vit_equals_torchvision_by_names_and_shapes():
    for name in ("vit_b_16", "vit_l_32"):
        with blank():
            theirs = getattr(torchvision.models, name)()
        ours = on_meta(name, ENTRIES[name].card.task)
        assert {key: value.shape for key, value in ours.state_dict().items()} == {
            k: v.shape for k, v in theirs.state_dict().items()
        }


@pytest.mark.parametrize(("axis", "kernel"), [(2, (1, 3)), (1, (3, 1))])
def test_cycle_layer_is_the_published_deformable_convolution(axis, kernel):
    """The published layer is a 1x1 deformable convolution whose offsets cycle through (0, 1, -1)."""
    torch.manual_seed(0)
    layer, x = CycleFC(7, axis), torch.randn(2, 5, 6, 7)
    offsets = torch.zeros(7, 2)
    offsets[:, 1 if kernel == (1, 3) else 0] = torch.tensor([(channel + 1) % 3 - 1.0 for channel in range(7)])
    spread = offsets.reshape(1, 14, 1, 1).expand(2, -1, 5, 6)
    expected = deform_conv2d(x.permute(0, 3, 1, 2), spread.contiguous(), layer.weight[:, :, None, None], layer.bias)
    torch.testing.assert_close(layer(x), expected.permute(0, 2, 3, 1), atol=1e-6, rtol=0)


def test_spatial_shift_moves_quarters_by_one_patch():
    x = torch.arange(9.0).reshape(1, 3, 3, 1).expand(1, 3, 3, 4)
    shifted = spatial_shift(x)[0]
    assert shifted[:, 0, 0].tolist() == [0, 0, 3]
    assert shifted[:, 0, 1].tolist() == [3, 6, 6]
    assert shifted[0, :, 2].tolist() == [0, 0, 1]
    assert shifted[0, :, 3].tolist() == [1, 2, 2]


def test_published_rounding():
    assert [round_filters(c, w) for c, w in ((32, 1.1), (16, 1.2), (320, 1.1), (1280, 2.0), (24, 0.1), (112, 1.8))] == [
        32,
        24,
        352,
        2560,
        8,
        200,
    ]
    assert [round_repeats(n, d) for n, d in ((1, 1.1), (4, 3.1), (3, 1.0), (2, 0.5))] == [2, 13, 3, 1]
    b3 = scaled(EFFICIENTNET_B0, 1.2, 1.4)
    assert (b3.stem, [s.channels for s in b3.stages], b3.head) == (40, [24, 32, 48, 96, 136, 232, 384], 1536)
    assert [s.repeats for s in b3.stages] == [2, 3, 3, 5, 5, 6, 2]


@pytest.mark.parametrize("operator", ["mbconv", "sepconv", "conv"])
@pytest.mark.parametrize("skip", ["identity", "pool", "none"])
@pytest.mark.parametrize("se_ratio", [0.0, 0.25])
def test_every_kind_of_block_keeps_its_shape(operator, skip, se_ratio):
    stage = Stage(operator, 5, 2, 3, 24, 2, se_ratio=se_ratio, skip=skip, activation="hard_swish")
    network = StageNet(Blueprint(16, (stage,), 0, "relu"), Task(10, 32))
    assert network.stages(torch.randn(2, 16, 15, 15)).shape == (2, 24, 8, 8)
    assert without_gradient(network, torch.randn(2, 3, 32, 32)) == []


def test_skips_are_added():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 6, 6)
    for skip, c_out, stride in (("identity", 8, 1), ("pool", 12, 2)):
        block = Block(Stage("mbconv", 3, stride, 3, c_out, 1, skip=skip), 8, stride, "relu").eval()
        nn.init.zeros_(block.body[-1].bn.weight)
        y = block(x)
        assert y.shape == (2, c_out, 6 // stride, 6 // stride)
        if skip == "identity":
            assert torch.equal(y, x)
        else:
            assert torch.equal(y[:, 8:], torch.zeros(2, 4, 3, 3))
            assert y[:, :8].abs().sum() > 0
