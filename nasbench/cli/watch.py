"""`nasbench watch`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from nasbench.cli.output import tell
from nasbench.cli.parse import parse
from nasbench.engine.config import Stored, Trusting
from nasbench.engine.config.record import Record, number


@dataclass(frozen=True)
class WatchConfig(Record):
    """Serves the report of a run on this machine alone, drawn anew as the run goes on. Nothing is written, but what
    --storage brings.

    Example: nasbench watch runs/20260101-120000-nasnet-ppo

    Example: nasbench watch runs/20260101-120000-nasnet-ppo --storage s3://bucket/prefix
    """

    run: Annotated[str, tyro.conf.Positional] = ""
    """A run directory."""
    port: int = number(0, low=0, takes="a port, or 0 for any that is free")
    """Where it listens, on 127.0.0.1 (0: any that is free)."""
    every: float = number(5.0, above=0, takes="seconds above 0")
    """Seconds after which the page looks whether the run has grown."""
    stored: Stored = field(default_factory=Stored)
    trusts: Trusting = field(default_factory=Trusting)


def run(argv: Sequence[str]) -> None:
    """Parses, serves, until Ctrl-C."""
    config = parse(WatchConfig, "watch", argv)
    config.check()
    from nasbench.engine.opened.watch import LiveReport, serve

    live = LiveReport(Path(config.run), config.every, config.stored.storage)
    with suppress(KeyboardInterrupt):
        serve(live, config.port, lambda address: tell(f"{address}  (Ctrl-C ends it; the run goes on)"))
