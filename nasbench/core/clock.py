"""The simulated clock of a search on a table: every query costs the seconds that the table says, a repeated one too."""

from typing import final

from nasbench.core.trial import Trial


@final
class SimulatedClock:
    """`column` is the metric that holds a trial's seconds. The first trial that would end after `budget` seconds ends
    the search.

    That trial counts for nothing: it is neither logged nor told.
    """

    def __init__(self, budget: float, column: str) -> None:
        self.seconds = 0.0
        """Simulated seconds spent so far."""
        self.refused: float | None = None
        """What the first trial that would have ended after the budget costs, in seconds; None before it."""
        self.budget, self._column = budget, column
        self._over = False

    def pay(self, trial: Trial) -> bool:
        """Adds a trial's seconds. False where it would end after the budget, and for every trial from then on."""
        cost = float(trial.metrics[self._column]) if trial.status != "failed" else 0.0
        end = self.seconds + cost
        if not self._over and end > self.budget:
            self._over, self.refused = True, cost
        if not self._over:
            self.seconds = end
        return not self._over
