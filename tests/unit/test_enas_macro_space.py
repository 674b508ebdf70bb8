"""ENAS's macro space: its networks against a plain definition, the released arc, counts, forms and files."""

import ast
import json
import math
from collections import Counter
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from nasbench.blank import blank
from nasbench.core.arch import Architecture, check, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ModelOverrides, SearchConfig
from nasbench.engine.parts.models import build, resolve
from nasbench.engine.parts.searching import prepare
from nasbench.profile import count
from search_spaces.enas_macro.arc import OPERATIONS, Arc, arc_of, architecture_of, choices, read_later, stages_of
from search_spaces.enas_macro.counts import counts
from search_spaces.enas_macro.network import macro
from search_spaces.enas_macro.published import RELEASED
from search_spaces.enas_macro.space import EnasMacroSpace

SPACE = EnasMacroSpace()
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "complexity.json").read_text())["space:enas-macro"]
TASK = Task(5, 7, 3)
seeds = st.integers(0, 2**32)


def drawn(seed: int, num_layers: int = 12) -> Architecture:
    return sample("enas-macro", choices(num_layers), Random(seed))


class Plain:
    """The definition in words of the released code, one function of the weights' names; evaluation mode."""

    def __init__(self, network: nn.Module) -> None:
        self.values = network.state_dict()

    def conv(self, x: Tensor, name: str, groups: int = 1) -> Tensor:
        weight = self.values[f"{name}.weight"]
        return functional.conv2d(x, weight, padding=weight.shape[-1] // 2, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean, var, scale, shift = (
            self.values[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, var, scale, shift)

    def halved(self, x: Tensor, name: str) -> Tensor:
        shifted = functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        halves = [
            self.conv(part[:, :, ::2, ::2], f"{name}.{path}") for part, path in ((x, "path_1"), (shifted, "path_2"))
        ]
        return self.norm(torch.cat(halves, dim=1), f"{name}.bn")

    def operation(self, x: Tensor, operation: str, name: str, final: bool) -> Tensor:
        if operation == "avg_3x3":
            return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        if operation == "max_3x3":
            return functional.max_pool2d(x, 3, 1, 1)
        x = x.relu() if final else x
        if operation.startswith("sep"):
            x = self.conv(self.conv(x, f"{name}.depthwise", groups=x.shape[1]), f"{name}.pointwise")
        else:
            x = self.conv(x, f"{name}.conv")
        x = self.norm(x, f"{name}.bn")
        return x if final else x.relu()

    def layer(self, states: dict[int, Tensor], number: int, arc: Arc, prefix: str, final: bool) -> Tensor:
        operation, skips = arc[number - 1]
        x, name = states[number - 1], f"{prefix}.layers.{number}"
        x = self.norm(self.conv(x.relu() if final else x, f"{name}.branch.0.conv"), f"{name}.branch.0.bn")
        x = self.operation(x if final else x.relu(), operation, f"{name}.branch.1", final)
        if number == 1:
            return x
        if not final:
            return self.norm(sum((states[skip] for skip in skips), x), f"{name}.norm")
        x = torch.cat([*(states[skip] for skip in skips), x], dim=1).relu()
        return self.norm(self.conv(x, f"{name}.squeeze.conv"), f"{name}.squeeze.bn")

    def logits(self, x: Tensor, arc: Arc, final: bool) -> Tensor:
        third = len(arc) // 3
        states, stage = {0: self.norm(self.conv(x, "stem.0"), "stem.1")}, 0
        for number in range(1, len(arc) + 1):
            states[number] = self.layer(states, number, arc, f"stages.{stage}", final)
            if number in (third, 2 * third):
                stage += 1
                names = {state: f"stages.{stage}.pools.{state}" for state in states}
                states = {s: self.halved(states[s], n) for s, n in names.items() if f"{n}.bn.weight" in self.values}
        return states[len(arc)].mean(dim=(2, 3)) @ self.values["linear.weight"].T


def with_random_norms(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network.double().eval()


@settings(max_examples=6, deadline=None)
@given(seeds, st.booleans(), st.integers(3, 9))
def test_networks_compute_what_the_definition_says(seed: int, final: bool, num_layers: int) -> None:
    torch.manual_seed(seed)
    arc = arc_of(drawn(seed, num_layers))
    network = with_random_norms(macro(arc, "final" if final else "search", 1, 4, 5, 3))
    images = torch.randn(2, 3, 7, 7, dtype=torch.float64)
    with torch.no_grad():
        found, expected = network(images), Plain(network).logits(images, arc, final)
    assert expected.std() > 1e-3
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12)


def marked(row: dict) -> Any:
    """A row as a test case; in the fast suite, the published width and one other."""
    label = f"{row['filters']}{'-separable' if 'separable' in row else ''}"
    return pytest.param(row, id=label, marks=pytest.mark.slow if row["filters"] in (64, 72) else ())


@pytest.mark.parametrize("row", [marked(row) for row in GOLDEN])
def test_counts_of_the_released_arc_are_exact(row: dict) -> None:
    arguments = (RELEASED, "final", 1, row["filters"], row["classes"], 3, "separable" in row)
    with blank():
        network = macro(*arguments)
    expected = (row["params"], row["macs"])
    assert count(network, Task()) == expected
    assert counts(row["image_size"], *arguments) == expected


def test_the_released_network_is_the_final_form_with_dense_convolutions() -> None:
    row, card, size = GOLDEN[0], SPACE.cards()["released"], SPACE.published()["released"]
    assert (card.params, card.macs, size) == (row["params"], row["macs"], Size(1, 96, skeleton="final"))
    spec = resolve("space:enas-macro:released", ModelOverrides(filters=6, image_size=8))
    assert spec.size.skeleton == "final", "an image size chooses between the skeletons of cells alone"
    with blank():
        shapes = [tuple(each.shape) for each in build(spec).parameters()]
        dense = [tuple(each.shape) for each in macro(RELEASED, "final", 1, 6, 10, 3, separable=False).parameters()]
    assert shapes == dense


def test_the_released_arc() -> None:
    """9 dense 5x5, 8 dense 3x3, 5 separable 5x5 and 2 separable 3x3 convolutions; 98 skips; every state is read."""
    assert Counter(operation for operation, _ in RELEASED) == {"conv_5x5": 9, "conv_3x3": 8, "sep_5x5": 5, "sep_3x3": 2}
    assert sum(len(skips) for _, skips in RELEASED) == 98
    assert [read_later(RELEASED, after) for after in (8, 16)] == [tuple(range(9)), tuple(range(17))]
    assert stages_of(24) == (range(1, 9), range(9, 17), range(17, 25))


def test_how_large_the_space_is() -> None:
    assert len(SPACE.choices) == 12 + 66
    assert math.prod(len(each.options) for each in SPACE.choices) == 6**12 * 2**66  # 1.6e29
    assert [each.name for each in choices(3)] == ["op_1", "op_2", "skip_2_0", "op_3", "skip_3_0", "skip_3_1"]
    with pytest.raises(UsageError, match="at least 3 layers"):
        choices(2)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_an_arc_is_its_genes(seed: int) -> None:
    architecture = drawn(seed)
    assert architecture_of("enas-macro", arc_of(architecture)) == architecture == SPACE.canonical(architecture)
    check(SPACE.draw(Random(seed)), SPACE.choices)


@pytest.mark.parametrize("size", [Size(1, 6, skeleton="final"), Size(2, 4, 9, skeleton="final")])
def test_a_found_architecture_is_built_in_the_final_form(size: Size, tmp_path: Path) -> None:
    """Through its file, as `nasbench transfer` does it: with pools, which the released code could not build."""
    architecture = drawn(3)
    assert {operation for operation, _ in arc_of(architecture)} == set(OPERATIONS)
    found = ModelSpec("space:enas-macro", Size(1, 36, skeleton="cifar"), TASK, architecture=architecture)
    (tmp_path / "architecture.json").write_text(json.dumps(found.to_json()))
    spec = resolve(
        str(tmp_path / "architecture.json"),
        ModelOverrides(cells=int(size.depth), filters=int(size.width), skeleton="final", image_size=size.resolution),
    )
    assert spec.size.skeleton == "final"
    with blank():
        network = build(spec)
    assert count(network, spec.seen_task) == SPACE.counts(architecture, spec.size, spec.task)
    assert network.linear.weight.shape == (5, 4 * size.width), "filters double twice"


@pytest.mark.parametrize(
    ("form", "name"), [("cifar", None), ("final", None), pytest.param("final", "released", marks=pytest.mark.slow)]
)
def test_files_stand_alone(form: str, name: str | None) -> None:
    architecture = None if name else drawn(1)
    spec = ModelSpec("space:enas-macro", Size(1, 2, skeleton=form), TASK, architecture=architecture, name=name)
    source = SPACE.source(spec)
    imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert imported == {"collections.abc", "torch", "torch.nn"}
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    network, alone = build(spec), module.build()
    assert list(alone.state_dict()) == list(network.state_dict())
    alone.load_state_dict(network.state_dict())
    images = torch.randn(2, 3, 7, 7)
    assert torch.equal(alone.eval()(images), network.eval()(images))


def test_drawings_show_the_stages() -> None:
    architecture = architecture_of("enas-macro", (*RELEASED[:11], ("avg_3x3", (0, 8))))
    graphs = SPACE.graphs(ModelSpec("space:enas-macro", SPACE.default_size, Task(), architecture=architecture))
    assert list(graphs) == ["Layers 1 to 4", "Layers 5 to 8, image halved", "Layers 9 to 12, image halved"]
    last = graphs["Layers 9 to 12, image halved"]
    assert last.outputs == ("layer 12",)
    assert last.nodes[-1].edges == (("layer 11", "avg_3x3"), ("stem", "skip_stem"), ("layer 8", "skip_8"))
    assert last.nodes[-1].combine == "add"


@pytest.mark.parametrize(
    ("size", "pixels", "complaint"),
    [
        (Size(1, 36, skeleton="imagenet"), 32, "--skeleton cifar or --skeleton final"),
        (Size(1, 36, skeleton="cifar", aux_head=True), 32, "no auxiliary head"),
        (Size(1.5, 36, skeleton="cifar"), 32, "got 1.5. Give --cells 2"),
        (Size(1, 35, skeleton="final"), 32, "got 35. The nearest is --filters 36"),
        (Size(1, 36, skeleton="cifar"), 2, "2 pixels are too small .* --image-size 3"),
    ],
)
def test_sizes_that_cannot_be_built(size: Size, pixels: int, complaint: str) -> None:
    for make in (SPACE.supernet, lambda *given: SPACE.build(drawn(0), *given)):
        with pytest.raises(UsageError, match=complaint):
            make(size, Task(10, pixels, 3))


def test_a_recipe_for_networks_of_cells_repeats_no_layer(tmp_path: Path) -> None:
    """The recipe nasnet_proxy says N = 2 and F = 32; only the user makes a layer apply its operation twice."""
    asked = {"space": "enas-macro", "strategy": "random", "recipe": "nasnet_proxy", "dataset": "digits", "wandb": "off"}
    sizes = [prepare(SearchConfig.of(**asked, **more), tmp_path).plan.size for more in ({}, {"cells": 3, "filters": 6})]
    assert sizes == [Size(1, 32, skeleton="cifar"), Size(3, 6, skeleton="cifar")]


def test_a_supernet_has_the_form_that_is_searched() -> None:
    with pytest.raises(UsageError, match="Give --skeleton cifar"):
        SPACE.supernet(Size(1, 4, skeleton="final"), TASK)


def test_an_architecture_outside_and_an_unknown_name() -> None:
    with pytest.raises(UsageError, match="78 decisions"):
        SPACE.build(drawn(0, 9), SPACE.default_size, TASK)
    with pytest.raises(UsageError, match="Did you mean 'released'"):
        SPACE.build_published("relased", SPACE.default_size, TASK)
