"""What makes the numbers of a data set weak: too few images to tell networks apart by, and classes that lack some."""

from collections.abc import Sequence

import torch

from nasbench.train.data import AnySplit, ImageData, Split
from nasbench.train.paths import printable

FEW_VALIDATION = 20
"""With fewer validation images, accuracy moves in steps of more than 5 %."""
UNEQUAL = 20
"""Times as many images in the largest class as in the smallest."""


def weaknesses(data: ImageData) -> list[str]:
    """A warning for each, in words."""
    train, val = (_count(split, data.num_classes) for split in (data.train, data.val))
    found: list[str] = []
    if 0 < len(data.val) < FEW_VALIDATION:
        what = "it is 0 or 100 %" if len(data.val) == 1 else f"it moves in steps of {100 / max(1, len(data.val)):.0f} %"
        found.append(
            f"warning: {len(data.val)} validation image{'s' if len(data.val) != 1 else ''} beside {len(data.train):,} "
            f"for training: validation accuracy says little ({what}), and it is what networks are chosen by"
        )
    for images, split in ((train, "training"), (val, "validation")):
        if not sum(images):
            continue
        if without := [name for name, count in zip(data.class_names, images, strict=True) if count == 0]:
            found.append(f"warning: {_classes(without, data)} without a {split} image: {_some(without)}")
    if alone := [name for name, count in zip(data.class_names, train, strict=True) if count == 1]:
        found.append(f"warning: {_classes(alone, data)} with one training image: {_some(alone)}")
    most, least = max(train), min(train)
    if least and most >= UNEQUAL * least:
        large, small = data.class_names[train.index(most)], data.class_names[train.index(least)]
        found.append(
            f"warning: classes differ much in size: {printable(large)} has {most:,} training images, "
            f"{printable(small)} {least:,}; accuracy is mostly that of the large ones"
        )
    return found


def _count(split: AnySplit, num_classes: int) -> list[int]:
    """Images of each class."""
    labels = split.labels.cpu() if isinstance(split, Split) else torch.tensor(split.labels, dtype=torch.int64)
    counts: list[int] = labels.bincount(minlength=num_classes).tolist()
    return counts[:num_classes]


def _classes(names: Sequence[str], data: ImageData) -> str:
    return f"{len(names):,} of {data.num_classes:,} classes"


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:5])) + (", ..." if len(names) > 5 else "")
