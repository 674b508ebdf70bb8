"""From a file to an image of 8-bit RGB: the one place where pictures are opened, whatever reads them.

A picture is taken as a viewer shows it: turned as its EXIF orientation says, the first of several frames, values of
more than 8 bits scaled. What was done is told with the image. A file that is no picture, or one whose values could mean
several things, is refused by name.
"""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin

from nasbench.core.errors import UsageError
from nasbench.core.plain_file import no_file
from nasbench.train.paths import printable
from nasbench.train.shard_member import opened

MOST_PIXELS = 2 * 89_478_485
"""Of one image: what Pillow takes for an attack beyond. As RGB they fill 0.7 GB."""

FORMATS = frozenset(
    ("JPEG", "MPO", "PNG", "BMP", "DIB", "GIF", "PPM", "TIFF", "WEBP", "JPEG2000", "AVIF", "ICO", "PCX", "QOI", "SGI")
)
"""What is read, by content and not by name. Others start programs (EPS) or are no pictures."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what brings the picture upright."""

DARK = 4096
"""16-bit images with no larger value are most likely of 12 bits or fewer."""

TURNED = "turned as their EXIF orientation says"
FIRST_FRAME = "of several frames or pages, of which the first was read"
SCALED = "of 16 or 12 bits, scaled to 8"
SCALED_COLOUR = "of 16 bits a colour, of which the upper 8 were taken"
SCALED_DARK = "of 16 bits that use the lowest 12 alone, nearly black once scaled to 8 bits: scale them first"
FLOATS = "of floating-point values from 0 to 1, scaled to 8 bits"
WIDE = "of 32-bit values from 0 to 255, taken as 8 bits"
NEGATIVE = "whose file says that 0 is white, inverted"
TRANSPARENT = "with transparency, which was dropped"
SILHOUETTE = "of one colour, whose picture is in the transparency alone, put on white or black"
CONVERTED = "of another colour space (CMYK, YCbCr), converted to RGB"

Fault = tuple[Path, UsageError]
"""A file that cannot be read, and the reason."""

WITHOUT_THEM = "Or leave such files out with --skip-corrupt."


def read_image(path: str | os.PathLike[str]) -> Image.Image:
    """Reads an RGB image. UsageError, with the path, if the file is not a readable image."""
    return read_noted(path)[0]


def read_noted(path: str | os.PathLike[str], resized_to: int | None = None) -> tuple[Image.Image, tuple[str, ...]]:
    """The same, with what was done to the image.

    UsageError also for an image so long and narrow that it would be too large with a shorter side of `resized_to`.
    """
    try:
        if kind := _instead_of_file(path):  # to open a pipe would wait for ever
            raise ValueError(f"it is {kind}")
        with warnings.catch_warnings():  # of oddities in a file that was read all the same
            warnings.simplefilter("ignore")
            with Image.open(opened(path)) as image:
                _check_size(image, resized_to)
                return _decoded(image)
    except Exception as error:  # whatever a library that reads foreign bytes may raise: OSError, struct.error, ...
        reason = str(error) or type(error).__name__
        raise UsageError(f"{_cannot_read(path)}{_shortly(reason, path)}{REPLACE}") from error


REPLACE = ". Replace or delete it."


def reason_of(path: Path, error: UsageError) -> str:
    """Why an image cannot be read, without its path and what to do."""
    return str(error).removeprefix(_cannot_read(path)).removesuffix(REPLACE)


def _cannot_read(path: str | os.PathLike[str]) -> str:
    return f"cannot read the image {printable(path)}: "


def refusal(faults: Sequence[Fault], total: int, hint: str = WITHOUT_THEM) -> UsageError:
    """The error for files that cannot be read: it counts and names them. `total` files were tried."""
    names = ", ".join(printable(path) for path, _ in faults[:5]) + (", ..." if len(faults) > 5 else "")
    return UsageError(f"{len(faults):,} of {total:,} images cannot be read ({names}). The first: {faults[0][1]} {hint}")


def _check_size(image: Image.Image, resized_to: int | None) -> None:
    width, height = image.size
    if image.format not in FORMATS:
        raise ValueError(f"{image.format} is no format of pictures that can be read")
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width:,} x {height:,} pixels are more than {MOST_PIXELS:,}")
    longer, shorter = max(width, height), min(width, height)
    if resized_to is not None and resized_to > shorter and resized_to * resized_to * longer / shorter > MOST_PIXELS:
        raise ValueError(
            f"{width:,} x {height:,} pixels would be more than {MOST_PIXELS:,} once the shorter side is resized to "
            f"{resized_to:,}"
        )


def _instead_of_file(path: str | os.PathLike[str]) -> str:
    """What is there in place of a file; '' for a file, and for what is not there: who opens it says so."""
    try:
        return no_file(path)
    except OSError:
        return ""


