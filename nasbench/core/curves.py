"""What a run log says of a search's progress: the best so far, what random search would have reached, which options are
preferred.

Shared by the report and the trackers, so plain Python.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench.core.arch import Choice, Decision
from nasbench.core.options import parse_options
from nasbench.core.protocols import AnyDepth, SearchSpace
from nasbench.core.registry import spaces
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial


def is_retraining(trial: Trial) -> bool:
    """True for a training after the search: of an earlier one's architecture, for longer, under another seed or to
    check a cheap score, or of its rivals.
    """
    return any(name in trial.note for name in ("retrain_of", "check_of", "compared_as"))


def is_control(trial: Trial) -> bool:
    """True for an extra random child that the strategy never hears of."""
    return bool(trial.note.get("control"))


def is_random(trial: Trial) -> bool:
    """True for a child proposed without anything the search had told: a sample of the space, whatever the strategy."""
    return (is_control(trial) or bool(trial.note.get("blind"))) and not is_retraining(trial)


def searched(trials: Iterable[Trial]) -> list[Trial]:
    """The strategy's own trials, in the order of finishing."""
    return [trial for trial in trials if not is_control(trial) and not is_retraining(trial)]


def random_scores(trials: Iterable[Trial]) -> list[float]:
    """The scores of the different random children, at the epochs and the depth at which they are compared."""
    known = list(trials)
    epochs, layers = compared_epochs(known), compared_layers(known)
    drawn = {
        trial.key: trial.score
        for trial in reversed(known)
        if is_random(trial) and trial.epochs == epochs and has_layers(trial, layers) and trial.score is not None
    }
    return list(drawn.values())


def search_epochs(trials: Iterable[Trial]) -> int:
    """The epochs that most trials had, retrainings left aside; the higher number where equal, 0 without trials."""
    counts: dict[int, int] = {}
    for trial in trials:
        if not is_retraining(trial):
            counts[trial.epochs] = counts.get(trial.epochs, 0) + 1
    return max(counts, key=lambda epochs: (counts[epochs], epochs), default=0)


def compared_epochs(trials: Iterable[Trial]) -> int:
    """The epochs at which a search is compared with chance: those of its control, or else those of most trials."""
    known = list(trials)
    control = [trial for trial in known if is_control(trial) and not is_retraining(trial)]
    return search_epochs(control or known)


def compared_layers(trials: Iterable[Trial]) -> int | None:
    """Where networks got deeper, the depth that all children of the control have; None where they have several, as
    those have that stand among the trials of the search, and where depth is no matter.
    """
    depths = [trial.note.get("layers") for trial in trials if is_control(trial) and not is_retraining(trial)]
    one = depths[0] if depths and all(each == depths[0] for each in depths) else None
    return one if isinstance(one, int) else None


def has_layers(trial: Trial, layers: int | None) -> bool:
    """Whether the network was proposed at that depth; any will do for None."""
    return layers is None or trial.note.get("layers") == layers


def best_so_far(trials: Iterable[Trial]) -> list[float | None]:
    """After each trial, the best score up to it; None before the first score."""
    curve: list[float | None] = []
    best: float | None = None
    for trial in trials:
        if trial.score is not None and (best is None or trial.score > best):
            best = trial.score
        curve.append(best)
    return curve


def expected_best(scores: Sequence[float], n: int) -> float:
    """The mean, over all subsets of `n` of the scores, of the subset's best: an unbiased estimate of the best of n
    random draws.

    With the scores in order, x_1 <= ... <= x_N, the i-th is the best of C(i-1, n-1) of the C(N, n) subsets. ValueError
    unless 1 <= n <= N: more draws than there are scores cannot be estimated without bias.
    """
    mean = 0.0
    for weight, score in zip(best_weights(len(scores), n), sorted(scores, reverse=True), strict=True):
        mean += weight * score
    return mean


