"""Every registered space keeps the contract."""

import pytest

from nasbench.core.registry import spaces
from nasbench.core.spec import Size, Task
from nasbench.testing import TOY_SPACE, check_space


def test_toy_space_keeps_the_contract() -> None:
    check_space(TOY_SPACE)


@pytest.mark.parametrize("name", spaces.names())
def test_space_keeps_the_contract(name: str) -> None:
    space = spaces.get(name)()
    size = Size(depth=1, width=4, skeleton="cifar") if space.default_size.skeleton else space.default_size
    check_space(space, size, Task(num_classes=5, image_size=16, channels=3), num_samples=3)
