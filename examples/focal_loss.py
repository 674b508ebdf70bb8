"""A loss of one's own: focal loss, which gives less weight to images that are already classified well.

    nasbench train zoo:lenet5 --dataset digits --image-size 32 --recipe examples.focal_loss:FOCAL

A loss is a function of (logits, labels), or a class whose objects are. What it asks for by name it is given: any field
of the recipe, or `recipe` itself.
"""

from torch import Tensor
from torch.nn import functional

from nasbench.core.recipe import Recipe
from nasbench.core.registry import losses


@losses.register("focal")
class FocalLoss:
    """The mean of -(1 - p)^gamma log p over images, p being the probability of the right class.

    Lin et al. 2017 (arXiv:1708.02002), section 3, for classes that exclude each other. With gamma 0 it is
    cross-entropy; the paper takes 2.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        self.gamma = gamma

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:  # (B, C), (B) or (B, C) shares of classes -> ()
        log_p = logits.log_softmax(dim=1)  # (B, C)
        losses_of_classes = -((1.0 - log_p.exp()) ** self.gamma) * log_p  # (B, C)
        shares = labels if labels.dim() == 2 else functional.one_hot(labels, logits.shape[1])  # (B, C)
        return (shares * losses_of_classes).sum(dim=1).mean()


FOCAL = Recipe(
    name="focal",
    version=1,
    epochs=10,
    batch_size=32,
    lr_peak=0.05,
    lr_schedule="one_cycle",
    loss="examples.focal_loss:FocalLoss",
    source="an example; no published counterpart",
)
