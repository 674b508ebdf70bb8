"""What the doctor says of one thing."""

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `note`: works, and could be better; `broken`: what needs it will fail."""

    area: str
    name: str
    state: State
    told: str
    """What was found, in one line."""
    remedy: str = ""
    """What to do, where something is to be done."""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return vars(self).copy()


def gibibytes(count: float) -> str:
    """'1.5 GiB', '64 MiB'."""
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.0f} MiB"
