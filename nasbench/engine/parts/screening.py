"""The cheap scores that `--screen` chooses proposals by: proxies of networks at initialisation, or a table's column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.objectives import number_of
from nasbench.core.protocols import SearchSpace
from nasbench.core.proxy import ranked_parts
from nasbench.core.registry import evaluators, proxies
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import Data, SearchConfig
from nasbench.engine.config.screen import Screen, screen_of
from nasbench.evaluators.counts import CountedOnce
from nasbench.strategies.around.scored_once import ScoredOnce, Values

NO_DATA = Data()
"""For scores that read no images."""


@dataclass(frozen=True)
class Networks:
    """As what networks of a space are scored, and from which seed their weights and images come."""

    space: SearchSpace
    source: str
    """'space:NAME'."""
    size: Size
    task: Task
    seed: int
    data: Data = NO_DATA
    device: str = "cpu"


def cheap_score(screen: Screen, networks: Networks) -> ScoredOnce:
    """The score. UsageError where the proxy needs what is not offered, and where images or a table are missing."""
    if screen.kind == "table":
        return _of_table(screen, networks)
    if screen.argument in ("params", "macs") and proxies.is_built_in(screen.argument):
        return _of_counts(screen, networks)
    return _of_proxy(screen, networks)


def of_search(config: SearchConfig, space: SearchSpace, plan: Plan) -> ScoredOnce | None:
    """The screen of a search: of its own networks and images, or of those that a table knows, at the published size."""
    if config.screen is None:
        return None
    screen = screen_of(config.screen)
    data = config.effective_data()
    task = plan.task if config.table_file is None else data.source.task()
    networks = Networks(space, plan.source, plan.size, task, config.seed, data, config.workers.device)
    return cheap_score(screen, networks)


def _of_counts(screen: Screen, networks: Networks) -> ScoredOnce:
    """What networks count: none is built where the space knows it."""
    counts = CountedOnce(networks.space, networks.size, networks.task)

    def measure(canonical: Architecture) -> Values:
        params, macs = counts(canonical)
        return {"score": params if screen.argument == "params" else macs}

    return ScoredOnce(screen.score, {"proxy": screen.argument}, screen.proposals, measure)


def _of_proxy(screen: Screen, networks: Networks) -> ScoredOnce:
    data = networks.data.source
    offered = {
        "proxy": screen.argument,
        "data": data,
        "device": networks.device,
        "undefined_ranks_last": True,
    }
    evaluator = evaluators.make("proxy", offered=offered)
    evaluator.check()
    parts = ranked_parts(screen.argument)

    def measure(canonical: Architecture) -> Values:
        model = ModelSpec(networks.source, networks.size, networks.task, architecture=canonical)
        job = Job(1, networks.seed, 1, canonical.key, model=model, architecture=canonical, data=data.name)
        metrics = evaluator(job, _no_report)
        return {part: metrics[part] for part in parts} if parts else {"score": number_of(metrics, screen.column)}

    return ScoredOnce(screen.score, evaluator.identity(), screen.proposals, measure, parts)


def _of_table(screen: Screen, networks: Networks) -> ScoredOnce:
    """A column of a table; what has no row is not defined."""
    offered = {"file": screen.argument, "space": networks.space, "score_column": screen.column}
    table = evaluators.make("table", offered=offered)
    try:
        table.check()
    except UsageError as error:
        told = str(error).replace("--score-column", "table:FILE#COLUMN").replace("--evaluator", "--screen")
        raise UsageError(f"--screen {screen.label}: {told}") from error

    def measure(canonical: Architecture) -> Values:
        if not table.holds(canonical):
            raise TrialFailed(f"the table {screen.argument} has no row for it")
        return {"score": number_of(table.row(canonical), screen.column)}

    return ScoredOnce(screen.score, {**table.identity(), "column": screen.column}, screen.proposals, measure)


def _no_report(epochs: int, metrics: Mapping[str, Any]) -> None:
    """A score without training reports nothing."""
