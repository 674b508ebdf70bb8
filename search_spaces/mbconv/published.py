"""Published networks that are points of the space. Each has the normalisation settings of its own release."""

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
    """The blueprint of that name. Raises UsageError with the most similar name if there is none."""
    if name not in PUBLISHED:
        raise unknown("published network of space 'mbconv'", name, PUBLISHED)
    return PUBLISHED[name]
