"""timm's ConvMixers (Trockman, Kolter 2022, arXiv:2201.09792): patches as MLP-Mixer's, mixed by depthwise kernels."""

from functools import partial

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import IMAGENET, timm_weights
from zoo.registry import register
from zoo.third_party import from_timm

README = "github.com/locuslab/convmixer, quoted"

# name, timm's name, params, MACs, top-1 error
NETWORKS: tuple[tuple[str, str, int, int, float], ...] = (
    ("convmixer_768_32", "convmixer_768_32", 21_110_248, 20_676_851_712, 19.84),
    ("convmixer_1024_20", "convmixer_1024_20_ks9_p14", 24_383_464, 5_948_547_072, 23.06),
    ("convmixer_1536_20", "convmixer_1536_20", 51_625_960, 51_099_168_768, 18.63),
)

for _name, _library, _params, _macs, _top1 in NETWORKS:
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
    register(_card, timm_weights(f"{_library}.in1k"))(large_only(_card, partial(from_timm, _library), "mixer_s16"))
