"""`nasbench dashboard`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.errors import UsageError
from nasbench.engine.config import Stored, Trusting


@dataclass(frozen=True)
class DashboardConfig:
    """Makes a W&B workspace and a report of runs; where no key is set up, writes dashboard.json beside each run.

    Example: nasbench dashboard runs/20260101-120000-nasnet-ppo --project nasbench
    """

    runs: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Run directories."""
    project: str | None = None
    """Of W&B (else WANDB_PROJECT, else nasbench)."""
    entity: str | None = None
    """Of W&B: a user or a team (else WANDB_ENTITY)."""
    offline: bool = False
    """Send nothing: write dashboard.json alone."""
    stored: Stored = field(default_factory=Stored)
    trusts: Trusting = field(default_factory=Trusting)
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses, makes, prints where it lies."""
    config = parse(DashboardConfig, "dashboard", argv)
    if not config.runs:
        raise UsageError("nasbench dashboard needs a run directory first. See: nasbench dashboard --help")
    from nasbench.engine.run.dashboard.command import make_dashboards

    config.stored.bring(*config.runs)
    project = config.project or os.environ.get("WANDB_PROJECT") or "nasbench"
    entity = config.entity or os.environ.get("WANDB_ENTITY") or ""
    result = make_dashboards(list(map(Path, config.runs)), project, entity, False if config.offline else None)
    if config.json:
        tell_json(result.to_json())
        return
    for file, dashboard in zip(result.files, result.dashboards, strict=True):
        panels = sum(len(section.panels) for section in dashboard.sections)
        tell(f"{file}: {panels} panels in {len(dashboard.sections)} sections")
    if result.report is None:
        tell("nothing was sent: with a key (`wandb login`) the same command makes the workspace and the report in W&B")
    else:
        for workspace in result.workspaces:
            tell(f"workspace: {workspace}")
        tell(f"report:    {result.report}")
