"""ENAS's micro space: its networks against a plain definition, the released cells, counts, spellings, its supernet."""

import json
import math
from pathlib import Path
from random import Random
from types import ModuleType

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
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.nn.cell import Cell
from nasbench.nn.layers import AvgPool, FactorizedReduction, ReluConvBN
from nasbench.nn.shared_norm import share_norms
from nasbench.profile import count
from search_spaces.enas_micro.arc import OPERATIONS, built, genotype_of
from search_spaces.enas_micro.space import EnasMicroSpace
from search_spaces.enas_micro.supernet import SharedMicroCell
from search_spaces.nasnet.genotype import CellGenotype
from search_spaces.nasnet.published import PUBLISHED
from search_spaces.nasnet.space import NasnetSpace
from search_spaces.nasnet.supernet import Source

SPACE = EnasMicroSpace()
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "complexity.json").read_text())["space:enas-micro"]
F = 4
seeds = st.integers(0, 2**32)


def drawn(seed: int) -> Architecture:
    return sample("enas-micro", SPACE.choices, Random(seed))


def plain_cell(cell: nn.Module, genes: dict[str, str], kind: str, h: Tensor, h_prev: Tensor) -> Tensor:
    """The cell from its genes, with modules of the network for what has weights, and functions for what has none."""
    states = {"h": cell.calibrate(h), "h_prev": cell.calibrate_prev(h_prev)}
    stride = dict.fromkeys(states, 2 if kind == "reduce" else 1)
    unused = set(states)
    for index in range(5):
        total = 0.0
        for slot, module in (("1", cell.blocks[index].left), ("2", cell.blocks[index].right)):
            name, operation = genes[f"{kind}_{index}_input_{slot}"], genes[f"{kind}_{index}_op_{slot}"]
            unused.discard(name)
            x, step = states[name], stride.get(name, 1)
            if operation.startswith("sep"):
                kernel = int(operation[-1])
                assert module[0].depthwise_1.weight.shape == (F * 2, 1, kernel, kernel)
                assert module[0].depthwise_1.stride == (step, step)
                total = total + module(x)
            elif operation == "identity":
                assert isinstance(module, FactorizedReduction if step == 2 else nn.Identity)
                total = total + module(x)
            elif operation == "avg_3x3":
                total = total + AvgPool(3, step)(x)
            else:
                edge = (0, 1) if step == 2 else (1, 1)  # SAME: an even side that is halved is padded after the image
                padded = functional.pad(x, edge * 2, value=float("-inf"))
                total = total + functional.max_pool2d(padded, 3, step)
        states[f"block_{index}"] = total
        unused.add(f"block_{index}")
    loose = [name for name in states if name in unused]
    assert len(cell.fits) == len(loose)
    return torch.cat([fit(states[name]) for fit, name in zip(cell.fits, loose, strict=True)], dim=1)


@settings(max_examples=3, deadline=None)
@given(seeds)
def test_cells_compute_what_the_definition_says(seed: int) -> None:
    """The reduction cell in the middle of a network, and the normal cell after it."""
    architecture = drawn(seed)
    network = SPACE.build(architecture, Size(1, F, skeleton="cifar"), Task(5, 8, 3)).eval()
    seen: list[Tensor] = []
    network.cells[1].register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    with torch.no_grad():
        network(torch.randn(2, 3, 8, 8))
        h, h_prev = seen
        genes = {name: str(gene) for name, gene in architecture.genes.items()}
        reduced = network.cells[1](h, h_prev)
        assert torch.allclose(reduced, plain_cell(network.cells[1], genes, "reduce", h, h_prev), atol=1e-6)
        expected = plain_cell(network.cells[2], genes, "normal", reduced, h)
        assert torch.allclose(network.cells[2](reduced, h), expected, atol=1e-6)


def test_the_released_cells_are_a_point_of_the_space_with_its_counts() -> None:
    row, card = GOLDEN[0], SPACE.cards()["released"]
    architecture, size = SPACE.architecture("released"), SPACE.published()["released"]
    check(architecture, SPACE.choices)
    assert size == SPACE.default_size == Size(row["cells"], row["filters"], skeleton=row["skeleton"])
    assert (card.params, card.macs) == SPACE.counts(architecture, size, Task()) == (row["params"], row["macs"])
    assert built(genotype_of(architecture)) == PUBLISHED["enas"].genotype, "the wiring of space:nasnet:enas"
    with blank():
        network = build(resolve("space:enas-micro:released", ModelOverrides()))
    assert count(network, Task()) == (row["params"], row["macs"])
    assert resolve("space:enas-micro:released", ModelOverrides(stack="5@720")).size == size


