"""What checks a distribution and a site finds what is wrong with them."""

import shlex
import zipfile
from pathlib import Path

import pytest

from nasbench.cli import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _scripts_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (".ci", "docs"):
        monkeypatch.syspath_prepend(str(ROOT / folder))


def test_the_tour_is_that_of_the_readme() -> None:
    from check_dist import PYTHON, block, tour

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True) for line in tour(text)]
    assert [line[1] for line in lines] == ["search", "transfer", "export", "predict", "compare"]
    assert all(line[0] == "nasbench" and line[1] in COMMANDS for line in lines)
    assert "--trials 24" in next(tour(text))
    assert "--trials 24" not in next(tour(text, quick=True))
    compile(block(text, PYTHON), "README.md", "exec")


def test_a_wheel_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    from check_dist import check_contents

    wheel = tmp_path / "nasbench-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nasbench/__init__.py", "")
    with pytest.raises(SystemExit, match=r"lacks .*nasbench/py.typed"):
        check_contents(wheel)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('<a href="there.html#part">x</a>', None),
        ('<a href="https://elsewhere.org/">x</a>', None),
        ('<a href="gone.html">x</a>', "index.html: gone.html: there is no such file"),
        ('<a href="there.html#gone">x</a>', "index.html: there.html#gone: there is no such anchor"),
        ('<img src="gone.svg">', "index.html: gone.svg: there is no such file"),
        ('<script src="https://elsewhere.org/x.js"></script>', "index.html: fetches https://elsewhere.org/x.js"),
        ('<link rel="stylesheet" href="//elsewhere.org/x.css">', "index.html: fetches //elsewhere.org/x.css"),
    ],
)
def test_a_site_with_a_link_to_nowhere_is_refused(page: str, told: str | None, tmp_path: Path) -> None:
    from check_site import faults

    (tmp_path / "there.html").write_text('<h2 id="part">Part</h2>')
    (tmp_path / "index.html").write_text(page)
    assert faults(tmp_path) == ([] if told is None else [told])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scaling", "search", "strategy"])
def test_a_notebook_runs_and_prints_what_it_has_stored(name: str, tmp_path: Path) -> None:
    import nbformat
    from run_notebooks import NOTEBOOKS, executed, kinds

    stored = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert sum(map(bool, kinds(stored))) >= 4
    assert kinds(executed(NOTEBOOKS / f"{name}.ipynb", tmp_path)) == kinds(stored)
