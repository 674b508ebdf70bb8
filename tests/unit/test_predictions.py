"""Class probabilities that trainings left: their mean, and one error for a file that is damaged."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nasbench.core.errors import UsageError
from nasbench.evaluators.ensembles import fusion_weights
from nasbench.evaluators.predictions import ensemble_accuracy, labels_of
from nasbench.train.source import DataSource

LABELS = torch.tensor([0, 1, 1])
RIGHT = {"probabilities": torch.eye(2)[LABELS].half(), "labels": LABELS}
DAMAGED = {
    "another name": {"probs": RIGHT["probabilities"]},
    "no matrix": {"probabilities": torch.ones(3), "labels": LABELS},
    "labels of other images": {**RIGHT, "labels": LABELS[:2].clone()},
}


def left(folder: Path, tensors: dict[str, Tensor]) -> Path:
    folder.mkdir()
    save_file(tensors, folder / "predictions.safetensors")
    return folder


def test_the_mean_is_taken(tmp_path: Path) -> None:
    one, other = left(tmp_path / "one", RIGHT), left(tmp_path / "other", {**RIGHT, "probabilities": torch.ones(3, 2)})
    assert labels_of(one, DataSource("digits")).tolist() == LABELS.tolist()
    assert ensemble_accuracy([one, other], LABELS) == 1.0


def test_weights_that_fit_validation_images() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (400,), generator=generator)
    wrong = torch.where(torch.rand(400, generator=generator) < 0.2, (labels + 1) % 4, labels)
    good = torch.full((400, 4), 0.05).scatter_(1, wrong[:, None], 0.85)
    noise = torch.rand(400, 4, generator=generator).softmax(dim=1)
    weights = fusion_weights(torch.stack([good, noise, good]), labels)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] == pytest.approx(float(weights[2]), abs=1e-4)
    assert weights[1] < 0.4

    def loss(shares: Tensor) -> float:
        mixed = (shares[:, None, None] * torch.stack([good, noise, good])).sum(dim=0)
        return float(torch.nn.functional.nll_loss(mixed.log(), labels))

    others = [torch.tensor(each) for each in ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.0, 0.5), (0.0, 1.0, 0.0))]
    assert all(loss(weights) <= loss(other) + 1e-6 for other in others)


def test_weights_decide(tmp_path: Path) -> None:
    right, other = (
        left(tmp_path / "one", RIGHT),
        left(tmp_path / "other", {**RIGHT, "probabilities": 1 - RIGHT["probabilities"]}),
    )
    assert ensemble_accuracy([right, other], LABELS, torch.tensor([0.6, 0.4])) == 1.0
    assert ensemble_accuracy([right, other], LABELS, torch.tensor([0.4, 0.6])) == 0.0


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_named(kind: str, tmp_path: Path) -> None:
    folder = left(tmp_path / "one", DAMAGED[kind])
    with pytest.raises(UsageError, match=r"predictions\.safetensors is damaged: .* to train that network again"):
        labels_of(folder, DataSource("digits"))


def test_other_images_are_told(tmp_path: Path) -> None:
    one = left(tmp_path / "one", RIGHT)
    two = left(tmp_path / "two", {"probabilities": torch.ones(2, 2), "labels": LABELS[:2].clone()})
    with pytest.raises(UsageError, match=r"two.predictions\.safetensors is damaged: .* for 3 images"):
        ensemble_accuracy([one, two], LABELS)


def test_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "predictions.safetensors").write_bytes(b"none")
    with pytest.raises(UsageError, match="cannot read"):
        labels_of(tmp_path, DataSource("digits"))
