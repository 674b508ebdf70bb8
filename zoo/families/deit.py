"""timm's DeiTs (Touvron et al. 2021, arXiv:2012.12877): ViTs for ImageNet alone, some distilled with a second token.

The patches must tile the image.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.library import IMAGENET, timm_weights
from zoo.patches import patch_for
from zoo.registry import register
from zoo.third_party import from_timm

README = "github.com/facebookresearch/deit"


def deit(task: Task, library: str) -> nn.Module:
    """timm's network `library` on patches of 16 pixels, or of 4 for small images."""
    patch = patch_for(library, task, 16)
    return from_timm(library, task, img_size=task.image_size, patch_size=patch)


# size, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, float, float], ...] = (
    ("tiny", 5_717_416, 1_253_683_200, 27.8, 8.9),
    ("small", 22_050_664, 4_598_882_304, 20.1, 5.0),
    ("base", 86_567_656, 17_563_828_224, 18.2, 4.4),
    ("tiny_distilled", 5_910_800, 1_261_003_776, 25.5, 8.1),
    ("small_distilled", 22_436_432, 4_624_140_288, 18.8, 4.6),
    ("base_distilled", 87_338_192, 17_656_811_520, 16.6, 3.5),
)

for _size, _params, _macs, _top1, _top5 in NETWORKS:
    _library = f"deit_{_size}_patch16_224"
    _form = "a token more, taught by a convolutional network; " if _size.endswith("distilled") else ""
    _card = ModelCard(
        name=f"deit_{_size}",
        family="deit",
        paper="Touvron et al. 2021, arXiv:2012.12877",
        year=2021,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, README, "R"), Result("top5_error", _top5, README, "R")),
        verified="C",
        origin="timm",
        note=f"{_form}patches of 4 px up to 64 px",
    )
    register(_card, timm_weights(f"{_library}.fb_in1k"))(partial(deit, library=_library))