def test_how_large_the_space_is() -> None:
    assert len(SPACE.choices) == 40
    assert math.prod(len(each.options) for each in SPACE.choices) == (720 * 5**5) ** 4  # cell: 720**2 * 5**10 = 5.1e12


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_swapped_operands_are_one_network(seed: int) -> None:
    architecture, rng = drawn(seed), Random(seed)
    genes = dict(architecture.genes)
    for block in [f"{cell}_{index}" for cell in ("normal", "reduce") for index in range(5)]:
        if rng.random() < 0.5:
            for part in ("input", "op"):
                one, two = f"{block}_{part}_1", f"{block}_{part}_2"
                genes[one], genes[two] = genes[two], genes[one]
    assert SPACE.canonical(Architecture.of("enas-micro", genes)) == SPACE.canonical(architecture)


@pytest.mark.slow  # the contract suite counts the CIFAR skeleton
@pytest.mark.parametrize("size", [Size(2, 6, 24, "cifar", True), Size(1, 12, 70, "imagenet")])
def test_counts_are_those_of_the_built_network(size: Size) -> None:
    task, architecture = Task(7, size.resolution or 0, 1), drawn(5)
    with blank():
        network = SPACE.build(architecture, size, task)
    assert count(network, task) == SPACE.counts(architecture, size, task)


def test_files_stand_alone() -> None:
    task, architecture = Task(4, 8, 1), drawn(2)
    spec = ModelSpec("space:enas-micro", Size(1, 2, skeleton="cifar"), task, architecture=architecture)
    module = ModuleType("model")
    exec(compile(SPACE.source(spec), "model.py", "exec"), module.__dict__)
    network, alone = build(spec), module.build()
    alone.load_state_dict(network.state_dict())
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(alone.eval()(images), network.eval()(images))
    assert architecture.key in str(module.__doc__)
    assert "ENAS's micro search space" in str(module.__doc__)


def test_drawings_name_the_operations_of_the_space() -> None:
    spec = ModelSpec("space:enas-micro", SPACE.default_size, Task(), name="released")
    cells = SPACE.graphs(spec)
    shown = {operation for cell in cells.values() for node in cell.nodes for _, operation in node.edges}
    assert shown == set(OPERATIONS)
    assert cells["Reduction cell"].outputs == ("block_0", "block_2", "block_3", "block_4")


def own_cell(wiring: CellGenotype, calibrate: nn.Module, prev: nn.Module, stride: int) -> Cell:
    blocks = tuple(tuple(block) for block in wiring.blocks)
    return Cell(blocks, wiring.outputs, calibrate, prev, F, F, stride, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("h_outputs", [(2, 6), (3, 4, 6)])
def test_a_shared_cell_is_the_cell_of_any_architecture(h_outputs: tuple[int, ...]) -> None:
    """A reduction cell after cells of half its width: with two outputs, h has F channels and one convolution only."""
    torch.manual_seed(0)
    shared = SharedMicroCell(Source(7, F // 2, 1), Source(7, F, 0), F, reduces=True).double()
    share_norms(shared, affine=False)
    prev_outputs, rng = (4, 5, 6), Random(0)
    for _ in range(2):
        wiring = built(genotype_of(sample("enas-micro", SPACE.choices, rng))).reduce
        calibrate: nn.Module = ReluConvBN(F, F)
        if len(h_outputs) > 2:
            calibrate = nn.Sequential(ReluConvBN(3 * F // 2, F), calibrate)
        own = own_cell(wiring, calibrate, FactorizedReduction(3 * F, F, relu=True), 2).double()
        own.load_state_dict(dict(shared.shared(wiring, h_outputs, prev_outputs)))
        h = torch.randn(2, len(h_outputs) * F // 2, 6, 6, dtype=torch.float64)
        h_prev = torch.randn(2, 3 * F, 12, 12, dtype=torch.float64)
        assert torch.equal(shared(h, h_prev, wiring, h_outputs, prev_outputs), own(h, h_prev))


def test_refusals() -> None:
    with pytest.raises(UsageError, match="no auxiliary head"):
        SPACE.supernet(Size(1, 4, skeleton="cifar", aux_head=True), Task())
    with pytest.raises(UsageError, match="Did you mean 'released'"):
        SPACE.architecture("release")
    with pytest.raises(UsageError, match="40 decisions"):
        SPACE.build(sample("enas-micro", NasnetSpace().choices, Random(0)), SPACE.default_size, Task())
