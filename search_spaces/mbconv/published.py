"""Published networks that are points of the space: their own stages, with the normalisation of their own release."""

from nasbench.core.errors import unknown
from nasbench.nn.mbconv import Blueprint
from nasbench.nn.mbconv_published import EFFICIENTNET_B0, MNASNET_A1, MNASNET_B1, MOBILENET_V2

PUBLISHED: dict[str, Blueprint] = {
    "mnasnet-a1": MNASNET_A1,
    "mnasnet-b1": MNASNET_B1,
    "efficientnet-b0": EFFICIENTNET_B0,
    "mobilenet-v2": MOBILENET_V2,
}


def published(name: str) -> Blueprint:
    """The blueprint of that name. UsageError with the nearest name where there is none."""
    if name not in PUBLISHED:
        raise unknown("published network of space 'mbconv'", name, PUBLISHED)
    return PUBLISHED[name]
