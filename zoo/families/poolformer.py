"""timm's PoolFormers (Yu et al. 2022, arXiv:2111.11418): an MLP-Mixer whose tokens are mixed by average pooling."""

from functools import partial

from timm.layers.norm import GroupNorm1
from timm.models.metaformer import MetaFormer, Pooling, checkpoint_filter_fn
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import large_only
from zoo.library import IMAGENET, load_by_name, timm_state
from zoo.published import PublishedWeights, of_timm
from zoo.registry import Scaling, register
from zoo.third_party import from_timm

README = "github.com/sail-sg/poolformer"


def _weights(tag: str) -> PublishedWeights:
    """timm's weights, whose tensors may have the names of the first release."""

    def load(network: nn.Module) -> None:
        load_by_name(network, checkpoint_filter_fn(dict(timm_state(tag)), network))

    return of_timm(tag, load)


NARROW, WIDE = (64, 128, 320, 512), (96, 192, 384, 768)


def poolformer(
    task: Task,
    width: float,
    depth: float,
    rounding: str = "",
    *,
    blocks: int,
    widths: tuple[int, ...],
) -> nn.Module:
    """timm's network at any width and depth. A sixth, a sixth, a half and a sixth of the blocks are in the
    stages.
    """
    counts = (blocks // 6, blocks // 6, blocks // 2, blocks // 6)
    return MetaFormer(
        task.channels,
        task.num_classes,
        depths=tuple(repeats_by(rounding, count, depth) for count in counts),
        dims=tuple(channels_by(rounding, channels, width) for channels in widths),
        token_mixers=Pooling,
        mlp_act=nn.GELU,
        mlp_bias=True,
        downsample_norm=None,
        norm_layers=GroupNorm1,
        layer_scale_init_values=1e-5 if blocks < 36 else 1e-6,
        res_scale_init_values=(None, None, None, None),
        use_mlp_head=False,
    )


# name, blocks, channels of the stages, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, tuple[int, ...], int, int, float, float], ...] = (
    ("s12", 12, NARROW, 11_915_176, 1_812_267_008, 22.76, 6.49),
    ("s24", 24, NARROW, 21_388_968, 3_392_208_896, 19.67, 4.95),
    ("s36", 36, NARROW, 30_862_760, 4_972_150_784, 18.57, 4.55),
    ("m36", 36, WIDE, 56_172_520, 8_758_788_096, 17.89, 4.31),
    ("m48", 48, WIDE, 73_473_448, 11_533_320_192, 17.54, 4.04),
)

for _size, _blocks, _widths, _params, _macs, _top1, _top5 in NETWORKS:
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
    _scale = partial(poolformer, blocks=_blocks, widths=_widths)
    register(_card, _weights(f"{_name}.sail_in1k"), Scaling(large_only(_card, _scale, "mixer_s16")))(
        large_only(_card, partial(from_timm, _name), "mixer_s16")
    )
