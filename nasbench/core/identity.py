"""What a result depends on, by content: two results are the same exactly where their identities are.

An identity is JSON. Fields that have their default value are left out, so that a field that is added later, with a
default that changes nothing, does not change the identity of what exists.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from nasbench.core.plain_file import check_plain

DIGEST = re.compile("[0-9a-f]{16}|[0-9a-f]{32}")
"""Of a record or a file, and of a data set."""


def settings(record: Any) -> dict[str, Any]:
    """The fields of a frozen record that differ from their defaults, as JSON values; records inside likewise."""
    found: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if default is MISSING or value != default:
            found[field.name] = _plain(value)
    return found


def digest(parts: Mapping[str, Any]) -> str:
    """16 hexadecimal digits for an identity. The order of its parts does not matter."""
    return hashlib.sha256(json.dumps(_plain(parts), sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """16 hexadecimal digits for the whole content of a file. UsageError where it cannot be read."""
    check_plain(path)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two identities, a line each: 'recipe: lr_peak was 0.1 and is 0.2'."""
    lines = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += [f"{name}: {line}" for line in changes(old, new)]
        elif _is_digest(old) and _is_digest(new):
            lines.append(f"{name}: its content has changed")
        else:
            lines.append(f"{name} {_was(old)} and {_is(new)}")
    return lines


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def _was(value: Any) -> str:
    return "was not set" if value is None else f"was {value}"


def _is(value: Any) -> str:
    return "is not set" if value is None else f"is {value}"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return settings(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
