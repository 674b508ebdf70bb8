"""A training under way: the network under its recipe, one optimiser step after another."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import losses
from nasbench.nn.drop_path import hold_probabilities, set_drop_path, set_progress
from nasbench.nn.pointwise import with_safe_pointwise
from nasbench.train.checkpointed import checkpoint_parts
from nasbench.train.compiled import compile_parts
from nasbench.train.ema import Ema
from nasbench.train.freezing import Freezing
from nasbench.train.graphed import GraphedPass, can_be_captured
from nasbench.train.loader import TrainBatches
from nasbench.train.losses import Loss, make_loss
from nasbench.train.optimizers.groups import make_optimizer, set_rate
from nasbench.train.pace import Pace
from nasbench.train.replicas import Replicas
from nasbench.train.schedules import Schedule, make_schedule
from nasbench.train.within import Within

CHECK_EVERY = 50
"""Steps between two checks of the loss on an accelerator, where a check waits for the device. A CPU checks each step.
"""


class Paths(Protocol):
    """What makes a training one of a supernet: the paths of each step, and what follows each epoch."""

    def of_step(self, step: int) -> Sequence[Architecture]:
        """The paths of a step, counted from 0 over the whole training: the same in each replica, and where a training
        is resumed. Their losses are averaged, their gradients summed, and the weights are updated once.
        """

    def after_epoch(self, epoch: int, supernet: nn.Module) -> Mapping[str, float]:
        """Learns which paths to draw, if it does so, and evaluates: what to report. Training does not depend on the
        running statistics that this changes. TrialFailed for a loss that is not finite.
        """

    def state(self) -> Any:
        """What the checkpoint holds of it: containers of numbers and texts."""

    def restore(self, state: Any) -> None:
        """Goes on from what `state` returned."""


@dataclass(frozen=True)
class Training:
    """The parts of a training whose state changes from step to step.

    `model` is the network. `replica` is what each step calls: the network itself, or its data-parallel wrapper. `paths`
    is None unless the network is a supernet, `graph` unless the steps are captured as a CUDA graph.
    """

    model: nn.Module
    replica: nn.Module
    recipe: Recipe
    device: torch.device
    loss: Loss
    schedule: Schedule
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    ema: Ema | None
    half: torch.dtype | None
    freezing: Freezing
    replicas: Replicas
    paths: Paths | None = None
    graph: GraphedPass | None = None

    @classmethod
    def start(
        cls,
        model: nn.Module,
        recipe: Recipe,
        device: torch.device,
        freezing: Freezing,
        replicas: Replicas,
        compiled: bool = False,
        paths: Paths | None = None,
        checkpoint_activations: bool = False,
    ) -> "Training":
        """Moves `model` to `device` and applies the recipe to it; with `compiled` its repeated parts are compiled, with
        `checkpoint_activations` they are computed twice.

        On a CUDA device the steps of one process are captured as a graph, where they can be (`train/graphed`).
        UsageError if the recipe names a loss, an optimiser or a schedule that does not exist or cannot be used.
        """
        model.to(device)
        if recipe.channels_last:
            model.to(memory_format=torch.channels_last)
        if device.type == "cpu":
            with_safe_pointwise(model)
        _apply(model, recipe)
        freezing.freeze(model)
        if checkpoint_activations:
            checkpoint_parts(model)
        if compiled:
            compile_parts(model)
        half = half_of(device) if recipe.mixed_precision else None
        plain = replicas.count == 1 and paths is None and not compiled and not checkpoint_activations
        graph = GraphedPass() if plain and can_be_captured(model, losses.get(recipe.loss), device) else None
        if graph is not None:
            hold_probabilities(model)
        return cls(
            model,
            replicas.wrap(model, device) if paths is None else replicas.equal(model),
            recipe,
            device,
            make_loss(recipe, device),
            make_schedule(recipe),
            make_optimizer(model, recipe, freezing.slow(model)),
            torch.amp.GradScaler(device.type, enabled=half is torch.float16),
            Ema(model, recipe.ema_decay) if recipe.ema_decay is not None else None,
            half,
            freezing,
            replicas,
            paths,
            graph,
        )

    @property
    def evaluated(self) -> nn.Module:
        """The network to evaluate and to keep: the average of the weights if the recipe asks for one."""
        return self.model if self.ema is None else self.ema.model

    def epoch(
        self,
        batches: TrainBatches,
        epoch: int,
        epochs: int,
        within: Within | None = None,
        after_step: Callable[[int, Tensor], None] = lambda _step, _sums: None,
        pace: Pace | None = None,
    ) -> float:
        """Trains for one epoch and returns the mean loss of the main head over its steps.

        It goes on after `within`, if that is given. `after_step` is called with the steps done in this epoch and the
        sums of their losses. `pace` times how long each batch is waited for.
        """
        self.replica.train()
        self.freezing.hold(self.model)
        sums = torch.zeros(2, device=self.device)  # of the main head's loss, and of the loss with the auxiliary heads
        first = 0
        if within is not None:
            first = within.step
            sums += within.sums.to(self.device)
            within.restore_layers(self.device)
        check_every = 1 if self.device.type == "cpu" else CHECK_EVERY
        read = batches.epoch(epoch, within)
        for index, (images, labels) in enumerate(read if pace is None else pace.timed(read), first):
            step = epoch * batches.steps + index
            if self.recipe.drop_path and self.recipe.drop_path_schedule == "linear":
                set_progress(self.model, step / (epochs * batches.steps))
            set_rate(self.optimizer, self.schedule(step, batches.steps, epochs))
            sums += self._step(images, labels, step)
            if self.ema is not None:
                self.ema.update(self.model, step)
            if (index + 1) % check_every == 0 or index + 1 == batches.steps:
                total = self.replicas.sum(sums[1:].clone()).item()
                if not isfinite(total):
                    raise TrialFailed(
                        f"the loss is not finite ({total}) in epoch {epoch + 1}, by step {index + 1} of {batches.steps}"
                    )
            after_step(index + 1, sums)
        return self.replicas.sum(sums[:1].clone()).item() / batches.steps / self.replicas.count

    def progress(self, done: int, steps: int, epochs: int) -> dict[str, float]:
        """The optimiser's steps after `done` epochs of `steps` each, and the learning rate of the last of them."""
        updates = done * steps
        return {"lr": float(self.schedule(updates - 1, steps, epochs)), "updates": updates} if updates else {}

    def _step(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """One optimiser step. Returns the loss of the main head and the loss with the auxiliary heads, float32 (2).

        A supernet runs each part of the batch on each path. Parameters that are on none of the paths have no gradient,
        and the optimiser passes them over: they do not decay, and do not move on by their momentum.
        """
        if self.recipe.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)

        def run(images: Tensor, labels: Tensor) -> Tensor:
            return self._gradients(images, labels, step)

        losses = run(images, labels) if self.graph is None else self.graph(run, images, labels)
        if self.recipe.grad_clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.grad_clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return losses

    def _gradients(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """Sets the gradients of a step, and returns its losses."""
        self.optimizer.zero_grad(set_to_none=True)
        losses = torch.zeros(2, device=self.device)
        accumulate = self.recipe.accumulate
        parts = list(zip(images.chunk(accumulate), labels.chunk(accumulate), strict=True))
        paths = [()] if self.paths is None else [(path,) for path in self.paths.of_step(step)]
        calls = [(*part, path) for part in parts for path in paths]
        for index, (some_images, some_labels, path) in enumerate(calls):
            with self.replicas.no_sync(self.replica, more_to_come=index + 1 < len(calls)):
                loss, whole = self._losses(some_images, some_labels, *path)
                share = len(some_images) / len(images)
                self.scaler.scale(whole if len(parts) == 1 else whole * share).backward()
            losses += torch.stack((loss.detach(), whole.detach())) * (share / len(paths))
        if self.paths is not None:
            self.replicas.average_gradients(self.model)
        return losses

    def _losses(self, images: Tensor, labels: Tensor, *path: Architecture) -> tuple[Tensor, Tensor]:
        """The loss of the main head, and the same plus the weighted losses of the auxiliary heads."""
        with torch.autocast(self.device.type, self.half) if self.half else nullcontext():
            output = self.replica(images, *path)  # (B, num_classes), or a tuple of them: the main head first
            logits, *aux_heads = output if isinstance(output, tuple) else (output,)
        loss = self.loss(logits.float(), labels)
        whole = loss
        for aux_logits in aux_heads:
            whole = whole + self.recipe.aux_weight * self.loss(aux_logits.float(), labels)
        return loss, whole

    def hear(self, metrics: Mapping[str, float]) -> None:
        """Tells the schedule what the network reached after an epoch: all replicas what the leader measured."""
        if self.schedule.hears is not None:
            self.schedule.hears.hear(self.replicas.from_leader(lambda: dict(metrics)))

    def state(self) -> dict[str, Any]:
        heard = {} if self.schedule.hears is None else {"schedule": self.schedule.hears.state()}
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema": None if self.ema is None else dict(self.ema.state_dict()),
            **heard,
        }

    def _restore_optimizer(self, state: Mapping[str, Any]) -> None:
        """Whether it runs as one fused kernel is a matter of this device, and not of the one that wrote the state."""
        pairs = zip(state["param_groups"], self.optimizer.param_groups, strict=True)
        groups = [saved | {"fused": own["fused"]} if "fused" in own else saved for saved, own in pairs]
        self.optimizer.load_state_dict({**state, "param_groups": groups})

    def restore(
        self, state: Mapping[str, Any], identity: Mapping[str, Any], path: Path
    ) -> tuple[int, dict[str, float]]:
        """Loads the saved `state` of the checkpoint `path`. Returns the epochs done and the metrics after them.

        UsageError if its identity is not `identity`: it belongs to another training.
        """
        stored = state.get("identity")
        if not isinstance(stored, dict) or stored != identity:
            differs = sorted(
                name for name in identity if not isinstance(stored, dict) or stored.get(name) != identity[name]
            )
            raise UsageError(
                f"the checkpoint {path} belongs to another training ({', '.join(differs)}). "
                "Delete it or name another file."
            )
        self.model.load_state_dict(state["model"])
        self._restore_optimizer(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
        if self.schedule.hears is not None:
            self.schedule.hears.restore(state["schedule"])
        return int(state["done"]), dict(state["metrics"])


def half_of(device: torch.device) -> torch.dtype | None:
    """The 16-bit type to compute in: bfloat16 if the GPU has it (it needs no loss scaling), else float16.

    None if `device` is not a CUDA device.
    """
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _apply(model: nn.Module, recipe: Recipe) -> None:
    """Sets the recipe's values in the layers of `model`: drop path, dropout and batch normalisation."""
    if recipe.drop_path:
        set_drop_path(model, recipe.drop_path)
    for module in model.modules():
        if isinstance(module, nn.Dropout) and recipe.dropout is not None:
            module.p = recipe.dropout
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = module.momentum if recipe.bn_momentum is None else recipe.bn_momentum
            module.eps = module.eps if recipe.bn_eps is None else recipe.bn_eps
            if recipe.freeze_norm_scales and module.affine:
                module.weight.requires_grad_(False)
