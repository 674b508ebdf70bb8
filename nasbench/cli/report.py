"""`nasbench report`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.engine.config import Trusting


@dataclass(frozen=True)
class ReportConfig:
    """Rebuilds the report of a run from its log.

    Example: nasbench report runs/20260101-120000-nasnet-ppo
    """

    run: Annotated[str, tyro.conf.Positional]
    """A run directory."""
    trusts: Trusting = field(default_factory=Trusting)
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses, rebuilds, prints what was written."""
    config = parse(ReportConfig, "report", argv)
    from nasbench.engine.report import rebuild_report

    files = rebuild_report(Path(config.run))
    if config.json:
        tell_json({"run": config.run, "files": [str(file) for file in files]})
    else:
        for file in files:
            tell(file)
