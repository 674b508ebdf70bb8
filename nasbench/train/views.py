"""How many views of an image a network is tested with, and how they are put together: one definition for all commands.

S is the side in pixels at which the network sees images. Class probabilities (softmax) are averaged over the views.

| views      | what is shown                                                        | source                        |
|------------|----------------------------------------------------------------------|-------------------------------|
| center     | the image as in validation: the centre square of side S              |                               |
| 10         | the image at 8/7 S (256 for 224): of its centre square the four      | Krizhevsky et al. 2012,       |
|            | corners and the centre, and the same mirrored                        | section 4.1                   |
| multiscale | those 10 views at 8/7, 9/7, 10/7 and 11/7 S (256, 288, 320, 352)     | Szegedy et al. 2015,          |
|            |                                                                      | section 7, their four scales  |
| dense      | the whole image, its shorter side at 8/7 S, and the same mirrored,   | Simonyan and Zisserman 2015,  |
|            | through the fully convolutional network; the logits of all places    | section 3.2                   |
|            | are averaged before the softmax                                      |                               |
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.errors import unknown
from nasbench.core.spec import Task
from nasbench.nn.convolutional import convolutional_form
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.evaluation import Evaluation, batch_on, evaluating, none_readable
from nasbench.train.loader import Batch, eval_batches, whole_batches

SIDES: dict[str, tuple[float, ...]] = {
    "center": (),
    "10": (8 / 7,),
    "multiscale": (8 / 7, 9 / 7, 10 / 7, 11 / 7),
    "dense": (8 / 7,),
}
"""Views -> the sides of what is shown, as multiples of the network's own side."""


def sides_of(views: str, image_size: int) -> tuple[int, ...]:
    """In pixels, at least one more than the network's own. UsageError for views that are none."""
    if views not in SIDES:
        raise unknown("kind of views", views, SIDES)
    return tuple(max(image_size + 1, round(share * image_size)) for share in SIDES[views])


def prepared(network: nn.Module, task: Task, views: str, name: str = "this network") -> nn.Module:
    """The network to show the views to: for dense ones its fully convolutional form. UsageError where it has none."""
    sides = sides_of(views, task.image_size)
    return convolutional_form(network, task, sides[0], name) if views == "dense" else network


def ten_crops(images: Tensor, image_size: int) -> list[Tensor]:
    """(B, C, R, R) -> ten times (B, C, S, S): four corners and the centre, then the same of the mirrored image, as
    torchvision's TenCrop has them.
    """
    free = images.shape[-1] - image_size
    corners = ((0, 0), (0, free), (free, 0), (free, free), (round(free / 2), round(free / 2)))
    return [
        seen[..., top : top + image_size, left : left + image_size]
        for seen in (images, images.flip(-1))
        for top, left in corners
    ]


def probabilities_of(network: nn.Module, shown: Sequence[Tensor], image_size: int, views: str) -> Tensor:
    """Class probabilities (B, K) of images that are given at each of the sides of `views`: (B, C, R, R) each; for dense
    views (B, C, H, W). `network` is `prepared` and in evaluation mode.
    """
    found: list[Tensor] = []
    for images in shown:
        if views == "dense":
            maps = [network(seen).float() for seen in (images, images.flip(-1))]  # (B, K, h, w)
            found += [logits.mean(dim=(2, 3)).softmax(dim=1) for logits in maps]  # (B, K)
        else:
            found += [network(crop).float().softmax(dim=1) for crop in ten_crops(images, image_size)]
    return torch.stack(found).mean(dim=0)


def _classified(
    network: nn.Module, split: AnySplit, data: ImageData, device: torch.device, views: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Class probabilities (B, K) and labels (B) of every image that can be read, in order. `network` is `prepared`, in
    evaluation mode and on `device`; `data` says at which size it sees images.
    """
    size = batch_on(device, data.image_size)
    if views == "center":
        for images, labels in eval_batches(split, data, device, size):
            yield network(images).float().softmax(dim=1), labels
        return
    sides = sides_of(views, data.image_size)
    batches = [_batches(split, data, side, device, size, views) for side in sides]
    for several in zip(*batches, strict=True):
        shown, labels = [images for images, _ in several], several[0][1]
        yield probabilities_of(network, shown, data.image_size, views), labels


def _batches(
    split: AnySplit, data: ImageData, side: int, device: torch.device, size: int, views: str
) -> Iterator[Batch]:
    at_side = replace(data, image_size=side, crop_share=1.0)
    return (
        whole_batches(split, at_side, device, size) if views == "dense" else eval_batches(split, at_side, device, size)
    )


def evaluate_views(
    network: nn.Module, split: AnySplit, data: ImageData, device: torch.device, views: str
) -> tuple[Evaluation, Tensor, Tensor]:
    """What the averaged views make of a split, with the probabilities (N, K) and labels (N), on the CPU.

    `loss` is the mean negative logarithm of the averaged probability of the right class. UsageError for a network that
    has no form for dense views.
    """
    with evaluating(network):
        shown = prepared(network, data.task, views)
        found = [(shares.cpu(), labels.cpu()) for shares, labels in _classified(shown, split, data, device, views)]
    if not found:
        raise none_readable(len(split))
    shares, labels = (torch.cat(parts) for parts in zip(*found, strict=True))  # (N, K), (N)
    return evaluation_of(shares, labels), shares, labels


def evaluation_of(shares: Tensor, labels: Tensor) -> Evaluation:
    """What class probabilities (N, K) come to."""
    five = shares.topk(min(5, shares.shape[1]), dim=1).indices == labels[:, None]  # (N, 5)
    loss = functional.nll_loss(shares.double().clamp(min=1e-12).log(), labels)
    correct = shares.argmax(dim=1) == labels
    return Evaluation(len(labels), int(correct.sum()), int(five.sum()), float(loss))
