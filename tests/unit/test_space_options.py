"""The settings of a space: --layers and --space-options, what a search and a comparison make of them, and drawings of
chains of layers.
"""

import json
import re
from random import Random

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.arch import Architecture, sample
from nasbench.core.curves import groups_of
from nasbench.core.errors import UsageError
from nasbench.core.protocols import AnyDepth
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.engine.config import SpaceForm
from nasbench.report.models.cells.drawing import draw_dot, draw_svg
from nasbench.testing.toy import ToySpace

TWICE = f"{__name__}:Doubling"


class Doubling(ToySpace):
    """A space that cannot read, without its option, what it draws with it."""

    def __init__(self, doubled: bool = False) -> None:
        if doubled:
            self.choices = tuple(type(each)(f"{each.name}_2", each.options) for each in ToySpace.choices)

    def canonical(self, architecture: Architecture) -> Architecture:
        if {choice.name for choice in self.choices} != set(architecture.genes):
            raise UsageError("not of this space")
        return architecture


READY = ToySpace()


def test_settings_narrow_what_a_space_proposes():
    form = SpaceForm(layers=4, space_options=("stride=predicted", "pools=3,4"))
    names = [choice.name for choice in form.made("nas-rl").choices]
    assert names[:5] == [f"layer_1_{what}" for what in ("height", "width", "stride_height", "stride_width", "filters")]
    assert [name for name in names if name.startswith("layer_4")] == [f"layer_4_reads_{i}" for i in (1, 2, 3)]
    operations = SpaceForm(space_options=("operations=('none','nor_conv_3x3')",)).made("nasbench201")
    assert {choice.options for choice in operations.choices} == {("none", "nor_conv_3x3")}
    assert SpaceForm().made("nas-rl").layers == 6


@pytest.mark.parametrize(
    ("name", "form", "message"),
    [
        ("nasnet", SpaceForm(layers=3), "--layers is for spaces .* any number of layers.* take --cells N"),
        ("mbconv", SpaceForm(layers=3), "Leave --layers 3 out"),
        ("nas-rl", SpaceForm(layers=3, space_options=("layers=4",)), "give one of the two"),
        ("nas-rl", SpaceForm(space_options=("strid=fixed",)), "Did you mean 'stride'"),
        ("nas-rl", SpaceForm(space_options=("stride",)), "--space-options takes KEY=VALUE"),
        (f"{__name__}:READY", SpaceForm(space_options=("a=1",)), "takes no options"),
        (TWICE, SpaceForm(space_options=("doubled=True",)), "does not read what it draws .* not of this space"),
    ],
)
def test_settings_that_a_space_does_not_take_are_answered(name, form, message):
    with pytest.raises(UsageError, match=message):
        form.made(name)


def test_a_space_of_any_depth_says_which_space_an_architecture_is_of():
    wide = spaces.make("nas-rl", options={"layers": 9, "stride": "predicted", "pools": (5, 8)})
    plain = spaces.make("nas-rl")
    assert isinstance(plain, AnyDepth)
    architecture = sample(wide.name, wide.choices, Random(0))
    assert plain.containing(architecture).choices == wide.choices
    assert wide.with_layers(6).choices == spaces.make("nas-rl", options={"stride": "predicted", "pools": 5}).choices
    assert not isinstance(spaces.make("nasnet"), AnyDepth)


def test_a_search_leaves_a_network_of_the_depth_that_was_asked_for(tmp_path, capsys):
    run = tmp_path / "run"
    given = {"space": "nas-rl", "space_options": {"stride": "predicted"}, "evaluator": "proxy:params"}
    given |= {"dataset": "digits", "strategy": "random", "wandb": "off", "run": str(run)}
    nasbench.search(**given, layers=9, trials=3)
    lines = [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]
    assert all("layer_9_stride_width" in line["architecture"]["genes"] for line in lines)
    network = nasbench.load(run, weights=False)
    assert sum(p.numel() for p in network.parameters()) == max(line["metrics"]["params"] for line in lines)
    assert "def build()" in (run / "best" / "model.py").read_text()
    assert (run / "best" / "cell.svg").read_text().count("<path") >= 10
    config = json.loads((run / "run.json").read_text())["config"]
    for trials in ([], RunStore.read(run).trials):
        (group,) = groups_of(config, trials)
        assert (group.name, len(group.decisions), group.options) == ("reads", 36, ("no", "yes"))
    capsys.readouterr()
    assert main(["search", "--run", str(run), "--resume", "--layers", "8"]) == 2
    assert "--layers" in capsys.readouterr().err


def test_a_chain_is_drawn_with_each_of_its_edges():
    space = spaces.make("nas-rl", options={"layers": 12, "stride": "predicted", "pools": (4,)})
    architecture = sample(space.name, space.choices, Random(1))
    graphs = space.graphs(ModelSpec("space:nas-rl", Size(), Task(), architecture=architecture))
    edges = {(source, target) for target, layer in enumerate(graphs["Layers"].layers) for source in layer.reads}
    svg, dot = draw_svg(graphs), draw_dot(graphs)
    drawn = re.findall(r"<title>([^<]*) → ([^<]*)</title>", svg)

    def number(box: str) -> int:
        ends = {"image": 0, "mean over the image, linear": 13}
        return ends[box] if box in ends else int(box.partition(":")[0])

    found = {(number(source), number(target)) for source, target in drawn}
    assert found == edges
    assert set(re.findall(r"c0_l(\d+) -> c0_l(\d+);", dot)) == {(str(a), str(b)) for a, b in edges}
    width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    arcs = re.findall(r'd="M(\S+) (\S+)C(\S+) \S+ \S+ \S+ (\S+) (\S+)"', svg)
    left = min(0.25 * float(x0) + 0.75 * float(bend) for x0, _, bend, _, _ in arcs)
    right = max(0.25 * float(x0) + 0.75 * float(bend) for x0, _, bend, _, _ in arcs)
    assert left >= -0.1
    assert right <= width - 24
    assert max(float(y1) for *_, y1 in arcs) < height
