"""Runs of nasbench 0.1.0: a search opens and goes on, the other commands' runs are refused with one sentence.

Both runs under `older_runs` are as that version wrote them, but for the directory in their configuration.
"""

import json
import shutil
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.store import RunStore
from nasbench.engine.training.compare import _search_record

OLDER = Path(__file__).parent / "older_runs"
ROOT = Path(__file__).parents[2]


def begun(name: str, directory: Path, trials: int) -> Path:
    """A run of 0.1.0 that was interrupted after so many trials."""
    run = directory / name
    shutil.copytree(OLDER / name, run)
    lines = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    (run / "trials.jsonl").write_text("".join(lines[:trials]))
    return run


def test_a_search_opens_and_has_a_report(tmp_path: Path) -> None:
    run = begun("table", tmp_path, 12)
    store = RunStore.read(run)
    assert store.run["schema"] == 1
    assert [trial.number for trial in store.trials] == list(range(1, 13))
    assert (store.trials[0].score, store.trials[0].name, store.trials[0].model) == (57.168, "", None)
    assert main(["report", str(run)]) == 0
    assert "reinforce" in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "done"), [("table", 5), ("table", 12), ("trained", 5), ("trained", 8)])
def test_a_search_goes_on_as_it_would_have_gone_on(
    name: str, done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    run = begun(name, tmp_path, done)
    assert main(["search", "--run", str(run), "--resume", "--trust"]) == 0
    found, wanted = RunStore.read(run), RunStore.read(OLDER / name)
    for trial, older in zip(found.trials, wanted.trials, strict=True):
        assert (trial.number, trial.key, trial.genes) == (older.number, older.key, older.genes)
        assert (trial.status, trial.epochs, trial.seed, trial.of) == (older.status, older.epochs, older.seed, older.of)
        assert trial.note.keys() == older.note.keys()
        assert trial.score == pytest.approx(older.score, abs=0.02)
    assert found.trials[:done] == wanted.trials[:done]
    assert len(found.run["resumed"]) == 1
    assert json.loads((run / "best" / "architecture.json").read_text())["source"] == found.run["plan"]["source"]


def of_command(command: str, directory: Path) -> Path:
    """A run of another command of 0.1.0, as far as anything of it is read."""
    run = begun("table", directory, 3)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "command": command}))
    return run


@pytest.mark.parametrize("command", ["train", "transfer", "compare", "race", "scale"])
def test_runs_of_other_commands_are_refused_with_one_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = of_command(command, tmp_path)
    before = {path: path.read_bytes() for path in run.iterdir()}
    go_on = [command, *(["--search"] if command == "scale" else []), "--run", str(run), "--resume"]
    for arguments in (go_on, ["report", str(run)]):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        sentence = f"{run} was written by nasbench 0.1.0, whose log of 'nasbench {command}' has another form: run the"
        assert sentence in err
        assert err.split("0.1.0,")[1].count(". ") == 0
    assert {path: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.parametrize("command", ["train", "scale"])
def test_what_they_found_can_still_be_compared(command: str, tmp_path: Path) -> None:
    assert _search_record(str(of_command(command, tmp_path))) is None
    assert _search_record(str(OLDER / "table"))["trials"] == 12  # type: ignore[index]
