"""Which networks a search has met already: told, or running. A view: no proposal copies what the whole log told."""

from collections.abc import Container, Sequence
from typing import final

from nasbench.core.protocols import SearchSpace
from nasbench.core.trial import Proposal


@final
class Met:
    """The keys in `told`, and those of the running proposals in canonical form."""

    def __init__(self, told: Container[str], space: SearchSpace, running: Sequence[Proposal]) -> None:
        self._told = told
        self._running = {space.canonical(proposal.architecture).key for proposal in running}

    def __contains__(self, key: object) -> bool:
        return key in self._told or key in self._running
