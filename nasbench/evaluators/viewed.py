"""Tests of finished trainings with several views of each image, kept beside their weights so that none is run twice.

A test does not change a training: its folder is named as without views, and one training may be tested in many ways.

views-10.json, predictions-10.safetensors    accuracies and class probabilities with the views `10`, and so on
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.spec import ModelSpec
from nasbench.core.writing import write_json
from nasbench.evaluators.building import build_network
from nasbench.evaluators.kept import Kept
from nasbench.train.checkpoint import put_weights, save_tensors
from nasbench.train.source import DataSource
from nasbench.train.views import evaluate_views

TESTED = ("test_accuracy", "test_top5", "test_loss")
"""What a test with several views measures; accuracies in [0, 1], the loss in nats."""


def test_with_views(
    kept: Kept, spec: ModelSpec, source: DataSource, device: torch.device, views: str
) -> Mapping[str, float]:
    """`TESTED` of a finished training, measured now or before. UsageError where its files cannot be read, or where the
    network has no form for dense views.
    """
    record = kept.folder / f"views-{views}.json"
    if record.exists() and kept.predictions_with(views).exists():
        return _read(record)
    network = build_network(spec)
    put_weights(network, kept.weights)
    data, (test, _) = source.on(device, spec.pixels), source.test(spec.pixels)
    result, shares, labels = evaluate_views(network.to(device).eval(), test, data, device, views)
    save_tensors(kept.predictions_with(views), {"probabilities": shares.half(), "labels": labels})
    found = dict(zip(TESTED, (result.accuracy, result.top5, result.loss), strict=True))
    write_json(record, {"views": views, **found})
    return found


def _read(path: Path) -> dict[str, float]:
    found: dict[str, Any] = read_object(path, "test with several views")
    wrong = [
        name for name in TESTED if isinstance(found.get(name), bool) or not isinstance(found.get(name), int | float)
    ]
    if wrong:
        raise UsageError(f"{path} is damaged: {wrong[0]} must be a number. Delete it, and the network is tested again.")
    return {name: float(found[name]) for name in TESTED}
