"""The training of a supernet, as far as it differs from that of a network: paths, turns of the sampler, a panel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import isfinite
from random import Random
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture
from nasbench.core.blame import blame, part_name
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import LearnsPaths, PathSampler
from nasbench.core.seeds import derive
from nasbench.core.shown import shortened
from nasbench.nn.shared_norm import batch_statistics
from nasbench.nn.supernet import Supernet
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.loader import Batch, eval_batches
from nasbench.train.path_scores import PathImages, score_path
from nasbench.train.replicas import ALONE, Replicas

REWARD_IMAGES = 160
"""Validation images by which a path is scored for a sampler that learns, unless it has `reward_images` of its own: the
batch of ENAS's released micro search.
"""


@dataclass(frozen=True)
class SharedTraining:
    """A `Paths`: the sampler draws the paths of each step from the stream of (seed, step), so all replicas draw the
    same ones.

    After each epoch a sampler that learns has its turn. Then the paths of the `panel`, which are the same after each
    epoch, are recalibrated and scored on `images`. One replica scores, and all get its numbers.
    """

    sampler: PathSampler
    seed: int
    panel: Sequence[Architecture]
    images: PathImages
    rewards: AnySplit
    data: ImageData
    device: torch.device
    replicas: Replicas = ALONE

    def of_step(self, step: int) -> Sequence[Architecture]:
        """UsageError where the sampler draws none, or what is no architecture: a step would train nothing."""
        with blame(self.sampler, f"paths() of step {step}"):
            paths = tuple(self.sampler.paths(Random(derive(self.seed, "paths", step))))
        if not paths or not all(isinstance(path, Architecture) for path in paths):
            raise UsageError(
                f"paths() of the sampler {part_name(self.sampler)} must return one nasbench.core.arch.Architecture or "
                f"more; for step {step} it returned {shortened(paths, 200)}"
            )
        return paths

    def after_epoch(self, epoch: int, supernet: nn.Module) -> Mapping[str, float]:
        """`val_accuracy`, `val_top5` and `val_loss` are means over the panel; and what the sampler reports."""
        assert isinstance(supernet, Supernet)
        learned = self._learn(epoch, supernet)
        accuracy, top5, loss = self.replicas.from_leader(lambda: self._of_panel(supernet))
        if not isfinite(loss):
            raise TrialFailed(f"the mean validation loss of {len(self.panel)} paths is {loss} after epoch {epoch + 1}")
        return {**learned, "val_accuracy": accuracy, "val_top5": top5, "val_loss": loss}

    def state(self) -> list[Any] | None:
        return self.sampler.told() if isinstance(self.sampler, LearnsPaths) else None

    def restore(self, state: Any) -> None:
        if isinstance(self.sampler, LearnsPaths):
            self.sampler.restore(state)

    def _of_panel(self, supernet: Supernet) -> tuple[float, float, float]:
        found = [score_path(supernet, path, self.images, self.data, self.device) for path in self.panel]
        return fmean(one.accuracy for one in found), fmean(one.top5 for one in found), fmean(one.loss for one in found)

    def _learn(self, epoch: int, supernet: Supernet) -> Mapping[str, float]:
        """The sampler's turn. Each path is scored by its accuracy on one batch of shuffled validation images, with the
        statistics of that batch, as in ENAS's released micro search.
        """
        if not isinstance(self.sampler, LearnsPaths):
            return {}
        size = min(getattr(self.sampler, "reward_images", REWARD_IMAGES), len(self.rewards))
        batches = _shuffled(self.rewards, size, self.data, self.device, derive(self.seed, "rewards", epoch))

        def accuracy(path: Architecture) -> float:
            images, labels = next(batches)
            return _share_correct(supernet(images, path), labels)

        def score(path: Architecture) -> float:
            return self.replicas.from_leader(lambda: accuracy(path))

        with torch.no_grad(), batch_statistics(supernet):
            return self.sampler.learn(score, Random(derive(self.seed, "learn", epoch)))


def _share_correct(logits: Tensor, labels: Tensor) -> float:
    return int((logits.argmax(dim=1) == labels).sum()) / len(labels)


def _shuffled(split: AnySplit, size: int, data: ImageData, device: torch.device, seed: int) -> Iterator[Batch]:
    """Whole batches of `size` images without end; the images are shuffled anew before each pass."""
    for again in count():
        generator = torch.Generator().manual_seed(derive(seed, again))
        order = torch.randperm(len(split), generator=generator)[: len(split) // size * size]
        yield from eval_batches(split.take(order), data, device, size)


def distinct_panel(draw: Callable[[Random], Architecture], number: int, seed: int) -> tuple[Architecture, ...]:
    """`number` different architectures, drawn by `seed`; fewer where a small space has hardly more."""
    rng = Random(derive(seed, "panel"))
    found: dict[Architecture, None] = {}
    for _ in range(25 * number):
        found.setdefault(draw(rng))
        if len(found) == number:
            break
    return tuple(found)
