"""What a race of strategies is asked for."""

from dataclasses import dataclass, replace
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.engine.config.cheap import Inherited
from nasbench.engine.config.names import evaluators_of, file_of
from nasbench.engine.config.record import Record, flag, free, labels_of, number, part
from nasbench.engine.config.screen import screens_of
from nasbench.engine.config.search import SearchConfig
from nasbench.engine.config.shared import NOT_TRACKED, Data, Place, Table, Tracking, Training
from nasbench.engine.config.space import SpaceForm
from nasbench.engine.config.trust import Trusting


@dataclass(frozen=True)
class RaceConfig(Record):
    """Races strategies, many seeds each, over tables of known results or any evaluator: anytime curves, a table, who
    wins and how surely.

    Example: nasbench race --space nasbench201 --evaluator table:nasbench201-cifar10 --strategies random,reinforce
    --time-budget 12000
    """

    space: str = part("nasbench201", "space")
    """A space by name (see: nasbench list spaces), or my_package.my_module:MySpace; of several tables, of those whose
    card names none.
    """
    evaluator: str = part("table:nasbench201-cifar10", "evaluator", lies=True, several=True)
    """EVALUATOR,…: table:FILE, table:nasbench201-cifar10, or whatever scores a search, such as proxy:NAME or train. A
    race on each of several.
    """
    strategies: tuple[str, ...] = ("random", "reinforce", "ppo")
    """NAME[:KEY=VALUE…],…: strategies by name, or my_package.my_module:MyStrategy, with their options."""
    screen: tuple[str, ...] = ()
    """proxy:NAME=K or table:FILE#COLUMN=K,…: each strategy once more behind each screen, which evaluates the best of K
    proposals by that score. Its cost is not counted.
    """
    seeds: int = number(100, low=1)
    """Repetitions of each strategy, under seeds S, S+1, ..."""
    seed: int = number(0)
    """S, the first seed."""
    trials: int | None = number(None, low=1)
    """Evaluations a repetition may spend."""
    time_budget: float | None = number(None, above=0, takes="seconds above 0")
    """Or the seconds of the cost column that it may spend; a query that would end after them does not count."""
    also: tuple[float, ...] = number((0.25, 0.5), above=0, takes="shares of the budget, above 0")
    """Shares of the budget to show as well; one above 1 makes the race longer."""
    workers: int = number(0, low=0, free=True)
    """0: in this process; K: K processes. The numbers are the same."""
    device: Literal["auto", "cpu", "cuda", "mps"] = free("auto")
    """Where networks are evaluated."""
    form: SpaceForm = SpaceForm()
    table: Table = Table()
    data: Data = Data()
    training: Training = Training(recipe="nasnet_proxy")
    inherited: Inherited = Inherited()
    tracking: Tracking = NOT_TRACKED
    place: Place = Place()
    trusts: Trusting = Trusting()

    @property
    def evaluators(self) -> list[str]:
        """What --evaluator names. UsageError for none and for one that is given twice."""
        found = evaluators_of(self.evaluator)
        return found if len(found) == 1 else labels_of(found, "--evaluator", "EVALUATOR,…")

    @property
    def files(self) -> list[str]:
        """The tables among them, by file or shipped name."""
        return [file for label in self.evaluators if (file := file_of(label)) is not None]

    def on(self, label: str) -> SearchConfig:
        """How a search is configured that one of the evaluators scores. UsageError for what it does not take."""
        common = {"evaluator": label, "strategy": "random", "seed": self.seed, **self.form.flat()}
        file = file_of(label)
        if file is not None:
            search = SearchConfig.of(**common, space=self._space_of(file), **self.table.flat())
        else:
            table = replace(self.table, candidates="space").flat()
            more = {**self.data.flat(), **self.training.flat(), **self.inherited.flat()}
            search = SearchConfig.of(**common, space=self.space, device=self.device, **table, **more)
        search.check()
        return search.completed()

    def _space_of(self, file: str) -> str:
        """The space of a table: as its card says, unless it is the one table and another space was given."""
        from nasbench.evaluators.known_tables import card_of

        own = card_of(file).space
        given = self.space != RaceConfig.space and len(self.evaluators) == 1
        return self.space if given or not own else own

    def check(self) -> None:
        super().check()
        if (self.trials is None) == (self.time_budget is None):
            both = "both were given" if self.trials is not None else "neither was given"
            raise UsageError(
                f"a race has one budget: --trials N, or --time-budget SECONDS of a table's cost column; {both}"
            )
        others = [label for label in self.evaluators if file_of(label) is None]
        if self.time_budget is not None and others:
            raise UsageError(f"--time-budget counts a table's cost column; {others[0]} has none: give --trials N")
        if self.table.candidates != "space" and not self.files:
            asked = f"--candidates {self.table.candidates}"
            raise UsageError(f"{asked} is for --evaluator table:FILE; got {self.evaluator!r}")
        if not others:
            self._check_no_training()
        for screen in screens_of(self.screen):
            if screen.reads_images:
                raise UsageError(
                    f"{screen.score} reads images, and a race has none. Compute it once with nasbench fidelity, write "
                    f"it into a table, and give --screen table:FILE#COLUMN={screen.proposals}."
                )

    def _check_no_training(self) -> None:
        """UsageError for flags of trainings where tables have all results."""
        given, plain = self.flat(), RaceConfig().flat()
        for name in (*Data().flat(), *Training().flat(), *Inherited().flat(), "device"):
            if given[name] != plain[name]:
                raise UsageError(
                    f"{flag(name)} means nothing to a table; got --evaluator {self.evaluator}. Leave it out."
                )
