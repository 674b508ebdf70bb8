"""A user's script under a strict type checker, against the package as a checker finds it where it is installed."""

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RIGHT = '''
"""A search, a scaled network and a comparison."""

from pathlib import Path

import nasbench


def best_of(trials: int) -> float:
    result = nasbench.search(space="nasnet", dataset="digits", recipe="quick", trials=trials, run=Path("runs/typed"))
    return result.best.score or 0.0 if result.best is not None else 0.0


def sizes() -> tuple[int, float]:
    scaled = nasbench.scale(phi=3, base="resnet50")
    ratio = scaled.macs_ratio if isinstance(scaled, nasbench.ScaleResult) else 1.0
    return nasbench.profile("zoo:resnet20").counts.params, ratio


def followed() -> list[int]:
    return [trial.number for trial in nasbench.search(strategy="evolution", max_params="3M", live=True)]
'''
PLANTED = (
    ('strategy="evolution"', 'strategie="evolution"', 'Unexpected keyword argument "strategie"'),
    ("phi=3", 'phi="three"', 'Argument "phi" to "scale" has incompatible type "str"'),
    ("result.best.score", "result.best.accuracy", '"RunTrial" has no attribute "accuracy"'),
)
"""A wrong keyword, a wrong type, an attribute that a result has not: what is right, what is wrong, and what is said.
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which nasbench lies, and what it needs."""
    folder = tmp_path_factory.mktemp("typed") / "env"
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "installed.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


def errors(script: Path, python: Path) -> list[str]:
    """The errors that a strict check finds, a line each."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        python,
        "--cache-dir",
        python.parent / "c",
    ]
    checked = subprocess.run([*command, script.name], cwd=script.parent, capture_output=True, text=True)
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    return [line for line in checked.stdout.splitlines() if ": error: " in line]


@pytest.mark.slow
def test_a_strict_check_finds_the_planted_errors_and_no_others(python: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(RIGHT)
    assert errors(script, python) == []
    wrong = RIGHT
    for before, after, _ in PLANTED:
        assert before in wrong
        wrong = wrong.replace(before, after)
    script.write_text(wrong)
    found = errors(script, python)
    told = {place for line in found for place in re.findall(r"script\.py:(\d+)", line)}  # an overload has two for one
    assert told == {
        str(place) for place, line in enumerate(wrong.splitlines(), 1) if any(after in line for _, after, _ in PLANTED)
    }
    for _, _, said in PLANTED:
        assert any(said in line for line in found), found
