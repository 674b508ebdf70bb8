"""Several searches as rows of one table: their curves, what they proposed, and differences between them.

Two different questions: whether the networks that one search proposed are better on average than another's (told from
two runs), and whether its best is (told only where each side has runs that differ in nothing but the seed).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from statistics import fmean
from typing import Any

from nasbench.core.curves import best_so_far, search_epochs, searched
from nasbench.core.store import RunStore, best_trial
from nasbench.core.trial import Trial
from nasbench.report.common.page import mapping
from nasbench.report.run.chance import welch
from nasbench.report.run.scored import score_name, targets

FEWEST = 4
"""The least number of different networks on each side for an interval of the difference of their means."""
NO_SETTING = (
    "run", "resume", "json", "dry_run", "keep", "track", "device", "executor", "ray_address", "gpus_per_worker",
    "trial_timeout", "storage", "data_dir", "download", "wandb", "wandb_trials", "wandb_project", "wandb_entity",
    "wandb_name", "wandb_tags", "wandb_artifacts", "wandb_alerts",
)  # fmt: skip
"""Fields of a configuration that say where and how a search runs, not what it is."""
SAME_SCORE = (
    "evaluator", "dataset", "image_size", "recipe", "cells", "filters", "reward", "reward_options", "target_macs",
    "score_column", "score_by", "score_images", "recalibration_images", "weight_sharing", "sampler_options", "share",
    "supernet_recipe", "supernet_epochs",
)  # fmt: skip
"""Fields that scores depend on, beside the epochs: where they differ, scores do not compare."""
SAME_COSTS = (
    "memory_batch", "memory_of", "latency_batch", "latency_on", "latency_threads", "latency_table", "latency_model",
    "latency_samples",
)  # fmt: skip
"""Fields that a score depends on which is made of costs."""


@dataclass(frozen=True)
class Search:
    """One of the runs under a name that no other has."""

    name: str
    directory: Path
    run: Mapping[str, Any]
    trials: Sequence[Trial]

    @cached_property
    def own(self) -> list[Trial]:
        """The strategy's own trials, in the order of finishing."""
        return searched(self.trials)

    @cached_property
    def best(self) -> Trial | None:
        """Of the strategy's own trials."""
        return best_trial(self.own)

    @cached_property
    def proposed(self) -> list[float]:
        """The scores of the different networks that the strategy proposed, of those with the search's epochs."""
        epochs = search_epochs(self.trials)
        scores = {trial.key: trial.score for trial in reversed(self.own) if trial.epochs == epochs}
        return [score for score in scores.values() if score is not None]

    @property
    def config(self) -> Mapping[str, Any]:
        return mapping(self.run.get("config"))

    def settings(self) -> dict[str, Any]:
        """What the search is: its configuration without its place, and what the plan adds."""
        plan = mapping(self.run.get("plan"))
        recipe = mapping(plan.get("recipe"))
        found = {name: value for name, value in self.config.items() if name not in NO_SETTING}
        return {**found, "epochs": plan.get("epochs"), "recipe": _recipe(recipe) or found.get("recipe")}

    def curve(self) -> list[tuple[int, float]]:
        """(trials finished, best so far), where it rises, and at the end."""
        return _rises(list(enumerate(best_so_far(self.own), 1)))

    def curve_in_time(self, simulated: bool) -> list[tuple[float, float]]:
        """(seconds spent on evaluations, best so far): of the evaluations themselves, or of the table's cost column."""
        costs = [
            _cost(trial, str(self.config.get("cost_column"))) if simulated else trial.seconds for trial in self.own
        ]
        return _rises(list(zip(accumulate(cost or 0.0 for cost in costs), best_so_far(self.own), strict=True)))

    @property
    def simulates(self) -> bool:
        """Whether a table says what each evaluation would have cost."""
        column = self.config.get("cost_column")
        return bool(column and self.own and all(_cost(trial, column) is not None for trial in self.own if trial.scored))


