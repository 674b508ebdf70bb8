"""Augmentations against their definitions."""

from random import Random

import pytest
import torch
from torch import Tensor

from nasbench.train.augment import cutout, flip, mix, pad_crop, random_resized_crop, upsample_crop


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(batch: int = 64, side: int = 7) -> Tensor:
    return torch.arange(1, 1 + batch * 2 * side * side, dtype=torch.float32).view(batch, 2, side, side)


def test_pad_crop_gives_windows_of_the_padded_image_and_all_of_them():
    padding, side = 2, 7
    before = images()
    after = pad_crop(before, padding, generator())
    padded = torch.nn.functional.pad(before, (padding,) * 4)
    seen = set()
    for image, original in zip(after, padded, strict=True):
        places = [
            (y, x)
            for y in range(2 * padding + 1)
            for x in range(2 * padding + 1)
            if torch.equal(image, original[:, y : y + side, x : x + side])
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert {y for y, _ in seen} == {x for _, x in seen} == set(range(2 * padding + 1))


def test_upsample_crop_gives_windows_of_the_enlarged_image_and_all_of_them():
    margin, side = 2, 7
    before = images()
    after = upsample_crop(before.to(torch.uint8), margin, generator())
    larger = torch.nn.functional.interpolate(before.to(torch.uint8).float(), (11, 11), mode="bilinear")
    seen = set()
    for image, whole in zip(after, larger, strict=True):
        assert image.shape == (2, side, side)
        places = [(y, x) for y in range(5) for x in range(5) if torch.equal(image, whole[:, y : y + 7, x : x + 7])]
        assert len(places) == 1
        seen.add(places[0])
    assert {y for y, _ in seen} == {x for _, x in seen} == set(range(2 * margin + 1))
    constant = torch.full((2, 3, 32, 32), 7.0)
    assert torch.allclose(upsample_crop(constant, 4, generator()), constant), "no border is darker"


def test_flip_mirrors_about_half_of_the_images_each_on_its_own():
    before = images(batch=400)
    after = flip(before, generator())
    mirrored = [torch.equal(image, original.flip(2)) for image, original in zip(after, before, strict=True)]
    kept = [torch.equal(image, original) for image, original in zip(after, before, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250


def test_cutout_zeroes_a_square_clipped_at_the_border():
    side, hole = 7, 4
    after = cutout(images(), hole, generator())
    sizes = set()
    for image in after:
        zero = image == 0
        assert torch.equal(zero[0], zero[1])
        rows, columns = zero[0].any(dim=1).nonzero().flatten(), zero[0].any(dim=0).nonzero().flatten()
        height, width = len(rows), len(columns)
        assert int(zero[0].sum()) == height * width  # a full rectangle
        assert rows[-1] - rows[0] + 1 == height
        assert columns[-1] - columns[0] + 1 == width
        for first, length in ((int(rows[0]), height), (int(columns[0]), width)):
            assert hole // 2 <= length <= hole
            assert length == hole or first == 0 or first + length == side
        sizes.add((height, width))
    assert (hole, hole) in sizes
    assert len(sizes) > 1


@pytest.mark.parametrize(("side", "hole"), [(32, 16), (10, 4)])
def test_cutout_masks_the_area_of_its_definition(side: int, hole: int) -> None:
    """Centres are uniform over the image, rows and columns on their own: the mean area is the square of the mean
    clipped side.
    """
    clipped = [min(centre + hole // 2, side) - max(centre - hole // 2, 0) for centre in range(side)]
    expected = (sum(clipped) / side) ** 2
    areas = (cutout(torch.ones(4000, 1, side, side), hole, generator()) == 0).sum(dim=(1, 2, 3))
    assert float(areas.float().mean()) == pytest.approx(expected, rel=0.03)
    assert int(areas.max()) == hole**2
    assert int(areas.min()) == (hole // 2) ** 2  # centred on the first pixel of both sides


def test_augmentations_depend_on_the_generator_alone_and_leave_their_input_alone():
    before = images()
    copy = before.clone()
    for augment in (
        lambda g: pad_crop(before, 2, g),
        lambda g: upsample_crop(before, 2, g),
        lambda g: flip(before, g),
        lambda g: cutout(before, 4, g),
    ):
        torch.manual_seed(1)
        first = augment(generator(5))
        torch.manual_seed(2)
        assert torch.equal(first, augment(generator(5)))
        assert not torch.equal(first, augment(generator(6)))
        assert torch.equal(before, copy)


def test_augmentations_keep_bytes():
    pixels = torch.randint(0, 256, (4, 3, 8, 8), generator=generator(), dtype=torch.uint8)
    assert (
        pad_crop(pixels, 1, generator()).dtype
        == flip(pixels, generator()).dtype
        == cutout(pixels, 2, generator()).dtype
        == torch.uint8
    )


def test_random_resized_crops_are_of_the_asked_area_and_keep_shape():
    ramp = torch.arange(64.0).expand(64, 64).expand(256, 1, 64, 64)  # a column's value is its place
    crops = random_resized_crop(ramp, 0.25, generator())
    assert crops.shape == ramp.shape
    widths = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0] + 1) / 64  # shares of the image's side
    assert 0.4 < float(widths.min()) < 0.55
    assert float(widths.max()) > 0.97
    assert torch.allclose(random_resized_crop(ramp, 1.0, generator()).mean(), ramp.mean(), atol=3)


def test_mixup_blends_images_and_labels_alike():
    images = torch.eye(8).view(8, 1, 1, 8)  # image i is one-hot at i, as is its label
    mixed, shares = mix(images, torch.arange(8), 8, mixup=1.0, cutmix=0.0, rng=Random(0))
    assert torch.allclose(mixed.view(8, 8), shares)
    assert torch.allclose(shares.sum(dim=1), torch.ones(8))
    assert 0 < float(shares.diagonal().min()) < 1


def test_cutmix_pastes_a_rectangle_of_the_share_that_the_labels_say():
    labels = torch.arange(16)
    images = labels.float().view(16, 1, 1, 1).expand(16, 1, 32, 32)
    mixed, shares = mix(images, labels, 16, mixup=0.0, cutmix=1.0, rng=Random(3))
    for image, label, share in zip(mixed, labels, shares, strict=True):
        own = (image == float(label)).float().mean()
        assert float(share[label]) == pytest.approx(float(own), abs=1e-6)


def test_mixing_is_drawn_from_the_generator_alone():
    images, labels = torch.rand(4, 1, 8, 8), torch.arange(4)
    first, second = (mix(images, labels, 4, 0.2, 1.0, Random(5)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
