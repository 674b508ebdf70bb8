"""What is said of a strategy that does not search for the front of several objectives."""

import inspect
from collections.abc import Sequence

from nasbench.core.objectives import Objective
from nasbench.core.registry import strategies


def told_of_front(name: str, objectives: Sequence[Objective]) -> tuple[str, ...]:
    """One line before the search where the strategy `name` learns from the first objective alone; nothing else.

    A strategy that serves all of them takes `objectives`. One that is marked `learns = False` serves none.
    """
    part = strategies.get(name)
    takes = inspect.signature(part).parameters if isinstance(part, type) or inspect.isroutine(part) else ()
    if len(objectives) < 2 or not getattr(part, "learns", True) or "objectives" in takes:
        return ()
    return (
        f"{name} searches for the first objective, {objectives[0].metric}, alone: the front is that of the networks "
        "which it meets (--strategy predictor and nsga2 search for the front itself)",
    )
