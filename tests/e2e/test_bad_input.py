"""Bad input gets exit status 2 and one clear message that names the value and the remedy; nothing is written over."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nasbench.cli import main
from nasbench.core.store import RunStore

TOY_SPACE = "examples.toy_space:ToySpace"


def _folder(
    root: Path, classes: tuple[str, ...] = ("cat", "dog"), val: tuple[str, ...] | None = None, corrupt: bool = False
) -> Path:
    for part, names in (("train", classes), ("val", val or classes)):
        for name in names:
            (root / part / name).mkdir(parents=True)
            for index in range(4):
                Image.new("RGB", (16, 16), (index * 9, 80, 120)).save(root / part / name / f"{index}.png")
    if corrupt:
        (root / "train" / classes[0] / "1.png").write_bytes(b"no picture")
    return root


def _table(path: Path, text: str) -> str:
    path.write_text(text)
    return f"table:{path}"


def _held(directory: Path) -> Path:
    """A directory with a run in it."""
    config = [
        "--space",
        TOY_SPACE,
        "--strategy",
        "random",
        "--dataset",
        "digits",
        "--recipe",
        "quick",
        "--wandb",
        "off",
        "--epochs",
        "1",
    ]
    assert main(["search", *config, "--trials", "1", "--run", str(directory)]) == 0
    return directory


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _held(tmp_path_factory.mktemp("held") / "run")


DIGITS = ["--dataset", "digits", "--recipe", "quick", "--trials", "2"]
TOY = ["--space", TOY_SPACE, "--strategy", "random"]
HEADER = "kernel_0,kernel_1,kernel_2,width_0,width_1,width_2,activation,val_accuracy\n"
ROW = "1,1,1,8,8,8,relu,0.5\n"

PLAIN_CASES = {
    "unknown space": (["--space", "nasnt", *DIGITS], ["'nasnt'", "Did you mean 'nasnet'", "--space my_package"]),
    "unknown strategy": (["--strategy", "pop", *DIGITS], ["'pop'", "Did you mean 'ppo'"]),
    "unknown data set": (["--dataset", "cifar11"], ["'cifar11'", "cifar10"]),
    "unknown recipe": (["--dataset", "digits", "--recipe", "quik"], ["'quik'", "Did you mean 'quick'"]),
    "unknown evaluator": (["--evaluator", "trian", *DIGITS], ["'trian'", "train"]),
    "space module missing": (["--space", "no_such_module:Space", *DIGITS], ["no_such_module", "--space"]),
    "space attribute missing": (
        ["--space", "examples.toy_space:ToySpce", *DIGITS],
        ["'ToySpce'", "Did you mean 'ToySpace'"],
    ),
    "not a space": (["--space", "examples.toy_space:ACTIVATIONS", *DIGITS], ["is no space", "choices"]),
    "not a recipe": (["--dataset", "digits", "--recipe", "examples.toy_space:STAGES"], ["no recipe", "Recipe"]),
    "unknown strategy option": (["--strategy-options", "learning_rate=1", *DIGITS], ["'learning_rate'", "lr"]),
    "malformed strategy option": (["--strategy-options", "lr", *DIGITS], ["KEY=VALUE", "'lr'"]),
    "strategy option out of range": (["--strategy-options", "batch_size=0", *DIGITS], ["batch_size", "0"]),
    "sample larger than the population": (
        ["--strategy", "evolution", "--strategy-options", "population=5", "sample=6", *DIGITS],
        ["'sample'", "at most its population, 5", "got 6"],
    ),
    "option of another strategy": (
        ["--strategy", "local_search", "--strategy-options", "population=5", *DIGITS],
        ["'population'", "starts"],
    ),
    "first rung above the epochs": (
        ["--strategy", "asha", "--strategy-options", "min_epochs=9", "--epochs", "3", *DIGITS],
        ["'min_epochs'", "at most the epochs of the search, 3", "got 9"],
    ),
    "epochs as an option of asha": (
        ["--strategy", "asha", "--strategy-options", "epochs=9", *DIGITS],
        ["'epochs'", "sampler"],
    ),
    "unknown sampler of asha": (
        ["--strategy", "asha", "--strategy-options", "sampler=tpee", *DIGITS],
        ["'tpee'", "Did you mean 'tpe'"],
    ),
    "limit not a count": (["--max-macs", "few", *DIGITS], ["--max-macs", "400M", "'few'"]),
    "limit below everything": (
        ["--max-params", "1k", *DIGITS],
        ["--max-params 1,000", "the smallest has", "--filters"],
    ),
    "objective no training has": (
        ["--objectives", "val_accuracy,val_acc", *DIGITS],
        ["'val_acc'", "Did you mean 'val_accuracy'"],
    ),
    "objective of no known direction": (
        ["--objectives", "val_accuracy,speed", *DIGITS],
        ["'speed'", "+speed", "-speed"],
    ),
    "objective named twice": (["--objectives", "macs", "macs", *DIGITS], ["'macs' twice"]),
    "objectives and one score of both": (
        ["--objectives", "val_accuracy,macs", "--target-macs", "4M", *DIGITS],
        ["--target-macs", "--objectives", "one of the two"],
    ),
    "zero trials": (["--dataset", "digits", "--trials", "0"], ["--trials", "from 1 on", "0"]),
    "trials not a number": (["--dataset", "digits", "--trials", "many"], ["--trials", "many"]),
    "negative workers": (["--workers", "-1", *DIGITS], ["--workers", "-1"]),
    "zero epochs": (["--epochs", "0", *DIGITS], ["--epochs", "from 1 on"]),
    "odd filters": (["--filters", "7", *DIGITS], ["7", "even"]),
    "no timeout": (["--trial-timeout", "0", *DIGITS], ["--trial-timeout", "above 0"]),
    "half of the retraining": (["--retrain-top", "3", *DIGITS], ["--retrain-top", "--retrain-epochs"]),
    "retraining no longer": (
        ["--retrain-top", "3", "--retrain-epochs", "1", "--epochs", "2", *DIGITS],
        ["--retrain-epochs", "2"],
    ),
    "GPUs without workers": (["--gpus-per-worker", "0.5", *DIGITS], ["--gpus-per-worker", "--workers"]),
    "target not a count": (["--target-macs", "lots", *DIGITS], ["--target-macs", "400M", "'lots'"]),
    "no such device": (["--device", "tpu", *DIGITS], ["--device", "tpu"]),
    "unknown flag": (["--trails", "3", *DIGITS], ["--trails", "--trials"]),
    "resume without a run": (["--resume", *DIGITS], ["--resume needs --run"]),
    "cell sizes for a space of none": ([*TOY, "--cells", "2", *DIGITS], ["--cells", "spaces of cells"]),
    "no table": ([*TOY, "--evaluator", "table:no_such.csv"], ["no_such.csv", "existing"]),
    "table without a file": ([*TOY, "--evaluator", "table:"], ["table:FILE"]),
}

FILE_CASES: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "missing data": (
        lambda tmp: ["--dataset", "cifar10", "--data-dir", str(tmp)],
        ["cifar-10-batches-py", "--download"],
    ),
    "data directory missing": (
        lambda tmp: ["--dataset", "mnist", "--data-dir", str(tmp / "none")],
        ["none", "--download"],
    ),
    "folder missing": (lambda tmp: ["--dataset", f"folder:{tmp / 'none'}"], ["none", "train/"]),
    "folder of one class": (lambda tmp: ["--dataset", f"folder:{_folder(tmp / 'one', ('cat',))}"], ["cat", "two"]),
    "folder with other classes in val": (
        lambda tmp: ["--dataset", f"folder:{_folder(tmp / 'differ', val=('cat', 'cow'))}"],
        ["cow", "dog"],
    ),
    "folder with a corrupt image": (
        lambda tmp: ["--dataset", f"folder:{_folder(tmp / 'broken', corrupt=True)}"],
        ["1.png"],
    ),
    "unreadable table": (
        lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv.gz", "not gzipped")],
        ["t.csv.gz", "cannot read"],
    ),
    "table cut short": (
        lambda tmp: [*TOY, "--evaluator", f"table:{_cut_gzip(tmp / 'cut.csv.gz')}"],
        ["cut.csv.gz", "cannot read"],
    ),
    "table without the score": (
        lambda tmp: [*TOY, "--score-column", "val_acuracy", "--evaluator", _table(tmp / "t.csv", HEADER + ROW)],
        ["'val_acuracy'", "Did you mean 'val_accuracy'", "--score-column"],
    ),
    "table without a decision": (
        lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv", HEADER.replace("kernel_1", "kernel") + ROW)],
        ["'kernel_1'"],
    ),
    "table without an objective": (
        lambda tmp: [*TOY, "--objectives", "val_accuracy,latency", "--evaluator", _table(tmp / "t.csv", HEADER + ROW)],
        ["'latency'"],
    ),
    "text for a number": (
        lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv", HEADER + ROW.replace("0.5", "high"))],
        ["line 2", "'high'"],
    ),
    "one architecture twice": (
        lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv", HEADER + ROW + ROW)],
        ["twice", "lines 2 and 3"],
    ),
    "empty table": (lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv", HEADER)], ["no rows"]),
    "table without the row": (
        lambda tmp: [*TOY, "--evaluator", _table(tmp / "t.csv", HEADER + ROW)],
        ["no row for the architecture"],
    ),
    "no run to resume": (lambda tmp: ["--resume", "--run", str(tmp / "none")], ["holds no run"]),
    "run directory is a file": (lambda tmp: ["--run", _file(tmp / "file"), *DIGITS], ["file", "--run"]),
}

RUN_CASES: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "directory holds a run": (lambda run: ["--run", str(run), *DIGITS], ["already holds a run", "--resume"]),
    "contradictory seed": (
        lambda run: ["--resume", "--run", str(run), "--seed", "7"],
        ["--seed 7", "contradicts", "has 0"],
    ),
    "contradictory strategy": (
        lambda run: ["--resume", "--run", str(run), "--strategy", "ppo"],
        ["--strategy ppo", "contradicts", "random"],
    ),
    "contradictory control": (
        lambda run: ["--resume", "--run", str(run), "--control", "3"],
        ["--control 3", "contradicts", "has auto"],
    ),
    "of another version": (lambda run: ["--resume", "--run", str(_edit_run(run, schema=99))], ["schema version 99"]),
    "of another command": (lambda run: ["--resume", "--run", str(_edit_run(run, command="train"))], ["nasbench train"]),
    "corrupt line inside the log": (
        lambda run: ["--resume", "--run", str(_corrupt(run))],
        ["line 1", "Nothing was changed"],
    ),
}


def _cut_gzip(path: Path) -> Path:
    path.write_bytes(gzip.compress((HEADER + ROW).encode())[:-12])
    return path


def _file(path: Path) -> str:
    path.write_text("kept")
    return str(path)


def _edit_run(run: Path, **fields: object) -> Path:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, **fields}))
    return run


def _corrupt(run: Path) -> Path:
    lines = (run / "trials.jsonl").read_text().splitlines()
    (run / "trials.jsonl").write_text("\n".join(['{"number": 1', *lines]) + "\n")
    return run


def _files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _expect_refusal(arguments: list[str], fragments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["search", "--wandb", "off", *arguments])
    except SystemExit as stop:  # the flag parser's own way out
        status = stop.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    message = " ".join(captured.err.replace("│", " ").split())
    assert status == 2, message
    assert captured.out == ""
    assert "Traceback" not in captured.err
    for fragment in fragments:
        assert fragment in message, f"{fragment!r} is not in: {message}"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs where no data lies and where a run directory would be seen."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.setenv("NASBENCH_DATA", str(Path.cwd() / "data"))


@pytest.mark.parametrize("case", PLAIN_CASES)
def test_wrong_names_and_numbers(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, fragments = PLAIN_CASES[case]
    _expect_refusal(arguments, fragments, capsys)
    assert not Path("runs").exists(), "nothing was begun"


@pytest.mark.parametrize("case", FILE_CASES)
def test_wrong_files(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, fragments = FILE_CASES[case]
    arguments = make(tmp_path)
    before = _files(tmp_path)
    _expect_refusal(["--trials", "2", *arguments], fragments, capsys)
    assert _files(tmp_path) == before


@pytest.mark.parametrize("case", RUN_CASES)
def test_wrong_runs(case: str, finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in finished_run.iterdir():
        if path.is_file():
            (run / path.name).write_bytes(path.read_bytes())
    make, fragments = RUN_CASES[case]
    arguments = make(run)
    before = _files(run)
    _expect_refusal([*arguments, "--trust"], fragments, capsys)  # a copy has no seal
    assert _files(run) == before


def test_a_run_being_written_is_refused(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = RunStore.resume(finished_run)
    try:
        _expect_refusal(["--resume", "--run", str(finished_run)], ["in use", "another process"], capsys)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["profile", "space:nasnet:nasnet-z"], ["'nasnet-z'", "nasnet-a"]),
        (["profile", "space:nasnet"], ["space:SPACE:PUBLISHED"]),
        (["profile", "space:nasnet:nasnet-a", "--stack", "6-768"], ["6-768", "N@P"]),
        (["profile", "space:nasnet:nasnet-a", "--stack", "6@768", "--cells", "3"], ["--stack", "not both"]),
        (
            ["profile", "space:nasnet:nasnet-a", "--aux-head", "--image-size", "8"],
            ["auxiliary head", "9 pixels or more"],
        ),
        (["profile", "no_such.json"], ["no_such.json"]),
        (["report", "no_such_run"], ["holds no run", "nasbench report RUN --storage URL"]),
        (["serch"], ["'serch'", "Did you mean 'search'"]),
    ],
)
def test_other_commands(arguments: list[str], fragments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    for fragment in fragments:
        assert fragment in message, message
