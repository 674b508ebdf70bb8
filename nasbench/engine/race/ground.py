"""What strategies are raced on. A table of known results is one ground; `asked.py` has any other evaluator."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final

from nasbench.core.arch import Architecture
from nasbench.core.protocols import Metrics, SearchSpace, Strategy
from nasbench.core.registry import evaluators
from nasbench.core.spec import Size, Task
from nasbench.engine.config import RaceConfig, SearchConfig
from nasbench.evaluators.counts import CountedOnce
from nasbench.strategies.around.nearest_row import NearestRow, OfRows

if TYPE_CHECKING:
    from nasbench.evaluators.table import TableEvaluator


class Ground(Protocol):
    """What a repetition needs of it.

    label        as --evaluator names it
    space_name   the space by name, and the space itself
    size, task   what networks are built as
    columns      the score, then what is only reported
    cost_column  the seconds of a look-up; None without a clock
    """

    label: str
    space_name: str

    @property
    def space(self) -> SearchSpace: ...
    @property
    def size(self) -> Size: ...
    @property
    def task(self) -> Task: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def cost_column(self) -> str | None: ...

    def check(self) -> None:
        """UsageError for what cannot be raced on."""

    def row(self, architecture: Architecture) -> Metrics:
        """The results of an architecture, its columns among them. TrialFailed where it has none."""

    def entered(self, strategy: Strategy) -> Strategy:
        """The strategy, as far as it must be kept to what is known."""

    def most_queries(self, seconds: float) -> int:
        """The most evaluations in so many simulated seconds."""

    def optimum(self) -> Mapping[str, float] | None:
        """Column -> the best of all that can be proposed; None where that is not known."""

    def told(self) -> str:
        """What it is, in a sentence."""

    def identity(self) -> Mapping[str, Any]:
        """What its results depend on."""


def ground_of(config: RaceConfig, label: str, folder: Path) -> Ground:
    """The ground that --evaluator names. What an evaluator answers is kept in `folder`. Nothing is read yet."""
    search = config.on(label)
    if search.table_file is not None:
        return TableGround(search)
    from nasbench.engine.race.asked import AskedGround

    return AskedGround(search, folder)


@final
class TableGround:
    """A table: `search` is how a search on it is configured."""

    def __init__(self, search: SearchConfig) -> None:
        self.label, self.space_name = search.evaluator, search.space
        self._search = search

    @cached_property
    def space(self) -> SearchSpace:
        return self._search.form.made(self.space_name)

    @cached_property
    def _table(self) -> "TableEvaluator":
        columns = self._search.table
        offered = {**vars(columns), "report_columns": columns.columns(), "file": self._search.table_file}
        table: TableEvaluator = evaluators.make("table", offered={**offered, "space": self.space})
        return table

    @property
    def size(self) -> Size:
        return self.space.default_size

    @property
    def task(self) -> Task:
        return self._table.task()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._search.table.score_column, *self._table.report_columns)))

    @property
    def cost_column(self) -> str | None:
        return self._search.table.cost_column

    def check(self) -> None:
        self._table.check()

    def row(self, architecture: Architecture) -> Metrics:
        return self._table.row(architecture)

    def entered(self, strategy: Strategy) -> Strategy:
        return OfRows(strategy, self._nearest) if self._search.table.candidates == "table" else strategy

    @cached_property
    def _nearest(self) -> NearestRow:
        """The rows of the table, to choose among."""
        return NearestRow(self._table, self.space, CountedOnce(self.space, self.size, self.task))

    def most_queries(self, seconds: float) -> int:
        return self._table.most_queries(seconds)

    def optimum(self) -> Mapping[str, float] | None:
        rows_alone = self._table.complete or self._search.table.candidates == "table"
        return {column: max(self._table.values(column)) for column in self.columns} if rows_alone else None

    def told(self) -> str:
        more = "; a proposal without a row becomes the nearest row"
        return self._table.told() + (more if self._search.table.candidates == "table" else "")

    def identity(self) -> Mapping[str, Any]:
        return self._table.identity()
