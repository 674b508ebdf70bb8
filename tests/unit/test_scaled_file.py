"""The file of a scaled model: what it holds, how every command takes it, and its dropout and drop path."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.identity import digest
from nasbench.core.recipe import Recipe
from nasbench.core.scaled_file import KIND, VERSION
from nasbench.core.spec import ModelSpec, Size, Task, size_record
from nasbench.engine.config import Data, ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import counted
from nasbench.engine.scaling.chosen import choose
from nasbench.engine.scaling.regularisation import published_dropout
from nasbench.engine.training.trainings import specify
from nasbench.evaluators.building import build_network
from nasbench.nn.drop_path import DropPath
from nasbench.nn.regularised import regularised

SMALL = resolve("mobilenet_v1", ModelOverrides(image_size=16, classes=10))
BASE = ["--base", "mobilenet_v1", "--image-size", "16", "--classes", "10"]
FORMS = [
    ["--phi", "1"],
    ["--phi", "3"],
    ["--width", "0.5"],
    ["--depth", "0.5", "--width", "0.25", "--resolution", "1.5"],
]


def _written(flags: list[str], file: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["scale", *BASE, *flags, "--out", str(file), "--json"]) == 0
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("flags", FORMS)
def test_a_file_is_one_network_everywhere(flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scaled.json"
    told = _written(flags, file, capsys)
    record = json.loads(file.read_text())
    assert (record["kind"], record["version"]) == (KIND, VERSION)
    assert {"base", "depth", "width", "resolution", "dropout", "drop_path", "spec"} <= set(record)
    assert main(["profile", str(file), "--json"]) == 0
    profile = json.loads(capsys.readouterr().out)
    assert (profile["params"], profile["macs"]) == (told["params"], told["macs"])
    trained = specify([str(file)], Data(dataset="digits"), ModelOverrides())[str(file)]
    assert trained.pixels == told["resolution"] == resolve(str(file), ModelOverrides()).pixels
    as_told = replace(trained, task=replace(trained.task, channels=3))  # digits have 10 classes too, and one channel
    assert counted(as_told).macs == told["macs"]
    network = build_network(trained)
    assert {module.p for module in network.modules() if isinstance(module, nn.Dropout)} == {told["dropout"]}


def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, folder = tmp_path / "mine.json", tmp_path / "folder.json"
    other.write_text('{"mine": 1}')
    folder.mkdir()
    for name, says in (
        (other, "no scaled model of nasbench"),
        (folder, "is a directory"),
        (tmp_path / "a.txt", "takes the name of a .json file"),
        (tmp_path / "none" / "a.json", f"no directory '{tmp_path / 'none'}' for --out"),
    ):
        assert main(["scale", *BASE, "--out", str(name)]) == 2
        assert says in capsys.readouterr().err
    assert other.read_text() == '{"mine": 1}'
    again = tmp_path / "again.json"
    _written(["--phi", "1"], again, capsys)
    first = again.read_text()
    _written(["--phi", "0.5"], again, capsys)
    assert again.read_text() != first


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "later.json"
    file.write_text(json.dumps({"kind": KIND, "version": VERSION + 1, "spec": SMALL.to_json()}))
    with pytest.raises(UsageError, match=f"scaled model of version {VERSION + 1}, and this nasbench reads version"):
        resolve(str(file), ModelOverrides())


@pytest.mark.parametrize(("phi", "dropout"), [(-2, 0.2), (0, 0.2), (1, 0.242857), (3.5, 0.35), (7, 0.5), (9, 0.5)])
def test_dropout_follows_phi_as_published(phi: float, dropout: float) -> None:
    assert published_dropout(phi) == dropout
    levels = [round(published_dropout(level), 1) for level in range(8)]
    assert levels == [0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5], "the released table, B0 to B7"


def test_dropout_and_drop_path_are_in_the_network() -> None:
    spec = resolve("mobilenet_v2", ModelOverrides(image_size=16, classes=10))
    scaled = choose(ScaleConfig(phi=1), spec).scaled
    assert (scaled.size.dropout, scaled.size.drop_path) == (0.242857, 0.2)
    paths = [module for module in build_network(scaled).modules() if isinstance(module, DropPath)]
    assert paths
    assert {path.final for path in paths} == {0.2}
    given = choose(ScaleConfig(phi=1, dropout=0.0, drop_path=0.1), spec).scaled.size
    assert (given.dropout, given.drop_path) == (0.0, 0.1)
    table = choose(ScaleConfig(published="b3"), resolve("efficientnet_b0", ModelOverrides())).scaled.size
    assert (table.dropout, table.drop_path) == (0.3, 0.2)


def test_networks_of_another_kind_keep_theirs() -> None:
    vgg = resolve("vgg11", ModelOverrides(image_size=32, classes=10))
    assert choose(ScaleConfig(width=0.25), vgg).scaled.size.dropout is None
    assert choose(ScaleConfig(width=0.25, dropout=0.1), vgg).scaled.size.dropout == 0.1
    resnet = resolve("resnet18", ModelOverrides(image_size=32, classes=10))
    with pytest.raises(UsageError, match=r"--drop-path 0.2: resnet18 has no layer that drops paths"):
        choose(ScaleConfig(width=0.25, drop_path=0.2), resnet)


def test_what_a_size_asks_goes_before_the_recipe() -> None:
    recipe = Recipe(name="a", version=1, epochs=1, batch_size=8, lr_peak=0.1, drop_path=0.5, dropout=0.5)
    assert regularised(recipe, Size()) is recipe
    own = regularised(recipe, Size(dropout=0.3, drop_path=0.2))
    assert (own.dropout, own.drop_path, own.drop_path_schedule) == (0.3, 0.2, "constant")


def test_identities_of_what_was_there_stay() -> None:
    plain = ModelSpec("zoo", Size(resolution=16), Task(10, 16), name="mobilenet_v1")
    assert set(size_record(plain.size)) == {"depth", "width", "resolution", "skeleton", "aux_head"}
    assert plain.key == "04a555c130bafe75"
    assert digest({"model": plain}) == "52caafc59291caf1"
    other = replace(plain, size=replace(plain.size, dropout=0.3))
    assert digest({"model": other}) != digest({"model": plain})
    assert other.key != plain.key
    assert ModelSpec.from_json(json.loads(json.dumps(other.to_json()))) == other


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("dropout", 1, "below 1"),
        ("drop_path", -0.1, "between 0 and 1"),
        ("rounding", "upp", "no rounding of a scaled model named 'upp'"),
        ("own_resolution", "yes", "own_resolution"),
    ],
)
def test_a_size_out_of_range_is_refused(field: str, value: object, says: str) -> None:
    record = SMALL.to_json()
    with pytest.raises(UsageError, match=says):
        ModelSpec.from_json({**record, "size": {**size_record(SMALL.size), field: value}})
