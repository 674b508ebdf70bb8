"""What the doctor says of NVIDIA's MPS, by a stub of its control program: there is no GPU here."""

from pathlib import Path

import pytest

from nasbench.engine.doctor.mps import CONTROL, PIPES, mps


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv(PIPES, str(tmp_path / "pipes"))
    return tmp_path


def stub(folder: Path, text: str) -> None:
    program = folder / "bin" / CONTROL
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_without_the_program_only_a_machine_with_gpus_hears_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PIPES)
    assert list(mps(0)) == []
    (found,) = mps(1)
    assert (found.state, "take turns" in found.told) == ("ok", True)


def test_without_the_program_but_with_its_variable_nobody_can_tell(folder: Path) -> None:
    for gpus in (0, 1):
        (found,) = mps(gpus)
        assert found.state == "note"
        assert f"{PIPES}={folder / 'pipes'} asks for it, and that is no folder" in found.told
        assert f"{CONTROL} is not on the PATH" in found.told
        assert f"unset {PIPES}" in found.remedy
    (folder / "pipes").mkdir()
    (found,) = mps(1)
    assert (found.state, "no folder" in found.told) == ("note", False)


def test_a_daemon_that_answers(folder: Path) -> None:
    (folder / "pipes").mkdir()
    stub(folder, 'read asked; [ "$asked" = get_server_list ] && echo 4711')
    (found,) = mps(1)
    assert found.state == "ok"
    assert f"answers in {folder / 'pipes'}" in found.told


def test_no_daemon(folder: Path) -> None:
    stub(folder, "echo 'Cannot find MPS control daemon process' >&2; exit 1")
    (found,) = mps(1)
    assert (found.state, f"{CONTROL} -d" in found.remedy) == ("note", True)
    assert "pipes is no folder" in found.told
    (folder / "pipes").mkdir()
    (found,) = mps(1)
    assert (found.state, "Cannot find MPS control daemon process" in found.told) == ("note", True)


def test_a_daemon_that_hangs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.engine.doctor.mps.ANSWER_SECONDS", 0.2)
    (folder / "pipes").mkdir()
    stub(folder, "exec sleep 20")
    (found,) = mps(1)
    assert (found.state, "no answer" in found.told) == ("note", True)
