"""What a network makes of a split: how many images it classifies right, and the probabilities that it gives.

Images go through the network in batches that fit into memory: on a GPU the size of a batch is measured, and everywhere
a batch that lacks memory is halved, with all that come after it. Replicas share the images.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import UsageError
from nasbench.train.compiled import eagerly
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.faults import lacks_memory
from nasbench.train.loader import eval_batches
from nasbench.train.replicas import ALONE, Replicas

EVAL_PIXELS = 2**17
"""Pixels of an evaluation batch on a CPU, 128 images of 32 x 32: more do not fit into its caches."""
FEW_IMAGES = 8
"""Of large images a batch has 8 all the same, or as many as have GPU_PIXELS."""

GPU_PIXELS = 2**19
"""Pixels of a batch elsewhere, 512 images of 32 x 32 or 10 of 224 x 224. Of an evaluation, of the batch that is
measured.
"""

LARGER_ON_A_GPU = 16
"""So many times as many pixels has a batch on a GPU, where its memory allows it."""

MEMORY_SHARE = 0.5
"""Of the memory that is free on a GPU, the share that an evaluation may take."""


@dataclass(frozen=True)
class Evaluation:
    """What a network made of a split. `loss` is the mean cross-entropy in nats, whatever loss the recipe trains with.

    correct  images whose class has the largest logit
    in_five  images whose class is among the five largest logits
    """

    images: int
    correct: int
    in_five: int
    loss: float

    @property
    def accuracy(self) -> float:
        """Top-1, in [0, 1]."""
        return self.correct / self.images

    @property
    def top5(self) -> float:
        """In [0, 1]; 1 if there are at most five classes."""
        return self.in_five / self.images


@dataclass(frozen=True)
class Predictions:
    """What a network says of each image of a split that can be read, in the order of the split, on the CPU.

    probabilities      float16 (N, classes)
    labels             int64 (N)
    images_per_second  of this process, reading included
    """

    evaluation: Evaluation
    probabilities: Tensor
    labels: Tensor
    images_per_second: float


def evaluate(
    model: nn.Module,
    split: AnySplit,
    data: ImageData,
    device: torch.device,
    batch_size: int | None = None,
    replicas: Replicas = ALONE,
    half: torch.dtype | None = None,
) -> Evaluation:
    """Classifies every image of `split` once, in float32 and evaluation mode, at the size and mean of `data`.

    The model must be on `device` already; afterwards it has the mode from before. Each replica evaluates its share of
    the images, and all get the result for all images. `half` is a type of 16 bits to compute in if a single image lacks
    memory in float32.
    """
    shown = split if replicas.count == 1 else split.take(torch.arange(replicas.rank, len(split), replicas.count))
    counts: list[Tensor] = []
    losses: list[Tensor] = []
    with evaluating(model):
        for logits, labels in _classified(model, shown, data, device, batch_size, half):
            counts.append(_counts(logits, labels))
            losses.append(F.cross_entropy(logits, labels, reduction="sum"))
    return _summed(counts, losses, len(split), device, replicas)


def predict(
    model: nn.Module,
    split: AnySplit,
    data: ImageData,
    device: torch.device,
    replicas: Replicas = ALONE,
    half: torch.dtype | None = None,
) -> Predictions:
    """As `evaluate`, and keeps the probabilities. Each replica reads neighbouring images, and all get the whole."""
    first, last = (len(split) * rank // replicas.count for rank in (replicas.rank, replicas.rank + 1))
    shown = split if replicas.count == 1 else split.take(torch.arange(first, last))
    counts: list[Tensor] = []
    losses: list[Tensor] = []
    seen: list[tuple[Tensor, Tensor]] = []
    with evaluating(model):
        for _ in _classified(model, shown.first(64), data, device, None, half):
            pass  # a warm-up, so that the rate is that of inference
        start = perf_counter()
        for logits, labels in _classified(model, shown, data, device, None, half):
            counts.append(_counts(logits, labels))
            losses.append(F.cross_entropy(logits, labels, reduction="sum"))
            seen.append((logits.softmax(dim=1).half().cpu(), labels.cpu()))
        seconds = perf_counter() - start
    rate = len(shown) / seconds
    result = _summed(counts, losses, len(split), device, replicas)
    parts = [part for found in replicas.gather(seen) for part in found]
    probabilities, labels = (torch.cat(each) for each in zip(*parts, strict=True))  # (N, classes), (N)
    return Predictions(result, probabilities, labels, rate)


def batch_on(device: torch.device, image_size: int) -> int:
    """Images of a batch, as said at EVAL_PIXELS and GPU_PIXELS; at least one."""
    most = max(1, GPU_PIXELS // image_size**2)
    return most if device.type != "cpu" else max(min(FEW_IMAGES, most), EVAL_PIXELS // image_size**2)


def batch_that_fits(model: nn.Module, data: ImageData, device: torch.device) -> int:
    """Images of an evaluation batch: those of `batch_on`; on a GPU as many as its memory takes, as measured."""
    small = batch_on(device, data.image_size)
    if device.type != "cuda":
        return small
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    try:
        model(torch.zeros(small, len(data.mean), data.image_size, data.image_size, device=device))
    except Exception as error:
        if not lacks_memory(error):
            raise
        torch.cuda.empty_cache()
        return small  # it is halved where it is met
    each = (torch.cuda.max_memory_allocated(device) - before) / small
    free = torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - before
    return images_within(int(MEMORY_SHARE * free), each, small)


def images_within(memory: int, each: float, small: int) -> int:
    """How many images fit into `memory` bytes if one takes `each`: between `small` and LARGER_ON_A_GPU times it."""
    return max(small, min(LARGER_ON_A_GPU * small, int(memory / max(each, 1.0))))


class Fitting:
    """Calls a network on batches, in parts that fit into memory.

    A part that lacks memory is halved, and so are those of all later batches. If one image lacks memory, the network
    computes in `half`, if that is given; else the error is raised.
    """

    def __init__(self, model: nn.Module, half: torch.dtype | None = None) -> None:
        self._model, self._half = model, half
        self._in_half = False
        self.most: int | None = None
        """Images of a part; None as long as whole batches fit."""

    def __call__(self, images: Tensor) -> Tensor:  # float32 (B, C, S, S) -> float32 (B, classes)
        while True:
            parts = images.split(self.most or len(images))
            half = self._half if self._in_half else None
            try:
                with torch.autocast(images.device.type, half) if half else nullcontext():
                    logits = [self._model(part) for part in parts]
            except Exception as error:
                if not lacks_memory(error) or not self._can_be_smaller(len(parts[0])):
                    raise
                # on, outside of this block: the error holds on to what the network had computed
            else:
                return (logits[0] if len(logits) == 1 else torch.cat(logits)).float()
            if images.device.type == "cuda":
                torch.cuda.empty_cache()

    def _can_be_smaller(self, size: int) -> bool:
        """Takes smaller parts, or 16 bits, from now on. False if nothing is left to try."""
        if size > 1:
            self.most = size // 2
            return True
        self._in_half, before = self._half is not None, self._in_half
        return self._in_half and not before


def _classified(
    model: nn.Module,
    split: AnySplit,
    data: ImageData,
    device: torch.device,
    batch_size: int | None,
    half: torch.dtype | None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits float32 (B, classes) and labels int64 (B) of every image that can be read, in order."""
    if len(split):
        fitting = Fitting(model, half)
        for images, labels in eval_batches(split, data, device, batch_size or batch_that_fits(model, data, device)):
            yield fitting(images), labels


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """A context in which `model` is in evaluation mode and runs eagerly, without gradients."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), eagerly(model):
            yield
    finally:
        model.train(was_training)


def _counts(logits: Tensor, labels: Tensor) -> Tensor:
    """Images, those that are classified right, and those whose class is among five, int64 (3)."""
    five = logits.topk(min(5, logits.shape[1]), dim=1).indices == labels[:, None]  # (B, 5)
    return torch.stack((torch.ones_like(labels).sum(), (logits.argmax(dim=1) == labels).sum(), five.sum()))


def _summed(
    counts: list[Tensor], losses: list[Tensor], images: int, device: torch.device, replicas: Replicas
) -> Evaluation:
    """The result over all batches of all replicas. UsageError if none of the `images` could be read."""
    sums = torch.zeros(4, dtype=torch.float64)  # images, correct, in_five, loss
    if losses:
        sums[:3], sums[3] = torch.stack(counts).sum(dim=0).cpu(), torch.stack(losses).double().sum().cpu()
    seen, right, among_five, loss = replicas.sum(sums.to(device)).tolist()
    if not seen:
        raise none_readable(images)
    return Evaluation(int(seen), int(right), int(among_five), loss / seen)


def none_readable(images: int) -> UsageError:
    """The error where none of the `images` could be read."""
    return UsageError(f"none of the {images:,} images to evaluate can be read. Replace or delete their files.")