def _decoded(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    notes: list[str] = []
    if getattr(image, "is_animated", False):
        notes.append(FIRST_FRAME)
    is_tiff = image.format == "TIFF"
    bits, orientation = _bits(image), _tag(image, ExifTags.Base.Orientation)
    inverted = (
        is_tiff and image.mode.startswith(("I", "F")) and _tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    )
    image.load()  # which turns a TIFF
    if not is_tiff:
        orientation = _orientation(image)
    turn = TURNS.get(orientation)
    if turn is not None:
        notes.append(TURNED)
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PPM", "PNG")):
        grey = _from_bits(image, bits, notes)
    elif image.mode in ("I", "F"):
        grey = _from_wide(image, notes)
    else:
        grey = None
    if inverted and grey is not None:
        notes.append(NEGATIVE)
        grey = 255 - grey
    rgb = _from_bytes(image, bits, notes) if grey is None else Image.fromarray(grey).convert("RGB")
    return rgb if is_tiff or turn is None else rgb.transpose(turn), tuple(notes)


def _orientation(image: Image.Image) -> Any:
    """The EXIF orientation; None where there is none, or where EXIF data are broken and the picture is not."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # as above: any
        return None


def _from_bytes(image: Image.Image, bits: int, notes: list[str]) -> Image.Image:
    """Modes of 8 bits a channel or fewer; of images with more, Pillow keeps the upper 8."""
    if bits > 8:
        notes.append(SCALED_COLOUR)
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if (shape := _silhouette(image)) is not None:
            notes.append(SILHOUETTE)
            return shape
        notes.append(TRANSPARENT)
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notes.append(CONVERTED)
    if image.mode in ("RGBa", "La"):  # premultiplied colours have no way to RGB of their own
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    return image.convert("RGB")


def _silhouette(image: Image.Image) -> Image.Image | None:
    """A shape of one colour on a ground that differs from it; None for a picture whose colours show something."""
    if image.mode == "P":
        image = image.convert("RGBA")
    if image.mode not in ("LA", "RGBA"):
        return None
    *colours, alpha = image.split()
    shades: list[Any] = [band.getextrema() for band in colours]
    if any(low != high for low, high in shades) or len(set(alpha.getextrema())) == 1:
        return None
    brightness = sum(low for low, _ in shades) / len(shades)
    ground = Image.new(image.mode, image.size, (255 if brightness < 128 else 0,) * len(shades) + (255,))
    return Image.alpha_composite(ground.convert("RGBA"), image.convert("RGBA")).convert("RGB")


def _from_bits(image: Image.Image, bits: int, notes: list[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey of 9 to 16 bits, uint8 (H, W): 255 is the largest value that so many bits hold."""
    values = np.asarray(image).astype(np.float32)
    largest = 4095 if bits == 12 else 65535
    notes.append(SCALED_DARK if bits != 12 and 0 < values.max() < DARK else SCALED)
    return np.asarray(np.clip((values * (255 / largest)).round(), 0, 255), dtype=np.uint8)


def _from_wide(image: Image.Image, notes: list[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey of 32 bits, uint8 (H, W), where its values can mean one thing only."""
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if image.mode == "F" and low >= 0 and high <= 1:
        notes.append(FLOATS)
        return np.asarray((values * np.float32(255)).round(), dtype=np.uint8)
    if low >= 0 and high <= 255 and bool((values == np.round(values)).all()):
        notes.append(WIDE)
        return np.asarray(values, dtype=np.uint8)
    kind = "floating-point" if image.mode == "F" else "integer"
    raise ValueError(
        f"32-bit {kind} values from {low:g} to {high:g} have no agreed black and white; save it with 8 or 16 bits"
    )


def _bits(image: Image.Image) -> int:
    """Bits of a channel in the file: 8 unless it says more."""
    if image.format == "TIFF":
        told = _tag(image, TiffImagePlugin.BITSPERSAMPLE)
        return int(max(told)) if isinstance(told, tuple) and told else int(told or 8)
    if image.mode.startswith("I"):
        return 16
    if image.format not in ("PNG", "PPM", "SGI"):
        return 8
    told = " ".join(
        str(tile.args) for tile in getattr(image, "tile", ())
    )  # Pillow's raw mode, or the largest value of a PPM
    return 16 if "16" in told or "65535" in told else 8


def _tag(image: Image.Image, number: int) -> Any:
    """A tag of a TIFF file; None where it has none."""
    tags: Any = getattr(image, "tag_v2", {})
    return tags.get(number)


def _shortly(reason: str, path: str | os.PathLike[str]) -> str:
    """The reason without the path, which the message names already."""
    return printable(reason.replace(f": {os.fspath(path)!r}", "").replace(f" {os.fspath(path)!r}", "")).rstrip(".")
