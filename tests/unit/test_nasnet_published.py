"""Published cells: exact counts, the same outputs as timm's NASNet-A, drawings."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from timm.models.nasnet import NASNetALarge
from torch import nn

from nasbench.blank import blank
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.nn.layers import AvgPool
from nasbench.profile import count
from search_spaces.nasnet.genotype import NUM_BLOCKS
from search_spaces.nasnet.network import nasnet
from search_spaces.nasnet.published import NASNET_A, PUBLISHED
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasnetSpace()
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "complexity.json").read_text())["space:nasnet"]


def form(row: dict) -> tuple[str, Size, Task]:
    return (
        row["model"],
        Size(row["cells"], row["filters"], skeleton=row["skeleton"]),
        Task(row["classes"], row["image_size"], 3),
    )


def marked(row: dict) -> Any:
    """A row as a test case; of the wide networks, only the paper's own is counted in the fast suite."""
    wide = row["filters"] > 62 and row["params"] != 88_753_150
    label = f"{row['model']}-{row['cells']}-{row['filters']}-{row['image_size']}"
    return pytest.param(row, id=label, marks=pytest.mark.slow if wide else ())


@pytest.mark.parametrize("row", [marked(row) for row in GOLDEN])
def test_counts_are_exact(row):
    name, size, task = form(row)
    with blank():
        network = SPACE.build_published(name, size, task)
    assert count(network, task) == (row["params"], row["macs"])
    if "aux_params" in row:
        with blank():
            network = SPACE.build_published(name, replace(size, aux_head=True), task)
        assert sum(p.numel() for p in network.aux_head.parameters()) == row["aux_params"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_cards_hold_the_counts_of_the_published_form(name):
    card, size = SPACE.cards()[name], SPACE.published()[name]
    row = next(row for row in GOLDEN if form(row)[:2] == (name, size) and row["classes"] == 10)
    assert card.name == name
    assert (card.params, card.macs) == (row["params"], row["macs"])
    assert card.task == Task(10, 32, 3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_wirings_are_sound_and_leave_nothing_dead(name):
    for cell in (PUBLISHED[name].genotype.normal, PUBLISHED[name].genotype.reduce):
        read = set()
        for index, block in enumerate(cell.blocks):
            assert max(block.input_1, block.input_2) < index + 2
            read |= {block.input_1, block.input_2}
        assert read | set(cell.outputs) == set(range(len(cell.blocks) + 2))


@pytest.mark.parametrize("skeleton", ["cifar", "imagenet"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_learn_with_every_parameter(name, skeleton):
    torch.manual_seed(0)
    network = SPACE.build_published(name, Size(1, 8, skeleton=skeleton), Task(10, 32, 3))
    nn.functional.cross_entropy(network(torch.randn(8, 3, 32, 32)), torch.arange(8)).backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


def test_drawings_show_the_cells():
    spec = ModelSpec("space:nasnet", Size(6, 32, skeleton="cifar"), Task(), name="nasnet-a")
    graphs = SPACE.graphs(spec)
    assert list(graphs) == ["Normal cell", "Reduction cell"]
    normal = graphs["Normal cell"]
    assert normal.outputs == ("h_prev", "block_0", "block_1", "block_2", "block_3", "block_4")
    assert normal.nodes[0].edges == (("h", "sep_5x5"), ("h_prev", "sep_3x3"))


def timm_names(num_cells: int) -> dict[str, str]:
    """timm's modules -> ours, for a network of 3 x `num_cells` normal cells."""
    names = {"conv0.conv": "stem.0", "conv0.bn": "stem.1", "last_linear": "classifier.linear"}
    cells = ["cell_stem_0", "cell_stem_1"]
    for stage in range(3):
        cells += [f"reduction_cell_{stage - 1}"] * (stage > 0)
        cells += [f"cell_{stage * num_cells + cell}" for cell in range(num_cells)]
    for index, theirs in enumerate(cells):
        ours = f"cells.{index}"
        for their_part, our_part in (("conv_1x1", "calibrate"), ("conv_prev_1x1", "calibrate_prev")):
            names |= {f"{theirs}.{their_part}.{layer}": f"{ours}.{our_part}.{layer}" for layer in ("conv", "bn")}
        names |= {f"{theirs}.path_{path}.conv": f"{ours}.calibrate_prev.path_{path}" for path in (1, 2)}
        names[f"{theirs}.final_path_bn"] = f"{ours}.calibrate_prev.bn"
        for block in range(NUM_BLOCKS):
            for side in ("left", "right"):
                their_edge, our_edge = f"{theirs}.comb_iter_{block}_{side}", f"{ours}.blocks.{block}.{side}.0"
                for time in (1, 2):
                    names[f"{their_edge}.separable_{time}.depthwise_conv2d"] = f"{our_edge}.depthwise_{time}"
                    names[f"{their_edge}.separable_{time}.pointwise_conv2d"] = f"{our_edge}.pointwise_{time}"
                    names[f"{their_edge}.bn_sep_{time}"] = f"{our_edge}.bn_{time}"
    return names


def agree_with_timm(theirs: nn.Module, ours: nn.Module, pixels: int) -> None:
    """Carries timm's weights over and compares outputs; timm's network stays as it is.

    timm counts the padding in its strided average poolings (its own remark calls that open), slim and ours leave it
    out: ours are told to.
    """
    for pooling in ours.modules():
        if isinstance(pooling, AvgPool) and pooling.stride == 2:
            pooling.count_include_pad = True
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    names = timm_names(6)
    carried = {}
    for name, value in theirs.state_dict().items():
        module, _, leaf = name.rpartition(".")
        carried[f"{names[module]}.{leaf}"] = value
    ours.load_state_dict(carried, strict=True)
    x = torch.randn(2, 3, pixels, pixels)
    with torch.no_grad():
        expected, found = theirs.eval()(x), ours.eval()(x)
    assert expected.std() > 1e-2
    assert (found - expected).abs().max() / expected.abs().max() < 1e-4


def wiring(cell):
    return tuple(tuple(block) for block in cell.blocks), cell.outputs


def test_a_narrow_nasnet_large_computes_what_timms_does():
    torch.manual_seed(0)
    theirs = NASNetALarge(num_classes=10, num_features=24 * 8, stem_size=12, pad_type="same")
    ours = nasnet(
        wiring(NASNET_A.normal),
        wiring(NASNET_A.reduce),
        6,
        8,
        num_classes=10,
        channels=3,
        imagenet_stem=12,
        skip_reduction_input=True,
    )
    agree_with_timm(theirs, ours, pixels=107)  # 53, 27, 14, 7, 4: odd and even sides


@pytest.mark.slow
def test_nasnet_large_computes_what_timms_does():
    torch.manual_seed(0)
    theirs = timm.create_model("nasnetalarge", pretrained=False, num_classes=1000)
    ours = SPACE.build_published("nasnet-a", Size(6, 168, skeleton="imagenet"), Task(1000, 331, 3))
    agree_with_timm(theirs, ours, pixels=331)
