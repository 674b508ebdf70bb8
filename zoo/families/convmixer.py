"""timm's ConvMixers (Trockman, Kolter 2022, arXiv:2201.09792): patches as MLP-Mixer's, mixed by depthwise kernels."""

from functools import partial

from timm.models.convmixer import ConvMixer
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import large_only
from zoo.library import IMAGENET, timm_weights
from zoo.registry import Scaling, register
from zoo.third_party import from_timm

README = "github.com/locuslab/convmixer, quoted"


def convmixer(
    task: Task,
    wider: float,
    deeper: float,
    rounding: str = "",
    *,
    width: int,
    blocks: int,
    kernel: int,
    patch: int,
    relu: bool,
) -> nn.Module:
    """timm's network at any width and depth."""
    return ConvMixer(
        channels_by(rounding, width, wider),
        repeats_by(rounding, blocks, deeper),
        kernel,
        patch,
        task.channels,
        task.num_classes,
        act_layer=nn.ReLU if relu else nn.GELU,
    )


# name, timm's name, channels, blocks, kernel, side of a patch, ReLU and not GELU, params, MACs, top-1 error
NETWORKS: tuple[tuple[str, str, int, int, int, int, bool, int, int, float], ...] = (
    ("convmixer_768_32", "convmixer_768_32", 768, 32, 7, 7, True, 21_110_248, 20_676_851_712, 19.84),
    ("convmixer_1024_20", "convmixer_1024_20_ks9_p14", 1024, 20, 9, 14, False, 24_383_464, 5_948_547_072, 23.06),
    ("convmixer_1536_20", "convmixer_1536_20", 1536, 20, 9, 7, False, 51_625_960, 51_099_168_768, 18.63),
)

for _name, _library, _width, _blocks, _kernel, _patch, _relu, _params, _macs, _top1 in NETWORKS:
    _card = ModelCard(
        name=_name,
        family="convmixer",
        paper="Trockman, Kolter 2022, arXiv:2201.09792",
        year=2022,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, README, "S"),),
        verified="C",
        origin="timm",
        note="large images only",
    )
    _scale = partial(convmixer, width=_width, blocks=_blocks, kernel=_kernel, patch=_patch, relu=_relu)
    _scaling = Scaling(large_only(_card, _scale, "mixer_s16"), "blocks up; channels to multiples of 8")
    register(_card, timm_weights(f"{_library}.in1k"), _scaling)(
        large_only(_card, partial(from_timm, _library), "mixer_s16")
    )
