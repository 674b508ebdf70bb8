"""Any trial of a run as a MODEL, with its weights where they were kept."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.core.trial_of_run import at_trial, find, spec_of, split, trial_of
from nasbench.core.trust import trusting
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from unit.toys import trial

OWN = ["--space", "examples.toy_space:ToySpace"]
"""The space that the run's files name by its import path."""
DIGITS = ["--dataset", "digits", "--recipe", "quick", "--epochs", "1", *OWN]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of four small networks that kept the weights of two, with a front of two objectives."""
    directory = tmp_path_factory.mktemp("trials") / "run"
    nasbench.search(
        space="examples.toy_space:ToySpace",
        strategy="random",
        dataset="digits",
        recipe="quick",
        epochs=1,
        trials=4,
        keep=2,
        objectives=("val_accuracy", "params"),
        run=str(directory),
        trackers=(),
    )
    return directory


@pytest.fixture(autouse=True)
def _trusted() -> Iterator[None]:
    """The run is this test's own."""
    with trusting([], everything=True):
        yield


def ranked(run: Path) -> list[int]:
    return [each.number for each in sorted(RunStore.read(run).trials, key=lambda each: -(each.score or 0.0))]


def test_the_weights_of_the_best_are_kept_and_loaded(run):
    first, second, third, _ = ranked(run)
    assert {path.stem for path in (run / "checkpoints").glob("*.safetensors")} == {str(first), str(second)}
    for number in (first, second):
        network = nasbench.load(str(run), trial=number, trust=True).state_dict()
        kept = load_file(run / "checkpoints" / f"{number}.safetensors")
        assert all(torch.equal(value, kept[name]) for name, value in network.items())
    best = nasbench.load(str(run), trust=True).state_dict()
    assert all(
        torch.equal(value, best[name])
        for name, value in nasbench.load(f"{run}#{first}", trust=True).state_dict().items()
    )
    with pytest.raises(UsageError, match=rf"trial {third} of the run in .* has no weights.*--keep K.*--trial {third}"):
        nasbench.load(str(run), trial=third, trust=True)
    assert not nasbench.load(str(run), trial=third, trust=True, weights=False).training


def test_a_trial_is_named_by_its_number_or_its_key(run):
    for each in RunStore.read(run).trials:
        for which in (each.number, each.key, each.key[:6]):
            found = trial_of(at_trial(str(run), which))
            assert found is not None
            assert found.trial.key == each.key
            assert resolve(f"{run}#{which}", ModelOverrides()).architecture == each.architecture


def test_points_of_the_front_are_trials(run):
    front = json.loads((run / "best" / "front.json").read_text())["front"]
    assert front
    for point in front:
        architecture = resolve(f"{run}#{point['number']}", ModelOverrides()).architecture
        assert architecture is not None
        assert architecture.to_json() == point["architecture"]


