"""Conditions that several contract suites check. Each raises AssertionError with one sentence."""

import json
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace


@contextmanager
def global_generators_untouched(who: str) -> Iterator[None]:
    """AssertionError where the body draws from a global random generator, or seeds one."""
    before = _global_states()
    yield
    after = _global_states()
    moved = [name for name in before if before[name] != after[name]]
    require(not moved, f"{who} draws from or seeds the global generator of {', '.join(moved)}")


def _global_states() -> dict[str, object]:
    states: dict[str, object] = {"random": random.getstate()}
    if "numpy" in sys.modules:
        kind, keys, *rest = sys.modules["numpy"].random.get_state()
        states["numpy"] = (kind, keys.tolist(), rest)
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].random.get_rng_state().tolist()
    return states


def require_valid(architecture: Architecture, space: SearchSpace, what: str) -> None:
    """AssertionError where the architecture is not in the space."""
    try:
        check(architecture, space.choices)
    except UsageError as error:
        raise AssertionError(f"{what} is not in the space: {error}") from error


def require_json(value: Mapping[str, Any], what: str) -> None:
    """AssertionError where `value` does not survive the log."""
    try:
        read = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} must be JSON, without NaN: {error}; got {value!r}") from error
    require(read == value, f"{what} comes back from JSON changed: {value!r} as {read!r}")


def require(condition: bool, message: str) -> None:
    """AssertionError with `message` where the condition does not hold."""
    if not condition:
        raise AssertionError(message)
