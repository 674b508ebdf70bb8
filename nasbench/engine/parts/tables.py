"""A table of known results as a command names it: its columns, its cheapest query, and the simulated clock."""

from typing import TYPE_CHECKING, TypeVar

from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import UsageError
from nasbench.core.objectives import parse_objectives
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import evaluators
from nasbench.engine.config import RaceConfig, SearchConfig, Table

if TYPE_CHECKING:
    from nasbench.evaluators.table import TableEvaluator


Config = TypeVar("Config", SearchConfig, RaceConfig)


def with_shipped_columns(config: Config) -> Config:
    """`config` with the columns that studies of a shipped table use, where it names no score column of its own."""
    columns = config.table
    if config.table_file is None or columns.score_column != Table.score_column:
        return config
    from nasbench.evaluators.table import shipped

    table = shipped(config.table_file)
    if table is None:
        return config
    return config.changed(
        score_column=table.score_column,
        cost_column=columns.cost_column or table.cost_column,
        report_columns=columns.report_columns or table.report_columns,
    )


def with_objective_columns(config: SearchConfig) -> SearchConfig:
    """`config` with the first objective as the score, and the others among a table's columns."""
    metrics = [objective.metric for objective in parse_objectives(config.goals.objectives)]
    if not metrics:
        return config
    known = {metrics[0], config.table.cost_column, *config.table.columns()}
    more = tuple(metric for metric in metrics if metric not in known)
    return config.changed(score_column=metrics[0], report_columns=(*config.table.report_columns, *more))


def table_named(file: str, columns: Table, space: SearchSpace) -> "TableEvaluator":
    """The table of a file or a shipped name; not read yet."""
    made: TableEvaluator = evaluators.get("table")(
        file, space, columns.score_column, columns.cost_column, columns.columns()
    )
    return made


def cheapest_query(table: "TableEvaluator", time_budget: float) -> float:
    """The lowest cost in seconds. UsageError without a cost column, or where no query fits into the budget."""
    if table.cost_column is None:
        raise UsageError("--time-budget counts the seconds of a column of the table: name it with --cost-column")
    lowest = min(table.values(table.cost_column))
    if lowest <= 0:
        raise UsageError(
            f"--time-budget needs costs above 0; the lowest in the column {table.cost_column!r} is {lowest:g}"
        )
    if time_budget < lowest:
        raise UsageError(
            f"the table's cheapest query takes {lowest:g} s: a time budget of {time_budget:g} s has room for none. "
            "Give more."
        )
    return lowest


def clock_of(columns: Table, time_budget: float | None) -> SimulatedClock | None:
    """The simulated clock of a search with a time budget."""
    column = columns.cost_column
    if column is None or time_budget is None:
        return None
    return SimulatedClock(time_budget, lambda metrics: float(metrics[column]))
