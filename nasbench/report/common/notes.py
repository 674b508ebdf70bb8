"""What a run said: fields of the recipe that have no effect on a network, files that `best/` does without."""

from collections.abc import Mapping
from html import escape
from typing import Any


def notes_section(run: Mapping[str, Any]) -> str:
    """The notes in a run's record as a part of its page; empty where there are none."""
    plan = run.get("plan")
    returned = run.get("returned")
    why = [returned["told"]] if isinstance(returned, Mapping) and "told" in returned else []
    told = (*(plan.get("notes", ()) if isinstance(plan, Mapping) else ()), *run.get("left_out", ()), *why)
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in told)
    return f"<h2>Notes</h2>\n<ul>{lines}</ul>" if lines else ""
