"""A network of the macro space as graphs: one for each stage, the layers on images of one size."""

from collections.abc import Mapping

from nasbench.core.graph import CellGraph, Node
from search_spaces.enas_macro.arc import Arc, stages_of


def graphs(arc: Arc, combine: str) -> Mapping[str, CellGraph]:
    """Title -> stage. Its inputs are the earlier states that its layers read, its output the last layer."""
    found = {}
    for index, numbers in enumerate(stages_of(len(arc))):
        nodes, read = [], {numbers[0] - 1}
        for number in numbers:
            operation, skips = arc[number - 1]
            edges = [(_name(number - 1), operation), *((_name(skip), f"skip_{skip or 'stem'}") for skip in skips)]
            nodes.append(Node(_name(number), tuple(edges), combine))
            read |= {skip for skip in skips if skip < numbers[0]}
        inputs = tuple(_name(state) for state in sorted(read))
        title = f"Layers {numbers[0]} to {numbers[-1]}" + (", image halved" if index else "")
        found[title] = CellGraph(inputs, tuple(nodes), (_name(numbers[-1]),))
    return found


def _name(state: int) -> str:
    return f"layer {state}" if state else "stem"
