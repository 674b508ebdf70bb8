"""timm's DeiTs (Touvron et al. 2021, arXiv:2012.12877): ViTs for ImageNet alone, some distilled with a second token.

The patches must tile the image.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import repeats_by
from zoo.families.vit import ROUNDS
from zoo.library import IMAGENET, timm_weights
from zoo.patches import on_patches, patch_for
from zoo.registry import register
from zoo.third_party import from_timm

README = "github.com/facebookresearch/deit"


PATCH, LAYERS, HEAD = 16, 12, 64
"""Side of a patch, layers, and channels of a head, of all sizes."""


def deit(
    task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "", *, library: str, heads: int
) -> nn.Module:
    """timm's network `library` at any width and depth, on patches of 16 pixels, or of 4 for small images."""
    patch, wider = patch_for(library, task, PATCH), max(1, round(heads * width))
    return from_timm(
        library,
        task,
        img_size=task.image_size,
        patch_size=patch,
        depth=repeats_by(rounding, LAYERS, depth),
        num_heads=wider,
        embed_dim=HEAD * wider,
    )


# size, heads, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, int, float, float], ...] = (
    ("tiny", 3, 5_717_416, 1_253_683_200, 27.8, 8.9),
    ("small", 6, 22_050_664, 4_598_882_304, 20.1, 5.0),
    ("base", 12, 86_567_656, 17_563_828_224, 18.2, 4.4),
    ("tiny_distilled", 3, 5_910_800, 1_261_003_776, 25.5, 8.1),
    ("small_distilled", 6, 22_436_432, 4_624_140_288, 18.8, 4.6),
    ("base_distilled", 12, 87_338_192, 17_656_811_520, 16.6, 3.5),
)

for _size, _heads, _params, _macs, _top1, _top5 in NETWORKS:
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
    _build = partial(deit, library=_library, heads=_heads)
    register(_card, timm_weights(f"{_library}.fb_in1k"), on_patches(_build, PATCH, ROUNDS))(_build)
