"""Fields of run.json and of its plan, as readers of a run rely on them: a run directory may come from anybody."""

from collections.abc import Mapping
from typing import Any, Literal

from nasbench.core.errors import UsageError
from nasbench.core.typed import check_types

Object = Mapping[str, Any]
FIELDS: Mapping[str, Any] = {
    "command": str,
    "config": Object,
    "argv": list[str],
    "seed": int,
    "git_commit": str | None,
    "versions": Object,
    "hardware": Object,
    "started": str | None,
    "ended": str | None,
    "resumed": list[Object],
    "plan": Object | None,
    "identity": Object | None,
    "left_out": list[str],
    "data": Object,
    "ensemble": Object | None,
    "seed_ensembles": list[Object],
    "trusted": Object,
    "logged": int,
}
"""Of run.json. A field that is added later is read as any value of JSON."""
PLAN: Mapping[str, Any] = {
    "source": str,
    "size": Object,
    "task": Object,
    "epochs": int | None,
    "target_macs": int | None,
    "reward": Object,
    "control_shares": list,
    "recipe": Object | None,
    "chance": Object | None,
    "notes": list[str],
    "networks": Object,
    "sources": Mapping[str, str],
    "searches": list[Object],
    "columns": list[str],
    "axis": str,
    "budget": float,
    "budgets": list[float],
    "strategies": list[str],
    "optimum": Mapping[str, float] | None,
    "timed": bool,
    "races": list[Object],
    "on": str,
    "space": str,
    "told": str,
    "table": str,
    "truth": str,
    "column": str,
    "known": int,
    "sampling": str,
    "scores": list[str],
    "parts": Mapping[str, list[str]],
    "after": Object | None,
    "score_name": str,
    "truth_name": str,
    "sampler": str,
    "sampler_options": Object,
    "share": str,
    "spelling": str,
    "params": int,
    "controller": Mapping[str, str],
}
"""Of its plan, whatever the command."""
CONFIG: Mapping[str, Any] = {
    "space": str | None,
    "evaluator": str | None,
    "dataset": str | None,
    "objectives": list[str] | None,
    "score_column": str | None,
    "target_macs": str | int | None,
    "reward": str | None,
    "search": bool,
    "seeds": int,
    "sample": int,
    "workers": int | Literal["auto"],
}
"""Of its configuration, what is read of it as it is; commands check the rest."""
NEEDED: Mapping[str, tuple[str, ...]] = {
    "race": ("strategies", "columns", "axis", "budget", "budgets", "optimum", "timed"),
    "compare": ("sources", "networks"),
    "supernet": ("source", "size", "task", "sampler", "sampler_options", "recipe", "spelling"),
    "fidelity": ("truth", "column", "known", "sampling", "scores", "parts"),
}
"""Command -> fields of its plan that its report cannot do without."""


def searches(command: str, config: Mapping[str, Any]) -> bool:
    """Whether a run of this command and configuration has a strategy that proposes: `search`, and `scale --search`."""
    return command == "search" or (command == "scale" and bool(config.get("search")))


def check_run_record(run: Mapping[str, Any]) -> None:
    """UsageError for a field of a wrong type."""
    check_types(FIELDS, run, "the record of a run")
    check_types(CONFIG, run.get("config") or {}, "the configuration of a run")
    plan = run.get("plan") or {}
    check_types(PLAN, plan, "the plan of a run")
    for each in plan.get("races", ()):
        check_types(PLAN, each, "the plan of a race")


def check_whole(run: Mapping[str, Any], file: object) -> None:
    """UsageError where run.json lacks a field without which nothing goes on from it."""
    for name in ("command", "config"):
        if name not in run:
            raise UsageError(f"{file} lacks the field {name!r}: it is not the whole record of a run")
    plan = run.get("plan") or {}
    races, needed = plan.get("races"), NEEDED.get(run["command"], ())
    for each in races or [plan]:
        for name in (*needed, "on") if races else needed:
            if name not in each:
                raise UsageError(f"the plan in {file} lacks the field {name!r}: it is not the whole record of a run")
