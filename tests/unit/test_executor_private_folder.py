"""Folders that live as long as their process."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench.executors import private_folder as module
from nasbench.executors.private_folder import open_private_folder, private_folder, sweep

KILLED = """
import os, signal
from pathlib import Path
from nasbench.executors import private_folder as module
module._place = lambda: Path({place!r})
folder, owner = module.open_private_folder("nb-test-")
print(folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_place", lambda: tmp_path)
    return tmp_path


def test_it_is_closed_to_others_and_gone_at_the_end() -> None:
    with private_folder("nb-test-") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "inside").mkdir()
    assert not folder.exists()


def test_that_of_a_killed_process_is_swept_by_the_next_one(place: Path) -> None:
    run = [sys.executable, "-c", KILLED.format(place=str(place))]
    killed = subprocess.run(run, capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.is_dir()
    with private_folder("nb-test-"):
        assert not left.exists()


def test_one_without_an_owner_is_swept_once_nobody_has_touched_or_held_it_for_a_day(place: Path) -> None:
    """Such as nasbench 0.1.0 left."""
    old, held, touched, new = (place / f"nb-test-{name}" for name in ("old", "held", "touched", "new"))
    long_ago = time.time() - 2 * module.UNTOUCHED_SECONDS
    for folder in (old, held, touched, new):
        (folder / "ray").mkdir(parents=True)
        (folder / "ray" / "log").touch()
        for path in (folder / "ray" / "log", folder / "ray", folder) if folder != new else ():
            os.utime(path, (long_ago, long_ago))
    (touched / "ray" / "log").touch()
    with open(held / "ray" / "log", "rb"):
        sweep("nb-test-")
    assert [folder.exists() for folder in (old, held, touched, new)] == [False, True, True, True]


def test_what_is_in_use_or_not_ours_stays(place: Path) -> None:
    folder, owner = open_private_folder("nb-test-")
    (place / "nb-test-strange").mkdir()
    (place / "nb-test-link").symlink_to(folder)
    sweep("nb-test-")
    assert folder.is_dir()
    assert (place / "nb-test-strange").is_dir()
    assert (place / "nb-test-link").is_symlink()
    owner.close()
    assert os.listdir(folder) == [module.OWNER]


def test_what_a_process_that_is_ending_still_writes_is_left_to_the_next_sweep(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_meanwhile(path: Path, ignore_errors: bool) -> None:
        (path / "late.log").write_text("ending")

    with monkeypatch.context() as patch, private_folder("nb-test-") as folder:
        (folder / "session").mkdir()
        patch.setattr(module.shutil, "rmtree", written_meanwhile)
    assert sorted(path.name for path in folder.iterdir()) == [".owner", "session"]
    sweep("nb-test-")
    assert list(place.iterdir()) == []


def test_a_link_inside_is_not_followed(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "kept").write_text("kept")
    with private_folder("nb-test-") as folder:
        (folder / "link").symlink_to(outside)
    assert not folder.exists()
    assert (outside / "kept").exists()
