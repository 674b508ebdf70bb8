"""What a run leaves for use: `best/` with the architecture, a stand-alone network, its weights, its metrics and its
drawing.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.blame import blame
from nasbench.core.curves import is_control
from nasbench.core.errors import UsageError
from nasbench.core.objectives import pareto_front, parse_objectives
from nasbench.core.preprocessing import FILE, Preprocessing, write_preprocessing
from nasbench.core.protocols import Drawable, Evaluator, Preprocesses, SearchSpace, StandAlone
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore, returned_trial
from nasbench.core.trial import Trial
from nasbench.core.trial_of_run import number_of_best, spec_of, weights_file, weights_number
from nasbench.core.writing import copy_file, delete, files_together, make_folder, write_atomically, write_json
from nasbench.engine.parts.preprocess_source import with_preprocessing
from nasbench.engine.run.program import FILE as PROGRAM
from nasbench.engine.run.program import write_program
from nasbench.engine.run.watch import print_note
from nasbench.evaluators.measured import Measured
from nasbench.report.models.cells.drawing import draw_dot, draw_svg

WEIGHTS, METRICS = "weights.safetensors", "metrics.json"
CHECKPOINTS = "checkpoints"


class BestWeights:
    """A listener that keeps, of all children's weights under `checkpoints/`, those of the best ones so far (`keep` in
    the run's configuration, 1 unless it says more).

    Weights of a control that would be among them stay too: a child of the search that is the same network is answered
    from it, and then these are its weights.
    """

    def __init__(self, store: RunStore) -> None:
        self._store, self._keep = store, keep_of(store)
        self._kept = self._best(store.trials)

    def __call__(self, trial: Trial) -> None:
        known = [*self._kept, trial]
        self._kept = self._best(known)
        kept = set(map(weights_number, self._kept))
        for number in set(map(weights_number, known)) - kept:
            _drop(self._store, weights_file(self._store.directory, number))

    def _best(self, trials: Sequence[Trial]) -> list[Trial]:
        best = best_trials(trials, self._keep)
        return [*best, *(trial for trial in best_trials(trials, self._keep, controls=True) if trial not in best)]


def keep_of(store: RunStore) -> int:
    """How many trials' weights stay."""
    return int(store.run.get("config", {}).get("keep") or 1)


def best_trials(trials: Sequence[Trial], count: int, controls: bool = False) -> list[Trial]:
    """The `count` best trials of different trainings, the best first: most epochs, then score, then the earliest."""
    scored = [trial for trial in trials if trial.score is not None and (controls or not is_control(trial))]
    ranked = sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))
    first: dict[int, Trial] = {}
    for trial in ranked:
        first.setdefault(weights_number(trial), trial)
    return list(first.values())[:count]


def drop_other_weights(store: RunStore) -> None:
    """Deletes the weights of all but the best trials. A control's that would be among them stay: a search that is
    extended may propose the same network, whose weights these are. What stays is here then, also where the run is kept
    elsewhere too.
    """
    kept = {
        weights_number(trial)
        for controls in (False, True)
        for trial in best_trials(store.trials, keep_of(store), controls)
    }
    for weights in _checkpoints(store, ".safetensors"):
        if weights.stem.isdecimal() and int(weights.stem) not in kept:
            _drop(store, weights)
        else:
            _bring(store, weights)


def drop_training_states(store: RunStore) -> None:
    """Deletes what trainings in stages would have gone on from: nobody does now."""
    for state in _checkpoints(store, ".state"):
        _drop(store, state)


def drop_all_weights(store: RunStore) -> None:
    """Deletes the weights of all children."""
    for file in [*_checkpoints(store, ".safetensors"), store.directory / CHECKPOINTS / FILE]:
        _drop(store, file)


def _checkpoints(store: RunStore, ending: str) -> list[Path]:
    """The files of children, here and where the run is kept besides, by their places here."""
    here = {path.name for path in (store.directory / CHECKPOINTS).glob(f"*{ending}")}
    there = set() if store.mirror is None else {name.rpartition("/")[2] for name in store.mirror.names(CHECKPOINTS)}
    return [store.directory / CHECKPOINTS / name for name in sorted(here | there) if name.endswith(ending)]


def _drop(store: RunStore, file: Path) -> None:
    delete(file)
    if store.mirror is not None:
        store.mirror.delete(file.relative_to(store.directory).as_posix())


def _bring(store: RunStore, file: Path) -> None:
    """Fetches a file that is not here, where the run is kept elsewhere too."""
    if store.mirror is not None:
        store.mirror.fetch(file.relative_to(store.directory).as_posix())


