"""The space of NAS-Bench-201: its notation, its counts against the published ones, equal spellings, the network."""

import json
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
import torch

from nasbench.blank import blank
from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task, pixels_of
from nasbench.evaluators.table import TableEvaluator
from nasbench.profile import count
from nasbench.testing import check_space
from search_spaces.nasbench201.notation import CONVOLUTIONS, EDGES, OPERATIONS, Cell, cell_of
from search_spaces.nasbench201.space import NasBench201Space

SPACE = NasBench201Space()
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "nasbench201_counts.json").read_text())
CELLS = [
    Architecture.of("nasbench201", dict(zip((d.name for d in SPACE.choices), genes, strict=True)))
    for genes in product(OPERATIONS, repeat=6)
]
TABLE = TableEvaluator("nasbench201-cifar10", SPACE, "params", None, ("macs",))
"""Its published counts as results: parameters, and multiply-adds with the classifier's bias, 10, counted too."""


def of(text: str) -> Architecture:
    """'s-1-3n-' and the like: an operation's letter for each edge."""
    letters = {"-": "none", "s": "skip_connect", "1": "nor_conv_1x1", "3": "nor_conv_3x3", "a": "avg_pool_3x3"}
    return Architecture.of(
        "nasbench201", {f"op_{i}_{j}": letters[letter] for (i, j), letter in zip(EDGES, text, strict=True)}
    )


def test_every_cell_comes_back_from_the_official_notation() -> None:
    assert len(CELLS) == 15_625
    assert all(SPACE.from_string(SPACE.to_string(cell)) == cell for cell in CELLS)
    first = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    genes = SPACE.from_string(first).genes
    assert (genes["op_0_1"], genes["op_0_2"], genes["op_1_2"], genes["op_2_3"]) == (
        "avg_pool_3x3",
        "nor_conv_1x1",
        "skip_connect",
        "skip_connect",
    )


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "op~0"),
        ("|none~0|+|none~0|none~1|", "op~0"),
        ("|none~1|+|none~0|none~1|+|none~0|none~1|none~2|", "op~0"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|conv~2|", "conv"),
    ],
)
def test_what_is_no_cell_is_refused(text: str, fragment: str) -> None:
    with pytest.raises(UsageError, match=fragment):
        SPACE.from_string(text)


def test_all_published_counts_come_from_sums_over_edges() -> None:
    for cell in CELLS:
        row = TABLE.row(cell)
        assert SPACE.counts(cell, SPACE.default_size, Task()) == (row["params"], row["macs"] - 10), cell


def test_golden_counts() -> None:
    assert len(GOLDEN) == 100
    for text, counted in GOLDEN.items():
        assert list(SPACE.counts(SPACE.from_string(text), SPACE.default_size, Task())) == counted, text


@pytest.mark.parametrize("text", list(GOLDEN)[:1])
def test_whole_networks_count_the_same(text: str) -> None:
    check_whole(SPACE.from_string(text))


@pytest.mark.slow
def test_two_hundred_whole_networks_count_as_published() -> None:
    for cell in Random(0).sample(CELLS, 200):
        check_whole(cell)
        row = TABLE.row(cell)
        assert SPACE.counts(cell, SPACE.default_size, Task()) == (row["params"], row["macs"] - 10)


def check_whole(cell: Architecture) -> None:
    with blank():
        network = SPACE.build(cell, SPACE.default_size, Task())
    assert count(network, Task()) == SPACE.counts(cell, SPACE.default_size, Task())


@pytest.mark.parametrize(
    ("size", "task"), [(Size(1, 4, skeleton="cifar"), Task(7, 15, 1)), (Size(2, 3, 9, "cifar"), Task(3, 32, 3))]
)
def test_counts_at_other_sizes(size: Size, task: Task) -> None:
    pixels = Task(task.num_classes, pixels_of(size, task), task.channels)
    for seed in range(3):
        cell = sample(SPACE.name, SPACE.choices, Random(seed))
        assert SPACE.counts(cell, size, task) == count(SPACE.build(cell, size, task), pixels)


