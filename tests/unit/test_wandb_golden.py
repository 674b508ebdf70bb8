"""W&B's workspace and report of each kind of run, as W&B's own objects hold them, are those in golden JSON.

After a change that is meant: `python -m unit.test_wandb_golden`, in tests/.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from nasbench.core.run_title import run_title
from nasbench.trackers.dashboard import Dashboard
from nasbench.trackers.panels import dashboard_of
from nasbench.trackers.wandb_dashboard import RunText, report_of, workspace_of

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "wandb"
SEARCH = {"space": "nasbench201", "strategy": "ppo", "dataset": "cifar10"}
TRAIN = {"dataset": "cifar10", "seeds": 3}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "search": ("search", SEARCH),
    "search_of_trial_runs": ("search", {**SEARCH, "wandb_trials": True}),
    "weight_sharing": ("search", {**SEARCH, "space": "enas-micro", "evaluator": "supernet:runs/supernet", "check": 8}),
    "scale_search": ("scale", {"search": True, "base": "resnet18", "strategy": "grid", **TRAIN}),
    "scale_train": ("scale", {"search": False, "base": "resnet18", **TRAIN}),
    "train": ("train", {"model": "zoo:lenet5", **TRAIN}),
    "transfer": ("transfer", {"model": "zoo:lenet5", **TRAIN}),
    "compare": ("compare", {"models": ["zoo:lenet5"], **TRAIN}),
    "supernet": ("supernet", {"space": "nasbench201", "sampler": "fair", "dataset": "cifar10"}),
    "race": (
        "race",
        {"space": "nasbench201", "strategies": ["random", "ppo"], "evaluator": "table:nasbench201-cifar10"},
    ),
    "fidelity": ("fidelity", {"truth": "table:nasbench201-cifar10", "scores": ["proxy:params"], "dataset": "auto"}),
}
LEFT_OUT = ("id", "__id__", "ref", "createdAt", "updatedAt", "localPanelSettings", "flowConfig", "workspaceSettings")
"""Drawn by lot, or W&B's own defaults of how a section is laid out."""
TEXT = RunText(
    "abc", "3 trials in run.", ("Nothing can be told.",), ((True, "The code: commit abc."), (False, "Alone."))
)


def made(kind: str) -> dict[str, Any]:
    """The workspace and the report of a kind of run, as JSON without what W&B draws by lot."""
    command, config = KINDS[kind]
    dashboard = dashboard_of(command, run_title(config), config)
    workspace = workspace_of(dashboard, "me", "nasbench")
    report = report_of([dashboard], [TEXT], "", "nasbench")  # an entity is looked up online
    models = {"workspace": workspace._to_model(), "report": report._to_model()}
    return {
        name: plain(json.loads(model.model_dump_json(by_alias=True, exclude_none=True)))
        for name, model in models.items()
    }


def plain(value: Any) -> Any:
    """Without identifiers that are drawn by lot, and without empty values: how many of those are written differs from
    version to version.
    """
    if isinstance(value, dict):
        kept = {name: plain(each) for name, each in value.items() if name not in LEFT_OUT}
        return {name: each for name, each in kept.items() if each not in ({}, [], "", None)}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS)
def test_workspace_and_report_are_as_before(kind: str) -> None:
    golden = json.loads((GOLDEN / f"{kind}.json").read_text(encoding="utf-8"))
    assert made(kind) == golden


@pytest.mark.parametrize("kind", KINDS)
def test_a_dashboard_is_read_back_from_its_json(kind: str) -> None:
    dashboard = dashboard_of(KINDS[kind][0], kind, KINDS[kind][1])
    assert Dashboard.from_json(json.loads(json.dumps(dashboard.to_json()))) == dashboard


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for each in KINDS:
        (GOLDEN / f"{each}.json").write_text(
            json.dumps(made(each), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
        )
