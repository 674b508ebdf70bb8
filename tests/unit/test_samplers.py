"""Samplers of paths: how often each network and each option comes, and what each of them refuses."""

from collections import Counter
from itertools import product
from random import Random

import pytest

from nasbench.core.arch import Architecture, Choice, Range
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import samplers
from nasbench.nn.mbconv import SKIPS
from nasbench.samplers.fair import Fair
from nasbench.samplers.sandwich import Sandwich
from nasbench.samplers.uniform import Uniform
from nasbench.testing import TOY_SPACE, ToySpace, check_sampler
from search_spaces.mbconv.blueprint import canonical_genes
from search_spaces.mbconv.distinct import num_spellings
from search_spaces.mbconv.space import MbconvSpace
from search_spaces.nasbench201.notation import EDGES, OPERATIONS, Cell, cell_of
from search_spaces.nasbench201.space import NasBench201Space
from search_spaces.nasnet.distinct import draw_cell, num_orders
from search_spaces.nasnet.genotype import Block, canonical_blocks
from search_spaces.nasnet.space import NasnetSpace


@pytest.mark.parametrize("space", [TOY_SPACE, NasnetSpace(), MbconvSpace(), NasBench201Space(OPERATIONS[:2])])
@pytest.mark.parametrize("name", samplers.names())
def test_a_sampler_keeps_the_contract(name: str, space: SearchSpace) -> None:
    if name == "sandwich" and space.name in ("nasnet", "nasbench201"):
        with pytest.raises(UsageError, match=f"{space.name!r} has none. Use one of the samplers"):
            samplers.make(name, space)
    else:
        few = {"steps": 2, "samples": 2, "hidden_units": 8} if name == "enas" else None
        check_sampler(lambda space: samplers.make(name, space, options=few), space)


def chi_square(counts: Counter[object], num_bins: int) -> float:
    """In standard deviations from its mean: about normal for many bins of which all are equally likely."""
    expected = counts.total() / num_bins
    missing = num_bins - len(counts)
    statistic = sum((count - expected) ** 2 / expected for count in counts.values()) + missing * expected
    return (statistic - (num_bins - 1)) / (2 * (num_bins - 1)) ** 0.5


def test_networks_of_nasbench201_are_equally_likely_and_spellings_are_not() -> None:
    space = NasBench201Space(("none", "skip_connect", "nor_conv_3x3"))
    sampler, rng = Uniform(space), Random(0)
    spellings = [cell_space(space, genes) for genes in product(space.choices[0].options, repeat=6)]
    networks = {space.canonical(spelling) for spelling in spellings}
    assert len(spellings) == 729
    drawn = Counter(path for _ in range(8_000) for path in sampler.paths(rng))
    assert set(drawn) <= networks
    assert sampler.exact
    assert abs(chi_square(Counter(drawn), len(networks))) < 3
    by_spelling = Counter(space.canonical(rng.choice(spellings)) for _ in range(8_000))
    assert chi_square(Counter(by_spelling), len(networks)) > 100


def cell_space(space: SearchSpace, genes: tuple[object, ...]) -> Architecture:
    return Architecture.of(space.name, dict(zip((each.name for each in space.choices), genes, strict=True)))  # type: ignore[arg-type]


def expression(cell: Cell, keeps_zeros: bool) -> str:
    """The text of what the output of a cell computes. As NAS-Bench-201 counts, zeros (#) stay as terms."""
    nodes = ["0"]
    for target in range(1, 4):
        terms = []
        for source in range(target):
            operation, x = cell[source, target], nodes[source]
            if operation == "none" or x == "#":
                terms += ["#"] * keeps_zeros
            else:
                terms.append(x if operation == "skip_connect" else f"({x})@{operation}")
        nodes.append("+".join(sorted(terms)) or "#")
    return nodes[-1]


