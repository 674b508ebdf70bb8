"""The losses of a recipe, and losses of one's own."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train.datasets import resolve_dataset
from nasbench.train.losses import build_loss, make_loss
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=1, batch_size=32, lr_peak=0.1, label_smoothing=0.1, train_images=64, val_images=32)
LOGITS = torch.tensor([[2.0, 0.5, -1.0], [0.0, 0.3, 0.1]])
LABELS = torch.tensor([0, 2])


def test_cross_entropy_has_the_recipes_smoothing() -> None:
    shares = F.one_hot(LABELS, 3).float()
    for labels in (LABELS, shares):
        assert torch.equal(make_loss(RECIPE, CPU)(LOGITS, labels), F.cross_entropy(LOGITS, labels, label_smoothing=0.1))


def scaled(logits: Tensor, labels: Tensor, label_smoothing: float, scale: float = 10.0) -> Tensor:
    return scale * label_smoothing * F.cross_entropy(logits, labels)


class OfARecipe:
    def __init__(self, recipe: Recipe) -> None:
        self.scale = recipe.label_smoothing * 10

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.scale * F.cross_entropy(logits, labels)


class Weighted(nn.Module):
    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self.register_buffer("weight", torch.full((3,), label_smoothing * 10))

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, self.weight)


@pytest.mark.parametrize(
    "part", [scaled, OfARecipe, Weighted, nn.CrossEntropyLoss, nn.CrossEntropyLoss(), F.cross_entropy]
)
def test_a_loss_of_ones_own_gets_what_it_names(part: Any) -> None:
    recipe = RECIPE if part not in (nn.CrossEntropyLoss, F.cross_entropy) else replace(RECIPE, label_smoothing=0.0)
    assert torch.allclose(build_loss(part, recipe, CPU)(LOGITS, LABELS), F.cross_entropy(LOGITS, LABELS))


def test_the_buffers_of_a_loss_move_to_the_device() -> None:
    assert (
        build_loss(Weighted, RECIPE, torch.device("meta"))(LOGITS.to("meta"), LABELS.to("meta")).device.type == "meta"
    )


def test_a_loss_that_cannot_be_used_is_answered() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'cross_entropy'(.|\n)*Your own, as a recipe's loss: .*:MyLoss"):
        make_loss(replace(RECIPE, loss="crossentropy"), CPU)
    with pytest.raises(UsageError, match="A recipe's loss takes a name"):
        make_loss(replace(RECIPE, loss="no_such_module:Loss"), CPU)
    with pytest.raises(UsageError, match=r"loss 'cross_entropy' gave a tensor of shape \(2,\)"):
        build_loss(lambda logits, labels: logits[:, 0], RECIPE, CPU)(LOGITS, LABELS)
    with pytest.raises(UsageError, match="gave a float"):
        build_loss(lambda logits, labels: 0.0, RECIPE, CPU)(LOGITS, LABELS)
    with pytest.raises(UsageError, match="'gamma', for which there is no value"):
        build_loss(lambda logits, labels, gamma: logits.sum(), RECIPE, CPU)
    with pytest.raises(UsageError, match="not a function or class"):
        build_loss(3, RECIPE, CPU)


@pytest.mark.parametrize("part", ["loss", "optimizer", "lr_schedule"])
def test_a_training_with_an_unknown_part_does_not_start(part: str) -> None:
    data = resolve_dataset("digits").load(None, None, False)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(UsageError, match="named 'nothing'"):
        fit(model, data, replace(RECIPE, **{part: "nothing"}), seed=0, device=CPU)


def test_both_heads_and_mixed_labels_go_through_the_loss() -> None:
    data = resolve_dataset("digits").load(None, None, False)

    class TwoHeads(nn.Linear):
        def forward(self, x: Tensor) -> Any:
            logits = super().forward(x.flatten(1))
            return (logits, logits) if self.training else logits

    recipe = replace(RECIPE, mixup=0.2, loss=f"{__name__}:counted")
    calls.clear()
    metrics = fit(TwoHeads(64, 10), data, recipe, seed=0, device=CPU)
    assert calls == [(32, 10)] * 4, "two heads in each of two steps"
    assert metrics["train_loss"] == pytest.approx(1.0)
    assert metrics["val_loss"] > 1.5, "cross-entropy, whatever the loss is"


calls: list[tuple[int, ...]] = []


def counted(logits: Tensor, labels: Tensor) -> Tensor:
    calls.append(tuple(labels.shape))
    return logits.sum() * 0.0 + 1.0
