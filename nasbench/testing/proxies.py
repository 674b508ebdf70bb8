"""The contract suite of proxies of one's own."""

import copy
from collections.abc import Callable
from math import isfinite
from typing import Any

from nasbench.core.arch import Architecture, Gene
from nasbench.core.options import named_arguments
from nasbench.core.proxy import OFFERED, needs_of
from nasbench.core.spec import Task
from nasbench.testing.conditions import require
from nasbench.testing.toy import TOY_SPACE


def check_proxy(proxy: Callable[..., Any], task: Task | None = None) -> None:
    """That a search can score networks by the function: finite numbers for two networks of the toy space, the same
    again, and a network that is afterwards as it was.

    Images are random numbers, for `task` (else 8 x 8 pixels of one channel, 4 classes). A function that draws from
    PyTorch's global generators is handed the same state each time, as the evaluator does.
    """
    import torch

    from nasbench.profile import count
    from nasbench.train.device import isolated_rng

    seen, needs = task or Task(num_classes=4, image_size=8, channels=1), needs_of(proxy)
    generator = torch.Generator().manual_seed(0)
    shape = (needs.batch_size, seen.channels, seen.image_size, seen.image_size)
    batches = [
        (torch.randn(shape, generator=generator), torch.arange(needs.batch_size) % seen.num_classes)
        for _ in range(needs.batches)
    ]
    for layers in (1, 2):
        genes: dict[str, Gene] = {"kernel_1": 3, "filters": 8, "pool": "average", "layers": layers, "kernel_2": 3}
        with isolated_rng(torch.device("cpu"), layers):
            network = TOY_SPACE.build(Architecture.of(TOY_SPACE.name, genes), TOY_SPACE.default_size, seen).train()
        params, macs = count(network, seen)
        values = {"network": network, "images": batches[0][0], "labels": batches[0][1], "batches": batches}
        values |= {"task": seen, "params": params, "macs": macs}
        assert set(values) == set(OFFERED)
        before = copy.deepcopy(network.state_dict())
        arguments = named_arguments(proxy, "the proxy", None, 0, values)
        told = []
        for _ in range(2):
            with isolated_rng(torch.device("cpu"), 1):
                told.append(_numbers(proxy(**arguments), needs.parts))
        require(told[0] == told[1], f"the proxy gives {told[0]}, then {told[1]}, for the same network and images")
        after = network.state_dict()
        changed = [name for name in before if not torch.equal(before[name], after[name])]
        require(not changed, f"the proxy changes the network it is handed: {', '.join(changed)}. Work on a copy.")


def _numbers(returned: Any, parts: tuple[str, ...]) -> list[float]:
    if parts:
        require(isinstance(returned, dict) and set(returned) == set(parts), f"the proxy returns no {parts}: {returned}")
        return [_number(returned[part]) for part in parts]
    return [_number(returned)]


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AssertionError(f"a proxy gives a number, not {value!r}") from error
    require(isfinite(number), f"a proxy gives a finite number for a network of convolutions, not {number}")
    return number
