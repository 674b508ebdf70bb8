"""Class probabilities that whole trainings leave for the test split, and what their average would classify right."""

from collections.abc import Sequence
from pathlib import Path

import torch

from nasbench.evaluators.kept import Kept
from nasbench.train.checkpoint import load_weights
from nasbench.train.data import Split
from nasbench.train.source import DataSource


def ensemble_accuracy(folders: Sequence[Path], labels: torch.Tensor) -> float:
    """Test accuracy of the mean of these trainings' class probabilities; `labels` int64 (N)."""
    probabilities = [load_weights(Kept(folder).predictions)["probabilities"].float() for folder in folders]
    stacked = torch.stack(probabilities)  # (M, N, classes)
    return float((stacked.mean(dim=0).argmax(dim=1) == labels).double().mean())


def labels_of(folder: Path, source: DataSource) -> torch.Tensor:
    """The labels of the images that a training's probabilities are for, int64 (N): files that could not be read are
    not among them.
    """
    kept = load_weights(Kept(folder).predictions)
    return kept["labels"] if "labels" in kept else test_labels(source)  # nasbench 0.1.0 kept none


def test_labels(source: DataSource) -> torch.Tensor:
    """The labels of the whole test split, int64 (N), in the order of the predictions."""
    test, _ = source.test()
    return test.labels.cpu() if isinstance(test, Split) else torch.tensor(test.labels)
