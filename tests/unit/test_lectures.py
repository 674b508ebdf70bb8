"""The guide to the lectures: every command prints what the guide says; the pages are as the script writes them; the
arithmetic of the slides.
"""

import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from nasbench.cli import main
from nasbench.core.spec import Task
from nasbench.report.models.lectures.activations import Activations, activations, of_zoo
from nasbench.report.models.lectures.arithmetic import WHY, googlenet_rows, page, vgg_rows
from nasbench.report.models.lectures.printed import FEWER, GOOGLENET, NAIVE, REDUCED, VGG

ROOT = Path(__file__).parents[2]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "lectures.py"))
ITEMS = [item for theme in SCRIPT["THEMES"] for item in theme.items]
QUICK = [item for item in ITEMS if item.command and not item.slow]
SLOW = [item for item in ITEMS if item.command and item.slow]


def missing(item: Any, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a command should have printed and did not."""
    status = main(shlex.split(item.command))
    printed = capsys.readouterr().out
    return [item.command] * (status != 0) + [
        f"{item.command}: {piece}" for piece in item.prints if piece not in printed
    ]


def test_every_quick_command_prints_what_the_guide_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(QUICK) > 60
    assert [piece for item in QUICK for piece in missing(item, capsys)] == []


@pytest.mark.slow
@pytest.mark.parametrize("item", SLOW, ids=lambda item: item.command)
def test_every_slow_command_prints_what_the_guide_says(
    item: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert missing(item, capsys) == []


def test_every_item_is_shown_or_says_why_not() -> None:
    for item in ITEMS:
        assert bool(item.command) + bool(item.elsewhere) + bool(item.why_not) == 1, item
        assert bool(item.prints) == bool(item.command), item
        assert not item.elsewhere or (ROOT / item.elsewhere).is_file(), item


def test_the_guide_is_as_written() -> None:
    assert (ROOT / "docs/lectures.md").read_text(encoding="utf-8") == SCRIPT["guide"]()
    for kind in SCRIPT["CHARTS"]:
        assert (ROOT / f"docs/img/lectures_{kind}.svg").is_file()


@pytest.mark.slow
def test_the_page_of_arithmetic_is_as_written() -> None:
    assert (ROOT / "docs/lectures_arithmetic.md").read_text(encoding="utf-8") == page()


def number(printed: str) -> float:
    return float(printed.rstrip("KM")) * {"K": 1e3, "M": 1e6}.get(printed[-1], 1)


def test_vggs_rows_agree_and_their_sum_is_not_what_is_printed() -> None:
    rows = vgg_rows()
    for printed, (_, numbers, weights) in zip(VGG, rows, strict=True):
        assert number(printed.memory) == pytest.approx(numbers, rel=0.005)
        assert printed.weights == weights
    assert sum(numbers for _, numbers, _ in rows) == 15_237_608
    last_maps = 25_088  # torchvision pools them to the size that they have
    assert of_zoo("vgg16").outputs == 4 * (15_237_608 + last_maps)


def test_the_inception_module_is_358_million_with_its_3x3_twice() -> None:
    assert sum(row.macs for row in NAIVE) == 854_196_224
    assert sum(row.macs for row in REDUCED) == 271_351_808
    assert round((271_351_808 + REDUCED[3].macs) / 1e6) == 358


def test_googlenets_rows_differ_where_the_page_says_so() -> None:
    counted = googlenet_rows()
    assert sum(row.weights for row in counted.values()) == 6_998_552 - 8_280
    for row in GOOGLENET:
        weights, macs = counted[row.row].weights / 1024 * 1000, counted[row.row].macs
        agrees = number(row.params) == pytest.approx(weights, rel=0.006) and number(row.operations) == pytest.approx(
            macs, abs=0.6e6
        )
        assert agrees == (row.row not in WHY), row
    assert [
        row
        for row in counted
        if number({each.row: each for each in GOOGLENET}[row].operations) > 1.02 * counted[row].macs
    ] == ["5a"]


def test_the_factors_rest_on_five_million() -> None:
    assert [round(theirs / five) for _, _, _, theirs, five in FEWER] == [12, 28]
    assert [printed for _, _, printed, _, _ in FEWER] == [12, 27]


def test_memory_of_a_small_network_by_hand() -> None:
    """An image of 4 maps of 8 x 8, a convolution to 8, a ReLU, and one to 2: 1,024, 2,048, 2,048 and 512 bytes."""
    with torch.device("meta"):
        network = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 2, 1))
    task = Task(2, 8, 4)
    assert activations(network, task) == Activations(1024 + 2048 + 512, 1024 + 2048 + 512, 1024 + 2048)
    apart = activations(network, task, inplace=False)
    assert apart == Activations(1024 + 2 * 2048 + 512, 1024 + 2 * 2048, 1024 + 2048)
    assert network[1].inplace is True
    assert network.training
