"""Options of a part as people write them: KEY=VALUE."""

import ast
import inspect
from collections.abc import Callable, Sequence
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


def call_with_options(part: Callable[..., Any], name: str, options: dict[str, Any], *given: Any, **fixed: Any) -> Any:
    """`part(*given, **fixed, **options)`; an option that the part does not take is a UsageError that lists those it does."""
    parameters = inspect.signature(part).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        named = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL][len(given) :]
        takes = [parameter for parameter in named if parameter not in fixed]
        for key in options:
            if key not in takes:
                raise unknown(f"option of {name}", key, takes)
        fixed = {key: value for key, value in fixed.items() if key in named}
    return part(*given, **fixed, **options)
