"""What a recipe asks of layers that a network does not have: said before a training starts, never passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nasbench.blank import blank
from nasbench.cli import main
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes, spaces
from nasbench.core.spec import Size, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.train.ignored import ignored_fields

PLAIN = Recipe("ignored_plain", 1, epochs=1, batch_size=64, lr_peak=0.1, train_images=64, val_images=32)
ASKS_ALL = replace(PLAIN, name="ignored_all", drop_path=0.2, dropout=0.3, bn_momentum=0.1, bn_eps=1e-3, aux_weight=0.2)
recipes.register("ignored_all")(ASKS_ALL)
recipes.register("ignored_dropout")(replace(PLAIN, name="ignored_dropout", dropout=0.3, aux_weight=0.2))
ON_DIGITS = ("--dataset", "digits", "--device", "cpu", "--wandb", "off")


def ignored(model: str, recipe: Recipe, **form: object) -> list[str]:
    spec = resolve(model, ModelOverrides(**form))
    with torch.device("meta"):
        network = build(spec)
    return list(ignored_fields(network, spec.seen_task, recipe))


@pytest.mark.parametrize(
    ("model", "form", "expected"),
    [
        ("zoo:resnet20", {}, ["drop_path", "dropout", "aux_weight"]),
        ("zoo:mixer_s32", {"image_size": 32, "classes": 10}, ["drop_path", "bn_momentum", "bn_eps", "aux_weight"]),
        ("zoo:cyclemlp_b1", {}, ["drop_path", "dropout", "bn_momentum", "bn_eps", "aux_weight"]),
        ("zoo:googlenet_aux", {"image_size": 224}, ["drop_path", "bn_momentum", "bn_eps"]),
        ("zoo:efficientnet_b0", {"image_size": 32, "classes": 10}, ["aux_weight"]),
        ("space:nasnet:nasnet-a", {"cells": 1, "filters": 4}, ["aux_weight"]),
        ("space:nasnet:nasnet-a", {"cells": 1, "filters": 4, "aux_head": True}, []),
    ],
)
def test_fields_without_effect_are_found(model: str, form: dict, expected: list[str]) -> None:
    assert ignored(model, ASKS_ALL, **form) == expected
    assert ignored(model, PLAIN, **form) == []


@pytest.mark.parametrize(
    ("model", "form", "recipe"),
    [
        ("space:enas-micro:released", {"cells": 1, "filters": 4, "aux_head": True}, "enas_micro_final"),
        ("space:enas-macro:released", {"filters": 4, "skeleton": "final"}, "enas_macro_final"),
    ],
)
def test_the_networks_of_enas_have_all_that_its_recipes_ask_for(model: str, form: dict, recipe: str) -> None:
    assert ignored(model, recipes.get(recipe), **form) == []


@pytest.mark.parametrize(("space", "recipe"), [("enas-micro", "enas_micro"), ("enas-macro", "enas_macro")])
def test_so_have_the_supernets_of_enas(space: str, recipe: str) -> None:
    with blank():
        supernet = spaces.make(space).supernet(Size(1, 4, skeleton="cifar"), Task())
    dropouts = [module for module in supernet.modules() if isinstance(module, nn.Dropout)]
    assert [module.p for module in dropouts] == [0.0], "one, before the classifier, which a recipe sets"
    assert recipes.get(recipe).dropout == 0.1


def test_a_dropout_of_zero_is_had_by_every_network() -> None:
    assert ignored("zoo:resnet20", replace(PLAIN, dropout=0.0)) == []


class TwoHeads(nn.Module):
    """A network of a user's own with an auxiliary head."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.aux = nn.Linear(64, 10), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = x.flatten(1)
        return (self.main(x), self.aux(x)) if self.training else self.main(x)


def test_an_auxiliary_head_of_ones_own_is_seen_and_the_mode_is_kept() -> None:
    with torch.device("meta"):
        network = TwoHeads().eval()
    assert ignored_fields(network, Task(10, 8, 1), replace(PLAIN, aux_weight=0.1)) == {}
    assert not network.training


class NeedsNumbers(TwoHeads):
    """Its training mode looks at the values of an image, which the meta device has not."""

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        if self.training and float(x.mean()) > 0.0:
            x = -x
        return super().forward(x)


def test_of_a_network_that_needs_numbers_nothing_is_claimed() -> None:
    with torch.device("meta"):
        network = NeedsNumbers()
    assert ignored_fields(network, Task(10, 8, 1), replace(PLAIN, aux_weight=0.1)) == {}
    assert network.training


@pytest.mark.parametrize("command", ["train", "transfer"])
def test_drop_path_that_no_layer_takes_is_refused_before_anything_is_trained(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([command, "zoo:lenet5", *ON_DIGITS, "--image-size", "32", "--recipe", "ignored_all"]) == 2
    said = capsys.readouterr().err
    assert "drop_path = 0.2 of recipe 'ignored_all' has no effect on zoo:lenet5: no layer of it drops paths" in said
    assert "Choose another recipe" in said
    assert list(tmp_path.iterdir()) == []


def test_other_fields_without_effect_are_said_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["train", "zoo:lenet5", *ON_DIGITS, "--image-size", "32", "--recipe", "ignored_dropout", "--run", "run"]
    assert main(asked) == 0
    notes = json.loads(Path("run/run.json").read_text())["plan"]["notes"]
    assert [note.partition(" of recipe")[0] for note in notes] == ["dropout = 0.3", "aux_weight = 0.2"]
    said = capsys.readouterr().err
    page = Path("run/report.html").read_text()
    assert all(note in said for note in notes)
    assert "it has no dropout layer" in page


def test_a_comparison_says_which_networks_ignore_a_field_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    models = ["zoo:lenet5", "space:nasnet:nasnet-a"]
    size = ["--cells", "1", "--filters", "4", "--image-size", "32"]
    assert main(["compare", *models, *ON_DIGITS, *size, "--recipe", "ignored_all", "--run", "run"]) == 0
    notes = json.loads(Path("run/run.json").read_text())["plan"]["notes"]
    dropped = [note for note in notes if note.startswith("drop_path")]
    assert dropped == [
        "drop_path = 0.2 of recipe 'ignored_all' has no effect on zoo:lenet5: no layer of it drops paths"
    ]
    assert dropped[0] in capsys.readouterr().err
    assert "no layer of it drops paths" in Path("run/report.html").read_text()


def test_a_search_says_what_its_networks_ignore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["--space", "nasbench201", "--cells", "1", "--filters", "4", "--trials", "1", "--strategy", "random"]
    assert main(["search", *asked, *ON_DIGITS, "--recipe", "ignored_all", "--run", "run"]) == 0
    assert "drop_path = 0.2 of recipe 'ignored_all' has no effect on networks of space 'nasbench201'" in (
        capsys.readouterr().err
    )
    assert json.loads(Path("run/run.json").read_text())["plan"]["notes"]
    assert "no layer of it drops paths" in Path("run/report.html").read_text()
