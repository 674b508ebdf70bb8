"""`nasbench zoo`: the listing, its filters, a card, the plots; and the layout of the plots' labels."""

import json
import math
import subprocess
import sys
from itertools import combinations
from random import Random

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nasbench.cli import main
from nasbench.cli import zoo as command
from nasbench.core.spec import ModelCard, Task
from nasbench.engine.models.zoo import PLOTS, Filter, Row, figure, listing, row_named
from nasbench.report.common.figure_file import write_figure
from nasbench.report.common.label_layout import Anchor, Box, place
from nasbench.report.models.zoo.charts import depth, ilsvrc, pre_training, scaling
from nasbench.report.models.zoo.history import EFFICIENCY, HUMAN_ERROR, MOORE_FACTOR, PRE_TRAINED, SCALED, WINNERS
from nasbench.report.models.zoo.plots import Point, complexity, efficiency

BASES = {each.base for each in SCALED}


def run_json(capsys, *argv: str) -> dict:
    command.run([*argv, "--json"])
    return json.loads(capsys.readouterr().out)


def test_listing_joins_the_zoo_and_the_published_cells(capsys):
    models = {model["name"]: model for model in run_json(capsys)["models"]}
    assert {"name", "family", "year", "params", "macs", "verified"} <= set(models["efficientnet_b0"])
    assert models["efficientnet_b0"]["params"] == 5_288_548
    assert models["efficientnet_b0"]["macs"] == 385_814_752
    assert models["efficientnet_b0"]["verified"] is True
    assert models["s2mlp_wide"]["verified"] is False
    assert models["space:nasnet:nasnet-a"]["params"] == 3_346_538
    assert {"space:nasnet:amoebanet-a", "space:nasnet:enas", "pnasnet5large", "vit_h_14", "cyclemlp_b5"} <= set(models)
    assert len(models) >= 110


def test_filters_keep_what_they_say():
    assert {row.card.family for row in listing(Filter(family="mobilenet"))} == {"mobilenet"}
    assert all(row.card.params <= 4e6 for row in listing(Filter(max_params="4M")))
    small = [row.name for row in listing(Filter(dataset="imagenet", max_macs="320M"))]
    assert "mnasnet_b1" in small
    assert "mobilenet_v1" not in small
    cifar = [row.name for row in listing(Filter(dataset="cifar10"))]
    assert "space:nasnet:nasnet-a" in cifar
    assert "vit_b_16" not in cifar
    assert len(listing(Filter(max_params="10G"))) == sum(row.card.params is not None for row in listing())


@pytest.mark.parametrize("name", ["vit_b_16", "zoo:vit_b_16"])
def test_one_card(capsys, name):
    command.run([name])
    text = capsys.readouterr().out
    assert "86,567,656" in text
    assert "Dosovitskiy" in text
    assert "not verified" in text  # its result on ImageNet-21k is from memory
    assert [model["name"] for model in run_json(capsys, name)["models"]] == ["vit_b_16"]


def test_published_cells_are_found_by_their_name_alone():
    assert row_named("nasnet-a") == row_named("space:nasnet:nasnet-a")


def test_listing_for_people_marks_what_is_not_verified(capsys):
    command.run(["--family", "s2mlp"])
    assert "~" in capsys.readouterr().out


def test_results_stand_beside_counts_of_their_own_form():
    row = row_named("nasnet-a")
    assert row.dataset == "cifar10"
    assert row.published_on("imagenet")
    assert row_named("mobilenet_v1").dataset == "imagenet"
    assert Row("x", ModelCard("x", "x", "", 2020, Task(10, 28, 1))).dataset == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["mobilnet_v2"], "Did you mean 'mobilenet_v2'"),
        (["--family", "mobilnet"], "Did you mean 'mobilenet'"),
        (["--max-params", "many"], "--max-params takes a positive count"),
        (["--max-macs", "-3G"], "--max-macs takes a positive count"),
        (["--dataset", "cifar11"], "Did you mean 'cifar10'"),
        (["--plot", "complexty", "--out", "a.svg"], "Did you mean 'complexity'"),
        (["--plot", "complexity"], "go together"),
        (["--out", "a.svg"], "go together"),
        (["--plot", "ilsvrc", "--out", "a.pdf"], ".svg or .png"),
        (["--plot", "ilsvrc", "--out", "no/such/place/a.svg"], "no directory"),
        (["vit_b_16", "--family", "vit"], "leave out the name"),
        (["--plot", "complexity", "--family", "lenet", "--out", "a.svg"], "nothing to plot"),
    ],
)
def test_bad_input_is_answered(argv, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if any(argument.startswith("-3") for argument in argv):
        argv = [f"{argv[0]}={argv[1]}"]
    assert main(["zoo", *argv]) == 2
    out, message = capsys.readouterr()
    assert said in message
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "ending"), [*((kind, ".svg") for kind in PLOTS), ("complexity", ".png"), ("ilsvrc", ".png")]
)
def test_plots_are_written(kind, ending, tmp_path, capsys):
    out = tmp_path / f"plot{ending}"
    argv = ["--family", "efficientnet"] if kind == "complexity" else []
    assert run_json(capsys, "--plot", kind, "--out", str(out), *argv)["plot"] == str(out)
    assert out.read_bytes().startswith(b"<svg" if ending == ".svg" else b"\x89PNG")


