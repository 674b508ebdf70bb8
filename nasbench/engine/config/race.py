"""What a race of strategies is asked for."""

from dataclasses import dataclass

from nasbench.core.errors import UsageError
from nasbench.engine.config.names import file_of
from nasbench.engine.config.record import Record, lying, number, part
from nasbench.engine.config.screen import screens_of
from nasbench.engine.config.shared import NOT_TRACKED, Place, Table, Tracking
from nasbench.engine.config.space import SpaceForm
from nasbench.engine.config.trust import Trusting


@dataclass(frozen=True)
class RaceConfig(Record):
    """Races strategies, many seeds each, over a table of known results: anytime curves, a table, who wins and how
    surely.

    Example: nasbench race --space nasbench201 --evaluator table:nasbench201-cifar10 --strategies random,reinforce
    --time-budget 12000
    """

    space: str = part("nasbench201", "space")
    """A space by name (see: nasbench list spaces), or my_package.my_module:MySpace."""
    evaluator: str = lying("table:nasbench201-cifar10")
    """table:FILE, or a shipped table: table:nasbench201-cifar10."""
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
    form: SpaceForm = SpaceForm()
    table: Table = Table()
    tracking: Tracking = NOT_TRACKED
    place: Place = Place()
    trusts: Trusting = Trusting()

    @property
    def table_file(self) -> str | None:
        """The file or the shipped name of the table."""
        return file_of(self.evaluator)

    def check(self) -> None:
        super().check()
        if (self.trials is None) == (self.time_budget is None):
            both = "both were given" if self.trials is not None else "neither was given"
            raise UsageError(
                f"a race has one budget: --trials N, or --time-budget SECONDS of the table's cost column; {both}"
            )
        if self.table_file is None:
            raise UsageError(f"a race looks results up in a table: --evaluator table:FILE; got {self.evaluator!r}")
        for screen in screens_of(self.screen):
            if screen.reads_images:
                raise UsageError(
                    f"{screen.score} reads images, and a race has none. Compute it once with nasbench fidelity, write "
                    f"it into a table, and give --screen table:FILE#COLUMN={screen.proposals}."
                )
