"""How the scores of a fidelity run rank, as the records of this folder keep it."""

from typing import Any

from nasbench.core.store import RunStore
from nasbench.report.fidelity.results import Fidelity


def ranks_of(store: RunStore) -> dict[str, dict[str, Any]]:
    """Score -> seconds of a network, and each measure with its 95 % interval; the highest tau first."""
    found = {}
    for each in Fidelity.of(store.run, store.trials).standings:
        measures = {name: [seen.value, seen.low, seen.high] for name, seen in each.measures.items()}
        found[each.name] = {"seconds": each.seconds, **measures}
    return found
