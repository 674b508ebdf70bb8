"""What a search may optimise: metrics by name with their direction, and the Pareto front: the trials that no other
beats in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench.core.errors import UsageError
from nasbench.core.json_text import is_infinite
from nasbench.core.pareto import undominated
from nasbench.core.protocols import Metrics
from nasbench.core.registry import objectives as known_objectives
from nasbench.core.trial import Trial
from nasbench.core.typed import fits, shown

HIGHER_IS_BETTER = ("accuracy", "acc", "top1", "top5", "auc", "f1", "score")
LOWER_IS_BETTER = ("params", "macs", "flops", "loss", "error", "seconds", "latency", "bytes", "memory", "perplexity")
"""Words that say a metric's direction, wherever they stand in its name: val_accuracy, train_seconds_12."""


@dataclass(frozen=True)
class Objective:
    """A metric and whether more of it is better."""

    metric: str
    maximise: bool
    source: str | None = None
    """Where a metric of the user's own comes from, a function of the others: its import path or registered name."""

    def signed_value(self, metrics: Metrics) -> float:
        """The metric's value, negated if lower is better: higher is always better in the result.

        Raises KeyError if the metric is missing, TypeError if it is not a number.
        """
        value = number_of(metrics, self.metric)
        return value if self.maximise else -value


def parse_objectives(texts: Sequence[str], flag: str = "--objectives") -> tuple[Objective, ...]:
    """('val_accuracy,macs',) or ('val_accuracy', 'macs') -> objectives; '+name' and '-name' say the direction of other
    metrics.

    A function of the user's own, metrics -> number, is named by its import path or registered name; more of it is
    better unless '-' stands before it. UsageError for a metric whose direction is not known from its name, and for one
    named twice.
    """
    objectives: list[Objective] = []
    for text in (part.strip() for item in texts for part in item.split(",")):
        objective = _read(text, flag)
        if any(objective.metric == other.metric for other in objectives):
            raise UsageError(f"{flag} names {objective.metric!r} twice: name each metric once")
        objectives.append(objective)
    return tuple(objectives)


def number_of(metrics: Metrics, name: str) -> float:
    """A metric that is compared. KeyError where it is missing, TypeError where it is no number: a text that looks like
    one is none. NaN and infinite numbers pass: they fail their trial.
    """
    value = metrics[name]
    if isinstance(value, str | bool) or value is None:
        raise TypeError(f"{name!r} is {shown(value)}, which is no number")
    if not is_infinite(value) and isinstance(value, int | float) and not fits(value, float):
        raise TypeError(f"{name!r} is {shown(value)}, which is out of all proportion")
    return float(value)


def pareto_front(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """The trials that no other is at least as good as in every objective and better in one; the best in the first
    objective first.

    Compared are the scored trials with the most epochs among those that have all the metrics: what is trained after a
    search by a cheap score has not. Controls do not compete, and of several spellings or repeats of one network the
    first stands for all. Without objectives nothing
    is compared. The time that it takes: see `undominated`.
    """
    if not objectives:
        return []
    names = [objective.metric for objective in objectives]
    scored = [trial for trial in trials if trial.score is not None and not trial.note.get("control")]
    scored = [trial for trial in scored if all(trial.metrics.get(name) is not None for name in names)]
    most = max((trial.epochs for trial in scored), default=0)
    candidates: dict[str, tuple[tuple[float, ...], Trial]] = {}
    for trial in scored:
        if trial.epochs == most and trial.key not in candidates:
            values = tuple(objective.signed_value(trial.metrics) for objective in objectives)
            candidates[trial.key] = values, trial
    compared = list(candidates.values())
    return [compared[index][1] for index in undominated([values for values, _ in compared])]


def _read(text: str, flag: str) -> Objective:
    bare = text[1:] if text[:1] in ("+", "-") else text
    if ":" in bare or bare in known_objectives.names():
        return Objective(bare.rpartition(":")[2], maximise=text[:1] != "-", source=bare)
    if text[:1] in ("+", "-") and text[1:]:
        return Objective(text[1:], text[0] == "+")
    words = text.lower().split("_")
    if any(word in LOWER_IS_BETTER for word in words):
        return Objective(text, maximise=False)
    if any(word in HIGHER_IS_BETTER for word in words):
        return Objective(text, maximise=True)
    if not text:
        raise UsageError(f"{flag} takes metrics such as val_accuracy,macs; one of those given is empty")
    raise UsageError(
        f"{flag}: whether more of {text!r} is better does not follow from its name; write +{text} to maximise it or "
        f"-{text} to minimise it ({flag}=val_accuracy,-{text}). Known words: "
        f"{', '.join((*HIGHER_IS_BETTER, *LOWER_IS_BETTER))}."
    )
