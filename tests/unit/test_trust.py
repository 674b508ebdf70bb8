"""A file is data: what it names by an import path is imported only where the user says so."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.trust import Named, check_trusted, trusting

EVIL = """
from nasbench.core.spec import Task
from nasbench.testing import ToySpace

open("RAN", "w").close()

class Space(ToySpace): ...

class Evaluator:
    def check(self): ...
    def task(self): return Task()
    def __call__(self, job, report): return {"val_accuracy": 0.5, "params": job.number}
"""
TABLE = "search --space nasbench201 --evaluator table:nasbench201-cifar10 --strategy random --trials 2 --wandb off"
OWN = "search --space evil:Space --evaluator evil:Evaluator --strategy random --trials 2 --wandb off --run own"
TRAIN = "--dataset digits --recipe quick --epochs 1 --wandb off"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over a table, and a race."""
    directory = tmp_path_factory.mktemp("made")
    assert main([*TABLE.split(), "--run", str(directory / "run")]) == 0
    race = ["race", "--trials", "3", "--seeds", "1", "--strategies", "random", "--run", str(directory / "race")]
    assert main(race) == 0
    return directory


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory to stand in, with copies of the runs, and a module that leaves a mark where it is imported."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    (tmp_path / "evil.py").write_text(EVIL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("evil", None)


