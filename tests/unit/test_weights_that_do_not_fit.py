"""A network of a run comes with its weights or not at all: missing, damaged and foreign ones are said."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import nasbench
from nasbench.cli import main
from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Preprocessing, Seen
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.run.artifacts import write_network
from nasbench.testing.toy import ToySpace
from nasbench.train.checkpoint import load_weights, put_weights, save_weights

SPACE = "nasbench.testing.toy:ToySpace"
GENES = {"kernel_1": 3, "filters": 4, "pool": "max", "layers": 1, "kernel_2": 1}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What a run leaves: `best/` of a small network."""
    task = Task(2, 8, 1)
    architecture = Architecture.of("toy", GENES)
    spec = ModelSpec(f"space:{SPACE}", Size(), task, architecture)
    save_weights(tmp_path / "weights.safetensors", ToySpace().build(architecture, Size(), task))
    (tmp_path / "run").mkdir()
    shown = Preprocessing(8, Seen((0.5,), (0.5,)), ("a", "b"))
    space = spaces.make(SPACE)
    weights = tmp_path / "weights.safetensors"
    write_network(tmp_path / "run" / "best", spec.to_json(), {"number": 1}, weights, spec, space, shown)
    assert isinstance(nasbench.load(tmp_path / "run", trust=True), torch.nn.Module)
    return tmp_path / "run"


def everywhere(run: Path, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that takes a trained network says the same, in one line."""
    (run / "picture.png").write_bytes(b"")
    for model in (run, run / "best"):
        with pytest.raises(UsageError, match=said):
            nasbench.load(model, trust=True)
        assert main(["predict", str(model), str(run / "picture.png"), "--trust"]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        with pytest.raises(UsageError, match=said):
            raise UsageError(lines[0])


def test_missing_weights_are_said(run, capsys):
    (run / "best" / "weights.safetensors").unlink()
    everywhere(run, r"has no weights: it was not trained, or they were not kept", capsys)


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_partial_file_is_said(run, cut, capsys):
    weights = run / "best" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:cut])
    everywhere(
        run, r"cannot read the weights .*weights\.safetensors.*damaged, cut short.*train the network again", capsys
    )
    assert main(["export", str(run), "--formats", "safetensors", "--out", str(run / "out"), "--trust"]) == 2
    assert "cut short" in capsys.readouterr().err
    assert not (run / "out").exists()


def test_weights_of_another_network_are_said_in_one_sentence(run, capsys):
    weights = run / "best" / "weights.safetensors"
    kept = load_weights(weights)
    kept["3.weight"], kept["new"] = torch.zeros(2, 9), torch.zeros(1)
    del kept["0.bias"]
    save_file(kept, weights)
    said = (
        r"the weights in .*weights\.safetensors are not those of this network: 1 missing \(0\.bias\), 1 unexpected "
        r"\(new\), 1 of another shape \((\d)\.weight \(2, 9\) for \(2, 4\)\)\."
    )
    names = [name for name in load_weights(weights) if name.endswith("weight")]
    if "4.weight" in names:
        kept["4.weight"] = kept.pop("3.weight")
        save_file(kept, weights)
    everywhere(run, said, capsys)
    assert main(["export", str(run), "--formats", "safetensors", "--out", str(run / "out"), "--trust"]) == 2
    assert "are not those of this network" in capsys.readouterr().err


def test_many_names_are_counted_and_a_few_shown(tmp_path):
    network = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(20)])
    save_file({f"other.{index}": torch.zeros(1) for index in range(9)}, tmp_path / "w.safetensors")
    with pytest.raises(UsageError) as caught:
        put_weights(network, tmp_path / "w.safetensors")
    said = str(caught.value)
    assert "40 missing (0.weight, 0.bias, 1.weight, 1.bias, ...), 9 unexpected (other.0, " in said
    assert len(said) - len(str(tmp_path)) < 200


def test_half_of_another_best_is_never_there(run, tmp_path):
    """The new best cannot be copied: the old one stays, whole."""
    before = {path.name: path.read_bytes() for path in (run / "best").iterdir()}
    spec = ModelSpec.from_json(json.loads((run / "best" / "architecture.json").read_text()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_network(run / "best", {}, {"number": 2}, tmp_path / "folder", spec, ToySpace(), None)
    assert {path.name: path.read_bytes() for path in (run / "best").iterdir()} == before
