"""The cell as data: its decisions and the official string notation.

Node 0 is the input of the cell, node 3 its output. Each edge from node i to node j has one operation; a node is the sum
of its incoming edges. `|a~0|+|b~0|c~1|+|d~0|e~1|f~2|` is the official notation: the edges into nodes 1, 2 and 3, each
with its source.
"""

import re
from collections.abc import Mapping, Sequence

from nasbench.core.arch import Choice, Gene
from nasbench.core.errors import UsageError, unknown

NUM_NODES = 4
EDGES = tuple((source, target) for target in range(1, NUM_NODES) for source in range(target))
"""(source, target), in the order of the official notation."""
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
CONVOLUTIONS = frozenset({"nor_conv_1x1", "nor_conv_3x3"})
"""The operations with parameters."""

Edge = tuple[int, int]
Cell = dict[Edge, str]


def decision(edge: Edge) -> str:
    """The name of the decision of an edge: (0, 1) -> 'op_0_1'."""
    return f"op_{edge[0]}_{edge[1]}"


_DECISIONS = tuple((edge, decision(edge)) for edge in EDGES)


def choices(operations: Sequence[str]) -> tuple[Choice, ...]:
    """One decision for each edge, with the options `operations`. Raises UsageError for an unknown operation."""
    for operation in operations:
        if operation not in OPERATIONS:
            raise unknown("operation of space 'nasbench201'", operation, OPERATIONS)
    return tuple(Choice(decision(edge), tuple(operations)) for edge in EDGES)


def cell_of(genes: Mapping[str, Gene]) -> Cell:
    """Edge -> operation."""
    return {edge: str(genes[name]) for edge, name in _DECISIONS}


def genes_of(cell: Cell) -> dict[str, Gene]:
    """The genes of a cell, in the order of the decisions."""
    return {name: cell[edge] for edge, name in _DECISIONS}


def write(cell: Cell) -> str:
    """The cell in the official notation."""
    nodes = ("|".join(f"{cell[source, target]}~{source}" for source in range(target)) for target in range(1, NUM_NODES))
    return "+".join(f"|{node}|" for node in nodes)


def read(text: str) -> Cell:
    """The cell of a text in the official notation. Raises UsageError for any other text."""
    match = _NOTATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"a cell of nasbench201 is written |op~0|+|op~0|op~1|+|op~0|op~1|op~2|; got {text!r}")
    return dict(zip(EDGES, match.groups(), strict=True))


_NOTATION = re.compile(
    r"\+".join(r"\|" + "".join(rf"(\w+)~{source}\|" for source in range(target)) for target in range(1, NUM_NODES)),
)
