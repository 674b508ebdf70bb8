"""Any trial of a run as a MODEL: RUN#7 is trial 7 of the run in the directory RUN, RUN#3fa9 the one with that key.

The best trials' weights lie under `checkpoints/` (`--keep K` of a search). A trial whose weights are not there is a
network that was never trained: whoever needs weights is told so.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.json_text import parsed
from nasbench.core.spec import ModelSpec
from nasbench.core.store import LOG_FILE, RUN_FILE, RunStore
from nasbench.core.trial import Trial
from nasbench.core.trust import check_trusted

SHORTEST_KEY = 4
"""A key may be cut short to so many digits."""
KEY_DIGITS = 16


@dataclass(frozen=True)
class TrialOfRun:
    """A trial of a run in a directory."""

    directory: Path
    spec: ModelSpec
    trial: Trial

    @property
    def weights(self) -> Path | None:
        """Its weights; None where they were not kept, or it was never trained."""
        checkpoint = weights_file(self.directory, weights_number(self.trial))
        if checkpoint.exists():
            return checkpoint
        best = self.directory / "best" / "weights.safetensors"
        return best if best.exists() and number_of_best(self.directory) in _same(self.trial) else None


def model_text(model: str | os.PathLike[str]) -> str:
    """A MODEL as text, which may be given as a path. UsageError for anything else."""
    if not isinstance(model, str | os.PathLike):
        raise UsageError(
            f"a MODEL is zoo:NAME, space:SPACE:PUBLISHED, an architecture.json or a run directory; got {model!r}"
        )
    return os.fspath(model)


def at_trial(model: str | os.PathLike[str], trial: str | int | None) -> str:
    """The MODEL that `model` with `--trial` means. UsageError where it is no run directory, or names one already."""
    model = model_text(model)
    if trial is None:
        return model
    if not os.path.isdir(model):
        directory, which = split(model)
        raise UsageError(
            f"{directory} has its trial in the name already, {which}: leave --trial out"
            if which is not None
            else f"--trial is for a MODEL that is a run directory; {model!r} is none"
        )
    return f"{model}#{trial}"


def split(model: str | os.PathLike[str]) -> tuple[str, str | None]:
    """RUN#7 -> (RUN, '7'); any other MODEL -> (itself, None)."""
    model = model_text(model)
    directory, mark, which = model.rpartition("#")
    if not mark or os.path.exists(model) or not os.path.isdir(directory):
        return model, None
    return directory, which


def trial_of(model: str | os.PathLike[str]) -> TrialOfRun | None:
    """The trial that a MODEL names; None where it names none. UsageError where the run has no such trial."""
    directory, which = split(model)
    if which is None:
        return None
    store = _read(Path(directory))
    trial = find(store.trials, which, directory)
    spec = spec_of(store.run, trial)
    check_trusted(spec.import_paths, store.directory)
    return TrialOfRun(store.directory, spec, trial)


def _read(directory: Path) -> RunStore:
    """The run, read once for all its trials that are asked for in turn, as long as its files stay as they are."""
    try:
        states = [(directory / name).stat() for name in (RUN_FILE, LOG_FILE)]
    except OSError:
        return RunStore.read(directory)  # which says what is wrong
    return _read_once(directory, tuple((each.st_dev, each.st_ino, each.st_mtime_ns, each.st_size) for each in states))


@lru_cache(maxsize=4)
def _read_once(directory: Path, state: object) -> RunStore:  # noqa: ARG001 - another state is read anew
    return RunStore.read(directory)


def find(trials: Sequence[Trial], which: str, directory: object) -> Trial:
    """The trial with that number, or else with that key (or the start of one, which may be of digits alone); of several
    of one key, the one with the most epochs.

    UsageError where there is none, or where a key's start is that of several networks.
    """
    numbers = {trial.number: trial for trial in trials}
    if not trials:
        raise UsageError(f"the run in {directory} has no trial yet")
    is_number = which.isdecimal() and len(which) < KEY_DIGITS
    if is_number and int(which) in numbers:
        return numbers[int(which)]
    named = [trial for trial in trials if trial.key.startswith(which)] if len(which) >= SHORTEST_KEY else []
    if is_number and not named:
        nearest = min(numbers, key=lambda number: abs(number - int(which)))
        raise UsageError(
            f"the run in {directory} has no trial {which}: it has {len(numbers)}, numbered {min(numbers)} to "
            f"{max(numbers)}. The nearest is {nearest}."
        )
    keys = sorted({trial.key for trial in named})
    if not keys:
        raise UsageError(
            f"the run in {directory} has no trial {which!r}. Give a number from {min(numbers)} to {max(numbers)}, or "
            f"the first {SHORTEST_KEY} digits or more of a key in its report."
        )
    if len(keys) > 1:
        raise UsageError(f"{len(keys)} networks of the run in {directory} have keys that start with {which}: {keys}")
    return max(named, key=lambda trial: (trial.scored, trial.epochs, trial.of is None, -trial.number))


OF_A_NETWORK = ("source", "size", "task")
"""Fields of a plan from which, with the architecture of a trial, its network follows."""


def spec_of(run: Mapping[str, object], trial: Trial) -> ModelSpec:
    """The specification that a trial of this run was built from. UsageError where it built no network."""
    if trial.model is not None:
        return ModelSpec.from_json(trial.model)
    plan = run.get("plan")
    if trial.architecture is None or not isinstance(plan, Mapping) or "source" not in plan:
        raise UsageError(f"trial {trial.number} of this run of 'nasbench {run.get('command')}' is no network")
    missing = [name for name in OF_A_NETWORK if name not in plan]
    if missing:
        raise UsageError(
            f"the plan in run.json lacks {' and '.join(map(repr, missing))}, without which trial {trial.number} is no "
            "network: it is not the whole record of a run. Restore it from where it was copied."
        )
    record = {name: plan[name] for name in OF_A_NETWORK}
    return ModelSpec.from_json({**record, "architecture": trial.proposed.to_json()})


def weights_number(trial: Trial) -> int:
    """The number of the trial that trained the weights: for a cached trial, the one it was answered from."""
    return trial.number if trial.of is None else trial.of


def weights_file(directory: Path, number: int) -> Path:
    return directory / "checkpoints" / f"{number}.safetensors"


def number_of_best(directory: Path) -> int | None:
    """The number of the trial whose network lies in `best/`; None where nothing says so."""
    path = directory / "best" / "metrics.json"
    try:
        number = parsed(path.read_bytes())["number"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def _same(trial: Trial) -> set[int]:
    """The numbers that the weights of a trial may be known by."""
    return {trial.number, weights_number(trial)}
