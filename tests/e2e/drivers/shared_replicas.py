"""Trains a supernet without normalisation, alone and as two replicas, and writes the weights of each."""

import sys
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import ClassVar

import torch
from torch import Tensor, distributed, nn

from nasbench.core.arch import Architecture, Choice
from nasbench.core.recipe import Recipe
from nasbench.core.registry import samplers
from nasbench.core.spec import Size, Task
from nasbench.nn.supernet import Supernet
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.path_scores import PathImages
from nasbench.train.replicas import of_process_group
from nasbench.train.shared_training import SharedTraining
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
SAMPLERS = ("uniform", "enas")
RECIPE = Recipe(
    "shared", 1, epochs=3, batch_size=64, lr_peak=0.05, weight_decay=1e-3, grad_clip_norm=1.0, train_images=256
)


class Space:
    """Two decisions; each option has weights of its own."""

    name = "two"
    choices: ClassVar = (Choice("first", ("a", "b", "c")), Choice("second", ("a", "b", "c")))
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


class Two(Supernet):
    """Linear layers, of which a path takes one for each decision."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        pixels = task.image_size**2 * task.channels
        self.first = nn.ModuleDict({name: nn.Linear(pixels, 16) for name in "abc"})
        self.second = nn.ModuleDict({name: nn.Linear(16, task.num_classes) for name in "abc"})

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        genes = architecture.genes
        hidden = self.first[str(genes["first"])](x.flatten(1)).relu()  # (B, 16)
        logits: Tensor = self.second[str(genes["second"])](hidden)  # (B, num_classes)
        return logits

    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        layers = {slot: getattr(self, slot)[str(architecture.genes[slot])] for slot in ("first", "second")}
        return {f"{slot}.{name}": value for slot, layer in layers.items() for name, value in layer.named_parameters()}


def train(folder: str, sampler: str) -> None:
    """Trains in this process, or as one replica of its process group."""
    torch.manual_seed(0)
    replicas = of_process_group()
    data = resolve_dataset("digits").load(None, None, False)
    supernet = Two(data.task)
    if not replicas.is_leader:
        for parameter in supernet.parameters():
            nn.init.zeros_(parameter)  # what it starts from is the leader's
    options = {"steps": 2, "samples": 3} if sampler == "enas" else {}
    made = samplers.make(sampler, Space(), options=options)
    panel = made.paths(Random(0))
    images = PathImages.of(data, CPU, 64, 64)
    paths = SharedTraining(made, 0, panel, images, data.val, data, CPU, replicas)
    fit(supernet, data, RECIPE, seed=0, device=CPU, paths=paths, replicas=replicas)
    if replicas.is_leader:
        save_weights(Path(folder) / f"{sampler}-{replicas.count}.safetensors", supernet)


def replica(folder: str, rank: int, count: int) -> None:
    """What one of `count` replicas does."""
    rendezvous = Path(folder, "rendezvous").absolute().as_uri()
    distributed.init_process_group(
        "gloo", init_method=rendezvous, rank=rank, world_size=count, timeout=timedelta(seconds=120)
    )
    for sampler in SAMPLERS:
        train(folder, sampler)
    distributed.barrier()  # a group that one has left may abort the others
    distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in SAMPLERS:
        train(sys.argv[1], name)
    others = [get_context("fork").Process(target=replica, args=(sys.argv[1], rank, 2)) for rank in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    sys.exit(any(other.exitcode for other in others))
