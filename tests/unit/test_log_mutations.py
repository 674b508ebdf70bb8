"""A real small log, changed in every way that editors, other programs, disks and people change one: read to the same
trials, or refused by one sentence with the line's number, before any work, whatever command reads it.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.json_text import LONGEST_LINE
from nasbench.core.log import FILE, read_log
from nasbench.core.store import RunStore

Lines = list[bytes]
TOY = "nasbench.testing.toy:ToySpace"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight trials; its log is what the tests change."""
    run = tmp_path_factory.mktemp("runs") / "small"
    flags = ["--space", TOY, "--evaluator", "unit.made_up:MadeUp", "--strategy", "evolution", "--trials", "8"]
    assert main(["search", *flags, "--run", str(run), "--wandb", "off"]) == 0
    return run


def _with(record: bytes, *path: str, to: object) -> bytes:
    """The line with one of its fields set, wherever it lies."""
    whole = json.loads(record)
    inside = whole
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = to
    return json.dumps(whole).encode() + b"\n"


def _without(record: bytes, name: str) -> bytes:
    whole = json.loads(record)
    del whole[name]
    return json.dumps(whole).encode() + b"\n"


def _raw(record: bytes, name: str, text: str) -> bytes:
    """The line with a field set to what Python would not write."""
    return _with(record, *name.split("."), to="HERE").replace(b'"HERE"', text.encode())


SAME: dict[str, Callable[[Lines], Lines]] = {
    "byte order mark": lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    "CRLF": lambda lines: [line.replace(b"\n", b"\r\n") for line in lines],
    "no end of the last line": lambda lines: [*lines[:-1], lines[-1].rstrip(b"\n")],
    "blank lines": lambda lines: [*lines[:2], b"\n", b"  \r\n", *lines[2:], b"\n"],
    "spaces": lambda lines: [b" " + line.replace(b",", b" , ", 3) for line in lines],
    "unknown field": lambda lines: [_with(line, "colour", to={"of": ["a", "newer", "version"]}) for line in lines],
    "fields in another order": lambda lines: [
        json.dumps(dict(reversed(json.loads(line).items()))).encode() + b"\n" for line in lines
    ],
    "letters instead of escapes": lambda lines: [
        json.dumps(json.loads(line), ensure_ascii=False).encode() + b"\n" for line in lines
    ],
    "torn last line": lambda lines: [*lines, lines[0][:70]],
    "zeros of a power cut": lambda lines: [*lines, b"\0" * 300],
    "half a letter": lambda lines: [*lines, b'{"number": 9, "name": "\xc3'],
}

LINE = 3
FIELDS = ("number", "architecture", "key", "status", "score", "metrics", "epochs", "seconds", "seed", "worker")
DEEP, DIGITS = "[" * 100_000 + "]" * 100_000, "1" + "0" * 400

