"""Calling a part with what it names: options written as KEY=VALUE, and values that nasbench offers by name."""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from nasbench.core.errors import UsageError, unknown


class TooFewParameters(UsageError):
    """A part cannot be called with as many positional arguments as a part of its kind is called with."""


def parse_options(options: Sequence[str], flag: str) -> dict[str, Any]:
    """('lr=0.01', 'clip=None') -> {'lr': 0.01, 'clip': None}. A value that is not a Python literal stays text."""
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


def written_options(values: Mapping[Any, Any], flag: str) -> tuple[str, ...]:
    """{'lr': 0.01, 'clip': None} -> ('lr=0.01', 'clip=None'), from which `parse_options` gives the same values back.

    UsageError for a key that is no name, and for a value that cannot be written so: run.json holds options as texts.
    """
    return tuple(_written(key, value, flag) for key, value in values.items())


def _written(key: Any, value: Any, flag: str) -> str:
    if not isinstance(key, str) or not key.isidentifier():
        raise UsageError(f"{flag} takes a mapping of names to values; got the name {key!r}")
    scalar = getattr(value, "shape", None) == () and hasattr(value, "item")  # a number of numpy or torch
    plain = value.item() if scalar else value
    for text in (plain, repr(plain)) if isinstance(plain, str) else (repr(plain),):
        option = f"{key}={text}"
        read = parse_options((option,), flag)[key]
        if type(read) is type(plain) and read == plain:
            return option
    raise UsageError(
        f"{flag} takes numbers, texts, True, False, None, and lists, tuples and dicts of them; got {value!r} "
        f"for {key!r}"
    )


def call_with_options(
    part: Callable[..., Any],
    name: str,
    options: Mapping[str, Any] | None,
    *given: Any,
    offered: Mapping[str, Any] | None = None,
    **fixed: Any,
) -> Any:
    """Calls `part(*given, ...)` with the keyword arguments that `named_arguments` chooses.

    With the option `preset=paper`, the part's published settings, its attribute `paper`, are the options' defaults.
    """
    wanted = dict(options or {})
    preset = wanted.pop("preset", None)
    if preset not in (None, "paper"):
        raise UsageError(f"option 'preset' of {name} must be paper; got {preset!r}. Leave it out for the defaults.")
    if preset:
        wanted = {**getattr(part, "paper", {}), **wanted}
    asked = None if options is None else wanted
    return part(*given, **named_arguments(part, name, asked, len(given), offered or {}, fixed))


def named_arguments(
    part: Callable[..., Any],
    name: str,
    options: Mapping[str, Any] | None,
    given: int,
    offered: Mapping[str, Any],
    fixed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The keyword arguments of a call of `part`, after `given` positional ones.

    offered   each value goes to the parameter with its name; a part without such a parameter does not get it
    fixed     the same, but a part with **parameters gets all of them
    options   what the user wrote; None if this kind of part takes no options

    `name` stands for the part in messages, such as "strategy 'ppo'". Raises UsageError for a part that cannot be called
    so, for an option that the part does not take or already gets, and for a required parameter without a value.
    """
    fixed, wanted = fixed or {}, options or {}
    parameters = _parameters(part, name)
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    plain = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    positional = [each for each in plain if each.kind is not each.KEYWORD_ONLY]
    if len(positional) < given and all(each.kind is not each.VAR_POSITIONAL for each in parameters):
        raise TooFewParameters(f"{name} takes {len(positional)} positional argument(s), but it is called with {given}")
    plain = [each for each in plain if each not in positional[:given]]
    named = [each.name for each in plain]
    arguments = {key: value for key, value in offered.items() if key in named}
    arguments |= {key: value for key, value in fixed.items() if key in named or takes_any}
    for key in wanted:
        if key in arguments or not (key in named or takes_any):
            raise unknown(f"option of {name}", key, [each for each in named if each not in arguments])
    arguments |= wanted
    for each in plain:
        if each.default is each.empty and each.name not in arguments:
            known = sorted({*offered, *fixed})
            near = get_close_matches(each.name, known, n=1)
            raise UsageError(
                f"{name} has the required parameter {each.name!r}, for which there is no value."
                + (f" Did you mean {near[0]!r}?" if near else "")
                + f" Offered: {', '.join(known) or 'nothing'}. Name one of these, or give the parameter a default"
                + ("." if options is None else f"; or give it as an option, {each.name}=VALUE.")
            )
    return arguments


def _parameters(part: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(part).parameters.values())
    except (TypeError, ValueError) as error:  # not callable, or a built-in that does not tell its parameters
        raise UsageError(f"{name} is not a function or class whose parameters can be read: {error}") from error
