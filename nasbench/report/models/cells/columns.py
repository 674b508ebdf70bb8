"""The columns of a cell's drawing, ordered for few crossings of edges (after Sugiyama, Tagawa and Toda 1981)."""

from itertools import combinations, product

from nasbench.core.graph import CellGraph, Node


class Columns:
    """The states of a cell in columns by depth.

    A state is a member of its own column. In each later column before its last use, it is a member too, drawn as a lane
    (a line that passes the column).
    """

    def __init__(self, graph: CellGraph) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.nodes}
        self.depth = dict.fromkeys(graph.inputs, 0)
        for node in graph.nodes:
            self.depth[node.name] = 1 + max((self.depth[source] for source, _ in node.edges), default=0)
        end = 1 + max(self.depth.values())
        last_use = dict(self.depth)
        for node in graph.nodes:
            for source, _ in node.edges:
                last_use[source] = max(last_use[source], self.depth[node.name])
        last_use.update(dict.fromkeys(graph.outputs, end))
        states = [*graph.inputs, *self.nodes]
        self.members = [
            [state for state in states if self.depth[state] == depth or self.depth[state] < depth < last_use[state]]
            for depth in range(end)
        ]

    def sources(self, state: str, depth: int) -> list[str]:
        """The states of the previous column that are connected to a member of this column."""
        if depth == 0:
            return []
        return [state] if self.depth[state] < depth else [source for source, _ in self.nodes[state].edges]

    def arranged(self, node: Node, order: list[list[str]]) -> list[tuple[str, str]]:
        """The edges of a node, in the order of their sources in the previous column."""
        before = {state: index for index, state in enumerate(order[self.depth[node.name] - 1])}
        return sorted(node.edges, key=lambda edge: before[edge[0]])

    def order(self) -> list[list[str]]:
        """The members of each column from top to bottom. Moves states as long as that reduces the crossings."""
        order = [list(column) for column in self.members]
        for _ in range(8):
            changed = False
            for depth, column in enumerate(order):
                for state in self.members[depth]:
                    best, cost = column.index(state), self._cost(order, depth)
                    rest = [other for other in column if other != state]
                    for place in range(len(column)):
                        order[depth] = [*rest[:place], state, *rest[place:]]
                        if self._cost(order, depth) < cost - 1e-9:
                            best, cost, changed = place, self._cost(order, depth), True
                    column = [*rest[:best], state, *rest[best:]]
                    order[depth] = column
            for (first, second), start in product(combinations(self.depth, 2), range(len(order))):
                # Swap two states in all later columns: a single move does not help if two long lanes cross.
                swapped = [*order[:start], *(_swapped(column, first, second) for column in order[start:])]
                if self._total(swapped) < self._total(order) - 1e-9:
                    order[:], changed = swapped, True
            if not changed:
                break
        return order

    def _total(self, order: list[list[str]]) -> float:
        return sum(self._channel_cost(order, depth) for depth in range(1, len(order)))

    def _cost(self, order: list[list[str]], depth: int) -> float:
        """The crossings on both sides of a column, plus a small cost for the slope of its edges."""
        return sum(self._channel_cost(order, at) for at in (depth, depth + 1) if 0 < at < len(order))

    def _channel_cost(self, order: list[list[str]], depth: int) -> float:
        before = {state: index for index, state in enumerate(order[depth - 1])}
        ends = [
            (before[source], place) for place, state in enumerate(order[depth]) for source in self.sources(state, depth)
        ]
        crossings = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for index, a in enumerate(ends) for b in ends[:index])
        climb = sum(abs((a + 0.5) / len(before) - (b + 0.5) / len(order[depth])) for a, b in ends)
        return crossings + 0.01 * climb


def _swapped(column: list[str], first: str, second: str) -> list[str]:
    """The column with two members swapped; unchanged if one of them is not in it."""
    if first not in column or second not in column:
        return column
    other = {first: second, second: first}
    return [other.get(state, state) for state in column]
