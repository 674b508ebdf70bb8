"""Cells and chains of layers as graphs, neutral of any space: what a drawing needs."""

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


@dataclass(frozen=True)
class ChainLayer:
    """A layer of a chain: what it computes, the layers that it reads by their place in the chain, and its name, which
    is empty where what it computes says enough.
    """

    operation: str
    reads: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True)
class ChainGraph:
    """Layers in order, from the image, which reads nothing, to the classifier. Each reads earlier ones."""

    layers: tuple[ChainLayer, ...]


Graph = CellGraph | ChainGraph
