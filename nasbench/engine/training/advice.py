"""Which way of transfer a data set asks for, by the lectures' rule, from what is measured on it. Nothing is trained.

The rule (CS231n, "Transfer Learning"; EECS 498 has the same table):

                       like the old data                       unlike it
    few images         a linear classifier on the top          a linear classifier on an earlier stage
    many images        fine-tune the top                       fine-tune everything

What was carried over learns at a tenth of the rate. The lectures do not say how few or how alike; EECS 498 has tens to
hundreds of images against hundreds to thousands. MANY and ALIKE are this tool's.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nasbench.core.count_text import quantity
from nasbench.core.recipe import Recipe
from nasbench.train.likeness import Neighbours
from nasbench.train.optimizers.groups import SLOW_RATE

Way = Literal["probe", "top", "everything"]

MANY = 100
"""Images a class from which on there are many."""
ALIKE = 0.5
"""The likeness from which on the data are like those of the weights, if no earlier stage does better."""


@dataclass(frozen=True)
class Measured:
    """What the rule looks at: the images for training, the classes, and what the network's features make of them; and
    how many of the network's parameters were carried over.
    """

    images: int
    classes: int
    neighbours: Neighbours
    carried: int
    params: int

    @property
    def many(self) -> bool:
        return self.images >= MANY * self.classes

    @property
    def alike(self) -> bool:
        near = self.neighbours
        stage = near.best_stage
        return near.likeness >= ALIKE and (stage is None or not near.beyond_chance(near.earlier[stage]))

    def to_json(self) -> dict[str, Any]:
        found = {**asdict(self.neighbours), "likeness": round(self.neighbours.likeness, 4)}
        counts = {name: getattr(self, name) for name in ("images", "classes", "carried", "params")}
        return {**counts, **found, "many": self.many, "alike": self.alike}


@dataclass(frozen=True)
class Advice:
    """What the rule says.

    Attributes:
        freeze: what `--freeze` takes.
        stage: the earlier stage whose features a probe is better trained on; None where it is the top.
        shown_by: the words by which `nasbench features` names the weights, to train one there with --probe; none where
            they saw images of another size or with other channels.
        lr: the highest rate of what is new.
        lr_carried: the highest rate of what was carried over and learns; None where nothing of it does.
        why: what was measured and what the rule says of it, a sentence each.
    """

    measured: Measured
    way: Way
    freeze: str
    stage: str | None
    shown_by: tuple[str, ...]
    lr: float
    lr_carried: float | None
    why: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench transfer --advise --json` prints; accuracies in [0, 1]."""
        said = {name: getattr(self, name) for name in ("way", "freeze", "stage", "shown_by", "lr", "lr_carried")}
        return {**said, "measured": self.measured.to_json(), "why": list(self.why)}


def advised(measured: Measured, freezes: Mapping[Way, str], recipe: Recipe, shown_by: tuple[str, ...] = ()) -> Advice:
    """What the rule says of what was measured. `freezes`: way -> what stays as it is, the top left out where a network
    is not divided into stages. `shown_by` as in `Advice`.
    """
    stage = None
    if measured.many:
        way: Way = "top" if measured.alike and "top" in freezes else "everything"
    else:
        way, stage = "probe", None if measured.alike else measured.neighbours.best_stage
    carried = None if way == "probe" else float(f"{SLOW_RATE * recipe.lr_peak:.6g}")
    why = (*_seen(measured), _rule(measured, way, stage))
    shown = () if stage is None else shown_by
    return Advice(measured, way, freezes[way], stage, shown, recipe.lr_peak, carried, why)


def _seen(measured: Measured) -> list[str]:
    near = measured.neighbours
    size = f"{measured.images:,} images for {quantity(measured.classes, 'class', 'classes')}"
    each = f"{measured.images / measured.classes:.0f} a class; many are {MANY} or more"
    vote = (
        f"the 5 nearest of {near.compared:,} training images name the class of {_percent(near.top)} of {near.asked:,} "
        f"validation images by what the head sees, chance {_percent(near.chance)}"
    )
    found = [
        f"the weights give {measured.carried:,} of the network's {measured.params:,} parameters",
        f"{'many' if measured.many else 'few'} images: {size}, {each}",
        f"{'alike' if measured.alike else 'unlike'}: {vote}: likeness {near.likeness:.2f}; alike are {ALIKE:g} or more "
        "where no earlier stage does better",
    ]
    stage = near.best_stage
    if stage is not None and near.beyond_chance(near.earlier[stage]):
        found.append(f"an earlier stage does better: {stage}, {_percent(near.earlier[stage])}")
    if near.beyond_chance(near.pixels):
        found.append(f"the images themselves do better than the features: {_percent(near.pixels)}")
    return found


def _rule(measured: Measured, way: Way, stage: str | None) -> str:
    """The sentence of the rule that applies."""
    if way == "probe" and measured.alike:
        return "the rule: few images like the old ones train a linear classifier on the top, and nothing else"
    if way == "probe":
        best = f"the best is {stage}" if stage else "none is better than the top"
        return (
            "the rule: few images unlike the old ones are trouble; a linear classifier on an earlier stage may do, as "
            f"the top is made for other images; by nearest neighbours {best}"
        )
    if measured.alike and way == "everything":
        return "the rule: many images like the old ones fine-tune the top; this network has no stages, so it is all"
    if way == "top":
        return "the rule: many images like the old ones fine-tune a few layers, at a tenth of the rate"
    return "the rule: many images unlike the old ones fine-tune everything, at a tenth of the rate"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
