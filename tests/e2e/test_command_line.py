"""The command line starts fast and light; a search from Python is the same search."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.store import RunStore

ROOT = Path(__file__).parents[2]
FIELDS_OF_TIME_AND_PLACE = ("seconds", "started", "worker")


def _log(directory: Path) -> list[dict[str, object]]:
    trials = [trial.to_json() for trial in RunStore.read(directory).trials]
    return [{name: value for name, value in trial.items() if name not in FIELDS_OF_TIME_AND_PLACE} for trial in trials]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["list", "spaces"], ["list", "strategies"], ["search", "--help"]]
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom nasbench.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "heavy = ('torch', 'torchvision', 'numpy', 'ray', 'wandb', 'optuna', 'timm', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "Example:" in text
    for command in ("search", "profile", "report", "list"):
        assert f"  {command} " in text


@pytest.mark.parametrize("command", ["search", "profile", "report", "list"])
def test_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"Example: nasbench {command}" in capsys.readouterr().out


def test_list_shows_a_line_each_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    for kind, expected in {
        "spaces": "nasnet",
        "strategies": "ppo",
        "recipes": "nasnet_proxy",
        "datasets": "digits",
    }.items():
        assert main(["list", kind]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert any(line.split()[0] == expected and len(line.split()) > 3 for line in lines)
        assert main(["list", kind, "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert expected in [entry["name"] for entry in record[kind]]


def test_a_search_from_python_equals_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [
        "--dataset",
        "digits",
        "--recipe",
        "little:LITTLE",
        "--epochs",
        "1",
        "--trials",
        "2",
        "--seed",
        "5",
        "--wandb",
        "off",
    ]
    assert main(["search", *flags, "--run", str(tmp_path / "a"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    result = nasbench.search(
        dataset="digits",
        recipe="little:LITTLE",
        epochs=1,
        trials=2,
        seed=5,
        wandb="off",
        run=str(tmp_path / "b"),
        trackers=(),
    )
    assert _log(tmp_path / "a") == _log(tmp_path / "b")
    assert printed["best"] == result.to_json()["best"]
    assert set(printed) == {"run", "trials", "ok", "cached", "pruned", "failed", "best", "seconds"}
    assert set(printed["best"]) == {"number", "score", "architecture", "params", "macs"}


def test_parts_can_be_given_as_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from examples.hill_climbing import HillClimbing
    from examples.toy_space import ToySpace

    result = nasbench.search(
        space=ToySpace,
        strategy=HillClimbing,
        dataset="digits",
        recipe="little:LITTLE",
        epochs=1,
        trials=5,
        wandb="off",
        run=str(tmp_path / "run"),
        trackers=(),
    )
    assert len(result.trials) == 5
    assert result.best is not None
    assert RunStore.read(tmp_path / "run").run["config"]["space"] == "examples.toy_space:ToySpace"
