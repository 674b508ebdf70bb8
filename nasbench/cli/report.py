"""`nasbench report`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.errors import UsageError
from nasbench.engine.config import Stored, Trusting

BESIDE = "side-by-side"
"""Where the page of several runs is written unless --out says so: a folder of the current one."""


@dataclass(frozen=True)
class ReportConfig:
    """Rebuilds the report of a run from its log, or sets several searches side by side on one page.

    Several runs: curves by trials and by time, differences with intervals, best networks, how configurations differ.

    Example: nasbench report runs/20260101-120000-nasnet-ppo

    Example: nasbench report runs/ppo-0 runs/ppo-1 runs/evolution-0 --out compared

    Example: nasbench report runs/ppo-0 --storage s3://bucket/prefix
    """

    runs: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """A run directory; or two or more of searches."""
    out: str | None = None
    """The folder that the report is written to (of one run: its own directory; of several: side-by-side)."""
    stored: Stored = field(default_factory=Stored)
    trusts: Trusting = field(default_factory=Trusting)
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses, rebuilds, prints what was written."""
    config = parse(ReportConfig, "report", argv)
    if not config.runs:
        raise UsageError("nasbench report needs a run directory first. See: nasbench report --help")
    from nasbench.engine.opened.report import rebuild_report, report_side_by_side

    config.stored.bring(*config.runs)
    out = None if config.out is None else Path(config.out)
    if len(config.runs) == 1:
        files = rebuild_report(Path(config.runs[0]), out=out)
    else:
        files = report_side_by_side([Path(each) for each in config.runs], out or Path(BESIDE))
    if config.json:
        named = {"run": config.runs[0]} if len(config.runs) == 1 else {"runs": list(config.runs)}
        tell_json({**named, "files": [str(file) for file in files]})
    else:
        for file in files:
            tell(file)