def best_weights(total: int, n: int) -> list[float]:
    """What each of `total` scores, the best first, adds to the expected best of `n` of them: C(i-1, n-1) / C(total, n)
    for the i-th in ascending order.
    """
    if not 1 <= n <= total:
        raise ValueError(f"the expected best of n takes n from 1 to the number of scores, {total}; got {n}")
    weights, weight = [], n / total  # C(N-1, n-1) / C(N, n), then C(i-2, n-1) / C(i-1, n-1) = (i - n) / (i - 1)
    for rank in range(total, 0, -1):
        weights.append(weight)
        weight *= max(0, rank - n) / (rank - 1) if rank > 1 else 0.0
    return weights


@dataclass(frozen=True)
class OptionGroup:
    """Decisions that choose among the same options: all operations of a cell space, say."""

    decisions: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        """The decisions' common name with the numbers taken out, or else the first's."""
        names = {re.sub(r"[\W\d_]+", " ", decision).strip() for decision in self.decisions}
        last = {name.split()[-1] if name else "" for name in names}
        return next(iter(last)) if len(last) == 1 and last != {""} else self.decisions[0]


def option_groups(choices: Sequence[Decision]) -> list[OptionGroup]:
    """The groups of categorical decisions with equal named options; those of most decisions first, then of most
    options.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for choice in choices:
        if (
            isinstance(choice, Choice)
            and len(choice.options) > 1
            and all(isinstance(option, str) for option in choice.options)
        ):
            groups.setdefault(tuple(map(str, choice.options)), []).append(choice.name)
    return _by_size([OptionGroup(tuple(names), options) for options, names in groups.items()])


def observed_groups(trials: Iterable[Trial]) -> list[OptionGroup]:
    """The same from the log alone, where the space is not at hand: decisions whose named options overlap belong
    together.
    """
    seen: dict[str, dict[str, None]] = {}
    for trial in trials:
        for name, gene in trial.genes.items():
            if isinstance(gene, str):
                seen.setdefault(name, {})[gene] = None
    groups: list[tuple[list[str], dict[str, None]]] = []
    for name, options in seen.items():
        joined = [group for group in groups if options.keys() & group[1].keys()]
        groups = [group for group in groups if group not in joined]
        names = [name for group in joined for name in group[0]] + [name]
        groups.append((names, {option: None for _, known in [*joined, ([], options)] for option in known}))
    return _by_size(
        [OptionGroup(tuple(names), tuple(sorted(options))) for names, options in groups if len(options) > 1]
    )


def groups_of(config: Mapping[str, Any], trials: Sequence[Trial]) -> list[OptionGroup]:
    """The groups of decisions of the space that a search's configuration names; from the log alone where the space
    cannot be imported.
    """
    try:
        name, options = (
            str(config.get("space", "")),
            parse_options(config.get("space_options") or (), "--space-options"),
        )
        made: SearchSpace = spaces.make(name)
        if isinstance(made, AnyDepth) and trials:
            made = made.containing(max((trial.proposed for trial in trials), key=lambda each: len(each.items)))
        elif options or config.get("layers") is not None:
            layers = config.get("layers")
            made = spaces.make(name, options=options if layers is None else {**options, "layers": layers})
        return option_groups(made.choices)
    except BaseException as error:  # a plug-in that is gone or broken must not cost the report
        if from_outside(error):
            raise
        return observed_groups(trials)


def option_shares(trials: Iterable[Trial], group: OptionGroup) -> dict[str, float]:
    """The share of each option among all that these trials decided in that group; all 0 where they decided nothing."""
    counts = dict.fromkeys(group.options, 0)
    for trial in trials:
        genes = trial.genes
        for decision in group.decisions:
            gene = genes.get(decision)
            if gene in counts:
                counts[str(gene)] += 1
    total = sum(counts.values())
    return {option: count / total if total else 0.0 for option, count in counts.items()}


def _by_size(groups: list[OptionGroup]) -> list[OptionGroup]:
    return sorted(groups, key=lambda group: (-len(group.decisions), -len(group.options), group.decisions))
