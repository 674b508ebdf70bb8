"""The later Inceptions at 299 pixels: v3 (arXiv:1512.00567) from torchvision; v4 and Inception-ResNet-v2
(arXiv:1602.07261) and Xception (arXiv:1610.02357) from timm.
"""

from functools import partial

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import imagenet_at, timm_weights
from zoo.registry import fixed, register
from zoo.third_party import from_timm, from_torchvision, torchvision_loader

BY_A_LIBRARY = "a library builds it, with the channels of each module fixed"
IMAGENET_299 = imagenet_at(299)
TABLE = "arXiv:1707.07012, table 2"
SMALLEST = 75  # below it, the input of a convolution without padding is too small
SMALLEST_AUX = 299  # below it, the same holds in the auxiliary head


def _errors(top1: float, top5: float, source: str = TABLE, tag: str = "P") -> tuple[Result, Result]:
    return Result("top1_error", top1, source, tag), Result("top5_error", top5, source, tag)


V3 = ModelCard(
    name="inception_v3",
    family="inception",
    paper="Szegedy et al. 2015, arXiv:1512.00567",
    year=2015,
    task=IMAGENET_299,
    params=23_834_568,
    macs=5_713_216_096,
    results=(*_errors(21.2, 5.6), *_errors(22.706, 6.55, "torchvision IMAGENET1K_V1", "R")),
    verified="C",
    origin="torchvision",
    note="without the auxiliary head, which inception_v3_aux has",
)
V3_AUX = ModelCard(
    name="inception_v3_aux",
    family="inception",
    paper=V3.paper,
    year=2015,
    task=IMAGENET_299,
    params=27_161_264,
    macs=5_713_216_096,
    results=V3.results,
    verified="C",
    origin="torchvision",
    note="inception_v3 with its auxiliary head: params with it; it runs in training alone",
)
V4 = ModelCard(
    name="inception_v4",
    family="inception",
    paper="Szegedy et al. 2016, arXiv:1602.07261",
    year=2016,
    task=IMAGENET_299,
    params=42_679_816,
    macs=12_253_974_624,
    results=(*_errors(20.0, 5.0, "arXiv:1905.11946, table 2"), *_errors(17.7, 3.8, "arXiv:1602.07261, 144 crops", "S")),
    verified="C",
    origin="timm",
)
RESNET_V2 = ModelCard(
    name="inception_resnet_v2",
    family="inception",
    paper=V4.paper,
    year=2016,
    task=IMAGENET_299,
    params=55_843_464,
    macs=13_155_794_016,
    results=(*_errors(19.9, 4.9), *_errors(17.8, 3.7, "arXiv:1602.07261, 144 crops", "S")),
    verified="C",
    origin="timm",
)
XCEPTION = ModelCard(
    name="xception",
    family="inception",
    paper="Chollet 2016, arXiv:1610.02357",
    year=2016,
    task=IMAGENET_299,
    params=22_855_952,
    macs=8_357_403_496,
    results=_errors(21.0, 5.5),
    verified="C",
    origin="timm",
    note="timm's legacy_xception",
)

register(
    V3,
    torchvision_loader("Inception_V3_Weights.IMAGENET1K_V1", "AuxLogits", converts_input=True),
    fixed(BY_A_LIBRARY),
)(
    large_only(
        V3, partial(from_torchvision, "inception_v3", aux_logits=False, init_weights=False), "googlenet_bn", SMALLEST
    )
)
register(V3_AUX, torchvision_loader("Inception_V3_Weights.IMAGENET1K_V1", converts_input=True), fixed(BY_A_LIBRARY))(
    large_only(
        V3_AUX,
        partial(from_torchvision, "inception_v3", aux_logits=True, init_weights=False),
        "googlenet_aux",
        SMALLEST_AUX,
    )
)
register(V4, timm_weights("inception_v4.tf_in1k"), fixed(BY_A_LIBRARY))(
    large_only(V4, partial(from_timm, "inception_v4"), "googlenet_bn", SMALLEST)
)
register(RESNET_V2, timm_weights("inception_resnet_v2.tf_in1k"), fixed(BY_A_LIBRARY))(
    large_only(RESNET_V2, partial(from_timm, "inception_resnet_v2"), "googlenet_bn", SMALLEST)
)
register(XCEPTION, timm_weights("legacy_xception.tf_in1k"), fixed(BY_A_LIBRARY))(
    large_only(XCEPTION, partial(from_timm, "legacy_xception"), "googlenet_bn")
)
