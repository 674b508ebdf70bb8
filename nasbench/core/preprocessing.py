"""What an image goes through before a network sees it: written beside weights, so that whoever has them can use them.

An image file is read as RGB (or grey, for one channel), its shorter side is resized, the centre square is cut out,
pixels are divided by 255, and each channel is standardised: (pixel - mean) / std.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.typed import check_range, check_types, shown
from nasbench.core.writing import write_json

FILE = "preprocessing.json"
"""The name of the record beside weights."""
INTERPOLATIONS = ("nearest", "bilinear", "bicubic")
LARGEST_IMAGE = 8_192
SMALLEST_SHARE = 0.01
FIELDS: Mapping[str, Any] = {
    "image_size": int,
    "mean": list[float],
    "std": list[float],
    "interpolation": str,
    "crop_share": float,
    "classes": list[str],
    "rounds_after_resizing": bool,
}
"""Of the record, which is read from a file: the others follow from these."""


@dataclass(frozen=True)
class Seen:
    """How images are shown, whatever their size.

    mean, std      of each channel, of pixels in [0, 1]
    interpolation  one of INTERPOLATIONS; always antialiased
    crop_share     the share of the shorter side that the centre square shows
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bilinear"
    crop_share: float = 1.0


@dataclass(frozen=True)
class Preprocessing:
    """The whole way from an image to the input of a network: (1, channels, image_size, image_size).

    `resizes_pixels`: resized images are rounded to whole pixel values, as files are when they are decoded; else they
    are resized as floating-point numbers, as images in memory are. `classes` are the names of the outputs, in order.
    """

    image_size: int
    seen: Seen
    classes: tuple[str, ...]
    resizes_pixels: bool = True

    @property
    def channels(self) -> int:
        return len(self.seen.mean)

    @property
    def resized_to(self) -> int:
        """Pixels of the shorter side before the centre square is cut out."""
        return round(self.image_size / self.seen.crop_share)

    def to_json(self) -> dict[str, Any]:
        return {
            "image_size": self.image_size,
            "channel_order": "RGB" if self.channels == 3 else "grey" if self.channels == 1 else f"{self.channels}",
            "resize_shorter_side_to": self.resized_to,
            "interpolation": self.seen.interpolation,
            "antialias": True,
            "rounds_after_resizing": self.resizes_pixels,
            "crop": "centre",
            "crop_share": self.seen.crop_share,
            "divide_by": 255,
            "mean": list(self.seen.mean),
            "std": list(self.seen.std),
            "classes": list(self.classes),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Preprocessing":
        """UsageError for a field that is missing, of another type, or out of range."""
        for name in FIELDS:
            if name not in record:
                raise UsageError(f"not a preprocessing record: it lacks the field {name!r}")
        check_types(FIELDS, record, "the preprocessing record")
        check_range("the field 'image_size' of the preprocessing record", record["image_size"], 1, LARGEST_IMAGE)
        check_range("the field 'crop_share' of the preprocessing record", record["crop_share"], SMALLEST_SHARE, 1)
        mean, std = tuple(map(float, record["mean"])), tuple(map(float, record["std"]))
        if record["interpolation"] not in INTERPOLATIONS:
            raise UsageError(
                f"the interpolation of a preprocessing record is one of {', '.join(INTERPOLATIONS)}; got "
                f"{shown(record['interpolation'])}"
            )
        if not mean or len(mean) != len(std) or min(std) <= 0:
            raise UsageError(
                "a preprocessing record has a mean and a standard deviation above 0 for each channel; got mean "
                f"{shown(record['mean'])} and std {shown(record['std'])}"
            )
        seen = Seen(mean, std, record["interpolation"], float(record["crop_share"]))
        return cls(record["image_size"], seen, tuple(record["classes"]), record["rounds_after_resizing"])


def read_preprocessing(folder: Path) -> Preprocessing | None:
    """The record in a folder; None where there is none. UsageError where it cannot be read."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return Preprocessing.from_json(read_object(path, "preprocessing record"))
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def write_preprocessing(folder: Path, record: Preprocessing) -> None:
    """Writes the record into a folder, beside the weights that it belongs to."""
    write_json(folder / FILE, record.to_json())
