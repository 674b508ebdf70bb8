"""The decisions of ENAS's macro space: an operation for each layer, and the earlier states that are joined to it.

States are numbered: 0 is the stem, and 1, 2, ... are the layers in order. The input of layer i is state i - 1. Each
state before that one may be joined to the layer's output: its skips. The network halves the image after a third and
after two thirds of the layers.
"""

from collections.abc import Sequence

from nasbench.core.arch import Architecture, Choice, Gene
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Place

OPERATIONS = ("conv_3x3", "sep_3x3", "conv_5x5", "sep_5x5", "avg_3x3", "max_3x3")
"""In the order of the released code, which numbers them 0 to 5."""
NUM_LAYERS = 12
NUM_STAGES = 3
SKIP = (0, 1)

Arc = tuple[tuple[str, tuple[int, ...]], ...]
"""For each layer, its operation and the states that are its skips, in increasing order."""


def choices(num_layers: int = NUM_LAYERS) -> tuple[Choice, ...]:
    """The decisions in the order of ENAS's controller: of each layer, its operation, then a bit for each skip."""
    if num_layers < NUM_STAGES:
        raise UsageError(f"space 'enas-macro' has at least {NUM_STAGES} layers, one a stage; got {num_layers}")
    decisions = []
    for layer in range(1, num_layers + 1):
        decisions.append(Choice(f"op_{layer}", OPERATIONS))
        decisions += [Choice(f"skip_{layer}_{state}", SKIP) for state in range(layer - 1)]
    return tuple(decisions)


def places(num_layers: int = NUM_LAYERS) -> tuple[Place, ...]:
    """The layer and the kind of each decision. The anchor point of a layer stands for the state that is its input, as
    in the released controller: that of layer i for state i - 1.
    """
    found = []
    for layer in range(1, num_layers + 1):
        found.append(Place(layer, "op"))
        found += [Place(layer, "skip", state + 1) for state in range(layer - 1)]
    return tuple(found)


def arc_of(architecture: Architecture) -> Arc:
    """The layers of a valid architecture."""
    genes = architecture.genes
    num_layers = sum(name.startswith("op_") for name in genes)
    return tuple(
        (str(genes[f"op_{layer}"]), tuple(state for state in range(layer - 1) if genes[f"skip_{layer}_{state}"]))
        for layer in range(1, num_layers + 1)
    )


def architecture_of(space: str, arc: Arc) -> Architecture:
    """The point of the space of len(arc) layers with these layers."""
    genes: dict[str, Gene] = {}
    for layer, (operation, skips) in enumerate(arc, start=1):
        genes[f"op_{layer}"] = operation
        genes |= {f"skip_{layer}_{state}": int(state in skips) for state in range(layer - 1)}
    return Architecture.of(space, genes)


def read(text: str) -> Arc:
    """The arc of a text as in the released code: a line for each layer, its operation, then a bit for each skip."""
    arc = []
    for layer, line in enumerate(text.strip().splitlines()):
        operation, *bits = line.split()
        assert len(bits) == layer, line
        arc.append((OPERATIONS[int(operation)], tuple(state for state, bit in enumerate(bits) if bit == "1")))
    return tuple(arc)


def stages_of(num_layers: int) -> tuple[range, ...]:
    """The numbers of the layers of each stage. The image is halved between two stages.

    As in the released code, the first two stages have a third of the layers, rounded down, and the last one the rest.
    """
    third = num_layers // 3
    return range(1, third + 1), range(third + 1, 2 * third + 1), range(2 * third + 1, num_layers + 1)


def read_later(arc: Sequence[tuple[str, tuple[int, ...]]], after: int) -> tuple[int, ...]:
    """The states up to layer `after` that later layers read: as their input or as skips. In increasing order."""
    found = {after}
    for _, skips in arc[after:]:
        found.update(state for state in skips if state <= after)
    return tuple(sorted(found))