def test_equal_spellings_have_equal_counts_and_canonical_is_idempotent() -> None:
    forms = {cell: SPACE.canonical(cell) for cell in CELLS}
    assert all(forms[form] == form for form in forms.values())
    assert all(
        SPACE.counts(cell, SPACE.default_size, Task()) == SPACE.counts(form, SPACE.default_size, Task())
        for cell, form in forms.items()
    )
    assert len(set(forms.values())) == 8545


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s-----", "------"),  # nobody reads node 1
        ("--a--3", "-----3"),  # node 1 carries nothing
        ("13-sa1", "31-s1a"),  # nodes 1 and 2 change places
        ("s-3--s", "-3---s"),  # node 1 is a copy of the input
        ("s--13-", "s--31-"),  # and so an edge may leave from either
    ],
)
def test_equal_networks_share_their_canonical_form(one: str, other: str) -> None:
    assert SPACE.canonical(of(one)) == SPACE.canonical(of(other))
    assert SPACE.canonical(of(one)).key == SPACE.canonical(of(other)).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3-----", "------"),  # a convolution that nobody reads is built and counted
        ("--3--s", "------"),  # one of zeros has a bias
        ("1-s-ss", "1--1s-"),  # one convolution used twice, and two
        ("s---3-", "a---3-"),
        ("1----s", "-1---s"),
    ],
)
def test_different_networks_do_not(one: str, other: str) -> None:
    assert SPACE.canonical(of(one)) != SPACE.canonical(of(other))


def test_canonical_forms_are_the_same_function() -> None:
    """With numbers for images and hashes for operations: equal for some assignment of the weights to the
    convolutions.
    """
    rng = Random(3)
    for _ in range(150):
        cell = sample(SPACE.name, SPACE.choices, rng)
        form = SPACE.canonical(cell)
        if form != cell:
            assert outputs(cell_of(cell.genes)) == outputs(cell_of(form.genes)), cell


def outputs(cell: Cell) -> set[int]:
    """Every output that the cell has as the weights of its convolutions are handed round."""
    convolutions = [edge for edge, operation in cell.items() if operation in CONVOLUTIONS]
    return {
        run(cell, dict(zip(convolutions, weights, strict=True)).__getitem__)
        for weights in permutations(range(len(convolutions)))
    }


def run(cell: Cell, weight: Callable[[tuple[int, int]], int]) -> int:
    prime = 2**61 - 1
    nodes = [12345, 0, 0, 0]
    for edge, operation in cell.items():
        x = nodes[edge[0]]
        if operation == "skip_connect":
            y = x
        elif operation == "avg_pool_3x3":
            y = pow(x, 3, prime)  # of zeros, zeros
        elif operation in CONVOLUTIONS:
            y = hash((operation, weight(edge), x)) % prime
        else:
            y = 0
        nodes[edge[1]] = (nodes[edge[1]] + y) % prime
    return nodes[3]


def test_a_space_of_fewer_operations() -> None:
    small = NasBench201Space(("none", "skip_connect", "nor_conv_1x1"))
    assert [len(choice.options) for choice in small.choices] == [3] * 6  # type: ignore[union-attr]
    check_space(small, Size(1, 4, skeleton="cifar"), Task(3, 8, 1), num_samples=1)
    without_none = NasBench201Space(("skip_connect", "nor_conv_3x3"))
    check_space(without_none, Size(1, 4, skeleton="cifar"), Task(3, 8, 1), num_samples=1)
    with pytest.raises(UsageError, match="Did you mean 'nor_conv_3x3'"):
        NasBench201Space(("none", "conv_3x3"))


@pytest.mark.parametrize(
    ("size", "fragment"),
    [
        (Size(1, 4, skeleton="imagenet"), "--skeleton cifar"),
        (Size(1, 4, skeleton="cifar", aux_head=True), "--aux-head"),
        (Size(0, 4, skeleton="cifar"), "--cells 1"),
        (Size(1.5, 4, skeleton="cifar"), "--cells 2"),
        (Size(1, 0, skeleton="cifar"), "--filters 1"),
    ],
)
def test_sizes_that_cannot_be_built(size: Size, fragment: str) -> None:
    for ask in (SPACE.build, SPACE.counts):
        with pytest.raises(UsageError, match=fragment):
            ask(CELLS[0], size, Task())  # type: ignore[operator]


@pytest.mark.parametrize("text", ["3a1s-3", "------"])
def test_the_stand_alone_file_is_the_same_network(text: str) -> None:
    spec = ModelSpec("space:nasbench201", Size(1, 4, skeleton="cifar"), Task(5, 8, 1), architecture=of(text))
    source = SPACE.source(spec)
    assert "nasbench" not in "\n".join(line for line in source.splitlines() if "import" in line)
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    alone, network = module.build(), SPACE.build(of(text), spec.size, spec.task)
    assert list(alone.state_dict()) == list(network.state_dict())
    alone.load_state_dict(network.state_dict(), strict=True)
    x = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(alone.train()(x), network.train()(x))


def test_the_drawing_leaves_out_what_carries_nothing() -> None:
    spec = ModelSpec("space:nasbench201", SPACE.default_size, Task(), architecture=of("3-s--a"))
    graph = SPACE.graphs(spec)["Cell"]
    assert {node.name: node.edges for node in graph.nodes} == {
        "1": (("0", "nor_conv_3x3"),),
        "2": (("1", "skip_connect"),),
        "3": (("2", "avg_pool_3x3"),),
    }
