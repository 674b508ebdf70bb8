"""The suite of proxies: those that come with nasbench keep it, and it names what breaks it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.proxy import proxy_named
from nasbench.core.registry import proxies
from nasbench.testing import check_proxy


@pytest.mark.parametrize("name", sorted(proxies.names()))
def test_those_that_come_with_nasbench(name: str) -> None:
    check_proxy(proxy_named(name))


def changes_the_network(network: nn.Module) -> float:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    return 1.0


def counts_its_calls(params: int, calls: list[int] = []) -> int:  # noqa: B006 - what it must not do
    calls.append(params)
    return len(calls)


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        (changes_the_network, "the proxy changes the network it is handed: 0.weight, 0.bias"),
        (counts_its_calls, "the proxy gives \\[1.0\\], then \\[2.0\\]"),
        (lambda images: images, "a proxy gives a number"),
        (lambda params: float("inf"), "a finite number"),
    ],
)
def test_what_breaks_it(proxy: Any, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_proxy(proxy)


def test_what_it_needs_must_be_offered() -> None:
    def wants_weights(weights: Tensor) -> float:
        return float(weights.sum())

    with pytest.raises(UsageError, match="required parameter 'weights'"):
        check_proxy(wants_weights)
