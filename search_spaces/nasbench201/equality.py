"""Cells that are the same network, and cells with parameters that no gradient reaches.

Two cells are the same network if the networks have the same parameters, the same multiply-adds and the same function.
So a convolution is never removed, even if its output is not used: it is built, counted and run, as in the benchmark.
Three changes keep the network:
  - An operation without parameters becomes `none` if its source is always zero or its target is not used.
  - Nodes 1 and 2 are swapped if no edge connects them.
  - An edge starts from another node, if one of the two nodes is a copy of the other (a single `skip_connect`).
"""

from search_spaces.nasbench201.notation import CONVOLUTIONS, EDGES, NUM_NODES, OPERATIONS, Cell, Edge

OUTPUT = NUM_NODES - 1
_RANK = {operation: rank for rank, operation in enumerate(OPERATIONS)}


def canonical(cell: Cell) -> Cell:
    """The canonical cell of all cells that are equal by these rules. Idempotent."""
    before = None
    while cell != before:
        before = cell
        cell = _order_nodes(_sort_copied_sources(_drop_unused(cell)))
    return cell


def all_reached(cell: Cell) -> bool:
    """Whether a gradient reaches every parameter: the input is connected to the output, and every convolution is on a
    path between them.
    """
    nonzero, used = _nonzero_nodes(cell, empty_convolutions=False), _used_nodes(cell)
    convolutions = [edge for edge, operation in cell.items() if operation in CONVOLUTIONS]
    return OUTPUT in nonzero and all(source in nonzero and target in used for source, target in convolutions)


def _drop_unused(cell: Cell) -> Cell:
    """Replaces operations without parameters by `none` if their source is always zero or their target is not used."""
    nonzero, used = _nonzero_nodes(cell, empty_convolutions=True), _used_nodes(cell)
    unused = {
        edge for edge, op in cell.items() if op not in CONVOLUTIONS and (edge[0] not in nonzero or edge[1] not in used)
    }
    return {edge: "none" if edge in unused else operation for edge, operation in cell.items()}


def _nonzero_nodes(cell: Cell, empty_convolutions: bool) -> set[int]:
    """The nodes that are not always zero.

    With `empty_convolutions`, the output of a convolution of zeros counts as nonzero, because its normalisation has a
    bias.
    """
    nonzero = {0}
    for (source, target), operation in cell.items():  # the edges into a node come before the edges out of it
        if operation != "none" and (source in nonzero or (empty_convolutions and operation in CONVOLUTIONS)):
            nonzero.add(target)
    return nonzero


def _used_nodes(cell: Cell) -> set[int]:
    """The nodes with a path to the output."""
    used = {OUTPUT}
    for (source, target), operation in reversed(cell.items()):
        if operation != "none" and target in used:
            used.add(source)
    return used


def _sort_copied_sources(cell: Cell) -> Cell:
    """If node c is a copy of node s, sorts the two operations from s and c to each target by rank, `none` last."""
    cell = dict(cell)
    for copy in range(1, OUTPUT):
        incoming = [(source, cell[source, copy]) for source in range(copy) if cell[source, copy] != "none"]
        if len(incoming) == 1 and incoming[0][1] == "skip_connect":
            origin = incoming[0][0]
            for target in range(copy + 1, NUM_NODES):
                pair: tuple[Edge, Edge] = (origin, target), (copy, target)
                cell[pair[0]], cell[pair[1]] = sorted(
                    (cell[edge] for edge in pair), key=_RANK.__getitem__, reverse=True
                )
    return cell


def _order_nodes(cell: Cell) -> Cell:
    """If no edge connects nodes 1 and 2, chooses the numbering whose operations have the higher ranks."""
    if cell[1, 2] != "none":
        return cell
    other = {**cell, (0, 1): cell[0, 2], (0, 2): cell[0, 1], (1, 3): cell[2, 3], (2, 3): cell[1, 3]}
    return max(cell, other, key=lambda numbered: [_RANK[numbered[edge]] for edge in EDGES])
