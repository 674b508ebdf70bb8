"""Compound scaling: counts of scaled networks, the law, phi for a budget, and the forms that scaled networks keep."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import zoo
from nasbench.blank import blank
from nasbench.core.compound import PUBLISHED, Coefficients, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import MACS, compound_scale, counted, differences, quick_macs, solve_phi
from nasbench.engine.scaling.published import build_as_published, named, nearest, table
from nasbench.engine.scaling.request import along, coefficients_of, nearest_on_surface, read_coefficients
from nasbench.evaluators.building import build_network
from nasbench.profile import count
from zoo.families.resnet import ResNet
from zoo.library import load_in_order

B0 = resolve("efficientnet_b0", ModelOverrides())
SMALL = resolve("mobilenet_v1", ModelOverrides(image_size=32))
CELLS = ModelSpec("space:nasnet", Size(depth=2, width=8, skeleton="cifar"), Task(), name="nasnet-a")


@pytest.mark.parametrize(
    ("phi", "params", "ratio"),
    [
        (-1, 4_537_832, 0.781),
        (0.5, 8_441_486, 1.896),
        (1, 9_109_994, 2.573),
        (2, 12_233_232, 4.691),
        (3, 16_338_888, 8.425),
        (5, 33_702_516, 29.48),
    ],
)
def test_counts_of_b0_at_phi(phi: float, params: int, ratio: float) -> None:
    found = counted(compound_scale(B0, PUBLISHED.at(phi)))
    assert found.params == params
    assert found.macs / counted(B0).macs == pytest.approx(ratio, rel=0.015)


FACTS = {"b0": 0.386, "b1": 0.687, "b2": 0.994, "b3": 1.827, "b4": 4.394, "b5": 10.27, "b6": 19.07, "b7": 37.75}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name > "b2")) for name in FACTS])
def test_published_sizes_are_the_real_ones(name: str) -> None:
    row = named(name)
    spec = build_as_published(row, B0)
    found = counted(spec)
    assert spec.size.resolution == row.pixels
    assert found.params == zoo.entry(f"efficientnet_{name}").card.params
    assert found.macs / 1e9 == pytest.approx(FACTS[name], rel=0.005)
    assert counted(compound_scale(B0, row.multipliers)).params == found.params, (
        "its multipliers come to the same network"
    )


def test_a_published_size_gives_torchvisions_outputs() -> None:
    torch.manual_seed(0)
    ours, theirs = build_network(build_as_published(named("b1"), B0)).eval(), torchvision.models.efficientnet_b1()
    norms = [
        [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)] for network in (ours, theirs)
    ]
    assert {norm.eps for norm in norms[0]} == {1e-3}, "the paper's"
    for own, library in zip(*norms, strict=True):
        own.eps, library.momentum = library.eps, 1.0
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        theirs.train()(images)  # statistics that fit, or the outputs of a network this deep are about zero
        load_in_order(ours, theirs.state_dict())
        expected = theirs.eval()(images)
        assert expected.std() > 1e-3
        assert torch.allclose(ours(images), expected, rtol=1e-4, atol=1e-5)


def test_published_sizes_are_no_powers_of_one_phi() -> None:
    phis = table()["b5"].effective_phi
    assert phis == pytest.approx({"depth": 4.32, "width": 4.93, "resolution": 5.09}, abs=0.01)


def test_nearest_published_network() -> None:
    found = nearest(B0, 1_700_000_000)
    assert found is not None
    assert found.name == "b3"
    assert nearest(SMALL, 1_700_000_000) is None
    assert nearest(replace(B0, task=Task(10, 32)), 1_700_000_000) is None, "of the published form alone"


@pytest.mark.parametrize("dims", ["compound", "depth", "width", "resolution"])
@given(phi=st.floats(-3, 5))
def test_before_rounding_the_product_is_a_power_of_the_coefficients(dims: str, phi: float) -> None:
    assert math.isclose(along(PUBLISHED, dims)(phi).product, PUBLISHED.product**phi, rel_tol=1e-9)


@pytest.mark.parametrize("asked", [PUBLISHED.at(1.3), PUBLISHED.at(-0.7), Multipliers(width=1.7)])
def test_differences_multiply_up_to_the_whole(asked: Multipliers) -> None:
    parts = differences(SMALL, asked)
    assert [part.dimension for part in parts] == ["depth", "width", "resolution"]
    whole = counted(compound_scale(SMALL, asked)).macs / counted(SMALL).macs / asked.product
    assert math.prod(part.factor for part in parts) == pytest.approx(whole)
    assert math.prod(part.law for part in parts) == pytest.approx(asked.product)


@pytest.mark.parametrize("target", [20_000_000, 120_000_000])
def test_phi_for_a_budget_is_the_largest(target: int) -> None:
    phi = solve_phi(SMALL, PUBLISHED.at, target)
    assert MACS.at(SMALL, PUBLISHED.at, phi) <= target < MACS.at(SMALL, PUBLISHED.at, phi + 0.002)


@pytest.mark.parametrize("base", [B0, SMALL, CELLS])
def test_budgets_are_held_against_what_is_counted(base: ModelSpec) -> None:
    scaled = compound_scale(base, PUBLISHED.at(0.6))
    assert quick_macs(scaled) == counted(scaled).macs


def test_a_budget_out_of_reach_says_what_is_in_reach() -> None:
    with pytest.raises(UsageError, match=r"the least is [\d,]+, at phi -\d+.*5 px or more"):
        solve_phi(SMALL, PUBLISHED.at, 10_000)
    with pytest.raises(UsageError, match="larger --base"):
        solve_phi(SMALL, along(PUBLISHED, "resolution"), 10**12)


def test_multiply_adds_never_fall_as_phi_grows() -> None:
    counts = [MACS.at(SMALL, PUBLISHED.at, phi / 2) for phi in range(-4, 5)]
    assert counts == sorted(counts)


def test_networks_of_cells_take_whole_cells_and_allowed_filters() -> None:
    size = compound_scale(CELLS, Multipliers(1.2, 1.1, 1.15)).size
    assert (size.depth, size.width, size.resolution) == (3, 8, 37)
    assert compound_scale(CELLS, Multipliers(width=1.4)).size.width == 12
    large = replace(CELLS, size=Size(depth=2, width=44, skeleton="imagenet"))
    assert compound_scale(large, Multipliers(width=1.15)).size.width == 52
    assert compound_scale(large, Multipliers(width=0.05)).size.width == 8
    assert compound_scale(CELLS, Multipliers(depth=math.sqrt(2) ** 2)).size.depth == 4, (
        "not 5 for the noise in 2.0000000000000004"
    )
    assert counted(compound_scale(CELLS, PUBLISHED.at(1))).stages is None


def test_scaling_composes_with_the_size_that_a_model_has() -> None:
    once = compound_scale(SMALL, Multipliers(2, 1.5, 2))
    assert once.size == Size(2, 1.5, 64)
    assert compound_scale(once, Multipliers(2, 2, 0.5)).size == Size(4, 3, 32)


@pytest.mark.parametrize(("pixels", "asked", "stride"), [(32, 3.0, 8), (224, 0.25, 32)])
def test_a_scaled_network_keeps_the_form_of_its_base(pixels: int, asked: float, stride: int) -> None:
    base = replace(B0, task=Task(10, pixels))
    for width in (1.0, 0.5):
        scaled = compound_scale(base, Multipliers(width=width, resolution=asked))
        network = build_network(scaled)
        rows = counted(scaled).stages
        assert rows is not None
        assert math.prod(row.stride for row in rows) == stride
        assert isinstance(network, nn.Module)
        features = network.stages(network.stem(torch.zeros(1, 3, 96, 96)))
        assert features.shape[-1] == 96 // stride


def test_images_too_small_for_the_strides() -> None:
    assert counted(compound_scale(B0, Multipliers(resolution=17 / 224)))
    with pytest.raises(UsageError, match=r"16 px are too small for efficientnet_b0.*17 px or more"):
        counted(compound_scale(B0, Multipliers(resolution=16 / 224)))


def test_no_dimension_grows_without_end() -> None:
    with pytest.raises(UsageError, match="up to 32 times"):
        compound_scale(B0, PUBLISHED.at(40))


@pytest.mark.parametrize(
    "name", ["efficientnet_b0", "efficientnet_b2", "mobilenet_v1", "mobilenet_v2", "resnet18", "resnet50"]
)
def test_scaled_by_one_is_the_published_network(name: str) -> None:
    entry = zoo.entry(name)
    assert entry.scaled is not None
    with blank():
        network = entry.scaled(entry.card.task, 1.0, 1.0)
    assert count(network, entry.card.task) == (entry.card.params, entry.card.macs)


@pytest.mark.parametrize(("layers", "library"), [(18, torchvision.models.resnet18), (50, torchvision.models.resnet50)])
def test_resnets_that_scale_equal_torchvision(layers: int, library) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    theirs, images = library().eval(), torch.randn(2, 3, 64, 64)
    ours = ResNet(Task(1000, 224), layers).eval()
    load_in_order(ours, theirs.state_dict())
    with torch.no_grad():
        assert torch.allclose(ours(images), theirs(images), rtol=1e-4, atol=1e-4)


def test_resnet_stages_round_as_published() -> None:
    with blank():
        network = ResNet(Task(1000, 224), 50, wider=1.1, deeper=1.2)
    assert [(row.operator, row.channels, row.repeats) for row in network.stage_rows()] == [
        ("conv", 72, 1),
        ("maxpool", 72, 1),
        ("bottleneck", 288, 4),
        ("bottleneck", 576, 5),
        ("bottleneck", 1120, 8),
        ("bottleneck", 2240, 4),
    ]


def test_networks_without_a_scaled_form_say_so() -> None:
    wide = ModelSpec("zoo", Size(width=2), Task(1000, 224), name="googlenet")
    with pytest.raises(UsageError, match=r"'googlenet' cannot be scaled.*mobilenet_v1"):
        build_network(wide)


def test_a_product_far_from_two_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"= 4\.801.*--alpha 1\.625"):
        coefficients_of(ScaleConfig.of(alpha=3.0))
    near = nearest_on_surface(Coefficients(3.0, 1.1, 1.15))
    assert near.product == pytest.approx(2)
    assert math.log(near.alpha) / math.log(near.beta) == pytest.approx(math.log(3.0) / math.log(1.1)), (
        "the same balance"
    )
    assert nearest_on_surface(Coefficients(1, 1, 1)).product == pytest.approx(2)


def test_coefficients_of_a_search(tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    file = tmp_path / "best" / "coefficients.json"
    file.write_text(json.dumps({"alpha": 1.3, "beta": 1.05, "gamma": 1.18, "score": 0.9}))
    assert read_coefficients(tmp_path) == read_coefficients(file) == Coefficients(1.3, 1.05, 1.18)
    assert coefficients_of(ScaleConfig.of(coefficients=str(tmp_path))) == Coefficients(1.3, 1.05, 1.18)
    for text in ("{}", "[1, 2]", "no JSON", '{"alpha": "x", "beta": 1, "gamma": 1}'):
        file.write_text(text)
        with pytest.raises(UsageError, match=r"holds no alpha|no record of coefficients|must be a number"):
            read_coefficients(tmp_path)
    file.write_text(json.dumps({"alpha": 0.5, "beta": 1.05, "gamma": 1.18}))
    with pytest.raises(UsageError, match="from 1 on"):
        read_coefficients(tmp_path)


def test_a_law_that_grows_no_further_ends_the_search_for_a_budget() -> None:
    def saturating(phi: float) -> Multipliers:
        return Multipliers(width=min(2.0**phi, 1.5))

    with pytest.raises(UsageError, match=r"out of reach: phi .* and the law grows no further. Start from a larger"):
        solve_phi(SMALL, saturating, 1e12)


def test_the_table_of_the_paper_is_what_is_counted() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scaling_tables.md").read_text()
    for asked, paper in ((Multipliers(width=2), "2.2"), (Multipliers(1.4, 1.2, 1.3), "2.3")):
        found = counted(compound_scale(resolve("mobilenet_v1", ModelOverrides()), asked))
        assert f"| {found.params:,} | {found.macs / 1e9:.3f} | {paper} |" in page
    for name in ("mobilenet_v1", "mobilenet_v2", "resnet50", "efficientnet_b0"):
        assert page.count(f"| {name} |") >= 4


def test_every_difference_from_the_paper_has_one_likely_cause() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scaling_tables.md").read_text()
    table, listed = (
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in part.splitlines()
            if re.match(r"\| [a-z]+_?[a-z0-9]+\d", line)
        ]
        for part in page.split("## Differences")
    )
    far = [row for row in table if abs(float(row[8].rstrip("%"))) > 5]
    titles = list(dict.fromkeys(row[0] for row in listed))
    assert [title.split(":")[0] for title in titles] == [row[0] for row in far]
    for title, row in zip(titles, far, strict=True):
        nothing, *changed = [each for each in listed if each[0] == title]
        assert (nothing[2], nothing[4]) == ("nothing", row[8])
        assert sum("**" in each[2] for each in changed) == 1, title
