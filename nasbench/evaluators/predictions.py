"""Class probabilities that whole trainings leave for the test split, and what their average would classify right."""

from collections.abc import Sequence
from pathlib import Path

import torch

from nasbench.core.errors import UsageError
from nasbench.evaluators.kept import Kept
from nasbench.train.checkpoint import load_weights
from nasbench.train.data import Split
from nasbench.train.source import DataSource


def ensemble_accuracy(
    folders: Sequence[Path], labels: torch.Tensor, weights: torch.Tensor | None = None, views: str = "center"
) -> float:
    """Test accuracy of the mean of these trainings' class probabilities, with `weights` (M) or else equal ones;
    `labels` int64 (N). `views` are those of the tests. UsageError where the predictions of a training cannot be read,
    or are of other images than those of the first.
    """
    probabilities = [_predictions(folder, views)["probabilities"].float() for folder in folders]
    for folder, each in zip(folders, probabilities, strict=True):
        if each.shape != probabilities[0].shape or len(each) != len(labels):
            raise _damaged(folder, f"its probabilities have the shape {tuple(each.shape)}, for {len(labels):,} images")
    stacked = torch.stack(probabilities)  # (M, N, classes)
    mean = stacked.mean(dim=0) if weights is None else (weights[:, None, None] * stacked).sum(dim=0)  # (N, classes)
    return float((mean.argmax(dim=1) == labels).double().mean())


def labels_of(folder: Path, source: DataSource, views: str = "center") -> torch.Tensor:
    """The labels of the images that a training's probabilities are for, int64 (N): files that could not be read are
    not among them. UsageError where they cannot be read.
    """
    kept = _predictions(folder, views)
    return kept["labels"] if "labels" in kept else test_labels(source)  # nasbench 0.1.0 kept none


def _predictions(folder: Path, views: str) -> dict[str, torch.Tensor]:
    """`probabilities` (N, classes), and `labels` (N) but for those of nasbench 0.1.0."""
    found = load_weights(Kept(folder).predictions_with(views))
    probabilities, labels = found.get("probabilities"), found.get("labels")
    if probabilities is None or probabilities.dim() != 2:
        raise _damaged(folder, "it holds no class probabilities")
    if labels is not None and labels.shape != probabilities.shape[:1]:
        raise _damaged(folder, "it has not one label for each image")
    return found


def _damaged(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"{Kept(folder).predictions} is damaged: {why}. Put it back, or delete {folder} to train that network again."
    )


def test_labels(source: DataSource) -> torch.Tensor:
    """The labels of the whole test split, int64 (N), in the order of the predictions."""
    test, _ = source.test()
    return test.labels.cpu() if isinstance(test, Split) else torch.tensor(test.labels)
