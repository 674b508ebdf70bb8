"""The contract suite of trackers."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.job import Job
from nasbench.core.protocols import RunInfo, Tracker
from nasbench.core.seeds import trial_rng
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import STATUSES, Trial
from nasbench.testing.conditions import require
from nasbench.testing.toy import TOY_SPACE, additive_score

SEARCH_CONFIG = {"space": "toy", "strategy": "random", "dataset": "digits", "trials": 8, "seed": 0, "wandb": "off"}
TRAIN_CONFIG = {"model": "zoo:lenet5", "dataset": "digits", "recipe": "quick", "seeds": 2, "seed": 0, "wandb": "off"}
SUMMARIES: tuple[Mapping[str, Any], ...] = ({"trials": 4, "best": None}, {"interrupted": True}, {"error": "no images"})


def check_tracker(make: Callable[[], Tracker]) -> None:
    """That trackers from `make` can listen to any run.

    The suite plays searches (trials with an architecture) and trainings (trials with a name), with trials of every
    status and with every end; runs without a trial or without a report of an epoch; and runs that were resumed. A
    tracker may leave out `epoch`. It must not change what it is handed, nor print on standard output, which
    belongs to --json.
    """
    for trials in (_search(), _trainings()):
        config = TRAIN_CONFIG if trials[0].name else SEARCH_CONFIG
        for summary in SUMMARIES:
            _play(make, config, trials, (), summary, epochs=True)
        _play(make, config, (), (), {"error": "no images"}, epochs=False)
        _play(make, config, trials, (), SUMMARIES[0], epochs=False)
        _play(make, config, trials[3:], trials[:3], SUMMARIES[0], epochs=True)
        _play(make, config, (), trials, SUMMARIES[0], epochs=True)
        _resume(make, config, trials)


def _play(
    make: Callable[[], Tracker],
    config: Mapping[str, Any],
    trials: Sequence[Trial],
    history: Sequence[Trial],
    summary: Mapping[str, Any],
    epochs: bool,
) -> None:
    with TemporaryDirectory() as name:
        _listen(make(), Path(name), config, trials, history, summary, epochs)


def _resume(make: Callable[[], Tracker], config: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    """One directory for a run that is interrupted, and goes on with another tracker of the same kind."""
    with TemporaryDirectory() as name:
        _listen(make(), Path(name), config, trials[:3], (), {"interrupted": True}, epochs=True)
        _listen(make(), Path(name), config, trials[3:], trials[:3], SUMMARIES[0], epochs=True)


def _listen(
    tracker: Tracker,
    directory: Path,
    config: Mapping[str, Any],
    trials: Sequence[Trial],
    history: Sequence[Trial],
    summary: Mapping[str, Any],
    epochs: bool,
) -> None:
    who, printed = type(tracker).__name__, io.StringIO()
    handed = deepcopy((dict(config), tuple(history), tuple(trials), dict(summary)))
    before = deepcopy(handed)
    given_config, given_history, given_trials, given_summary = handed
    with redirect_stdout(printed):
        tracker.start(RunInfo(directory, given_config, len(history) + len(trials), given_history))
        for trial in given_trials:
            if epochs and hasattr(tracker, "epoch"):
                _report(tracker, trial, who)
            tracker.trial(trial)
        tracker.finish(given_summary, directory)
    for what, now, then in zip(("configuration", "history", "trials", "summary"), handed, before, strict=True):
        require(now == then, f"{who} changes the {what} that it is handed: {then} became {now}")
    require(not printed.getvalue(), f"{who} prints on standard output, which belongs to --json: {printed.getvalue()!r}")


def _report(tracker: Tracker, trial: Trial, who: str) -> None:
    job = _job(trial)
    for done in range(1, trial.epochs + 1):
        metrics = {"val_accuracy": 0.1 * done, "train_loss": 2.0 / done}
        handed = deepcopy((job, metrics))
        tracker.epoch(handed[0], done, handed[1])
        require(handed == (job, metrics), f"{who} changes the job or the metrics of an epoch that it is handed")


def _job(trial: Trial) -> Job:
    source, name = ("zoo", "lenet5") if trial.name else ("space:toy", None)
    return Job(
        trial.number,
        trial.seed,
        trial.epochs,
        trial.key,
        model=ModelSpec(source, Size(), Task(10, 8, 1), architecture=trial.architecture, name=name),
        architecture=trial.architecture,
        name=trial.name,
        data="digits",
        note=trial.note,
    )


def _search() -> list[Trial]:
    """Two trials of every status, the later ones without a note."""
    made = []
    for number in range(1, 2 * len(STATUSES) + 1):
        architecture = sample(TOY_SPACE.name, TOY_SPACE.choices, trial_rng(0, number))
        status = STATUSES[number % len(STATUSES)]
        failed = status == "failed"
        score = additive_score(architecture)
        made.append(
            Trial(
                number=number,
                architecture=architecture,
                key=TOY_SPACE.canonical(architecture).key,
                status=status,
                score=None if failed else score,
                metrics={} if failed else {"val_accuracy": score, "params": 100 * number, "macs": 5000 * number},
                epochs=2,
                seconds=0.0 if status == "cached" else 1.5,
                seed=0,
                worker="made-up",
                started="2020-01-01T00:00:00.000+00:00",
                note={"blind": True} if number <= len(STATUSES) else {},
                error="ValueError: made up to fail" if failed else None,
                of=1 if status == "cached" else None,
            )
        )
    return made


def _trainings() -> list[Trial]:
    """The same without an architecture: trials of networks that were not searched."""
    model = ModelSpec("zoo", Size(), Task(10, 8, 1), name="lenet5").to_json()
    return [
        replace(trial, architecture=None, name="zoo:lenet5", data="digits", seed=trial.number, model=model, note={})
        for trial in _as_logged(_search())
    ]


def _as_logged(trials: Sequence[Trial]) -> list[Trial]:
    """The trials as a log gives them back."""
    return [Trial.from_json(json.loads(json.dumps(trial.to_json(), allow_nan=False))) for trial in trials]
