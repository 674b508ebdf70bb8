"""The canonical order of the layers of a network.

Layers that do not depend on each other can be listed in several orders. The networks are the same, up to the order of
the channels that are concatenated: the same parameters, the same multiply-adds and the same functions. Among these
orders one is chosen that depends on the network alone.

Each layer gets a colour: first by what it computes, then, again and again, by the colours of the layers that it reads
and of those that read it, until no more layers can be told apart (colour refinement, Weisfeiler and Leman 1968). Then
the layers are listed one by one: of those whose inputs are listed, the one of the smallest colour; among equal ones,
the one whose inputs come first. Layers that are still equal nearly always have the same role, so that any of them
gives the same list. Where they have not (it takes large symmetric networks), a network may have two canonical orders,
and a search would train it twice. No two different networks have the same one.

A pooling layer keeps its number, as the space has it at that place, and no layer moves past it.
"""

from collections.abc import Sequence

from search_spaces.nas_rl.layers import Layer

Mark = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""What tells a layer from another one."""


def ordered(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The same network with its layers in the canonical order. Idempotent."""
    segments = _segments(layers)
    colours = _colours(layers, segments)
    place = {0: 0}  # layer as it was -> as it is listed
    left = list(range(1, len(layers) + 1))

    def places(number: int) -> tuple[int, ...]:
        """Where the layers that a layer reads are listed."""
        return tuple(sorted(place[read] for read in layers[number - 1].inputs))

    while left:
        here = [number for number in left if segments[number - 1] == segments[left[0] - 1]]
        ready = [number for number in here if all(read in place for read in layers[number - 1].inputs)]
        chosen = min((colours[number - 1], places(number), number) for number in ready)[-1]
        place[chosen] = len(place)
        left.remove(chosen)
    listed = sorted(range(1, len(layers) + 1), key=lambda number: place[number])
    return tuple(layers[number - 1]._replace(inputs=places(number)) for number in listed)


def _segments(layers: Sequence[Layer]) -> list[int]:
    """For each layer, where it lies among the pooling layers: it does not move past one."""
    found, segment = [], 0
    for layer in layers:
        if layer.filters:
            found.append(segment)
        else:
            found.append(segment + 1)
            segment += 2
    return found


def _colours(layers: Sequence[Layer], segments: Sequence[int]) -> list[int]:
    """A number for each layer, which does not depend on the order in which the layers are listed."""
    readers: list[list[int]] = [[] for _ in layers]
    for index, layer in enumerate(layers):
        for read in layer.inputs:
            if read:
                readers[read - 1].append(index)
    colours = _numbered(
        [
            ((segment, layer.filters), layer.kernel, layer.stride)
            for layer, segment in zip(layers, segments, strict=True)
        ]
    )
    while True:
        finer = _numbered(
            [
                (
                    (colours[index],),
                    tuple(sorted(colours[read - 1] for read in layer.inputs if read)),
                    tuple(sorted(colours[reader] for reader in readers[index])),
                )
                for index, layer in enumerate(layers)
            ]
        )
        if len(set(finer)) == len(set(colours)):
            return finer
        colours = finer


def _numbered(marks: Sequence[Mark]) -> list[int]:
    """Each mark as its place among the different marks."""
    places = {mark: place for place, mark in enumerate(sorted(set(marks)))}
    return [places[mark] for mark in marks]
