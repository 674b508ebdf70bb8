"""Networks of the zoo at other widths and depths: what each family rounds to what, and what it lacks."""

from dataclasses import replace

import pytest
import torch

import zoo
from nasbench.core.compound import Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.parts.scaled import compound_scale, counted
from nasbench.evaluators.building import build_network
from zoo.registry import Scaling
from zoo.scaled import task_of_zoo

SMALL = Task(10, 32)
# one of each family that scales: its smallest, for small images where it takes them
OF_FAMILIES = (
    "densenet_40_12",
    "deit_tiny",
    "densenet121",
    "efficientnet_b0",
    "gmlp_ti",
    "mixer_s16",
    "mnasnet_a1",
    "mobilenet_v2",
    "plain20",
    "preresnet20",
    "regnet_y_400mf",
    "resmlp_12",
    "resnet18",
    "resnet18_a",
    "resnext29_8x64d",
    "s2mlp_deep",
    "se_resnet20",
    "shufflenet_v1_g3",
    "shufflenet_v2_x0_5",
    "tinynet_e",
    "vgg11_bn",
    "vim_tiny",
    "vit_b_16",
    "wrn_16_8",
)
LARGE_ONLY = (
    *("cyclemlp_b1", "efficientnetv2_b0", "resnet_rs_50", "convnext_tiny", "swin_t", "poolformer_s12"),
    *("convmixer_1024_20", "preresnet200"),
)


def _spec(name: str, task: Task = SMALL) -> ModelSpec:
    return ModelSpec("zoo", Size(), task, name=name)


def _check_growth(base: ModelSpec) -> None:
    """Each dimension alone makes the network larger; at 1 and 1 the scaled form is the published network."""
    scaling = zoo.entry(str(base.name)).scaling
    assert scaling is not None
    assert scaling.build is not None
    before = counted(base)
    from nasbench.blank import blank
    from nasbench.profile import count

    with blank():
        assert count(zoo.entry(str(base.name)).build(base.task), base.task) == (before.params, before.macs)
    for asked, least in (
        (Multipliers(depth=2), 1.2),
        (Multipliers(width=1.5), 1.6),
        (Multipliers(resolution=1.5), 1.5),
    ):
        assert counted(compound_scale(base, asked)).macs > least * before.macs, asked
    smaller = counted(compound_scale(base, Multipliers(0.5, 0.5)))
    assert smaller.macs < before.macs / 2
    nearest = replace(base, size=Size(rounding="nearest"))
    if scaling.roundings:
        assert counted(compound_scale(nearest, Multipliers(2, 1.5))).macs > 2 * before.macs


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("resnet18_a", "resmlp_12"))) for name in OF_FAMILIES],
)
def test_families_scale(name: str) -> None:
    _check_growth(_spec(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_ONLY)
def test_families_of_large_images_scale(name: str) -> None:
    _check_growth(_spec(name, Task(10, 96)))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OF_FAMILIES if "vit" not in name and "vim" not in name])
def test_scaled_networks_run(name: str) -> None:
    base = compound_scale(_spec(name), Multipliers(0.4, 0.4, 1.25))
    logits = build_network(base)(torch.zeros(2, 3, base.pixels, base.pixels))
    logits.sum().backward()
    assert logits.shape == (2, 10)


def test_every_network_says_how_it_scales_or_what_it_lacks() -> None:
    for name, entry in zoo.entries().items():
        if not entry.module.startswith("zoo."):
            continue
        scaling = entry.scaling
        assert scaling is not None, name
        assert (scaling.build is None) == bool(scaling.lacks), name
        assert scaling.build is None or scaling.rounds, name


@pytest.mark.parametrize("name", ["googlenet", "lenet5", "alexnet", "inception_v3", "squeezenet1_0", "nasnetalarge"])
def test_what_has_no_depth_says_so(name: str) -> None:
    base = _spec(name, zoo.entry(name).card.task)
    with pytest.raises(UsageError, match=f"'{name}' cannot be scaled in depth and width: .*resolution alone"):
        compound_scale(base, Multipliers(1.2, 1.1, 1.15))
    with pytest.raises(UsageError, match="cannot be scaled in depth: "):
        compound_scale(base, Multipliers(depth=2))


def test_what_has_no_depth_has_a_resolution() -> None:
    base = _spec("googlenet", Task(10, 64))
    larger = counted(compound_scale(base, Multipliers(resolution=1.5)))
    assert larger.params == counted(base).params
    assert larger.macs > counted(base).macs


def test_a_vision_transformer_keeps_whole_heads_and_tiled_patches() -> None:
    scaled = compound_scale(_spec("vit_b_16", Task(1000, 224)), Multipliers(1.2, 1.1, 1.15))
    assert scaled.pixels == 256, "the multiple of 16 nearest to 257.6"
    from nasbench.blank import blank

    with blank():
        network = build_network(scaled)
    assert (network.hidden_dim, len(network.encoder.layers)) == (13 * 64, 15)
    assert task_of_zoo(scaled).stem == "imagenet"
    small = compound_scale(_spec("vit_b_16"), Multipliers(resolution=2.5))
    assert task_of_zoo(small) == Task(10, 80, stem="cifar"), "patches of 4 px, as its base has"


def test_a_plain_function_still_registers_as_what_scales() -> None:
    entry = zoo.Entry(zoo.entry("resnet18").card, lambda task: None, scaling=Scaling(lambda *_: None, roundings=False))
    assert entry.scaled is not None


def test_own_rounding_is_refused_where_a_network_has_another() -> None:
    base = replace(_spec("efficientnetv2_b0", Task(10, 96)), size=Size(rounding="nearest"))
    with pytest.raises(UsageError, match="rounds its channels and repeats by its own rule"):
        compound_scale(base, Multipliers(width=1.5))
