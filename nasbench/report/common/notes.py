"""What a run said before it began, such as fields of the recipe that have no effect on a network."""

from collections.abc import Mapping
from html import escape
from typing import Any


def notes_section(run: Mapping[str, Any]) -> str:
    """The notes in a run's plan as a part of its page; empty where there are none."""
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in run.get("plan", {}).get("notes", ()))
    return f"<h2>Notes</h2>\n<ul>{lines}</ul>" if lines else ""
