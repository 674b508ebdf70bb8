"""Devices by name, and random numbers that leave no trace."""

import pytest
import torch

from nasbench.core.errors import UsageError
from nasbench.train.device import describe_device, isolated_rng, resolve_device

CPU = torch.device("cpu")


def test_devices():
    assert resolve_device("cpu") == CPU
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    assert describe_device(CPU).startswith("cpu (")
    with pytest.raises(UsageError, match="Did you mean 'cuda'"):
        resolve_device("cudo")


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"'cuda' is not there.*There are: cpu"):
        resolve_device("cuda")


def test_isolated_numbers_leave_no_trace():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with isolated_rng(CPU, 9):
        torch.rand(5)
    assert torch.equal(torch.rand(2), expected)
