"""Trains a network without batch normalisation, one step an epoch, and writes its curve: alone, or as one of several
replicas.

Then one with it, whose statistics each replica gathers on its own.
"""

import json
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import distributed, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.recipe import Recipe
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.replicas import of_process_group
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
STEPS, BATCH = 20, 64
RECIPE = Recipe(
    "one step an epoch",
    1,
    epochs=STEPS,
    batch_size=BATCH,
    lr_peak=0.05,
    grad_clip_norm=5.0,
    train_images=BATCH,
    val_images=101,
)


def curve(folder: str, accumulate: int = 1) -> None:
    """Trains under `RECIPE` and writes what was reported after each step as `<folder>/curve.json`."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.GroupNorm(2, 8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10),
    )
    data = resolve_dataset("digits").load(None, None, False)
    recipe = Recipe(**{**vars(RECIPE), "accumulate": accumulate})
    seen: list[dict[str, float]] = []
    fit(
        network,
        data,
        recipe,
        seed=0,
        device=CPU,
        report=lambda epoch, metrics: seen.append({"epoch": epoch, **metrics}),
        checkpoint=Path(folder) / "checkpoint.pt",
        replicas=of_process_group(),
    )
    if of_process_group().is_leader:
        (Path(folder) / "curve.json").write_text(json.dumps(seen))


def normalised(folder: str) -> None:
    """Trains a network with batch normalisation for an epoch; writes its weights and what was found of it on the
    validation images.
    """
    network = with_normalisation()
    data = resolve_dataset("digits").load(None, None, False)
    metrics = fit(
        network, data, replace(RECIPE, train_images=None), seed=0, device=CPU, epochs=1, replicas=of_process_group()
    )
    if of_process_group().is_leader:
        save_weights(Path(folder) / "normalised.safetensors", network)
        (Path(folder) / "normalised.json").write_text(json.dumps(metrics))


def listening(folder: str) -> None:
    """Trains a network for 4 epochs under a schedule that hears what it reached, and is lowered by that."""
    network = with_normalisation()
    data = resolve_dataset("digits").load(None, None, False)
    plateau = {"lr_schedule": "plateau", "lr_metric": "val_accuracy", "lr_patience": 0, "lr_threshold": 10.0}
    recipe = replace(RECIPE, train_images=None, epochs=4, **plateau)  # type: ignore[arg-type]
    file = Path(folder) / "listening.pt"
    fit(network, data, recipe, seed=0, device=CPU, checkpoint=file, replicas=of_process_group())
    sums = [f"{parameter.double().sum().item():.9e}" for parameter in network.parameters()]
    assert len(of_process_group().union([" ".join(sums)])) == 1, "all replicas had the same rates"
    if of_process_group().is_leader:
        assert torch.load(file, weights_only=True)["schedule"]["rates"][-1] < recipe.lr_peak / 10


class Dies(nn.Sequential):
    """The network with dropout, which fails at training step `at`."""

    def __init__(self, at: int = 0) -> None:
        torch.manual_seed(0)
        layers = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2)
        super().__init__(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10))
        self.at, self.steps = at, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        if self.training and self.steps == self.at:
            raise RuntimeError("the power went off")
        found: torch.Tensor = super().forward(images)
        return found


def within(folder: str) -> None:
    """Trains undisturbed; dies in step 5 of the second epoch, and goes on from what was written after step 4. Writes
    what each came to, and which steps were done again, of each replica.
    """
    data, file = resolve_dataset("digits").load(None, None, False), Path(folder) / "within.pt"
    recipe = replace(RECIPE, train_images=8 * BATCH, epochs=2, mixup=0.2)
    found = {}
    for name, at, checkpoint in (("whole", 0, None), ("died", 13, file), ("resumed", 0, file)):
        network, metrics = Dies(at), None
        with suppress(TrialFailed):
            metrics = fit(
                network,
                data,
                recipe,
                seed=0,
                device=CPU,
                checkpoint=checkpoint,
                replicas=of_process_group(),
                save_every=2,
            )
        sums = [f"{each.double().sum().item():.17g}" for each in network.parameters()]
        found[name] = {"metrics": metrics, "weights": sums, "steps": network.steps}
    replica = of_process_group()
    (Path(folder) / f"within-{replica.rank}.json").write_text(json.dumps(found))


def with_normalisation() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def replica(folder: str, rank: int, count: int) -> None:
    """What one of `count` replicas does."""
    rendezvous = Path(folder, "rendezvous").absolute().as_uri()
    distributed.init_process_group(
        "gloo", init_method=rendezvous, rank=rank, world_size=count, timeout=timedelta(seconds=120)
    )
    if sys.argv[2:] == ["within"]:
        within(folder)
        distributed.barrier()
        distributed.destroy_process_group()
        return
    curve(folder)
    normalised(folder)
    listening(folder)
    assert of_process_group().union([f"of {rank}", "of both"]) == [f"of {each}" for each in range(count)] + ["of both"]
    distributed.barrier()  # a group that one has left may abort the others
    distributed.destroy_process_group()


if __name__ == "__main__":  # each replica is a fork of this process, in which all that a training needs is imported
    torch.set_num_threads(1)
    resolve_dataset("digits").load(None, None, False)
    torch.optim.SGD(with_normalisation().parameters())
    others = [get_context("fork").Process(target=replica, args=(sys.argv[1], rank, 2)) for rank in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    sys.exit(any(other.exitcode for other in others))