REFUSED: dict[str, Callable[[bytes], bytes]] = {
    **{f"no {name}": lambda line, name=name: _without(line, name) for name in (*FIELDS, "started", "note")},
    **{
        f"{name} as a text": lambda line, name=name: _with(line, name, to="1")
        for name in ("number", "score", "epochs", "seconds", "seed", "metrics", "note", "architecture", "of")
    },
    **{
        f"{name} is {value}": lambda line, name=name, value=value: _raw(line, name, value)
        for name, value in (
            ("score", "NaN"),
            ("score", "Infinity"),
            ("score", "-Infinity"),
            ("score", "1e400"),
            ("score", "1e200"),
            ("score", "true"),
            ("score", "[0.5]"),
            ("metrics.val_accuracy", "NaN"),
            ("metrics.val_accuracy", '"0.5"'),
            ("metrics.val_accuracy", "-1e999"),
            ("metrics.params", '"12M"'),
            ("note.loss", "Infinity"),
            ("note.step", '"1"'),
            ("note.retrain_of", "null"),
            ("number", "0"),
            ("number", "-3"),
            ("number", "3.5"),
            ("number", "null"),
            ("epochs", "-1"),
            ("seconds", "-0.5"),
            ("status", '"fine"'),
            ("status", '"failed"'),
            ("key", "7"),
            ("worker", "null"),
            ("architecture", "null"),
            ("architecture", "{}"),
            ("architecture.genes", '[["pool", "max"]]'),
            ("architecture.genes.pool", "{}"),
            ("metrics", "[1]"),
            ("note", "null"),
        )
    },
    "digits in the score": lambda line: _raw(line, "score", DIGITS),
    "digits in the metrics": lambda line: _raw(line, "metrics.more", DIGITS),
    "thousands of digits": lambda line: _raw(line, "metrics.more", "9" * 6000),
    "deep": lambda line: _raw(line, "note.deep", DEEP),
    "deep by a hundred": lambda line: _raw(line, "note.deep", "[" * 100 + "]" * 100),
    "a field twice": lambda line: line.replace(b'"status"', b'"score":0.1,"status"', 1),
    "a metric twice": lambda line: _raw(line, "metrics.val_accuracy", '0.1,"val_accuracy":0.9'),
    "a list": lambda line: b"[1, 2]\n",
    "a number": lambda line: b"17\n",
    "null": lambda line: b"null\n",
    "half a line": lambda line: line[:60] + b"\n",
    "two in one line": lambda line: line.rstrip() + line,
    "zeros": lambda line: b"\0" * 40 + b"\n",
    "not UTF-8": lambda line: line.replace(b'"ok"', b'"ok\xff"', 1),
    "UTF-16": lambda line: line.decode().encode("utf-16"),
    "old Macintosh": lambda line: line.rstrip() + b"\r" + line,
    "text": lambda line: b"<<<<<<< HEAD\n",
    "too long": lambda line: b'{"number": ' + b" " * LONGEST_LINE + b"3}\n",
}


def changed(small: Path, directory: Path, lines: Lines) -> Path:
    run = directory / "run"
    shutil.copytree(small, run)
    (run / FILE).write_bytes(b"".join(lines))
    return run


def lines_of(run: Path) -> Lines:
    return (run / FILE).read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("name", SAME)
def test_what_says_the_same_is_read_to_the_same_trials(name: str, small: Path, tmp_path: Path) -> None:
    wanted = RunStore.read(small).trials
    run = changed(small, tmp_path, SAME[name](lines_of(small)))
    assert RunStore.read(run).trials == wanted
    store = RunStore.resume(run)
    store.append(wanted[0].__class__(**{**vars(wanted[0]), "number": 9}))
    store.close()
    assert [trial.number for trial in RunStore.read(run).trials] == [*range(1, 9), 9], "what is appended has its line"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_trial_is_refused_with_its_line_and_nothing_is_changed(
    name: str, small: Path, tmp_path: Path
) -> None:
    lines = lines_of(small)
    run = tmp_path
    text = b"".join([*lines[: LINE - 1], REFUSED[name](lines[LINE - 1]), *lines[LINE:]])
    (run / FILE).write_bytes(text)
    shutil.copy(small / "run.json", run)
    for read in (RunStore.read, RunStore.resume):
        with pytest.raises(UsageError, match=rf"^line {LINE} of .*{FILE} is not a trial of this run: .*Nothing was ch"):
            read(run)
    assert (run / FILE).read_bytes() == text


@pytest.mark.parametrize("other", [True, False], ids=["with other content", "the same again"])
def test_a_number_that_is_there_twice_is_refused_with_both_lines(other: bool, small: Path, tmp_path: Path) -> None:
    lines = lines_of(small)
    again = _with(lines[1], "score", to=0.123) if other else lines[1]
    run = changed(small, tmp_path, [*lines, again])
    with pytest.raises(UsageError, match=r"^line 9 of .*trial 2 is in line 2 already"):
        RunStore.resume(run)


def test_a_log_with_the_line_ends_of_old_macintosh_computers_is_not_taken_for_a_torn_line(
    small: Path, tmp_path: Path
) -> None:
    text = (small / FILE).read_bytes().replace(b"\n", b"\r")
    run = changed(small, tmp_path, [text])
    with pytest.raises(UsageError, match=r"^line 1 of .*old Macintosh"):
        RunStore.resume(run)
    assert (run / FILE).read_bytes() == text


