"""Any evaluator as what strategies are raced on: each network is evaluated once, whichever strategy meets it.

A network is scored in its canonical form and under the race's first seed, so that its score depends on nothing but the
network, as in a table. The answers lie in the run directory, a file a process: a race that is resumed asks for none
twice.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, final
from uuid import uuid4

from nasbench.core.answers import check_ready, checked_identity, task_of
from nasbench.core.append_log import AppendLog, opened
from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import Depends, Evaluator, Metrics, SearchSpace, Strategy
from nasbench.core.recipe import Recipe, recipe_named
from nasbench.core.registry import executors
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.supernet_run import SupernetRun
from nasbench.core.writing import make_folder
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.scoring import Scoring, scoring_of
from nasbench.engine.parts.sizes import epochs_of_children, size_of_children
from nasbench.executors.boundary import evaluate

Answer = Mapping[str, Any]
"""{"metrics": ...}, or {"error": why} of a network that could not be evaluated."""


@final
class Answers:
    """Key of a network -> its answer, in a folder that several processes write to: each to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Answer] = {}
        self._read: dict[Path, int] = {}
        self._log: AppendLog | None = None

    def get(self, key: str) -> Answer | None:
        if key not in self._known:
            self._read_what_others_wrote()
        return self._known.get(key)

    def add(self, key: str, answer: Answer) -> None:
        if self._log is None:
            make_folder(self._folder.parent)
            make_folder(self._folder)
            self._log = opened(self._folder / f"{uuid4().hex[:12]}.jsonl")
        self._known[key] = answer
        self._log.append(json.dumps({"key": key, **answer}))

    def _read_what_others_wrote(self) -> None:
        """The whole lines that are new."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with open(path, "rb") as file:
                file.seek(self._read.get(path, 0))
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.splitlines():
                found = json.loads(line)
                self._known.setdefault(found.pop("key"), found)


@final
class AskedGround:
    """An evaluator: `search` is how a search that it scores is configured; answers are kept in `folder`."""

    cost_column = None

    def __init__(self, search: SearchConfig, folder: Path) -> None:
        self.label, self.space_name = search.evaluator, search.space
        self._search, self._answers = search, Answers(folder)

    @cached_property
    def space(self) -> SearchSpace:
        return self._search.form.made(self.space_name)

    @cached_property
    def _recipe(self) -> Recipe:
        return recipe_named(self._search.training.recipe, self._search.training.epochs)

    @cached_property
    def _supernet(self) -> SupernetRun | None:
        return self._search.supernet

    @cached_property
    def _scoring(self) -> Scoring:
        executor = executors.make("local", offered={"device": self._search.workers.device})
        return scoring_of(self._search, self.space, self._recipe, None, self._supernet, executor)

    @property
    def _evaluator(self) -> Evaluator:
        return self._scoring.evaluator

    @cached_property
    def size(self) -> Size:
        return size_of_children(self._search, self.space, self._recipe, self._supernet)

    @cached_property
    def task(self) -> Task:
        return task_of(self.label, self._evaluator)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._score_column, *self._search.table.columns())))

    @property
    def _score_column(self) -> str:
        """What the score is called: of a loss, less is better, so its score has another name."""
        minus_loss = self._search.inherits and self._search.inherited.score_by == "loss"
        return ("minus_" if minus_loss else "") + self._search.table.score_column

    def check(self) -> None:
        self._search.check_present()
        check_ready(self._evaluator)

    def row(self, architecture: Architecture) -> Metrics:
        """UsageError where every other network would meet the same, RunFailed where the device is lost."""
        canonical = self.space.canonical(architecture)
        answer = self._answers.get(canonical.key)
        if answer is None:
            answer = self._asked(canonical)
            self._answers.add(canonical.key, answer)
        if "error" in answer:
            raise TrialFailed(answer["error"])
        metrics: Metrics = answer["metrics"]
        return metrics

    def entered(self, strategy: Strategy) -> Strategy:
        return strategy

    def most_queries(self, seconds: float) -> int:
        raise UsageError(
            f"--time-budget {seconds:g} counts a table's cost column; {self.label} has none: give --trials"
        )

    def optimum(self) -> None:
        """Nobody knows the best network of the space."""

    def told(self) -> str:
        return f"{self.label} evaluates each network once, whichever strategy meets it; the score is {self.columns[0]}"

    def identity(self) -> Mapping[str, Any]:
        if not isinstance(self._evaluator, Depends):
            return {"evaluator": self.label}
        return checked_identity("the evaluator", self._evaluator, self._evaluator.identity())

    def _asked(self, canonical: Architecture) -> Answer:
        source, data = f"space:{self.space_name}", self._search.data.dataset if self._search.reads_images else ""
        model = ModelSpec(source, self.size, self.task, architecture=canonical)
        epochs = epochs_of_children(self._search, self._recipe)
        job = Job(1, self._search.seed, epochs, canonical.key, model=model, architecture=canonical, data=data)
        answer = evaluate(self._evaluator, job, lambda *_: False)
        if answer.misread:
            raise UsageError(str(answer.error))
        if answer.poisoned:
            raise RunFailed(f"this process lost its device ({answer.error}). Go on with --resume.")
        return {"error": answer.error} if answer.error is not None else self._with_columns(answer.metrics)

    def _with_columns(self, metrics: Metrics) -> Answer:
        """UsageError for a column that the evaluator does not return."""
        try:
            found = {**metrics, self._score_column: float(self._scoring.score(metrics))}
            found |= {column: float(found[column]) for column in self.columns}
        except KeyError as error:
            raise UsageError(
                f"{self.label} returned no metric {error}; it returned {', '.join(sorted(metrics))}. Name one of them "
                "with --score-column or --report-columns."
            ) from error
        return {"metrics": found}