def write_best(store: RunStore, space: SearchSpace, evaluator: Evaluator) -> Trial | None:
    """Writes `best/` anew from the log; None where no trial has a score. Weights, what their images go through and a
    drawing are there where they exist.
    """
    best = returned_trial(store.run, store.trials)
    if best is None:
        return None
    spec = spec_of(store.run, best)
    weights = weights_file(store.directory, weights_number(best))
    _bring(store, weights)
    trained_by = evaluator.evaluator if isinstance(evaluator, Measured) else evaluator
    shown = trained_by.preprocessing(spec) if isinstance(trained_by, Preprocesses) else None
    if shown is not None and weights.exists():
        write_preprocessing(weights.parent, shown)  # every child that is kept sees images alike
    write_network(
        store.directory / "best",
        {**spec.to_json(), "key": space.canonical(best.proposed).key},
        {**best.metrics, "number": best.number, "score": best.score, "epochs": best.epochs, "seed": best.seed},
        weights,
        spec,
        space,
        shown,
    )
    left_out = _left_out(store.directory / "best", spec, space)
    lost = store.directory / "best" / WEIGHTS
    if shown is not None and not lost.exists():
        again = f"nasbench train {shlex.quote(f'{store.directory}#{best.number}')}"
        left_out.append(f"no {lost}: the weights of trial {weights_number(best)} are gone. Train it again: {again}")
    if left_out != store.run.get("left_out", []):  # what an earlier end lacked may be there now
        store.update(left_out=left_out)
    for line in left_out:
        print_note(line)
    return best


def _left_out(folder: Path, spec: ModelSpec, space: SearchSpace) -> list[str]:
    """Why `best/` lacks a file that it has for the spaces here, and what stands in for it: a space may do without."""
    lines = []
    if not isinstance(space, StandAlone):
        line = (
            f"no {folder / 'model.py'}: space {space.name!r} has no method source() that writes one (see "
            "nasbench.core.protocols.StandAlone)"
        )
        weights = folder / WEIGHTS
        failed = write_program(folder, spec, weights) if weights.exists() else ""
        written = (folder / PROGRAM).exists() and weights.exists() and not failed
        lines += [f"{line}. {folder / PROGRAM} holds the network for torch.export.load" if written else line]
        lines += [failed] if failed else []
    if not isinstance(space, Drawable) and not type(space).__module__.startswith("search_spaces."):
        lines.append(
            f"no {folder / 'cell.svg'}: space {space.name!r} has no method graphs() that says what to draw (see "
            "nasbench.core.protocols.Drawable)"
        )
    return lines


def write_network(
    folder: Path,
    architecture: dict[str, Any],
    metrics: Mapping[str, Any],
    weights: Path,
    spec: ModelSpec,
    space: object,
    preprocessing: Preprocessing | None = None,
) -> None:
    """One network's files; weights, model.py and a drawing where they exist. `space` is None for a network of the
    zoo. Weights that lie there stay where they are those of the same trial, though `weights` was deleted since.
    `preprocessing` is that of the weights. A disk that refuses one of the files leaves the folder as it was.
    """
    source = _stand_alone(spec, space)
    same = number_of_best(folder.parent) == metrics.get("number")
    has_weights = weights.exists() or (same and (folder / WEIGHTS).exists())
    preprocessing = preprocessing if has_weights else None
    stale = [*(() if same else (WEIGHTS, PROGRAM)), *(() if preprocessing else (FILE,))]
    with files_together(folder, stale, last=METRICS) as part:
        write_json(part / "architecture.json", architecture)
        write_json(part / METRICS, dict(metrics))
        if source:
            write_atomically(part / "model.py", with_preprocessing(source, preprocessing))
        if isinstance(space, Drawable):
            with blame(space, "graphs()"):
                graphs = space.graphs(spec)
            write_atomically(part / "cell.svg", draw_svg(graphs))
            write_atomically(part / "cell.dot", draw_dot(graphs))
        if weights.exists():
            copy_file(weights, part / WEIGHTS)
        if preprocessing is not None:
            write_preprocessing(part, preprocessing)


def _stand_alone(spec: ModelSpec, space: object) -> str | None:
    """The text of model.py; None where a library's code builds the network, or its space writes none."""
    if isinstance(space, StandAlone):
        with blame(space, "source()"):
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
    make_folder(folder)
    write_json(folder / "front.json", {"objectives": [vars(objective) for objective in objectives], "front": front})
    return front
