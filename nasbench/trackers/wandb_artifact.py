"""What a run leaves for use as an artifact of W&B: the best network (model.py, weights, architecture) as a model, or
the coefficients of a scaling search.

Its metadata says where it comes from: the run, the data set by content, the recipe, counts and metrics. Online the run
also uses artifacts of the data set and of the recipe, so that W&B draws the lineage; W&B has no such thing for a run
that is offline.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.core.identity import digest
from nasbench.core.json_text import parsed
from nasbench.core.shown import say, sentence, text_of

FILES = (
    "model.py",
    "weights.safetensors",
    "model.pt2",
    "architecture.json",
    "metrics.json",
    "preprocessing.json",
    "coefficients.json",
    "cell.svg",
)
"""What of best/ goes into it."""
SUPERNET = ("supernet/weights.safetensors",)


def log_best(run: Any, directory: Path, record: Mapping[str, Any], retrained: bool) -> str | None:
    """Logs the artifact of the run in `directory`, whose run.json holds `record`; its name, or None where there is
    nothing to log. `retrained`: the best was trained again after the search.
    """
    import wandb

    files = {name: directory / "best" / name for name in FILES if (directory / "best" / name).is_file()}
    kind, aliases = "model", ["best", *(["retrained"] if retrained else [])]
    if not files:
        files = {Path(name).name: directory / name for name in SUPERNET if (directory / name).is_file()}
        aliases = ["supernet"]
    elif "coefficients.json" in files:
        kind = "coefficients"
    if not files:
        return None
    if not run.offline:
        _use_inputs(run, record)
    name = f"{kind}-{run.id}"
    artifact = wandb.Artifact(name, type=kind, metadata=metadata_of(run.id, directory, record))
    for stored, path in files.items():
        artifact.add_file(str(path), name=stored)
    run.log_artifact(artifact, aliases=aliases)
    return name


def metadata_of(run_id: str, directory: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Where the network comes from, and what it came to."""
    config, metrics = _mapping(record.get("config")), object_in(directory / "best" / "metrics.json")
    return {
        "run": {"id": run_id, "directory": directory.name, "command": record.get("command")},
        "dataset": {"name": config.get("dataset"), "identity": _identity(record, "data")},
        "recipe": {"name": config.get("recipe"), "digest": digest(recipe) if (recipe := _recipe(record)) else None},
        "space": config.get("space"),
        "seed": metrics.get("seed", config.get("seed")),
        "counts": {name: metrics[name] for name in ("params", "macs") if name in metrics},
        "metrics": {name: value for name, value in metrics.items() if isinstance(value, int | float)},
        "versions": dict(_mapping(record.get("versions"))),
    }


def _use_inputs(run: Any, record: Mapping[str, Any]) -> None:
    """The data set and the recipe as inputs of the run. What W&B refuses costs the edge of the lineage alone."""
    import wandb

    config = _mapping(record.get("config"))
    inputs = (
        ("dataset", config.get("dataset"), _identity(record, "data")),
        ("recipe", config.get("recipe"), _recipe(record)),
    )
    for kind, name, content in inputs:
        if not name or not content:
            continue
        plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in str(name))
        try:
            run.use_artifact(wandb.Artifact(f"{kind}-{plain}", type=kind, metadata={"name": name, "content": content}))
        except Exception as error:
            say(f"nasbench: W&B has no lineage of the {kind}: {sentence(text_of(error))}")


def _identity(record: Mapping[str, Any], name: str) -> Any:
    return _mapping(record.get("identity")).get(name)


def _recipe(record: Mapping[str, Any]) -> Any:
    return _mapping(record.get("plan")).get("recipe") or _identity(record, "recipe")


def object_in(path: Path) -> Mapping[str, Any]:
    """The object in a file of JSON; an empty one where there is none that can be read."""
    try:
        return _mapping(parsed(path.read_bytes()))
    except (OSError, ValueError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
