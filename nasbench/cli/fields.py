"""How a configuration's fields become flags: one rule for all records, so that every help reads alike.

A flag is followed by what it takes (TEXT, INT, FLOAT or the choices), its docstring on flowing lines, and its default
where there is one to tell.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from nasbench.engine.config.documented import documented

WORDS: Mapping[type, str] = {str: "TEXT", int: "INT", float: "FLOAT"}


def registry_for(positional: str | None) -> ConstructorRegistry:
    """The rule. The field `positional` takes the words that stand without a flag."""
    registry = ConstructorRegistry()

    @registry.struct_rule
    def record(info: StructTypeInfo) -> StructConstructorSpec | None:
        kind = info.type
        if not (isinstance(kind, type) and is_dataclass(kind)):
            return None
        hints = get_type_hints(kind, include_extras=True)
        given = info.default if isinstance(info.default, kind) else None
        found = tuple(
            StructFieldSpec(
                name=each.name,
                type=_annotated(hints[each.name], each, each.name == positional),
                default=_default(each) if given is None else getattr(given, each.name),
                helptext=partial(_documented, kind, each.name),
            )
            for each in fields(kind)
        )
        return StructConstructorSpec(instantiate=kind, fields=found)

    return registry


def _documented(kind: type, name: str) -> str | None:
    """The docstring of a field; read only where a help is shown."""
    return documented(kind).get(name)


def takes(hint: Any) -> str:
    """What a field takes, as a help writes it: TEXT, INT, {a,b}, or several: TEXT ..."""
    if get_origin(hint) is Annotated:
        return takes(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return "{" + ",".join(map(str, get_args(hint))) + "}"
    if get_origin(hint) is tuple:
        return f"{takes(get_args(hint)[0])} ..."
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    return takes(kinds[0]) if kinds else WORDS.get(hint, "")


def _annotated(hint: Any, field: "Field[Any]", positional: bool) -> Any:
    """The type with how the help shows it; a record inside stays what it is."""
    word = takes(hint)
    if not word and hint is not bool:
        return hint
    stands_alone = positional or tyro.conf.Positional in getattr(hint, "__metadata__", ())
    several = word.endswith(" ...")
    if stands_alone:
        word = field.name.removesuffix("s").upper() + " ..." * several
        word = f"[{word}]" if field.default is None else word
    name = field.name.removesuffix("_") if field.name.endswith("_") else None
    shown = tyro.conf.arg(name=name, metavar=word or None, help_behavior_hint=_default_text)
    if several and (kind := get_args(hint)[0]) in (int, float):
        return Annotated[hint, shown, _numbers(kind)]
    return Annotated[hint, shown, tyro.conf.Positional] if positional else Annotated[hint, shown]


def _numbers(kind: type[int] | type[float]) -> PrimitiveConstructorSpec[tuple[float, ...]]:
    """Numbers stand apart or between commas, as names do."""

    def read(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is no {WORDS[kind]}. Separate numbers by blanks or commas.") from None

    return PrimitiveConstructorSpec(
        nargs="*",
        metavar=f"{WORDS[kind]} ...",
        instance_from_str=lambda given: tuple(map(read, ",".join(given).replace(",", " ").split())),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [*map(str, value)],
    )


def _default_text(label: str) -> str:
    return "" if label in ("None", "False", "", "''") else f"(default: {label})"


def _default(each: "Field[Any]") -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else tyro.MISSING


def choices(hint: Any) -> tuple[str, ...]:
    """The values of a field that takes one of a few."""
    if get_origin(hint) is Literal:
        return tuple(map(str, get_args(hint)))
    return tuple(value for part in get_args(hint) for value in choices(part) if get_origin(hint) is not Literal)
