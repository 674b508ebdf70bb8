"""What a run leaves for use: `best/` with the architecture, a stand-alone network, its weights, its metrics and its
drawing.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.objectives import pareto_front, parse_objectives
from nasbench.core.protocols import Drawable, SearchSpace, StandAlone
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore, best_trial, write_atomically
from nasbench.core.trial import Trial
from nasbench.report.cells.drawing import draw_dot, draw_svg


class BestWeights:
    """A listener that keeps, of all children's weights under `checkpoints/`, those of the best one so far."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self.best = best_trial(store.trials)

    def __call__(self, trial: Trial) -> None:
        previous, self.best = self.best, best_trial([known for known in (self.best, trial) if known is not None])
        for loser in (previous, trial):
            if loser is not None and (self.best is None or weights_number(loser) != weights_number(self.best)):
                weights_file(self._store.directory, weights_number(loser)).unlink(missing_ok=True)


def weights_number(trial: Trial) -> int:
    """The number of the trial that trained the weights: for a cached trial, the one it was answered from."""
    return trial.number if trial.of is None else trial.of


def weights_file(directory: Path, number: int) -> Path:
    return directory / "checkpoints" / f"{number}.safetensors"


def spec_of(run: Mapping[str, object], trial: Trial) -> ModelSpec:
    """The specification that a trial of this run was built from."""
    if trial.model is not None:
        return ModelSpec.from_json(trial.model)
    plan = run["plan"]
    assert isinstance(plan, Mapping), plan
    record = {"source": plan["source"], "size": plan["size"], "task": plan["task"]}
    return ModelSpec.from_json({**record, "architecture": trial.proposed.to_json()})


def drop_training_states(store: RunStore) -> None:
    """Deletes what trainings in stages would have gone on from: nobody does now."""
    for state in (store.directory / "checkpoints").glob("*.state"):
        state.unlink()


def write_best(store: RunStore, space: SearchSpace) -> Trial | None:
    """Writes `best/` anew from the log; None where no trial has a score. Weights and a drawing are there where they
    exist.
    """
    best = best_trial(store.trials)
    if best is None:
        return None
    spec = spec_of(store.run, best)
    write_network(
        store.directory / "best",
        {**spec.to_json(), "key": space.canonical(best.proposed).key},
        {**best.metrics, "number": best.number, "score": best.score, "epochs": best.epochs, "seed": best.seed},
        weights_file(store.directory, weights_number(best)),
        spec,
        space,
    )
    return best


def write_network(
    folder: Path,
    architecture: dict[str, Any],
    metrics: Mapping[str, Any],
    weights: Path,
    spec: ModelSpec,
    space: object,
) -> None:
    """One network's files; weights, model.py and a drawing where they exist. `space` is None for a network of the
    zoo.
    """
    source = _stand_alone(spec, space)
    folder.mkdir(exist_ok=True)
    _write_json(folder / "architecture.json", architecture)
    _write_json(folder / "metrics.json", dict(metrics))
    if source:
        write_atomically(folder / "model.py", source)
    if isinstance(space, Drawable):
        graphs = space.graphs(spec)
        write_atomically(folder / "cell.svg", draw_svg(graphs))
        write_atomically(folder / "cell.dot", draw_dot(graphs))
    if weights.exists():
        part = folder / ".weights.safetensors.part"
        shutil.copyfile(weights, part)
        part.replace(folder / "weights.safetensors")
    else:
        (folder / "weights.safetensors").unlink(missing_ok=True)


def _stand_alone(spec: ModelSpec, space: object) -> str | None:
    """The text of model.py; None where a library's code builds the network, or its space writes none."""
    if isinstance(space, StandAlone):
        return space.source(spec)
    if spec.source != "zoo":
        return None
    from zoo.source import source

    try:
        return source(str(spec.name), spec.size, spec.task)
    except UsageError:
        return None


def write_front(store: RunStore) -> list[dict[str, object]] | None:
    """Writes `best/front.json`, the Pareto front of the run's objectives, and returns it; None for a run without
    objectives.
    """
    objectives = parse_objectives(store.run["config"].get("objectives", ()))
    if not objectives:
        return None
    front: list[dict[str, object]] = [
        {
            "number": trial.number,
            "key": trial.key,
            **{objective.metric: trial.metrics[objective.metric] for objective in objectives},
            "architecture": trial.proposed.to_json(),
        }
        for trial in pareto_front(store.trials, objectives)
    ]
    folder = store.directory / "best"
    folder.mkdir(exist_ok=True)
    _write_json(folder / "front.json", {"objectives": [vars(objective) for objective in objectives], "front": front})
    return front


def _write_json(path: Path, record: dict[str, object]) -> None:
    write_atomically(path, json.dumps(record, indent=2) + "\n")
