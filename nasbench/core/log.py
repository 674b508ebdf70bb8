"""`trials.jsonl`, read line by line: every line is a trial that fits its run, or one error names the line.

Every command reads its runs here: what goes on with a run, reports it, compares it, or takes one of its networks.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.json_text import LineTooLong, numbered_lines, parsed
from nasbench.core.plain_file import check_plain
from nasbench.core.reward import targets_of
from nasbench.core.shown import sentence
from nasbench.core.trial import Trial, check_number
from nasbench.core.typed import fits, shown

FILE = "trials.jsonl"
Check = Callable[[Trial], None]
"""UsageError where a trial does not fit its run."""

TRAINED = ("params", "macs", "val_accuracy", "test_accuracy", "images_per_second")
CHOSEN_BY = "val_accuracy"
SHARED = ("params", "val_accuracy", "val_loss", "train_loss")
"""Of the training of a supernet; what follows it is its ranking check."""
SCALED = ("params", "macs", "macs_ratio", "depth", "width", "resolution", "resolution_multiplier")
COEFFICIENTS = ("alpha", "beta", "gamma")


@dataclass
class Log:
    """What a log says.

    Attributes:
        trials: in the order of the lines.
        end: bytes of the lines that stay; what follows is a torn line.
        torn: the text of a last line that an interrupted write cut short; None where there is none.
        open_end: whether the last trial's line lacks its end.
    """

    trials: list[Trial] = field(default_factory=list)
    end: int = 0
    torn: str | None = None
    open_end: bool = False


def read_log(directory: Path, run: Mapping[str, Any], fits_run: Check | None = None) -> Log:
    """The log of a run, or an empty one where none is there.

    UsageError with the number of a line that is no trial, does not fit its run, does not pass `fits_run`, or has the
    number of an earlier trial.
    """
    path = directory / FILE
    log, rule = Log(), rule_of(run)
    line_of: dict[int, int] = {}
    if not path.exists():
        return log
    check_plain(path)
    number = 0
    try:
        with open(path, "rb") as file:
            for number, line in numbered_lines(file):
                if not line.endswith(b"\n") and not _is_whole(line):
                    log.torn = _torn(line)
                    break
                if line.strip():
                    trial = Trial.from_json(parsed(line))
                    if trial.number in line_of:
                        raise UsageError(f"trial {trial.number} is in line {line_of[trial.number]} already")
                    for each in (rule, fits_run):
                        if each is not None:
                            each(trial)
                    line_of[trial.number] = number
                    log.trials.append(trial)
                    log.open_end = not line.endswith(b"\n")
                log.end += len(line)
    except LineTooLong as error:
        raise _refused(path, error.number, error) from error
    except ValueError as error:
        raise _refused(path, number, error) from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return log


def rule_of(run: Mapping[str, Any]) -> Check | None:
    """What a scored trial of a run must hold for its report and for what goes on with it; None for nothing."""
    config = run.get("config")
    config = config if isinstance(config, Mapping) else {}
    command = run.get("command")
    if command == "race":
        return _check_repetition
    if command == "fidelity":
        return partial(_check_cheap_score, run.get("plan"))
    if command in ("train", "transfer", "compare") or (command == "scale" and not config.get("search")):
        all_train = config.get("val_split") == 0  # then no image was for validation
        measured = tuple(each for each in TRAINED if not all_train or each != CHOSEN_BY)
        return lambda trial: _check_numbers(trial, measured)
    if command == "supernet":
        return _check_shared
    if command == "scale":
        return _check_scaled
    objectives = [str(name) for name in config.get("objectives") or () if isinstance(name, str)]
    names = [part.strip().lstrip("+-") for name in objectives for part in name.split(",") if ":" not in part]
    plan = run.get("plan")
    costs = [target.metric for target in targets_of(plan)] if isinstance(plan, Mapping) else []
    named = (*(names or [str(config.get("score_column") or "val_accuracy")]), *costs)

    def numbers(trial: Trial) -> None:
        if trial.architecture is None:
            raise UsageError("a trial of a search has an architecture; got null")
        for name in named:
            check_number(trial.metrics, name)

    return numbers


def _check_shared(trial: Trial) -> None:
    """The training, a score with inherited weights, or a training of a network by itself."""
    trained = ("val_accuracy",) if trial.epochs else ("inherited_accuracy", "inherited_loss")
    _check_numbers(trial, SHARED if trial.architecture is None else trained)


def _check_scaled(trial: Trial) -> None:
    compared = "compared_as" in trial.note
    _check_numbers(trial, ("val_accuracy", *SCALED) if compared else ("val_accuracy", *SCALED, *COEFFICIENTS))


def _check_repetition(trial: Trial) -> None:
    """`steps` are [evaluations, seconds, values], `evaluations_by_budget` whole numbers."""
    if not trial.scored and trial.status == "failed":
        return
    steps, evaluations = trial.metrics.get("steps"), trial.metrics.get("evaluations_by_budget")
    if not _is_list(steps, _is_step):
        raise UsageError(f"the metric 'steps' of a repetition is a list of its new bests; got {shown(steps)}")
    if not _is_list(evaluations, lambda each: fits(each, int)):
        raise UsageError(f"the metric 'evaluations_by_budget' is a list of whole numbers; got {shown(evaluations)}")


def _check_cheap_score(plan: object, trial: Trial) -> None:
    """The note says which score was asked for, in the order of the plan, and the truth; a trial that did not fail has
    the score's value, or its parts, of which one that is not defined is null.
    """
    known = plan if isinstance(plan, Mapping) else {}
    labels, parts = known.get("scores") or [""], known.get("parts") or {}
    label = labels[(trial.number - 1) % len(labels)]
    if trial.note.get("score") != label:
        raise UsageError(f"its note must say 'score': {label!r}; got {shown(trial.note.get('score'))}")
    if not fits(trial.note.get("truth"), float):
        raise UsageError(f"its note must hold the truth, a number; got {shown(trial.note.get('truth'))}")
    if trial.status == "failed":
        return
    if label not in parts and not trial.scored:
        raise UsageError("a trial that did not fail has a score; got null")
    for name in parts.get(label, ()):
        if name not in trial.metrics or not fits(trial.metrics[name], float | None):
            raise UsageError(f"the metric {name!r} must be a number or null; got {shown(trial.metrics.get(name))}")


def _is_step(step: object) -> bool:
    if not isinstance(step, Sequence) or isinstance(step, str) or len(step) != 3:
        return False
    return fits(step[0], int) and fits(step[1], float) and _is_list(step[2], lambda each: fits(each, float))


def _is_list(value: object, of: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(of, value))


def _check_numbers(trial: Trial, names: Sequence[str]) -> None:
    if trial.status == "failed":
        return
    for name in names:
        if not fits(trial.metrics.get(name), float):
            found = shown(trial.metrics[name]) if name in trial.metrics else "none"
            raise UsageError(f"the metric {name!r} must be a number; got {found}")


def _is_whole(line: bytes) -> bool:
    """Whether a last line without its end is a trial all the same: an editor took the end away."""
    with suppress(ValueError):
        return isinstance(parsed(line), dict)
    return False


def _torn(line: bytes) -> str:
    if b"\r" in line.rstrip(b"\r\0"):
        raise ValueError("its lines end as on old Macintosh computers (CR alone); they must end with a line feed")
    return line.decode(errors="replace")


def _refused(path: Path, number: int, error: Exception) -> UsageError:
    """The error for a line. `error` says what is wrong with it."""
    return UsageError(
        f"line {number} of {path} is not a trial of this run: {sentence(error)} Nothing was changed. Restore the file, "
        "or delete that line to run its trial again."
    )
