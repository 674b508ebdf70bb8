"""macs: the multiply-adds of one image, which every other proxy has to beat."""

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies


@proxies.register("macs")
@needs()
def macs(macs: int) -> float:
    """Multiply-adds of one image: of convolutions, matrix products and attention."""
    return macs
