"""timm's PoolFormers (Yu et al. 2022, arXiv:2111.11418): an MLP-Mixer whose tokens are mixed by average pooling."""

from functools import partial

from timm.models.metaformer import checkpoint_filter_fn
from torch import nn

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import IMAGENET, load_by_name, timm_state
from zoo.published import PublishedWeights, of_timm
from zoo.registry import register
from zoo.third_party import from_timm

README = "github.com/sail-sg/poolformer"


def _weights(tag: str) -> PublishedWeights:
    """timm's weights, whose tensors may have the names of the first release."""

    def load(network: nn.Module) -> None:
        load_by_name(network, checkpoint_filter_fn(dict(timm_state(tag)), network))

    return of_timm(tag, load)


# name, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, float, float], ...] = (
    ("s12", 11_915_176, 1_812_267_008, 22.76, 6.49),
    ("s24", 21_388_968, 3_392_208_896, 19.67, 4.95),
    ("s36", 30_862_760, 4_972_150_784, 18.57, 4.55),
    ("m36", 56_172_520, 8_758_788_096, 17.89, 4.31),
    ("m48", 73_473_448, 11_533_320_192, 17.54, 4.04),
)

for _size, _params, _macs, _top1, _top5 in NETWORKS:
    _name = f"poolformer_{_size}"
    _source = f"released weights of {README}, evaluated in PaddleViT"
    _card = ModelCard(
        name=_name,
        family="poolformer",
        paper="Yu et al. 2022, arXiv:2111.11418",
        year=2022,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, _source, "S"), Result("top5_error", _top5, _source, "S")),
        verified="C",
        origin="timm",
        note="large images only",
    )
    register(_card, _weights(f"{_name}.sail_in1k"))(large_only(_card, partial(from_timm, _name), "mixer_s16"))
