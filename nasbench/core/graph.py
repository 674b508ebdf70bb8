"""A cell as a graph, neutral of any space: what a drawing needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A state of a cell: `combine` ('add', 'concat', ...) over edges (source state, operation)."""

    name: str
    edges: tuple[tuple[str, str], ...]
    combine: str = "add"


@dataclass(frozen=True)
class CellGraph:
    """Input states, computed states in order, and the states whose concatenation is the cell's output."""

    inputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
