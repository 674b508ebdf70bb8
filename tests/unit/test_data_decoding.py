"""One place reads images: whatever the format, the network sees what a viewer shows, or the file is refused by name."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from nasbench.core.errors import UsageError
from nasbench.train import decoding
from nasbench.train.decoding import read_image, read_noted
from unit.pictures import GREYS, SIDE, array, bomb, deep_tiff, full, png, turned


@pytest.mark.parametrize("name", GREYS)
@pytest.mark.parametrize("value", [0, 60, 180, 255])
def test_each_kind_of_file_reads_as_the_grey_that_it_shows(name: str, value: int, tmp_path: Path) -> None:
    GREYS[name](tmp_path / name, value)
    image = read_image(tmp_path / name)
    assert (image.mode, image.size) == ("RGB", (SIDE, SIDE))
    assert np.abs(np.asarray(image).astype(int) - value).max() <= 1


SAID = {
    "16-bit.png": decoding.SCALED,
    "16-bit.pgm": decoding.SCALED,
    "12-bit.tif": decoding.SCALED,
    "16-bit-colour.png": decoding.SCALED_COLOUR,
    "16-bit-colour.tif": decoding.SCALED_COLOUR,
    "16-bit-white-is-0.tif": decoding.NEGATIVE,
    "float.tif": decoding.FLOATS,
    "integers.tif": decoding.WIDE,
    "moving.gif": decoding.FIRST_FRAME,
    "moving.webp": decoding.FIRST_FRAME,
    "pages.tiff": decoding.FIRST_FRAME,
    "palette-clear.png": decoding.TRANSPARENT,
    "grey-alpha.png": decoding.TRANSPARENT,
    "cmyk.jpg": decoding.CONVERTED,
}


@pytest.mark.parametrize("name", SAID)
def test_what_was_done_to_an_image_is_told(name: str, tmp_path: Path) -> None:
    GREYS[name](tmp_path / name, 180)
    assert SAID[name] in read_noted(tmp_path / name)[1]


def test_nothing_is_told_of_an_image_that_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("plain.png", "plain.jpg", "colour.bmp", "colour.ppm", "palette.png", "really-a-png.jpeg"):
        GREYS[name](tmp_path / name, 180)
        assert read_noted(tmp_path / name)[1] == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_an_image_is_turned_as_viewers_turn_it(suffix: str, orientation: int, tmp_path: Path) -> None:
    path = tmp_path / f"turned{suffix}"
    turned(path, orientation)
    image, notes = read_noted(path)
    with Image.open(path) as opened:
        assert np.array_equal(np.asarray(image), np.asarray(ImageOps.exif_transpose(opened).convert("RGB")))
    assert (decoding.TURNED in notes) == (orientation != 1)


def test_half_a_turn_brings_white_to_the_top(tmp_path: Path) -> None:
    turned(tmp_path / "e.jpg", 3)
    assert np.asarray(read_image(tmp_path / "e.jpg"))[1, 1].min() > 250


def test_broken_exif_data_do_not_break_the_picture(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (9, 9, 9)).save(tmp_path / "e.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_noted(tmp_path / "e.jpg")[1] == ()


def test_grey_levels_of_16_bits_are_scaled_one_by_one(tmp_path: Path) -> None:
    levels = np.arange(256, dtype="uint16").reshape(16, 16)
    for name in ("a.png", "a.tif"):
        array(tmp_path / name, levels * 257)
        assert np.array_equal(np.asarray(read_image(tmp_path / name))[..., 0], levels)


def test_12_bits_in_a_file_of_16_are_told_of_as_nearly_black(tmp_path: Path) -> None:
    array(tmp_path / "a.png", full(4000, "uint16"))
    image, notes = read_noted(tmp_path / "a.png")
    assert notes == (decoding.SCALED_DARK,)
    assert np.asarray(image).max() == 16


def test_a_shape_in_the_transparency_alone_is_seen(tmp_path: Path) -> None:
    for colour in (0, 255):
        pixels = np.full((8, 8, 4), colour, np.uint8)
        pixels[..., 3] = np.repeat([0, 255], 4)[:, None]
        array(tmp_path / "a.png", pixels)
        image, notes = read_noted(tmp_path / "a.png")
        assert notes == (decoding.SILHOUETTE,)
        assert np.asarray(image)[[0, 7], 0, 0].tolist() == [255 - colour, colour]


REFUSED = {
    "integers.tif": (lambda path: array(path, full(70_000, "int32")), "32-bit integer values from 70000 to 70000"),
    "unsigned.tif": (lambda path: array(path, full(3e9, "uint32")), "32-bit integer values"),
    "float.tif": (lambda path: array(path, full(1.5, "float32")), "32-bit floating-point values from 1.5 to 1.5"),
    "below.tif": (lambda path: array(path, full(-0.5, "float32")), "from -0.5 to -0.5"),
    "nan.tif": (lambda path: array(path, full(float("nan"), "float32")), "from nan to nan"),
    "bomb.png": (bomb, "196000000 pixels"),
    "wide.png": (lambda path: png(path, 2_000_000_000, 1, 1, 0, b""), "cannot read the image"),
    "empty.png": (lambda path: path.write_bytes(b""), "cannot identify image file"),
    "text.jpg": (lambda path: path.write_text("no picture"), "cannot identify image file"),
    "drawing.png": (lambda path: Image.new("RGB", (8, 8)).save(path, "EPS"), "EPS is no format of pictures"),
    "cut.png": (lambda path: cut(path, "PNG"), "cannot read the image"),
    "cut.jpg": (lambda path: cut(path, "JPEG"), "cannot read the image"),
    "cut.gif": (lambda path: cut(path, "GIF"), "cannot read the image"),
    "cut.tif": (lambda path: cut(path, "TIFF"), "cannot read the image"),
    "cut.webp": (lambda path: cut(path, "WEBP"), "cannot read the image"),
    "odd.tif": (lambda path: deep_tiff(path, full(0, "int64"), 13, 1), "cannot read the image"),
    "folder.png": (Path.mkdir, "directory"),
    "nowhere.png": (lambda path: os.symlink("missing", path), "No such file"),
    "circle.png": (lambda path: os.symlink(path.name, path), "symbolic links"),
}


def cut(path: Path, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype("uint8")
    Image.fromarray(noise).save(path, kind)
    path.write_bytes(path.read_bytes()[:600])


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(name: str, tmp_path: Path) -> None:
    write, reason = REFUSED[name]
    write(tmp_path / name)
    with pytest.raises(UsageError) as error:
        read_image(tmp_path / name)
    message = str(error.value)
    assert str(tmp_path / name) in message
    assert reason in message
    assert message.endswith("Replace or delete it.")


def test_a_large_photograph_is_read_without_a_word(tmp_path: Path) -> None:
    png(tmp_path / "a.png", 10_000, 9_200, 1, 0, (b"\0" + b"\xff" * 1250) * 9_200)  # Pillow warns of such
    assert read_image(tmp_path / "a.png").size == (10_000, 9_200)


def test_a_strip_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    png(tmp_path / "a.png", 100_000, 1, 8, 0, b"\0" + b"\xff" * 100_000)
    assert read_image(tmp_path / "a.png").size == (100_000, 1)
    with pytest.raises(UsageError, match=r"would be more than .* once the shorter side is resized to 256"):
        read_noted(tmp_path / "a.png", resized_to=256)


def test_any_error_of_the_library_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(UsageError, match=r"cannot read the image .*a\.png: MemoryError\. Replace"):
        read_image(tmp_path / "a.png")


def test_names_that_are_no_text_are_printed_with_escapes(tmp_path: Path) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.png"))
    Path(path).write_bytes(b"")
    with pytest.raises(UsageError) as error:
        read_image(path)
    assert r"caf\xe9\n.png" in str(error.value)
    str(error.value).encode()