def test_plots_are_the_same_for_the_same_data(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_figure(efficiency(), tmp_path / name / "plot.svg", "plot")
    assert (tmp_path / "a/plot.svg").read_text() == (tmp_path / "b/plot.svg").read_text()


def overlaps(axes) -> list[tuple[str, str]]:
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
    return [(a, b) for (a, first), (b, second) in combinations(boxes, 2) if first.overlaps(second)]


def test_no_labels_overlap_and_every_family_has_one():
    rng = Random(0)
    families = ("vgg", "resnet", "vit", "mobilenet", "efficientnet", "gmlp")
    points = [
        Point(
            f"{families[i % 6]}_{i}",
            families[i % 6],
            int(10 ** rng.gauss(9.6, 0.4)),
            10_000_000 * (i % 9 + 1),
            rng.gauss(77, 3),
            i % 5 > 0,
        )
        for i in range(60)
    ]
    axes = complexity(points).axes[0]
    assert overlaps(axes) == []
    assert {text.get_text().rpartition("_")[0] for text in axes.texts} == set(families)
    for other in (ilsvrc(), efficiency(), depth(), scaling(), pre_training()):
        other.draw_without_rendering()
        assert all(overlaps(each) == [] for each in other.axes)


@pytest.mark.slow
def test_the_chart_of_all_networks_labels_every_family_and_no_label_overlaps():
    axes = figure("complexity", listing()).axes[0]
    assert overlaps(axes) == []
    labels = {text.get_text() for text in axes.texts}
    shown = [row for row in listing(Filter(dataset="imagenet")) if row.dataset == "imagenet" and row.best("top1_error")]
    assert {row.card.family for row in shown} == {
        row.card.family for row in shown if row.name.rpartition(":")[2] in labels
    }
    assert len(labels) >= 40


def test_doubtful_numbers_are_hollow():
    axes = complexity(
        [Point("a", "vgg", 10**9, 10**7, 70.0, True), Point("b", "vgg", 10**10, 10**7, 75.0, False)]
    ).axes[0]
    filled = {float(c.get_offsets()[0][1]): len(c.get_facecolor()) for c in axes.collections}
    assert filled == {70.0: 1, 75.0: 0}


def test_published_tables_of_the_plots():
    assert [(entry.network, entry.compute) for entry in EFFICIENCY][::5] == [
        ("AlexNet", 3.1),
        ("EfficientNet-B0", 0.069),
    ]
    for entry in EFFICIENCY[1:]:
        assert float(entry.factor[:-1]) == pytest.approx(EFFICIENCY[0].compute / entry.compute, rel=0.04)
    assert MOORE_FACTOR == 11
    errors = [28.2, 25.8, 16.4, 11.7, 7.3, 6.7, 3.57, 2.99, 2.25]
    assert [winner.entry_error for winner in WINNERS] == errors
    assert not [winner for winner in WINNERS if winner.tag == "M"]
    assert HUMAN_ERROR == 5.1
    best = [max((each for each in SCALED if each.base == base), key=lambda each: each.top1) for base in BASES]
    assert {each.dimension for each in best} == {"compound"}
    assert [each.top1 for each in sorted(PRE_TRAINED, key=lambda each: each.images)][::4] == [77.91, 88.55]


def test_labels_that_fit_nowhere_are_left_out():
    frame = Box(0, 0, 100, 30)
    crowd = [Anchor(50, 15, 3, "label", 60, 8) for _ in range(12)]
    placed = place(crowd, range(12), frame)
    assert 0 < len(placed) < 12
    assert all(label.box.within(frame) for label in placed)
    assert not any(a.box.meets(b.box) for a, b in combinations(placed, 2))


def test_a_label_without_a_line_is_nearest_to_its_own_point():
    own, other = Anchor(50, 50, 2, "own", 30, 8), Anchor(90, 50, 2, "", 0, 0)
    (alone,) = place([own], [0], Box(0, 0, 200, 200))
    assert alone.box.left > own.x  # to the right where there is room
    (label,) = place([own, other], [0], Box(0, 0, 200, 200))
    assert not label.leader
    assert not label.box.covers(other, clear=3.0)
    assert label.box.covers(own, clear=3.0)


def test_labels_side_by_side_do_not_touch():
    row = [Anchor(20, 20, 2, "one", 20, 8), Anchor(66, 20, 2, "two", 20, 8)]
    first, second = place(row, [0, 1], Box(0, 14, 90, 26))
    assert second.box.left - first.box.right >= 3.0 or first.box.left - second.box.right >= 3.0


def test_the_label_that_came_off_worst_goes_first():
    """The wide label has one place alone, which a narrow one in the order before it would take."""
    narrow, wide = Anchor(40, 20, 2, "n", 20, 8), Anchor(80, 20, 2, "w", 32, 8)
    frame = Box(10, 14, 90, 26)
    assert [label.index for label in place([narrow, wide], [0, 1], frame)] == [0]
    assert sorted(label.index for label in place([narrow, wide], [0, 1], frame, num_required=2)) == [0, 1]


def test_a_point_in_a_crowd_is_labelled_outside_it():
    ring = [
        Anchor(100 + 12 * math.cos(turn * math.pi / 8), 100 + 12 * math.sin(turn * math.pi / 8), 4, "", 0, 0)
        for turn in range(16)
    ]
    anchors = [Anchor(100, 100, 2, "label", 30, 8), *ring]
    assert place(anchors, [0], Box(0, 0, 200, 200)) == []
    (label,) = place(anchors, [0], Box(0, 0, 200, 200), num_required=1)
    assert label.leader
    assert label.crosses
    assert not any(label.box.covers(point) for point in anchors)


def test_the_command_imports_no_torch():
    code = "import sys, nasbench.cli.zoo; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
