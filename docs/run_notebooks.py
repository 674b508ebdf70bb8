"""Runs the notebooks, and stores what they print in them: python docs/run_notebooks.py [NAME ...]

They are kept with what they printed, so that a code host and the site show figures of a real run without running
anything; a slow test runs each of them from an empty folder and holds that every cell still prints things of the same
kind. Numbers may differ in the last digits on another machine.
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent / "notebooks"
KEPT = ("kernelspec", "language_info")
"""What of a notebook's metadata is stored."""


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook, run from its first cell on in that folder, by this Python. Raises what a cell raises."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return notebook


def kinds(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell of code prints: the sorted kinds of its outputs, such as text/plain and image/svg+xml."""
    return [
        sorted({kind for output in _shown(cell) for kind in output.get("data", {output.get("name", ""): None})})
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _shown(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The outputs but what goes to standard error: progress, with times that no two runs share."""
    return [output for output in cell.outputs if output.get("name") != "stderr"]


def main() -> None:
    """Runs the notebooks that are named, or all, and stores them."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if len(sys.argv) == 1 or path.stem in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder:
                notebook = executed(path, Path(folder))
                text = nbformat.writes(_plain(notebook))
                assert folder not in text, f"{path.name} prints where it was run"
            path.write_text(text + "\n", encoding="utf-8")
            print(f"{path.name}: {len(text) / 1024:.0f} KiB")


def _plain(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """As it is stored: without progress, and without what the editor notes."""
    notebook.metadata = {name: notebook.metadata[name] for name in KEPT if name in notebook.metadata}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _shown(cell)
    return notebook


if __name__ == "__main__":
    main()