def test_how_many_networks_nasbench201_has() -> None:
    """6,466 by the benchmark's own count, of texts in which unused convolutions do not occur and zeros are terms.

    Here, 8,545: networks that differ in parameters, multiply-adds or function. Equal ones compute the same output.
    """
    space = NasBench201Space()
    networks = Uniform(space)._networks
    assert networks is not None
    assert len(networks) == 8_545
    cells = [dict(zip(EDGES, genes, strict=True)) for genes in product(OPERATIONS, repeat=6)]
    assert len({expression(cell, keeps_zeros=True) for cell in cells}) == 6_466
    outputs = {expression(cell_of(network.genes), keeps_zeros=False) for network in networks}
    assert len(outputs) == len({expression(cell, keeps_zeros=False) for cell in cells}) == 5_390
    for cell in cells[::101]:
        equal = space.canonical(cell_space(space, tuple(cell.values())))
        assert expression(cell_of(equal.genes), keeps_zeros=False) == expression(cell, keeps_zeros=False)


def cells_of_nasnet(num_blocks: int, operations: tuple[str, ...]) -> list[tuple[Block, ...]]:
    """All spellings, with the operands of each block in one order."""
    options = []
    for index in range(num_blocks):
        operands = list(product(range(index + 2), operations))
        pairs = [(a, b) for place, a in enumerate(operands) for b in operands[place:]]
        options.append([Block(a[0], b[0], a[1], b[1], how) for a, b in pairs for how in ("add", "concat")])
    return list(product(*options))


def test_the_orders_of_a_nasnet_cell_are_counted() -> None:
    spellings = cells_of_nasnet(3, ("sep_3x3",))
    classes = Counter(canonical_blocks(blocks) for blocks in spellings)
    assert all(num_orders(blocks) == classes[canonical_blocks(blocks)] for blocks in spellings[::7])
    assert max(classes.values()) == 6


def test_cells_of_nasnet_are_equally_likely() -> None:
    networks = {canonical_blocks(blocks) for blocks in cells_of_nasnet(2, ("identity", "sep_3x3"))}
    rng = Random(0)
    drawn = Counter(draw_cell(rng, 2, ("identity", "sep_3x3")) for _ in range(6_000))
    assert set(drawn) <= networks
    assert abs(chi_square(Counter(drawn), len(networks))) < 3


def test_networks_of_mbconv_are_equally_likely() -> None:
    """The weight of a stage's options is the number of networks that have them: 3 of 5 blocks are mbconv."""
    rng, space = Random(0), MbconvSpace()
    drawn = [space.draw(rng).genes for _ in range(800)]
    assert all(space.canonical(Architecture.of("mbconv", genes)).genes == genes for genes in drawn[:100])
    operators = Counter((genes["stage_4_operator"], genes["stage_4_expansion"]) for genes in drawn)
    assert set(operators) == {("mbconv", 1), ("mbconv", 3), ("mbconv", 6), ("sepconv", 1), ("conv", 1)}
    assert abs(chi_square(Counter(operators), 5)) < 3
    # Stage 1 with one block: a width of 32 (the stem's) can have all skips, smaller ones none, of three spellings.
    single = Counter(genes["stage_1_skip"] for genes in drawn if genes["stage_1_repeats"] == 1)
    assert set(single) == {"none"}
    several = Counter(genes["stage_1_skip"] for genes in drawn if genes["stage_1_repeats"] == 2)
    assert abs(several.total() - 3 * single.total()) < 4 * (3 * 800 / 4) ** 0.5
    assert abs(chi_square(Counter(several), 3)) < 3


def test_spellings_of_mbconv_are_counted() -> None:
    """Of each drawn network, as many of the 3**7 ways to name its skips are the same network as are counted."""
    space, rng = MbconvSpace(), Random(1)
    for _ in range(3):
        genes = dict(space.draw(rng).genes)
        single = [stage for stage in range(1, 8) if genes[f"stage_{stage}_repeats"] == 1]
        others = 0
        for skips in product(SKIPS, repeat=len(single)):
            named = {f"stage_{stage}_skip": skip for stage, skip in zip(single, skips, strict=True)}
            others += canonical_genes(genes | named) == genes
        assert num_spellings(genes) == others >= 1


