"""A cheap score beside the truth: what a table of known results has of the same network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, final

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import Depends, Evaluator, Measures, Metrics, Report, SearchSpace
from nasbench.core.spec import Task
from nasbench.evaluators.known_tables import card_of
from nasbench.evaluators.table import SCORE, TableEvaluator

TRUTH = "truth"
"""The metric that holds the table's value."""


@final
@dataclass(frozen=True)
class WithTruth:
    """Adds the value of the table's score column to what `evaluator` returns, as `truth`; nothing where the table has
    no row for the network. Strategies are told the evaluator's own score alone.
    """

    evaluator: Evaluator
    table: TableEvaluator

    def __call__(self, job: Job, report: Report) -> Metrics:
        metrics = self.evaluator(job, report)
        assert job.architecture is not None, job
        if not self.table.holds(job.architecture):
            return metrics
        return {**metrics, TRUTH: self.table.row(job.architecture)[self.table.score_column]}

    def name_of(self, truth: str) -> str:
        """What the truth is called, in run.json and in sentences; `truth` names the table as the user did."""
        return f"{self.table.score_column} of {truth}"

    def drawn(self, space: SearchSpace, count: int, seed: int) -> tuple[Architecture, ...]:
        """`count` different networks at random among the rows of the table; all, if there are no more."""
        rows = self.table.architectures()
        Random(seed).shuffle(rows)
        found: dict[str, Architecture] = {}
        for each in rows:
            if len(found) < count:
                found.setdefault(space.canonical(each).key, each)
        return tuple(found.values())

    def check(self) -> None:
        self.evaluator.check()
        self.check_table()

    def check_table(self) -> None:
        """Reads the table. UsageError where it cannot be the truth."""
        try:
            self.table.check()
        except UsageError as error:
            raise UsageError(str(error).replace("--score-column", "--truth-column")) from error

    def task(self) -> Task:
        return self.evaluator.task()

    def metrics(self) -> Sequence[str]:
        """Those of the evaluator; the truth is missing where the table has no row."""
        return self.evaluator.metrics() if isinstance(self.evaluator, Measures) else ()

    def identity(self) -> Mapping[str, Any]:
        own = dict(self.evaluator.identity()) if isinstance(self.evaluator, Depends) else {}
        return {**own, TRUTH: dict(self.table.identity())}


def with_truth(evaluator: Evaluator, space: SearchSpace, file: str, column: str | None) -> WithTruth:
    """The evaluator with the value of the table in `file` beside its scores: of `column`, or else of the last column
    that the table's card reports.
    """
    return WithTruth(evaluator, TableEvaluator(file, space, column or card_of(file).judged_by or SCORE))
