"""How much each network of an ensemble counts: by its class probabilities on validation images, kept with its weights.

The weights are shares that maximise the likelihood of the validation labels under the mixture of the networks' class
probabilities. They are found by expectation maximisation (Dempster, Laird, Rubin 1977), which for a mixture of given
distributions has one maximum and no settings. A network that adds nothing gets a weight near 0.
"""

import torch
from torch import Tensor

from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network
from nasbench.evaluators.kept import Kept
from nasbench.train.checkpoint import load_weights, put_weights, save_tensors
from nasbench.train.source import DataSource
from nasbench.train.views import evaluate_views

STEPS = 1000
SETTLED = 1e-6
"""The largest change of a weight in a step that counts as none."""


def fusion_weights(probabilities: Tensor, labels: Tensor) -> Tensor:
    """(M, N, K) and int64 (N) -> weights (M) that sum to 1."""
    right = probabilities.double()[:, torch.arange(len(labels)), labels].clamp(min=1e-12)  # (M, N)
    weights = torch.full((len(right),), 1.0 / len(right), dtype=torch.float64)
    for _ in range(STEPS):
        parts = weights[:, None] * right  # (M, N)
        updated = (parts / parts.sum(dim=0)).mean(dim=1)
        done = bool((updated - weights).abs().max() < SETTLED)
        weights = updated
        if done:
            break
    return weights.float()


def validation_predictions(
    kept: Kept, spec: ModelSpec, source: DataSource, device: torch.device, views: str = "center"
) -> tuple[Tensor, Tensor]:
    """Class probabilities (N, K) of a finished training for the validation split, shown with `views` as the test split
    is, and labels (N); computed once.

    UsageError where its files cannot be read.
    """
    file = kept.validation_with(views)
    if not file.exists():
        network = build_network(spec)
        put_weights(network, kept.weights)
        data = source.on(device, spec.pixels)
        _, shares, labels = evaluate_views(network.to(device).eval(), data.val, data, device, views)
        save_tensors(file, {"probabilities": shares.half(), "labels": labels})
    found = load_weights(file)
    return found["probabilities"].float(), found["labels"]
