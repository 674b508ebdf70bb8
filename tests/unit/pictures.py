"""Pictures of every kind that folders hold, each of one grey where nothing else is said."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16


def grey(value: int) -> Image.Image:
    return Image.new("L", (SIDE, SIDE), value)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path: Path, width: int, height: int, bits: int, colour: int, pixels: bytes) -> None:
    """A PNG file by hand: of 16 bits a colour, or larger than anyone can hold in memory."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(pixels, 9)), png_chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def deep_png(path: Path, value: int, channels: int = 3) -> None:
    """16 bits a colour: RGB, RGBA, or grey with alpha."""
    pixel = struct.pack(">H", value * 257) * (channels - (channels % 2 == 0)) + (
        b"\xff\xff" if channels % 2 == 0 else b""
    )
    png(path, SIDE, SIDE, 16, {2: 4, 3: 2, 4: 6}[channels], (b"\0" + pixel * SIDE) * SIDE)


def deep_tiff(path: Path, values: np.ndarray, bits: int, photometric: int, packed: bytes | None = None) -> None:
    """A TIFF file by hand, little-endian and not compressed: (H, W) or (H, W, 3) of 16 bits, or what is `packed`."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    data = values.astype("<u2").tobytes() if packed is None else packed
    extra = struct.pack("<" + "H" * channels, *([bits] * channels)) if channels > 2 else b""
    start = 8 + 2 + 12 * 9 + 4
    per_channel = start if extra else bits
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, per_channel), (259, 3, 1, 1)]
    entries += [(262, 3, 1, photometric), (273, 4, 1, start + len(extra)), (277, 3, 1, channels)]
    entries += [(278, 4, 1, height), (279, 4, 1, len(data))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + extra + data)


def turned(path: Path, orientation: int) -> None:
    """Black above and white below, in a file that says how it is to be turned."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[SIDE // 2 :] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


def bomb(path: Path) -> None:
    """A small file of 196 million pixels."""
    png(path, 14000, 14000, 1, 0, b"\0" * (14000 // 8 + 1) * 14000)


def frames(path: Path, value: int) -> None:
    """Three frames, of which the first is of that grey."""
    first, *others = (grey(each) for each in (value, 0, 255))
    first.save(path, save_all=True, append_images=others, **({"lossless": True} if path.suffix == ".webp" else {}))


def array(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(path)


def full(value: float, kind: str) -> np.ndarray:
    return np.full((SIDE, SIDE), value, kind)


def palette(path: Path, value: int, transparency: bytes | int | None = None) -> None:
    image = grey(value).convert("P")
    image.save(path, **({} if transparency is None else {"transparency": transparency}))


GREYS: dict[str, Callable[[Path, int], None]] = {
    "plain.png": lambda path, value: grey(value).save(path),
    "plain.jpg": lambda path, value: grey(value).save(path, quality=100),
    "colour.bmp": lambda path, value: grey(value).convert("RGB").save(path),
    "colour.ppm": lambda path, value: grey(value).convert("RGB").save(path),
    "really-a-png.jpeg": lambda path, value: grey(value).save(path, "PNG"),
    "alpha.png": lambda path, value: grey(value).convert("RGBA").save(path),
    "grey-alpha.png": lambda path, value: grey(value).convert("LA").save(path),
    "palette.png": palette,
    "palette-clear.png": lambda path, value: palette(path, value, bytes(range(256))),
    "palette-one-clear.png": lambda path, value: palette(path, value, 3),
    "cmyk.jpg": lambda path, value: grey(value).convert("CMYK").save(path, quality=100),
    "cmyk.tif": lambda path, value: grey(value).convert("CMYK").save(path),
    "ycbcr.tif": lambda path, value: grey(value).convert("YCbCr").save(path),
    "16-bit.png": lambda path, value: array(path, full(value * 257, "uint16")),
    "16-bit.tif": lambda path, value: array(path, full(value * 257, "uint16")),
    "16-bit.pgm": lambda path, value: array(path, full(value * 257, "uint16")),
    "16-bit.jp2": lambda path, value: array(path, full(value * 257, "uint16")),
    "16-bit-colour.png": deep_png,
    "16-bit-alpha.png": lambda path, value: deep_png(path, value, 4),
    "16-bit-grey-alpha.png": lambda path, value: deep_png(path, value, 2),
    "16-bit-colour.tif": lambda path, value: deep_tiff(path, np.full((SIDE, SIDE, 3), value * 257), 16, 2),
    "16-bit-white-is-0.tif": lambda path, value: deep_tiff(path, full((255 - value) * 257, "int64"), 16, 0),
    "12-bit.tif": lambda path, value: deep_tiff(path, full(0, "int64"), 12, 1, twelve_bits(value)),
    "float.tif": lambda path, value: array(path, full(value / 255, "float32")),
    "float-255.tif": lambda path, value: array(path, full(value, "float32")),
    "integers.tif": lambda path, value: array(path, full(value, "int32")),
    "moving.gif": frames,
    "moving.webp": frames,
    "moving.png": frames,
    "pages.tiff": frames,
}
"""Name of a file -> what writes it with a grey in 0..255. Each reads as that grey."""


def twelve_bits(value: int) -> bytes:
    level = round(value * 4095 / 255)
    return struct.pack(">I", (level << 12 | level) << 8)[:3] * (SIDE * SIDE // 2)
