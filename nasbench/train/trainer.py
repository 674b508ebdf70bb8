"""The one trainer: a network, images and a recipe -> metrics. It knows nothing of where the network came from.

On the CPU, for a given seed and number of threads, it is exact to the last bit, also when it is interrupted between two epochs
and goes on from its checkpoint: each epoch's random numbers derive from (seed, epoch), so that none has to be saved.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import Report
from nasbench.core.recipe import Recipe
from nasbench.core.seeds import derive
from nasbench.nn.drop_path import set_drop_path, set_progress
from nasbench.train.checkpoint import load_state, save_state
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.device import isolated_rng
from nasbench.train.ema import Ema
from nasbench.train.faults import trial_boundary
from nasbench.train.loader import TrainBatches, eval_batches
from nasbench.train.optim import learning_rate, make_optimizer

EVAL_PIXELS = 2**19
"""Of an evaluation batch: 512 images of 32 pixels a side, 10 of 224."""

CHECK_EVERY = 50
"""Steps between looks at the loss on an accelerator, where each look waits for it. On the CPU each step is looked at."""


@dataclass(frozen=True)
class Evaluation:
    """`correct` of `images` were classified right; `loss` is their mean cross-entropy, without label smoothing."""

    images: int
    correct: int
    loss: float

    @property
    def accuracy(self) -> float:
        """Top-1, in [0, 1]."""
        return self.correct / self.images


def fit(
    model: nn.Module,
    data: ImageData,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    epochs: int | None = None,
    stop_after: int | None = None,
    report: Report | None = None,
    checkpoint: Path | None = None,
    keep_best: bool = False,
) -> dict[str, float]:
    """Trains `model` in place on `device` and returns `val_accuracy` in [0, 1], `val_loss` and `train_loss` (last epoch, main head).

    `epochs` (else the recipe's) is also what the schedule runs over; `stop_after` ends the training before the schedule does. `report` is called after each epoch with the metrics so far.
    `checkpoint` is a file written after each epoch; where it exists, the training goes on from it. With an average of the weights in
    the recipe, the average is what is evaluated and what `model` ends with. With `keep_best`, every epoch is evaluated and `model` ends
    with the weights of the best one (`best_epoch`; the metrics are that epoch's). Raises TrialFailed for a loss that is not finite, for
    lack of memory and for whatever the network raises; UsageError for a checkpoint of another training.
    """
    total_epochs = epochs or recipe.epochs
    last = total_epochs if stop_after is None else min(stop_after, total_epochs)
    with trial_boundary("the training"):
        batches = TrainBatches(data, recipe, seed, device)
        training = _Training.start(model, recipe, device)
    identity = _identity(model, data, recipe, seed, total_epochs)
    done, metrics = 0, dict[str, float]()
    best: dict[str, Any] = {}
    if checkpoint is not None and checkpoint.exists():
        state = load_state(checkpoint, device)
        done, metrics = training.restore(state, identity, checkpoint)
        best = state["best"]
    for epoch in range(done, last):
        with trial_boundary("the training"):
            with isolated_rng(device, derive(seed, "layers", epoch)):
                metrics = {"train_loss": training.epoch(batches, epoch, total_epochs)}
            if keep_best or report is not None or epoch + 1 == last:
                result = evaluate(training.evaluated, data.val.first(recipe.val_images), data, device)
                if not isfinite(result.loss):
                    raise TrialFailed(f"the validation loss is {result.loss} after epoch {epoch + 1}")
                metrics |= {"val_accuracy": result.accuracy, "val_loss": result.loss}
        if keep_best and (not best or metrics["val_accuracy"] > best["metrics"]["val_accuracy"]):
            weights = {name: tensor.detach().clone() for name, tensor in training.evaluated.state_dict().items()}
            best = {"metrics": {**metrics, "best_epoch": epoch + 1}, "weights": weights}
        if checkpoint is not None:
            save_state(checkpoint, {**training.state(), "identity": identity, "done": epoch + 1, "metrics": metrics, "best": best})
        if report is not None:
            report(epoch + 1, metrics)
    if best:
        model.load_state_dict(best["weights"])
        return dict(best["metrics"])
    if training.ema is not None:
        model.load_state_dict(training.ema.state_dict())
    return metrics


def evaluate(model: nn.Module, split: AnySplit, data: ImageData, device: torch.device, batch_size: int | None = None) -> Evaluation:
    """Classifies every image of `split` once, in float32 and evaluation mode; `data` says how networks see them.

    The model is on `device` already, and is left in the mode it was in.
    """
    batch_size = batch_size or max(1, EVAL_PIXELS // data.image_size**2)
    was_training = model.training
    model.eval()
    correct = torch.zeros((), dtype=torch.int64, device=device)
    losses: list[Tensor] = []
    with torch.no_grad():
        for images, labels in eval_batches(split, data, device, batch_size):
            logits = model(images)  # (B, num_classes)
            correct += (logits.argmax(dim=1) == labels).sum()
            losses.append(F.cross_entropy(logits, labels, reduction="sum"))
    model.train(was_training)
    return Evaluation(len(split), int(correct), torch.stack(losses).double().sum().item() / len(split) if losses else 0.0)


@dataclass(frozen=True)
class _Training:
    """A training under way: all that changes from step to step."""

    model: nn.Module
    recipe: Recipe
    device: torch.device
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    ema: Ema | None
    half: torch.dtype | None

    @classmethod
    def start(cls, model: nn.Module, recipe: Recipe, device: torch.device) -> "_Training":
        model.to(device)
        if recipe.channels_last:
            model.to(memory_format=torch.channels_last)
        if recipe.drop_path:
            set_drop_path(model, recipe.drop_path)
        if recipe.dropout is not None:
            for module in model.modules():
                if isinstance(module, nn.Dropout):
                    module.p = recipe.dropout
        half = _half(device) if recipe.mixed_precision else None
        return cls(
            model,
            recipe,
            device,
            make_optimizer(model, recipe),
            torch.amp.GradScaler(device.type, enabled=half is torch.float16),
            Ema(model, recipe.ema_decay) if recipe.ema_decay is not None else None,
            half,
        )

    @property
    def evaluated(self) -> nn.Module:
        return self.model if self.ema is None else self.ema.model

    def epoch(self, batches: TrainBatches, epoch: int, epochs: int) -> float:
        """Trains for an epoch and returns the mean loss of the main head."""
        self.model.train()
        sums = torch.zeros(2, device=self.device)  # of the main head's loss, and of all that is minimised
        check_every = 1 if self.device.type == "cpu" else CHECK_EVERY
        for index, (images, labels) in enumerate(batches.epoch(epoch)):
            step = epoch * batches.steps + index
            if self.recipe.drop_path:
                set_progress(self.model, step / (epochs * batches.steps))
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.recipe, step, batches.steps, epochs)
            sums += self._step(images, labels)
            if self.ema is not None:
                self.ema.update(self.model, step)
            if (index + 1) % check_every == 0 or index + 1 == batches.steps:
                total = sums[1].item()
                if not isfinite(total):
                    raise TrialFailed(f"the loss is not finite ({total}) in epoch {epoch + 1}, by step {index + 1} of {batches.steps}")
        return sums[0].item() / batches.steps

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        """One optimiser step: (loss of the main head, whole loss), float32 (2)."""
        recipe = self.recipe
        if recipe.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, self.half) if self.half else nullcontext():
            output = self.model(images)  # (B, num_classes), or a tuple of them: the main head's, then the auxiliary ones'
            logits, *aux_heads = output if isinstance(output, tuple) else (output,)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
        whole = loss
        for aux_logits in aux_heads:
            whole = whole + recipe.aux_weight * F.cross_entropy(aux_logits.float(), labels, label_smoothing=recipe.label_smoothing)
        self.optimizer.zero_grad()
        self.scaler.scale(whole).backward()
        if recipe.grad_clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), recipe.grad_clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return torch.stack((loss.detach(), whole.detach()))

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema": None if self.ema is None else dict(self.ema.state_dict()),
        }

    def restore(self, state: Mapping[str, Any], identity: Mapping[str, Any], path: Path) -> tuple[int, dict[str, float]]:
        """Takes over a saved state: (epochs done, metrics after them)."""
        stored = state.get("identity")
        if not isinstance(stored, dict) or stored != identity:
            differs = sorted(name for name in identity if not isinstance(stored, dict) or stored.get(name) != identity[name])
            raise UsageError(f"the checkpoint {path} belongs to another training ({', '.join(differs)}). Delete it or name another file.")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
        return int(state["done"]), dict(state["metrics"])


def _half(device: torch.device) -> torch.dtype | None:
    """The 16-bit type that is faster than float32 there: bfloat16 where the hardware has it (needs no loss scaling), None off CUDA."""
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _identity(model: nn.Module, data: ImageData, recipe: Recipe, seed: int, epochs: int) -> dict[str, Any]:
    """What two trainings must share for one to go on from the other's checkpoint."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    return {"model": shapes, "data": f"{data.name} {data.task}", "recipe": asdict(recipe), "seed": seed, "epochs": epochs}