def refused(command: str, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with one error that names the import path and both ways out, and nothing was imported."""
    assert main(command.split()) == 2
    told = capsys.readouterr().err
    assert path in told
    assert "--trust" in told
    assert "Or give the same path yourself: " in told
    assert "Traceback" not in told
    assert "evil" not in sys.modules
    assert not Path("RAN").exists()


def changed(file: str, where: str, value: Any) -> None:
    """The file with another value in the field `where`, such as plan.source."""
    record = inner = json.loads(Path(file).read_text())
    *outer, last = where.split(".")
    for name in outer:
        inner = inner[name]
    inner[last] = value
    Path(file).write_text(json.dumps(record))


@pytest.mark.parametrize(
    "command",
    [
        "profile MODEL",
        "export MODEL",
        f"train MODEL {TRAIN}",
        f"transfer MODEL {TRAIN}",
        f"compare MODEL lenet5 {TRAIN}",
        "scale --phi 1 --base MODEL",
        "predict MODEL picture.png",
    ],
)
@pytest.mark.parametrize("model", ["run", "run/best/architecture.json", "run#1", "scaled.json", "network.json"])
def test_no_command_imports_what_a_model_names(
    command: str, model: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "picture.png").touch()
    changed("run/best/architecture.json", "source", "space:evil:Space")
    changed("run/run.json", "plan.source", "space:evil:Space")
    spec = json.loads(Path("run/best/architecture.json").read_text())
    Path("scaled.json").write_text(json.dumps({"base": "b0", "spec": spec}))
    network = {**spec, "source": "import", "architecture": None, "name": "evil:Space"}
    Path("network.json").write_text(json.dumps(network))
    refused(command.replace("MODEL", model), "evil:Space", capsys)


def test_python_loads_no_such_network_without_trust(here: Path) -> None:
    changed("run/best/architecture.json", "source", "space:evil:Space")
    with pytest.raises(UsageError, match="trust=True"):
        nasbench.load("run", weights=False)
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("config.space", "evil:Space"),
        ("config.strategy", "evil:Strategy"),
        ("config.evaluator", "evil:Evaluator"),
        ("config.dataset", "evil:Data"),
        ("config.recipe", "evil:RECIPE"),
        ("config.pruner", "evil:Pruner"),
        ("config.executor", "evil:Executor"),
        ("config.track", ["evil:Tracker"]),
        ("config.objectives", ["evil:objective,params"]),
        ("config.reward", "evil:Reward"),
        ("config.ray_address", "evil.example:6379"),
        ("plan.source", "space:evil:Space"),
    ],
)
def test_no_part_of_a_foreign_run_is_imported_by_resuming_it(
    field: str, value: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed("run/run.json", field, value)
    changed("run/run.json", "config.trust", True)
    path = value if isinstance(value, str) else value[0].split(",")[0]
    refused("search --run run --resume --trials 3", path.removeprefix("space:"), capsys)
    assert main(["search", "--run", "run", "--resume", "--trials", "3", "--space", "evil:Other"]) == 2
    assert "evil" not in sys.modules


def test_nor_by_a_race_a_log_or_a_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed("race/run.json", "config.strategies", ["random", "evil:Strategy:lr=1"])
    refused("race --run race --resume", "evil:Strategy", capsys)
    lines = [json.loads(line) for line in Path("run/trials.jsonl").read_text().splitlines()]
    model = {**json.loads(Path("run/best/architecture.json").read_text()), "source": "space:evil:Space"}
    foreign = "".join(json.dumps({**line, "model": model}) + "\n" for line in lines)
    Path("run/trials.jsonl").write_text(foreign)
    refused("search --run run --resume --trials 3", "evil:Space", capsys)
    for field, value in (("config.space", "evil:Space"), ("plan.source", "space:evil:Space")):
        changed("run/run.json", field, value)
        refused("report run", "evil:Space", capsys)
        changed("run/run.json", field, value.replace("evil:Space", "nasbench201"))


def test_both_ways_out_lead_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(OWN.split()) == 0
    Path("RAN").unlink()
    del sys.modules["evil"]
    refused("profile own", "evil:Space", capsys)
    refused("profile own --space evil:Other", "evil:Space", capsys)
    for way in ("--trust", "--space evil:Space"):
        assert main(f"profile own {way}".split()) == 0
        assert Path("RAN").exists()
    assert nasbench.load("own", weights=False, trust=True) is not None


def test_whoever_began_a_run_goes_on_with_it_there_and_nobody_else(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(OWN.split()) == 0
    assert main(["search", "--run", "own", "--resume", "--trials", "3"]) == 0
    assert main(["report", "own"]) == 0
    Path("RAN").unlink()
    del sys.modules["evil"]
    shutil.copytree("own", "mailed")
    refused("search --run mailed --resume --trials 4", "evil:Space", capsys)
    refused("report mailed", "evil:Space", capsys)
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "of another user"))
    refused("search --run own --resume --trials 4", "evil:Space", capsys)
    assert main(["search", "--run", "mailed", "--resume", "--trials", "4", "--trust"]) == 0
    assert main(["search", "--run", "mailed", "--resume", "--trials", "5"]) == 0, "from then on it is the user's own"
    assert "trust" not in json.loads(Path("mailed/run.json").read_text())["config"]
    key = here / "of another user" / "nasbench" / "key"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    key.chmod(0o644)
    assert main(["search", "--run", "mailed", "--resume", "--trials", "6"]) == 2  # a key that others can read


def test_whoever_stands_in_a_foreign_directory_imports_nothing_of_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [each for each in sys.path if Path(each).resolve() != here.resolve()])
    assert main(["report", "run"]) == 0
    assert str(here) not in sys.path, "or a module there could call itself as a library that is imported later"
    assert main(OWN.split()) == 0, "import paths start where the user stands"
    assert sys.path[0] == str(here)


def test_what_a_user_gives_is_read_from_every_form_of_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file:here").touch()
    words = ["a.b:C", "space:m:S:best", "m:Strategy:lr=0.1,x:Y", "-o:f,params", "--space=q:Z", "file:here", ["l:L"]]
    with trusting(words) as trust:
        for path in ("a.b:C", "m:S", "m:Strategy", "x:Y", "o:f", "q:Z", "l:L"):
            check_trusted([Named("a part by an import path", path, "")], "file")
        assert "file:here" not in trust.given, "what lies on disk is a file, and no word of the user's"
        with pytest.raises(UsageError, match=r"'file' names a part by an import path, 'a.b:D'.*nothing was imported"):
            check_trusted([Named("a part by an import path", "a.b:D", "")], "file")
