"""Options of a part as people write them: KEY=VALUE."""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nasbench.core.errors import UsageError, unknown


def parse_options(options: Sequence[str], flag: str) -> dict[str, Any]:
    """('lr=0.01', 'clip=None') -> {'lr': 0.01, 'clip': None}; what is no Python literal stays text."""
    parsed = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"{flag} takes KEY=VALUE; got {option!r}")
        try:
            parsed[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            parsed[key] = text
    return parsed


def call_with_options(
    part: Callable[..., Any],
    name: str,
    options: dict[str, Any],
    *given: Any,
    offered: Mapping[str, Any] | None = None,
    **fixed: Any,
) -> Any:
    """`part(*given, **fixed, **options)`, and of what is `offered` all that the part names among its parameters.

    An option that the part does not take, or is given already, is a UsageError that lists those it takes.
    """
    parameters = inspect.signature(part).parameters.values()
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][len(given) :]
    arguments = {key: value for key, value in (offered or {}).items() if key in named}
    arguments |= {key: value for key, value in fixed.items() if key in named or takes_any}
    for key in options:
        if key in arguments or not (key in named or takes_any):
            raise unknown(f"option of {name}", key, [parameter for parameter in named if parameter not in arguments])
    return part(*given, **arguments, **options)