RACE = ["--strategies", "random", "--seeds", "2", "--trials", "5"]
COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "report": lambda run: ["report", run],
    "resume": lambda run: ["search", "--run", run, "--resume", "--trust"],
    "extend": lambda run: ["search", "--run", run, "--resume", "--trust", "--trials", "20"],
    "dry run": lambda run: ["search", "--run", run, "--resume", "--trust", "--trials", "20", "--dry-run"],
    "profile --trial": lambda run: ["profile", run, "--trial", "5"],
    "profile #": lambda run: ["profile", f"{run}#5"],
    "export": lambda run: ["export", run, "--trial", "5", "--out", f"{run}/out"],
    "train": lambda run: ["train", f"{run}#5", "--dataset", "digits", "--recipe", "quick", "--run", f"{run}-t"],
    "compare": lambda run: ["compare", f"{run}#5", "zoo:lenet5", "--dataset", "digits", "--run", f"{run}-c"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_a_log_alike(
    command: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(small)
    run = changed(small, tmp_path, [*lines[:2], _raw(lines[2], "score", "NaN"), *lines[3:]])
    assert main(COMMANDS[command](str(run))) == 2
    err = capsys.readouterr().err
    assert err.count("line 3 of ") == 1
    assert "Traceback" not in err


def test_load_reads_it_alike_too(small: Path, tmp_path: Path) -> None:
    lines = lines_of(small)
    run = changed(small, tmp_path, [*lines[:2], _without(lines[2], "score"), *lines[3:]])
    with pytest.raises(UsageError, match=r"line 3 of .*lacks the field 'score'"):
        nasbench.load(run, trial=5, weights=False)


def test_a_resumed_search_refuses_what_is_no_point_of_its_space(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(small)
    for path, value in ((("genes", "pool"), "sum"), (("space",), "other"), (("genes", "kernel_3"), 1)):
        run = changed(small, tmp_path / "-".join(path), [*lines[:2], _with(lines[2], "architecture", *path, to=value)])
        assert main(["search", "--run", str(run), "--resume", "--trust"]) == 2
        assert "line 3 of " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 3), ("steps", [[1, 2]]), ("evaluations_by_budget", ["5"]), ("steps", None)]
)
def test_a_repetition_of_a_race_must_have_its_path(name: str, value: object, tmp_path: Path) -> None:
    metrics = {"steps": [[1, 0.5, [57.2]]], "evaluations_by_budget": [5], "found": None}
    line = {"number": 1, "architecture": None, "key": "k", "status": "ok", "score": 57.2, "metrics": metrics}
    line |= {"epochs": 1, "seconds": 0.1, "seed": 0, "worker": "", "started": "", "note": {}, "error": None}
    text = json.dumps(line).encode() + b"\n"
    (tmp_path / FILE).write_bytes(text)
    assert len(read_log(tmp_path, {"command": "race"}).trials) == 1
    (tmp_path / FILE).write_bytes(_with(text, "metrics", name, to=value))
    with pytest.raises(UsageError, match=r"line 1 of .*the metric"):
        read_log(tmp_path, {"command": "race"})


@pytest.mark.parametrize("command", ["train", "transfer", "compare", "scale"])
def test_a_training_must_have_what_its_report_compares(command: str, small: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(lines_of(small)[0])
    with pytest.raises(UsageError, match=r"line 1 of .*the metric 'params' must be a number"):
        read_log(tmp_path, {"command": command, "config": {}})


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b'{"schema": NaN}', b'{"schema": 2, "schema": 1}', DEEP.encode(), b"\xff\xfe{}", b"null"]
)
def test_a_run_record_is_read_as_strictly(text: bytes, small: Path, tmp_path: Path) -> None:
    run = changed(small, tmp_path, lines_of(small))
    (run / "run.json").write_bytes(text)
    for read in (RunStore.read, RunStore.resume, RunStore.read_record):
        with pytest.raises(UsageError, match=r"run\.json'? is no run record of nasbench"):
            read(run)


def test_a_run_record_with_a_byte_order_mark_is_read(small: Path, tmp_path: Path) -> None:
    run = changed(small, tmp_path, lines_of(small))
    (run / "run.json").write_bytes(b"\xef\xbb\xbf" + (run / "run.json").read_bytes().replace(b"\n", b"\r\n"))
    assert len(RunStore.read(run).trials) == 8
