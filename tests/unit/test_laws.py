"""Scaling laws: the published tables exactly, what each command line takes and refuses, and laws side by side."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import zoo
from nasbench.core.compound import PUBLISHED, Coefficients, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.law import Ladder, PowerLaw, shared
from nasbench.core.registry import laws
from nasbench.core.spec import ModelSpec, Task
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import counted
from nasbench.engine.scaling.chosen import choose
from nasbench.engine.scaling.law_rows import compare_laws, growths_of, row_of
from nasbench.engine.scaling.laws import law_named, of_rung
from nasbench.engine.scaling.request import check_comparison, check_request, check_search
from nasbench.report.common.figure import to_svg
from nasbench.report.scaling.laws import laws_figure
from search_spaces.compound.edge import CompoundEdge
from search_spaces.compound.space import coefficients_of
from search_spaces.mbconv.counts import counts
from zoo.families.efficientnet import PUBLISHED as EFFICIENTNETS
from zoo.families.regnet import NETWORKS, stages_of
from zoo.families.tinynet import PUBLISHED as TINYNETS

B0 = resolve("efficientnet_b0", ModelOverrides())
SMALL = resolve("mobilenet_v1", ModelOverrides(image_size=32))
WIDTHS_B0 = (16, 24, 40, 80, 112, 192, 320)
# law, phi, repeats, widths, stem and head, pixels, params, GMACs, millions of activations: pycls's rules on B0
GOLDEN = [
    ("dWr", 1, (1, 2, 2, 3, 3, 4, 1), (24, 32, 56, 104, 144, 256, 424), (40, 1688), 232, 8_602_822, 0.782, 10.18),
    ("dWr", 2, (1, 2, 2, 3, 3, 5, 1), (24, 40, 72, 136, 192, 336, 560), (56, 2232), 240, 15_824_374, 1.381, 13.31),
    ("dWr", 3, (1, 2, 2, 4, 4, 5, 1), (40, 56, 88, 184, 256, 440, 736), (72, 2944), 248, 27_838_930, 2.918, 21.52),
    ("dwr", 2, (2, 3, 3, 5, 5, 6, 2), (24, 32, 48, 104, 144, 240, 400), (40, 1616), 284, 13_234_516, 1.697, 21.53),
    ("width", 2, (1, 2, 2, 3, 3, 4, 1), (32, 48, 80, 160, 224, 384, 640), (64, 2560), 224, 18_122_720, 1.450, 13.48),
    ("depth", 2, (4, 8, 8, 12, 12, 16, 4), WIDTHS_B0, (32, 1280), 224, 20_091_856, 1.575, 22.74),
    ("resolution", 2, (1, 2, 2, 3, 3, 4, 1), WIDTHS_B0, (32, 1280), 448, 5_288_548, 1.538, 26.95),
]


def _blueprint_counts(spec: ModelSpec) -> tuple[int, int, tuple[int, ...], tuple[int, ...], tuple[int, int]]:
    """(params, MACs, repeats, widths, stem and head) of a network of stages, from its description."""
    from nasbench.blank import blank
    from nasbench.evaluators.building import build_network
    from nasbench.nn.mbconv import StageNet

    with blank():
        network = build_network(spec)
    assert isinstance(network, StageNet)
    net = network.blueprint
    repeats, widths = tuple(s.repeats for s in net.stages), tuple(s.channels for s in net.stages)
    return (*counts(net, spec.seen_task), repeats, widths, (net.stem, net.head))


@pytest.mark.parametrize(("law", "phi", "repeats", "widths", "ends", "pixels", "params", "gmacs", "_acts"), GOLDEN)
def test_power_laws_on_b0_are_pycls_own(
    law: str,
    phi: float,
    repeats: tuple[int, ...],
    widths: tuple[int, ...],
    ends: tuple[int, int],
    pixels: int,
    params: int,
    gmacs: float,
    _acts: float,
) -> None:
    scaled = choose(ScaleConfig(law=law, phi=phi), B0).scaled
    found = _blueprint_counts(scaled)
    assert (found[0], *found[2:]) == (params, repeats, widths, ends)
    assert scaled.pixels == pixels
    assert round(found[1] / 1e9, 3) == gmacs


@pytest.mark.slow
@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]} {row[1]}")
def test_activations_are_those_of_dollar_et_al(row: tuple[object, ...]) -> None:
    scaled = choose(ScaleConfig(law=str(row[0]), phi=float(str(row[1]))), B0)
    assert round(row_of("", "", scaled.scaled, scaled.multipliers).activations / 1e6, 2) == row[-1]
    assert round(row_of("", "", B0, Multipliers()).activations / 1e6, 3) == 6.738


@pytest.mark.parametrize(
    ("s", "blocks", "widths", "group", "pixels"),
    [
        (2, (2, 6, 13, 2), (160, 240, 640, 1440), 80, 232),
        (4, (2, 7, 14, 2), (224, 336, 896, 1904), 112, 240),
        (8, (2, 7, 15, 2), (288, 432, 1152, 2448), 144, 248),
    ],
)
def test_fast_scaling_of_regnet(
    s: int, blocks: tuple[int, ...], widths: tuple[int, ...], group: int, pixels: int
) -> None:
    rule = next(rule for name, rule, *_ in NETWORKS if name == "regnet_y_4gf")
    assert stages_of(rule) == ((2, 6, 12, 2), (128, 192, 512, 1088), (64,) * 4)
    scaled = choose(ScaleConfig(law="dWr", phi=s.bit_length() - 1), resolve("regnet_y_4gf", ModelOverrides())).scaled
    found = stages_of(rule, scaled.size.width, scaled.size.depth, scaled.size.rounding)
    assert found == (blocks, widths, (group,) * 4)
    assert scaled.pixels == pixels


@pytest.mark.parametrize("row", "abcde")
def test_tinynets_are_rows_of_their_law(row: str) -> None:
    scaled = choose(ScaleConfig(law="tinynet", published=row), B0).scaled
    params, macs, repeats, _, ends = _blueprint_counts(scaled)
    published = TINYNETS[row]
    assert (params, macs, scaled.pixels) == (published.params, published.macs, published.image_size)
    assert ends == (32, 1280)
    assert (
        repeats
        == {
            "a": (1, 2, 2, 4, 4, 5, 1),
            "b": (1, 2, 2, 3, 3, 4, 1),
            "c": (1, 2, 2, 3, 3, 3, 1),
            "d": (1, 1, 1, 2, 2, 3, 1),
            "e": (1, 1, 1, 2, 2, 2, 1),
        }[row]
    )


def test_tables_say_what_the_cards_say() -> None:
    for name in laws.names():
        law = law_named(name)
        if not isinstance(law, Ladder):
            continue
        for rung in law.rungs:
            card = zoo.entry(rung.network or law.base).card
            if rung.network and rung.pixels == card.task.image_size and rung.top1 is not None:
                assert rung.top1 == pytest.approx(100 - card.results[0].value), (name, rung.name)
    rows = law_named("efficientnet")
    assert isinstance(rows, Ladder)
    for rung in rows.rungs:
        scale = EFFICIENTNETS[rung.name]
        told = (rung.depth, rung.width, rung.pixels, rung.dropout, rung.top1)
        assert told == (
            scale.depth,
            scale.width,
            scale.image_size,
            scale.dropout,
            pytest.approx(100 - scale.top1_error),
        )


def test_work_of_efficientnet_x_is_efficientnets() -> None:
    """d * w**2 * r**2 at B7: 88.97, for a TPU 89.26, for a GPU 88.73; of the exceptions GPU-b2 1.77, TPU-b6 48.8."""
    for name, row, product in (
        ("efficientnet", "b7", 88.97),
        ("efficientnet-x-tpu", "b7", 89.26),
        ("efficientnet-x-gpu", "b7", 88.73),
        ("efficientnet-x-gpu", "b2", 1.77),
        ("efficientnet-x-tpu", "b6", 48.8),
    ):
        law = law_named(name)
        assert isinstance(law, Ladder)
        assert law.multipliers(law.rung(row)).product == pytest.approx(product, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "row", "params", "macs"),
    [
        ("efficientnetv2", "s", 21_458_488, 8.366e9),
        ("efficientnetv2", "m", 54_139_356, 24.58e9),
        ("efficientnetv2", "l", 118_515_272, 56.08e9),
        ("efficientnetv2-b", "b3", 14_358_406, None),
        ("resnet-rs", "50@160", 35_691_912, 2.28e9),
        ("resnet-rs", "101@160", 63_618_696, 4.18e9),
        ("resnet-rs", "152@192", 86_621_576, 8.75e9),
        ("resnet-rs", "200@256", 93_209_992, 20.1e9),
        ("resnet-rs", "270@256", 129_861_448, 27.0e9),
        ("resnet-rs", "350@256", 163_956_168, 34.4e9),
        ("resnet-rs", "420@320", 191_891_656, 63.9e9),
    ],
)
def test_rows_that_are_networks(law: str, row: str, params: int, macs: float | None) -> None:
    ladder = law_named(law)
    assert isinstance(ladder, Ladder)
    base = resolve(ladder.base, ModelOverrides())
    spec = of_rung(base, ladder, ladder.rung(row))
    found = counted(spec)
    assert found.params == params
    assert macs is None or found.macs == pytest.approx(macs, rel=0.002)


def test_products_before_rounding() -> None:
    for name in ("dWr", "dwr", "depth", "width", "resolution"):
        assert laws.get(name).at(3).product == pytest.approx(8), name
    assert laws.get("compound").at(2.5) == PUBLISHED.at(2.5)
    assert vars(laws.get("dWr").at(1)) == pytest.approx({"depth": 2**0.1, "width": 2**0.4, "resolution": 2**0.05})
    assert laws.get("dWr").free == ("depth", "width", "resolution")
    assert laws.get("width").free == ("width",)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"law": "dwR"}, "Did you mean 'dWr'|dwr"),
        ({"law": "tinynet"}, r"--published NAME \(a, b, c, d, e\)"),
        ({"law": "tinynet", "published": "f"}, "Known: a, b, c, d, e"),
        ({"law": "tinynet", "phi": 1.0}, "--phi cannot go with --law tinynet, which is a table"),
        ({"law": "dWr", "alpha": 1.3}, "--alpha cannot go with --law dWr"),
        ({"law": "dWr", "published": "b3"}, "has none"),
        ({"growths": "1,2"}, "for several laws"),
        ({"dropout": 1.0}, "below 1; got 1"),
        ({"law": "tinynet", "target_macs": "1M"}, "the least row of tinynet is e, with 24,356,848"),
    ],
)
def test_what_contradicts_a_law_is_refused(given: dict[str, object], says: str) -> None:
    config = ScaleConfig().changed(**given)
    with pytest.raises(UsageError, match=says):  # noqa: PT012 - whichever looks first
        check_request(config)
        choose(config, B0)


def test_what_several_laws_and_a_search_refuse() -> None:
    with pytest.raises(UsageError, match="--phi cannot go with several laws"):
        check_comparison(ScaleConfig(law="dWr,dwr", phi=1))
    with pytest.raises(UsageError, match="names 'dWr' twice"):
        check_comparison(ScaleConfig(law="dWr,dWr"))
    with pytest.raises(UsageError, match="exponents of a power law"):
        check_search(ScaleConfig(search=True, law="tinynet"))
    with pytest.raises(UsageError, match="width alone grows"):
        check_search(ScaleConfig(search=True, law="width"))
    with pytest.raises(UsageError, match="got '1,x'"):
        growths_of("1,x")
    assert growths_of("4,1") == (1.0, 4.0)


OWN = shared(0, 1, 1, rounding="")
NO_LAW = 3


class Staircase:
    """A law of the user's own, by a function."""

    rounding = "nearest"

    def at(self, phi: float) -> Multipliers:
        return Multipliers(depth=2 ** (phi // 1))


STAIRCASE = Staircase()


def test_laws_of_ones_own() -> None:
    module = __name__
    scaled = choose(ScaleConfig(law=f"{module}:OWN", phi=2), SMALL)
    assert vars(scaled.multipliers) == pytest.approx({"depth": 1, "width": 2**0.5, "resolution": 2**0.5})
    assert choose(ScaleConfig(law=f"{module}:STAIRCASE", phi=1.5), SMALL).scaled.size.depth == 2
    with pytest.raises(UsageError, match="is no law: it is int"):
        law_named(f"{module}:NO_LAW")


def test_an_edge_has_the_exponents_of_two_dimensions() -> None:
    space = CompoundEdge(lambda multipliers, task: pytest.fail("is not built"), ("width", "resolution"))
    point = space.canonical(_architecture(space.name, {"width_share": 0.25}))
    found = coefficients_of(point)
    assert vars(found) == pytest.approx({"alpha": 1, "beta": 2**0.125, "gamma": 2**0.375})
    assert found.product == pytest.approx(2)
    assert PowerLaw(found).free == ("width", "resolution")


def _architecture(space: str, genes: dict[str, float]) -> object:
    from nasbench.core.arch import Architecture

    return Architecture.of(space, genes)


@pytest.mark.slow
def test_laws_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nasbench.cli import main

    config = ScaleConfig(base="mobilenet_v1", law="compound,width,tinynet", growths="1,2")
    found = compare_laws(config, SMALL)
    budgets = {row.law: row.macs for row in found.rows if row.point == "x 2"}
    assert set(budgets) == {"compound", "width"}
    assert all(1.5 < macs / found.base_macs <= 2 for macs in budgets.values())
    assert {row.params for row in found.rows if row.point == "x 1"} == {counted(SMALL).params}
    assert all(row.top1 is None for row in found.rows), "published for another base"
    text = to_svg(laws_figure(found.to_json()["rows"], found.base), "laws")
    assert text.count("compound") >= 1
    assert "published top-1" not in text
    plot = tmp_path / "laws.svg"
    flags = ["--image-size", "32", "--law", "width,depth", "--growths", "1,1.5", "--base", "mobilenet_v1"]
    assert main(["scale", *flags, "--out", str(plot), "--json"]) == 0
    assert [row["law"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["width"] * 2 + ["depth"] * 2
    assert plot.read_text().startswith("<svg")
    assert main(["scale", *flags, "--out", str(tmp_path / "laws.json")]) == 2
    assert "a file that ends in .svg or .png" in capsys.readouterr().err


def test_published_accuracy_is_of_the_published_form_alone() -> None:
    ladder = law_named("efficientnet")
    assert isinstance(ladder, Ladder)
    from nasbench.engine.scaling.law_rows import published_top1

    rung = ladder.rung("b3")
    assert published_top1(ladder, rung, B0) == 81.6
    assert published_top1(ladder, rung, replace(B0, task=Task(10, 224))) is None
    assert Coefficients(1, 1, 2**0.5).product == pytest.approx(2)
