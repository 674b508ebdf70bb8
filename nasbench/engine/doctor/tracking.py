"""Whether Weights & Biases would log, and where. The key is looked at, never shown and never sent."""

from collections.abc import Iterator
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.engine.doctor.finding import Finding
from nasbench.trackers.wandb_run import key_problem, key_source, mode_of

AREA = "tracking"


def tracking(asked: Literal["auto", "online", "offline", "off"]) -> Iterator[Finding]:
    """W&B as `--wandb` asks for it."""
    if asked == "off":
        yield Finding(AREA, "W&B", "ok", "off")
        return
    source = key_source()
    problem = None if source is None else key_problem()
    try:
        mode, _ = mode_of(asked)
    except UsageError as error:
        yield Finding(
            AREA, "W&B", "broken", str(error), "Run `wandb login`, set WANDB_API_KEY, or take --wandb offline."
        )
        return
    if problem is not None and mode in ("online", "shared"):
        told = f"the key in {source} is malformed: {problem}"
        remedy = "Copy it again from https://wandb.ai/authorize with `wandb login --relogin`, or take --wandb offline."
        yield Finding(AREA, "W&B", "broken", told, remedy)
    elif mode in ("online", "shared"):
        yield Finding(
            AREA, "W&B", "ok", f"{mode}, with the key in {source} (its form is right; the server was not asked)"
        )
    elif source is None:
        remedy = "To log online: `wandb login`, or set WANDB_API_KEY." if mode == "offline" else ""
        yield Finding(AREA, "W&B", "ok", f"{mode}: no key is set up", remedy)
    else:
        yield Finding(AREA, "W&B", "ok", f"{mode}, as asked for; a key is in {source}")
