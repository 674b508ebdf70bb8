"""Functions whose keywords are the fields of a configuration show them: help(), signature and completion."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from inspect import Parameter, signature
from typing import Any, TypeVar, get_type_hints

from nasbench.api.write_keywords import NOT_HERE
from nasbench.engine.config.documented import documented
from nasbench.engine.config.record import Record

Function = TypeVar("Function", bound=Callable[..., Any])


def keywords_of(record: type[Record]) -> Callable[[Function], Function]:
    """A decorator: what the function takes as **options is shown as the fields of `record`, with their defaults."""

    def decorate(function: Function) -> Function:
        own = signature(function)
        first = [each for each in own.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        shown = [each for each in _parameters(record) if each[0].name not in own.parameters]
        parameters = [*first, *(parameter for parameter, _ in shown)]
        function.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        listed = "\n".join(f"        {parameter.name}: {text}" for parameter, text in shown)
        function.__doc__ = f"{(function.__doc__ or '').rstrip()}\n\n    Keywords:\n{listed}\n    "
        return function

    return decorate


def _parameters(record: type[Record]) -> list[tuple[Parameter, str]]:
    """(keyword, what it says) of each field, those of the records inside included."""
    kind: Any = record
    hints, told = get_type_hints(kind), documented(kind)
    found: list[tuple[Parameter, str]] = []
    for each in fields(record):
        if isinstance(each.default, Record):
            own = each.default
            found += [
                (parameter.replace(default=own.flat()[parameter.name]), text)
                for parameter, text in _parameters(type(own))
            ]
        elif each.name not in NOT_HERE:
            default = Parameter.empty if each.default is MISSING else each.default
            keyword = Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])
            found.append((keyword, told.get(each.name, "")))
    return found
