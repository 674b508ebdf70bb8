"""params: the number of trainable parameters, which every other proxy has to beat."""

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies


@proxies.register("params")
@needs()
def params(params: int) -> float:
    """Trainable parameters, auxiliary heads included."""
    return params
