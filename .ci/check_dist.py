"""What `make dist` checks of a wheel and an sdist: what is in them, and that the README's tour runs from the wheel.

    python .ci/check_dist.py DIST [--quick]

The tour runs outside the repository, in an environment made for it that knows nothing but the wheel. `--quick` gives
its lines fewer trials, epochs and seeds; every command runs all the same.
"""

import argparse
import email
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nasbench", "search_spaces", "zoo")
NOT_PACKAGED = (".md",)
"""Endings of files beside the modules that a package does not need."""
TOUR, PYTHON = "## The route, end to end", "From Python:"
FEWER = (
    ("--trials 24", "--trials 3"),
    ("trials=24", "trials=3"),
    ("--epochs 4", "--epochs 1"),
    ("--seeds 5", "--seeds 2"),
)
"""What --quick changes in the lines."""
PICTURES = """
from pathlib import Path
from PIL import Image
from sklearn.datasets import load_digits
Path("pictures").mkdir()
for number, pixels in enumerate(load_digits().images[:3]):
    Image.fromarray((pixels * 15.9).astype("uint8")).resize((32, 32)).save(f"pictures/{number}.png")
"""


def main() -> None:
    """Raises SystemExit with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path, help="the folder with one wheel and one sdist")
    parser.add_argument("--quick", action="store_true", help="fewer trials, epochs and seeds")
    given = parser.parse_args()
    wheel, sdist = (_only(given.dist.resolve(), pattern) for pattern in ("*.whl", "*.tar.gz"))
    check_contents(wheel)
    with tempfile.TemporaryDirectory(prefix="nasbench-dist-") as folder:
        check_rebuilt(wheel, sdist, Path(folder) / "rebuilt")
        take_tour(wheel, Path(folder), given.quick)
    print(f"{wheel.name} and {sdist.name} are whole, and the README's tour runs from the wheel.")


def check_contents(wheel: Path) -> None:
    """Every file of the packages that git knows is in the wheel, and nothing else but its metadata."""
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True)
    due = {line for line in listed.stdout.splitlines() if not line.endswith(NOT_PACKAGED)}
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    for names, what in ((due - found, "lacks"), (found - due, "has what git does not know:")):
        if names:
            raise SystemExit(f"{wheel.name} {what} {', '.join(sorted(names))}")
    print(f"{wheel.name}: {len(found)} files, as git has them.")


def check_rebuilt(wheel: Path, sdist: Path, folder: Path) -> None:
    """The sdist alone builds the same wheel."""
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", sdist, "-w", folder], check=True)
    before, after = _digests(wheel), _digests(_only(folder, "*.whl"))
    if before != after:
        names = sorted(name for name in before | after if before.get(name) != after.get(name))
        raise SystemExit(f"the wheel built from {sdist.name} differs in {', '.join(names)}")
    print(f"{sdist.name} builds the same wheel.")


def take_tour(wheel: Path, folder: Path, quick: bool) -> None:
    """Runs the tour of the README that the wheel carries. SystemExit where a line fails."""
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    print("Installing the wheel in a fresh environment (several gigabytes) ...", flush=True)
    exact = ["--constraint", ROOT / "constraints.txt"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *exact, f"{wheel}[export]"], check=True)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    known |= {"PATH": f"{python.parent}{os.pathsep}{known['PATH']}", "WANDB_MODE": "offline"}
    _run([python, "-c", PICTURES], elsewhere, known)
    text = read_me(wheel)
    for line in tour(text, quick):
        _run(shlex.split(line, comments=True), elsewhere, known)
    (elsewhere / "script.py").write_text(
        block(text, PYTHON, quick) + f"\nassert {str(folder)!r} in nasbench.__file__\n"
    )
    _run([python, "script.py"], elsewhere, known)


def read_me(wheel: Path) -> str:
    """The long description in a wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return str(email.message_from_bytes(archive.read(name)).get_payload(decode=True).decode())  # type: ignore[union-attr]


def tour(text: str, quick: bool = False) -> Iterator[str]:
    """The tour's commands, with pictures where the README says IMAGE."""
    section = text[text.index(TOUR) :].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("    nasbench "):
            yield _fewer(line.strip().replace("IMAGE...", "pictures"), quick)


def block(text: str, after: str, quick: bool = False) -> str:
    """The first fenced Python of the text behind `after`."""
    found = re.search(r"```python\n(.*?)```", text[text.index(after) :], re.DOTALL)
    assert found is not None, f"no Python behind {after!r}"
    return _fewer(found.group(1), quick)


def _fewer(text: str, quick: bool) -> str:
    for before, after in FEWER if quick else ():
        text = text.replace(before, after)
    return text


def _run(command: Sequence[object], folder: Path, environment: dict[str, str]) -> None:
    told = [str(word) for word in command]
    print("+", shlex.join(told) if len(told) < 40 and "\n" not in told[-1] else told[0], flush=True)
    status = subprocess.run(told, cwd=folder, env=environment).returncode
    if status:
        raise SystemExit(f"exit status {status}: {shlex.join(told)}")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder} has {len(found)} files {pattern}, not one. Empty it, and build again.")
    return found[0]


def _digests(wheel: Path) -> dict[str, str]:
    """Name -> digest, of all files but the list of digests itself."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/RECORD")]
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}


if __name__ == "__main__":
    main()