def test_commands_take_a_trial(run, tmp_path, capsys):
    number = ranked(run)[1]
    logged = next(each for each in RunStore.read(run).trials if each.number == number)
    assert main(["profile", str(run), "--trial", str(number), *OWN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["params"] == logged.metrics["params"]
    export = [
        "export",
        str(run),
        "--trial",
        logged.key[:8],
        "--formats",
        "safetensors",
        "--out",
        str(tmp_path / "out"),
        *OWN,
    ]
    assert main([*export, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weights"].endswith(f"checkpoints/{number}.safetensors")
    assert main([*export[:3], str(ranked(run)[3]), *export[4:], "--overwrite"]) == 0
    assert "newly initialised from seed 0; the run has no weights of it" in capsys.readouterr().out


def test_a_trial_is_trained_and_compared(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    number = ranked(run)[2]
    assert main(["train", str(run), "--trial", str(number), *DIGITS, "--wandb", "off", "--run", "train", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == f"{run}#{number}"
    compared = ["compare", f"{run}#{number}", "zoo:lenet5", *DIGITS, "--wandb", "off", "--run", "compare", "--json"]
    assert main(compared) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["model"], row["source"]) for row in rows] == [(f"{run}#{number}", "found"), ("zoo:lenet5", "baseline")]
    weights = ["--weights", f"{run}#{ranked(run)[3]}", "--run", "moved"]
    assert main(["transfer", f"{run}#{number}", *DIGITS, "--wandb", "off", *weights]) == 2
    assert "has no weights" in capsys.readouterr().err


def test_wrong_trials_name_the_nearest(run, capsys):
    for which, fragments in (
        ("9", ["no trial 9", "1 to 4", "nearest is 4"]),
        ("abc", ["no trial 'abc'", "first 4 digits"]),
        ("0000zz", ["no trial '0000zz'"]),
    ):
        assert main(["profile", str(run), "--trial", which]) == 2
        assert all(fragment in capsys.readouterr().err.replace("\n", " ") for fragment in fragments[:1])
        with pytest.raises(UsageError) as caught:
            trial_of(f"{run}#{which}")
        assert all(fragment in str(caught.value) for fragment in fragments)
    assert main(["profile", "zoo:lenet5", "--trial", "1"]) == 2
    assert "--trial is for a MODEL that is a run directory" in capsys.readouterr().err
    with pytest.raises(UsageError, match="leave --trial out"):
        at_trial(f"{run}#1", 2)


def test_a_key_that_several_networks_share_is_no_name():
    two = [trial(1, key="abcd1"), trial(2, key="abcd2"), trial(3, "failed", None, key="ffff")]
    with pytest.raises(UsageError, match=r"2 networks .* start with abcd"):
        find(two, "abcd", "run")
    assert find([*two, trial(4, key="abcd1", epochs=9)], "abcd1", "run").number == 4
    assert find(two, "ffff", "run").number == 3
    with pytest.raises(UsageError, match="no trial yet"):
        find([], "1", "run")


def test_a_directory_may_have_the_mark_in_its_name(tmp_path):
    (tmp_path / "a#1").mkdir()
    assert split(str(tmp_path / "a#1")) == (str(tmp_path / "a#1"), None)
    assert split(f"{tmp_path / 'a#1'}#2") == (str(tmp_path / "a#1"), "2")
    assert split("zoo:a#1") == ("zoo:a#1", None)


def test_a_run_that_trained_nothing_hands_out_no_network_as_if_it_were_trained(tmp_path):
    table = {"space": "nasbench201", "evaluator": "table:nasbench201-cifar10"}
    nasbench.search(**table, strategy="random", trials=2, run=str(tmp_path / "run"), trackers=())
    for which in (None, 1):
        with pytest.raises(UsageError, match="has no weights: it was not trained"):
            nasbench.load(str(tmp_path / "run"), trial=which)
    assert nasbench.load(str(tmp_path / "run"), weights=False) is not None


def test_a_model_may_be_a_path(run):
    best = nasbench.load(str(run), trust=True).state_dict()
    for model, trial_number in ((run, None), (run, ranked(run)[0]), (run / "best", None)):
        loaded = nasbench.load(model, trial=trial_number, trust=True).state_dict()
        assert all(torch.equal(value, best[name]) for name, value in loaded.items())
    with pytest.raises(UsageError, match=r"a MODEL is zoo:NAME.*got 3"):
        nasbench.load(3)


def test_digits_above_the_number_of_trials_may_start_a_key():
    two = [trial(1, key="38720c"), trial(2, key="3872ff"), trial(3, key="9" * 6)]
    assert find(two, "38720", "run").number == 1
    assert find(two, "9999", "run").number == 3
    assert find(two, "2", "run").number == 2
    with pytest.raises(UsageError, match=r"2 networks .* start with 3872"):
        find(two, "3872", "run")
    with pytest.raises(UsageError, match="nearest is 3"):
        find(two, "4444", "run")


@pytest.mark.parametrize("gone", ["source", "size", "task"])
def test_a_plan_that_lacks_a_field_says_so(gone: str) -> None:
    plan = {name: value for name, value in {"source": "space:toy", "size": {}, "task": {}}.items() if name != gone}
    told = "is no network" if gone == "source" else f"lacks '{gone}'.*Restore it"
    with pytest.raises(UsageError, match=told):
        spec_of({"command": "search", "plan": plan}, trial(1))
    with pytest.raises(UsageError, match="is no network"):
        spec_of({"command": "search"}, trial(1))


def test_a_run_is_read_once_for_many_of_its_trials(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    reads, read = [], RunStore.read
    monkeypatch.setattr(RunStore, "read", lambda directory: (reads.append(directory), read(directory))[1])
    found = [trial_of(f"{copy}#{number}") for number in (1, 2, 3, 1)]
    assert [each.trial.number for each in found if each is not None] == [1, 2, 3, 1]
    assert len(reads) == 1
    lines = (copy / "trials.jsonl").read_text().splitlines(keepends=True)
    (copy / "trials.jsonl").write_text("".join(lines[:2]))
    with pytest.raises(UsageError, match="has no trial 3"):
        trial_of(f"{copy}#3")
