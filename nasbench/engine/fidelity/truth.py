"""The truth that cheap scores are compared with: a table of known results, or the trials of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.curves import is_retraining, search_epochs
from nasbench.core.errors import UsageError, unknown
from nasbench.core.identity import digest
from nasbench.core.objectives import number_of
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import evaluators, spaces
from nasbench.core.run_record import check_whole
from nasbench.core.seeds import derive
from nasbench.core.spec import Size, Task, child_size, named_space, size_of_record, task_of_record
from nasbench.core.store import RUN_FILE, RunStore
from nasbench.core.trust import check_trusted
from nasbench.engine.config import Data, FidelityConfig, SpaceForm
from nasbench.engine.run.resume import check_command

SPACE = "nasbench201"
"""The space of a table, unless another is named."""


@dataclass(frozen=True)
class Known:
    """An architecture, the key of its canonical form, and its true value: more is better."""

    architecture: Architecture
    key: str
    value: float


@dataclass(frozen=True)
class Truth:
    """What is known, and as what networks it is built.

    column    what the values are called
    source    'space:NAME', where the models come from
    space     the space itself
    identity  JSON that changes when the values do
    note      how the architectures were chosen, in words
    """

    column: str
    source: str
    space: SearchSpace
    size: Size
    task: Task
    data: Data
    known: tuple[Known, ...]
    identity: Mapping[str, Any]
    note: str

    def sample(self, count: int, seed: int) -> list[Known]:
        """`count` of the architectures at random, none twice; a larger sample begins with the same ones."""
        drawn = list(self.known)
        Random(derive(seed, "fidelity")).shuffle(drawn)
        return drawn[:count]


def read_truth(config: FidelityConfig) -> Truth:
    """Reads what --truth names. UsageError where it cannot be read or lacks the column."""
    return _of_run(config) if config.truth_file is None else _of_table(config, config.truth_file)


def _of_table(config: FidelityConfig, file: str) -> Truth:
    from nasbench.evaluators.known_tables import card_of
    from nasbench.evaluators.table import SCORE

    card = card_of(file)
    name = config.space or card.space or SPACE
    column = config.truth_column or card.judged_by or SCORE
    space = config.form.made(name)
    made = evaluators.make("table", offered={"file": file, "space": space, "score_column": column})
    try:
        made.check()
    except UsageError as error:
        raise UsageError(str(error).replace("--score-column", "--truth-column")) from error
    rows = zip(made.architectures(), made.values(column), strict=True)
    known = tuple(Known(each, space.canonical(each).key, value) for each, value in rows)
    data = config.effective_data()
    size = child_size(space.default_size, data.image_size, config.cells, config.filters)
    note = "drawn uniformly from the rows of the table"
    return Truth(
        column, f"space:{name}", space, size, data.source.task(), data, known, {"truth": made.identity()}, note
    )


def _of_run(config: FidelityConfig) -> Truth:
    store = RunStore.read(Path(config.truth))
    file = store.directory / RUN_FILE
    check_whole(store.run, file)
    check_command(store.run, "search", store.directory)
    plan, stored = store.run.get("plan") or {}, store.run["config"]
    missing = [field for field in ("source", "size", "task") if field not in plan]
    if missing:
        raise UsageError(f"the plan in {file} lacks {', '.join(missing)}: it is not the whole record of a search")
    check_trusted(named_space(str(plan["source"])), file)
    name = str(plan["source"]).removeprefix("space:")
    if config.space not in (None, name):
        raise UsageError(f"--space {config.space} is not the space of the search in {config.truth}, which is {name}")
    if config.form != SpaceForm():
        raise UsageError(
            "--layers and --space-options are for a table; the architectures of a search say themselves what they are "
            "of. Leave them out."
        )
    space: SearchSpace = spaces.make(name)
    known = _known_of(config, store)
    data = config.effective_data()
    same = data.dataset == stored.get("dataset") and data.image_size == stored.get("image_size")
    task = task_of_record(plan["task"]) if same else data.source.task()
    before = size_of_record(plan["size"])
    if not before.skeleton and (config.cells or config.filters):
        raise UsageError("--cells and --filters are for spaces of cells, and this space is none")
    depth, width = config.cells or before.depth, config.filters or before.width
    size = replace(before, depth=depth, width=width, resolution=data.image_size or before.resolution)
    column = config.truth_column or "score"
    note = "trials of a search, not a uniform sample of the space: a good search has seen more good architectures"
    if _trained_after(config, store):
        note = "networks that a search by a cheap score trained by themselves: its best, and those of its check"
    elif "after" in plan and config.truth_column is None:
        note += "; their scores are cheap ones themselves, as nothing was trained"
    identity = {"truth": digest({"column": column, "values": [(each.key, each.value) for each in known]})}
    return Truth(column, str(plan["source"]), space, size, task, data, known, identity, note)


def _known_of(config: FidelityConfig, store: RunStore) -> tuple[Known, ...]:
    """The different networks of a search that were evaluated to the end, at the epochs that most of its trials had; of
    a search by a cheap score, those that it trained by themselves, if it trained any.
    """
    after = _trained_after(config, store)
    trials = [trial for trial in store.trials if is_retraining(trial) is after]
    epochs = max((trial.epochs for trial in trials), default=0) if after else search_epochs(trials)
    found: dict[str, Known] = {}
    for trial in trials:
        if trial.status not in ("ok", "cached") or trial.epochs != epochs:
            continue
        value = trial.score
        if config.truth_column is not None:
            if config.truth_column not in trial.metrics:
                names: Sequence[str] = sorted(trial.metrics)
                raise unknown("metric of the search", config.truth_column, names, "Name it with --truth-column.")
            value = number_of(trial.metrics, config.truth_column)
        if value is not None and trial.key not in found:
            found[trial.key] = Known(trial.proposed, trial.key, value)
    if len(found) < 2:
        what = "networks that were trained by themselves" if after else "evaluated networks"
        raise UsageError(f"the search in {config.truth} has {len(found)} {what}: too few to rank")
    return tuple(found.values())


def _trained_after(config: FidelityConfig, store: RunStore) -> bool:
    """Whether the truth is what was trained after a search by a cheap score: that score itself is no truth."""
    trained = "after" in (store.run.get("plan") or {}) and any(map(is_retraining, store.trials))
    return trained and config.truth_column is None