@dataclass(frozen=True)
class Group:
    """Searches that differ in nothing but the seed."""

    name: str
    searches: Sequence[Search]

    @property
    def bests(self) -> list[float]:
        return [search.best.score for search in self.searches if search.best and search.best.score is not None]

    @property
    def proposed(self) -> list[float]:
        return [score for search in self.searches for score in search.proposed]


@dataclass(frozen=True)
class Difference:
    """How a group differs from the first one. Intervals are at 95 % (Welch's t); None where they cannot be told."""

    group: Group
    against: Group
    mean: tuple[float, float, float] | None
    best: float | None
    best_interval: tuple[float, float] | None

    @property
    def reading(self) -> str:
        """What may be said of the best, in words."""
        if self.best is None:
            return "no score yet"
        if self.best_interval is None:
            return "one run each: luck and skill look alike"
        low, high = self.best_interval
        return "better best" if low > 0 else "worse best" if high < 0 else "bests cannot be told apart"


def named_searches(stores: Sequence[RunStore]) -> list[Search]:
    """The runs in the order given, under the names of their directories, numbered where two have the same."""
    names: list[str] = []
    for store in stores:
        name = store.directory.resolve().name
        taken = sum(known == name or known.startswith(f"{name} (") for known in names)
        names.append(f"{name} ({taken + 1})" if taken else name)
    return [Search(name, store.directory, store.run, store.trials) for name, store in zip(names, stores, strict=True)]


def groups_of_seeds(searches: Sequence[Search]) -> list[Group]:
    """Searches of equal settings but for the seed, together; in the order in which they were given."""
    found: list[tuple[dict[str, Any], list[Search]]] = []
    for search in searches:
        settings = {name: value for name, value in search.settings().items() if name != "seed"}
        known = next((members for these, members in found if these == settings), None)
        if known is None:
            found.append((settings, [search]))
        else:
            known.append(search)
    return [Group(_group_name(members), members) for _, members in found]


def differences(groups: Sequence[Group]) -> Iterator[Difference]:
    """Each group against the first."""
    first, *others = groups
    for group in others:
        ours, theirs = group.proposed, first.proposed
        mean = welch(ours, theirs) if min(len(ours), len(theirs)) >= FEWEST else None
        bests, reference = group.bests, first.bests
        best = fmean(bests) - fmean(reference) if bests and reference else None
        told = welch(bests, reference)[1:] if min(len(bests), len(reference)) > 1 else None
        yield Difference(group, first, mean, best, told)


def differing(searches: Sequence[Search]) -> dict[str, list[Any]]:
    """Setting -> its value in each run, for those that are not the same in all."""
    settings = [search.settings() for search in searches]
    names = dict.fromkeys(name for each in settings for name in each)
    values = {name: [each.get(name) for each in settings] for name in names}
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}


def not_comparable(searches: Sequence[Search]) -> list[str]:
    """The settings that make the scores of these runs mean different things; empty where they compare."""
    costly = any(targets(search.run) or search.config.get("reward") for search in searches)
    fields = (*SAME_SCORE, "epochs", *(SAME_COSTS if costly else ()))
    found = [name for name in differing(searches) if name in fields]
    names = {score_name(search.run) for search in searches}
    return [*found, *(["the score"] if len(names) > 1 else [])]


def _group_name(members: Sequence[Search]) -> str:
    if len(members) == 1:
        return members[0].name
    return f"{members[0].name} and {len(members) - 1} more of other seeds"


def _rises(curve: Sequence[tuple[Any, float | None]]) -> list[tuple[Any, float]]:
    kept: list[tuple[Any, float]] = []
    for at, value in curve:
        if value is not None and (not kept or value != kept[-1][1]):
            kept.append((at, value))
    if kept and curve[-1][0] != kept[-1][0]:
        kept.append((curve[-1][0], kept[-1][1]))
    return kept


def _cost(trial: Trial, column: str) -> float | None:
    value = trial.metrics.get(column)
    return float(value) if isinstance(value, int | float) else None


def _recipe(recipe: Mapping[str, Any]) -> str:
    return f"{recipe.get('name')} v{recipe.get('version')}" if recipe else ""
