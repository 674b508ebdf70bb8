"""Which cells are one network, and which have parameters that no gradient reaches.

Two spellings are one network where the networks built have the same parameters, the same multiply-adds and the same
function. So a convolution is never taken out, even where nothing reads it: it is built, counted and run, as in the
benchmark. Three things change nothing. An operation without parameters may as well be `none` where its source carries
nothing or nobody reads its target. Nodes 1 and 2 may change places where no edge joins them. And where a node is
nothing but a copy of an earlier one (a single `skip_connect`), an edge may leave from either.
"""

from functools import cache

from search_spaces.nasbench201.notation import CONVOLUTIONS, EDGES, NUM_NODES, OPERATIONS, Cell, Edge

OUTPUT = NUM_NODES - 1
_RANK = {operation: rank for rank, operation in enumerate(OPERATIONS)}


def canonical(cell: Cell) -> Cell:
    """The one spelling of all cells that these rules make equal. Idempotent."""
    return dict(zip(EDGES, _canonical(tuple(cell.values())), strict=True))


@cache  # 15,625 at most
def _canonical(operations: tuple[str, ...]) -> tuple[str, ...]:
    cell, before = dict(zip(EDGES, operations, strict=True)), None
    while cell != before:
        before = cell
        cell = _order_nodes(_undo_copies(_drop_idle(cell)))
    return tuple(cell.values())


def all_reached(cell: Cell) -> bool:
    """True where the input reaches the output, and every convolution lies between the two: then a gradient reaches
    every parameter.
    """
    carried, read = _carried(cell, empty_convolutions=False), _read(cell)
    convolutions = [edge for edge, operation in cell.items() if operation in CONVOLUTIONS]
    return OUTPUT in carried and all(source in carried and target in read for source, target in convolutions)


def _drop_idle(cell: Cell) -> Cell:
    """`none` for what has no parameters and carries nothing, or is read by nobody."""
    carried, read = _carried(cell, empty_convolutions=True), _read(cell)
    idle = {
        edge for edge, op in cell.items() if op not in CONVOLUTIONS and (edge[0] not in carried or edge[1] not in read)
    }
    return {edge: "none" if edge in idle else operation for edge, operation in cell.items()}


def _carried(cell: Cell, empty_convolutions: bool) -> set[int]:
    """The nodes that are not always zero; with `empty_convolutions`, a normalised convolution of zeros counts: it has a
    bias.
    """
    carried = {0}
    for (source, target), operation in cell.items():  # in an order in which sources come first
        if operation != "none" and (source in carried or (empty_convolutions and operation in CONVOLUTIONS)):
            carried.add(target)
    return carried


def _read(cell: Cell) -> set[int]:
    """The nodes from which a path leads to the output."""
    read = {OUTPUT}
    for (source, target), operation in reversed(cell.items()):
        if operation != "none" and target in read:
            read.add(source)
    return read


def _undo_copies(cell: Cell) -> Cell:
    """Where node c copies node s, the operations from s and from c to one target are put in order, those that do
    something first.
    """
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
    """Of the two numberings of nodes that no edge joins, the one that comes first."""
    if cell[1, 2] != "none":
        return cell
    other = {**cell, (0, 1): cell[0, 2], (0, 2): cell[0, 1], (1, 3): cell[2, 3], (2, 3): cell[1, 3]}
    return max(cell, other, key=lambda spelling: [_RANK[spelling[edge]] for edge in EDGES])
