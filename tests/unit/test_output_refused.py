"""Output that nobody takes: a full disk behind standard output is one error, behind standard error it stops nothing."""

import io
import os
import sys
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.report.common.terminal import Terminal

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@needs_full
@pytest.mark.parametrize("write_through", [False, True])
@pytest.mark.parametrize("arguments", [["list", "spaces", "--json"], ["list"], ["--help"], ["profile", "--help"]])
def test_a_full_standard_output_is_one_error(
    arguments: list[str], write_through: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with io.TextIOWrapper(io.BufferedWriter(io.FileIO(FULL, "w")), write_through=write_through) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 1
        monkeypatch.undo()
        os.fstat(full.fileno())  # it leads nowhere now, so closing it raises nothing
    said = capsys.readouterr().err
    assert said == (
        "nasbench: standard output cannot be written: no space left on the device. Make room there. What was printed "
        "is cut short.\n"
    )


@needs_full
def test_a_full_standard_error_changes_no_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert main(["list", "nothing"]) == 2
        assert main(["list", "spaces"]) == 0
        monkeypatch.undo()


def test_what_is_said_to_a_closed_standard_error_is_not_put_into_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["list", "nothing"]) == 2
    monkeypatch.undo()
    assert capsys.readouterr().out == ""


def test_a_reader_that_has_seen_enough_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["list"], ["zoo"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            assert main(arguments) == 0
            monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_tables_pass_on_that_their_reader_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with pytest.raises(BrokenPipeError):
            Terminal().tell("a line")
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
        monkeypatch.undo()
