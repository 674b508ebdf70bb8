"""A run as an Optuna study, for optuna.visualization and optuna-dashboard."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from nasbench.core.arch import Decision
from nasbench.core.curves import searched
from nasbench.core.errors import UsageError
from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.registry import spaces
from nasbench.core.reported import read_epochs
from nasbench.core.spec import named_space
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.core.trust import check_trusted, trusting
from nasbench.engine.run.resume import vouched_for
from nasbench.strategies.libraries.optuna_sampler import distribution_of

STATES = {"ok": TrialState.COMPLETE, "cached": TrialState.COMPLETE, "pruned": TrialState.PRUNED}


def to_optuna(
    run: str | Path, storage: str | None = None, study_name: str | None = None, trust: bool = False
) -> optuna.Study:
    """A study with the trials of a search: decisions as parameters, scores or objectives as values.

    `storage` is Optuna's, such as sqlite:///runs.db, which `optuna-dashboard` opens (else in memory); `study_name` is
    the name of the run directory unless given. Metrics, keys and numbers of trials are user attributes; trainings after
    the search are left out. UsageError where the directory holds no search. A space that run.json names by an import
    path is imported with `trust` alone, or where this user began the run here.
    """
    directory = Path(run)
    store = RunStore.read(directory)
    trials = [trial for trial in searched(store.trials) if trial.architecture is not None]
    if store.run["command"] != "search" or not trials:
        raise UsageError(f"{directory} holds no trial of a search, of which a study could be made")
    source = str((store.run.get("plan") or {}).get("source", ""))
    with trusting([], trust):
        vouched_for(store.run, directory)
        check_trusted(named_space(source), directory / "run.json")
        part = spaces.get(source.removeprefix("space:"))
    space = part() if isinstance(part, type) else part
    objectives = parse_objectives(store.run["config"].get("objectives") or ())
    maximise = [each.maximise for each in objectives] or [True]
    directions = [StudyDirection.MAXIMIZE if each else StudyDirection.MINIMIZE for each in maximise]
    name = study_name or directory.resolve().name
    study = optuna.create_study(storage=storage, study_name=name, directions=directions)
    told = _epochs(directory)
    study.add_trials([_frozen(each, space.choices, objectives, told.get(each.number, {})) for each in trials])
    return study


def _epochs(directory: Path) -> dict[int, dict[int, float]]:
    """Number of a trial -> epoch -> the validation accuracy that it reported."""
    found: dict[int, dict[int, float]] = {}
    for told in read_epochs(directory):
        value = told.get("val_accuracy")
        if isinstance(value, int | float):
            found.setdefault(told["number"], {})[told["epoch"]] = float(value)
    return found


def _frozen(
    trial: Trial, choices: Sequence[Decision], objectives: Sequence[Objective], epochs: Mapping[int, float]
) -> FrozenTrial:
    """The trial as Optuna keeps one. One that lacks a value has failed."""
    asked = [trial.metrics.get(each.metric) for each in objectives] or [trial.score]
    values = [float(value) for value in asked if value is not None]
    state = STATES[trial.status] if len(values) == len(asked) else TrialState.FAIL
    pruned = state is TrialState.PRUNED and not objectives
    reached = {trial.epochs: values[0]} if pruned and not epochs else dict(epochs)
    frozen = create_trial(
        state=state,
        values=None if state is TrialState.FAIL else values,
        params=dict(trial.genes),
        distributions={each.name: distribution_of(each) for each in choices},
        intermediate_values={} if objectives else reached,  # studies of several values have none
        user_attrs={"number": trial.number, "key": trial.key, "status": trial.status, **trial.metrics},
    )
    frozen.datetime_start = datetime.fromisoformat(trial.started)
    frozen.datetime_complete = frozen.datetime_start + timedelta(seconds=trial.seconds)
    return frozen