@pytest.mark.parametrize("space", [NasBench201Space(), NasnetSpace(), MbconvSpace()])
def test_fair_steps_use_every_option_equally_often(space: SearchSpace) -> None:
    sampler, rng = Fair(space), Random(0)
    total: Counter[tuple[str, object]] = Counter()
    for _ in range(200):
        paths = sampler.paths(rng)
        assert len(paths) == max(len(decision.options) for decision in space.choices)  # type: ignore[union-attr]
        for decision in space.choices:
            assert isinstance(decision, Choice)
            used = Counter(path.genes[decision.name] for path in paths)
            rounds, rest = divmod(len(paths), len(decision.options))
            assert sorted(used[option] for option in decision.options) == sorted(
                [rounds] * (len(decision.options) - rest) + [rounds + 1] * rest
            )
            total.update((decision.name, option) for option in used.elements())
    for decision in space.choices:
        assert isinstance(decision, Choice)
        counts = [total[decision.name, option] for option in decision.options]
        expected = sum(counts) / len(counts)
        assert max(abs(count - expected) for count in counts) < 5 * expected**0.5


def test_whether_fairness_is_strict() -> None:
    assert Fair(NasBench201Space()).strict
    assert not Fair(MbconvSpace()).strict
    assert Fair(MbconvSpace(), num_paths=12).strict
    assert not Fair(NasnetSpace()).strict
    paths = samplers.make("fair", MbconvSpace(), options={"num_paths": 12}).paths(Random(0))
    assert Counter(path.genes["stage_3_width"] for path in paths) == Counter({24: 4, 32: 4, 40: 4})


def test_a_sandwich_has_the_largest_and_the_smallest() -> None:
    space = MbconvSpace()
    sampler, rng = Sandwich(space, num_paths=5), Random(0)
    steps = [sampler.paths(rng) for _ in range(60)]
    for decision in space.choices:
        numbers = [option for option in decision.options if not isinstance(option, str)]
        columns = [{paths[place].genes[decision.name] for paths in steps} for place in range(5)]
        if numbers:
            assert columns[:2] == [{max(numbers)}, {min(numbers)}]
        else:
            assert columns[:2] == [set(decision.options)] * 2
        assert columns[2:] == [set(decision.options)] * 3


class Continuous(ToySpace):
    choices = (*ToySpace().choices, Range("share", 0.0, 1.0))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


class Large(ToySpace):
    choices = tuple(Choice(f"decision_{index}", (0, 1, 2)) for index in range(11))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


def test_where_networks_cannot_be_drawn_equally_the_sampler_says_so() -> None:
    assert Uniform(TOY_SPACE).exact
    assert not Uniform(Continuous()).exact
    assert not Uniform(Large()).exact
    check_sampler(Uniform, Large())
    check_sampler(Uniform, Continuous())


@pytest.mark.parametrize(
    ("name", "space", "options", "complaint"),
    [
        ("uniform", TOY_SPACE, {"num_paths": 0}, "from 1 to 10,000; got 0. The nearest is 1"),
        ("uniform", TOY_SPACE, {"num_paths": 1.5}, "whole number; got 1.5"),
        ("uniform", TOY_SPACE, {"paths": 2}, "num_paths"),
        ("fair", NasBench201Space(), {"num_paths": 4}, "from 5 to 10,000; got 4. The nearest is 5"),
        ("fair", Continuous(), {}, "'share' of space 'toy' is continuous"),
        ("sandwich", TOY_SPACE, {"num_paths": 1}, "The nearest is 2"),
        ("sandwich", NasBench201Space(), {}, "'nasbench201' has none"),
    ],
)
def test_what_a_sampler_refuses(name: str, space: SearchSpace, options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        samplers.make(name, space, options=options)
