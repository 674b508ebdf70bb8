"""Runs `nasbench transfer` and dies by SIGKILL at a moment: step:K, before this process's Kth optimiser step, or
saved:K, when the state has been written K times and the curve does not know of the last one yet. A recipe and a data
set for such runs."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nasbench.cli import main
from nasbench.core.recipe import Recipe
from nasbench.train import trainer
from nasbench.train.data import ImageData, Split
from nasbench.train.datasets import Digits
from nasbench.train.replicas import of_process_group
from nasbench.train.training import Training

EVERYTHING = Recipe(
    "everything",
    1,
    epochs=3,
    batch_size=16,
    accumulate=2,
    lr_peak=0.05,
    warmup_epochs=1,
    optimizer="rmsprop",
    weight_decay=1e-4,
    decay_norm_and_bias=False,
    grad_clip_norm=1.0,
    label_smoothing=0.1,
    random_resized_crop=0.5,
    flip=True,
    cutout=4,
    policy="randaugment",
    mixup=0.2,
    cutmix=1.0,
    drop_path=0.3,
    dropout=0.1,
    bn_momentum=0.1,
    ema_decay=0.9,
    channels_last=True,
)


PLAIN = Recipe("plain", 1, epochs=3, batch_size=32, lr_peak=0.05)


class Mortal(Split):
    """Images that kill the second of two replicas once, in its second epoch."""

    steps = 0

    def to(self, device: torch.device) -> "Mortal":
        assert device.type == "cpu", device
        return self

    def take(self, indices: Tensor) -> Split:
        Mortal.steps += 1
        if of_process_group().rank == 1 and Mortal.steps == 1200 // PLAIN.batch_size + 5 and not Path("died").exists():
            Path("died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().take(indices)


class MortalDigits(Digits):
    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:
        data = super().load(data_dir, image_size, download)
        assert isinstance(data.train, Split)
        return replace(data, train=Mortal(data.train.images, data.train.labels))


def dying(function: Callable[..., Any], call: int, after: bool) -> Callable[..., Any]:
    """`function`, in whose `call`th call the process dies: before it, or when it is done."""
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


if __name__ == "__main__":
    kind, _, number = sys.argv[1].partition(":")
    if kind == "step":
        Training._step = dying(Training._step, int(number), after=False)  # type: ignore[method-assign]
    else:
        trainer.save_state = dying(trainer.save_state, int(number), after=True)
    sys.exit(main(sys.argv[2:]))
