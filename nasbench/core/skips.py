"""What a space of layers in a row says of its decisions, checked (`nasbench.core.protocols.HasSkips`)."""

from collections.abc import Sequence

from nasbench.core.arch import Choice, Decision
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Place


def check_places(choices: Sequence[Decision], places: Sequence[Place]) -> None:
    """UsageError where `places` do not fit `choices`."""
    if len(places) != len(choices):
        raise UsageError(f"places() of a space says where each of its {len(choices)} decisions is; got {len(places)}")
    options: dict[str, object] = {}
    before = Place(0, "")
    for decision, place in zip(choices, places, strict=True):
        told = f"decision {decision.name!r} at {tuple(place)}"
        skips = place.reads is not None
        if place.layer not in (before.layer, before.layer + 1) or place.layer < 1:
            raise UsageError(f"{told}: decisions are in the order of the layers 1, 2, ...; before it is {before.layer}")
        if place.layer == before.layer and before.reads is not None and not skips:
            raise UsageError(f"{told}: what a layer reads is decided after its other properties")
        if place.reads is not None and not 1 <= place.reads < place.layer:
            raise UsageError(f"{told}: a layer reads earlier ones, from 1 to {place.layer - 1}")
        of = decision.options if isinstance(decision, Choice) else None
        if skips and (of is None or len(of) != 2):
            raise UsageError(f"{told}: whether a layer is read has two options, no and yes in this order; got {of}")
        if options.setdefault(place.kind, of) != of:
            raise UsageError(f"{told}: decisions of one kind have the same options; got {of} and {options[place.kind]}")
        before = place
