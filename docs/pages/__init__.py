"""Pages of the documentation that are written from the code: commands, networks, spaces, parts, the API.

`docs/conf.py` writes them under `docs/reference` each time that the site is built; git ignores them.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from pages import api, commands, networks, parts, project

REFERENCE = Path(__file__).resolve().parent.parent / "reference"


def pages() -> Mapping[str, str]:
    """Path below `docs/reference` -> the page, in Markdown."""
    return {**commands.pages(), **networks.pages(), **parts.pages(), **api.pages(), **project.pages()}


def write(folder: Path = REFERENCE) -> None:
    """Writes all pages anew; what has not changed keeps its time, so that Sphinx reads it once."""
    written = pages()
    for path in sorted(folder.rglob("*.md")):
        if str(path.relative_to(folder)) not in written:
            path.unlink()
    for name, text in written.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)
