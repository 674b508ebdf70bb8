"""Keywords to a configuration, by the rules of the command line."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.engine.config import RUNS, SCALE_SEARCH, Record, ScaleConfig, SearchConfig
from nasbench.engine.config.presets import defaults_of
from nasbench.engine.config.trust import MODELS
from nasbench.engine.run.resume import stored_config

Config = TypeVar("Config", bound=Record)


def configured(kind: type[Config], options: Mapping[str, Any]) -> Config:
    """The configuration that keywords mean. With `resume`, that of the run with what they change.

    Parts and models may be given as the objects themselves. UsageError for an unknown keyword or a wrong value.
    """
    given = by_path(kind, options)
    asked = kind.of(**given)
    flat = asked.flat()
    if flat.get("resume"):
        command = next(name for name, each in RUNS.items() if each is kind)
        return stored_config(kind, command, flat["run"], flat.get("storage")).changed(**given)
    return kind.of(**{**_defaults(asked), **given})


def by_path(kind: type[Record], options: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords with import paths for what was given as an object, and texts for the numbers of trials."""
    parts = _part_fields(kind)

    def written(name: str, value: Any) -> Any:
        if name in parts:
            return _named(value)
        if name in MODELS:
            return _named(value) if callable(value) or isinstance(value, list | tuple) else value
        return str(value) if name == "trial" and isinstance(value, int) else value

    return {name: written(name, value) for name, value in options.items()}


def _part_fields(kind: type[Record]) -> set[str]:
    """The fields that name parts, those of the records inside included."""
    found: set[str] = set()
    for each in fields(kind):
        if isinstance(each.default, Record):
            found |= _part_fields(type(each.default))
        elif each.metadata.get("part"):
            found.add(each.name)
    return found


def _defaults(asked: Record) -> Mapping[str, Any]:
    """What takes the place of defaults because of what is asked for."""
    if isinstance(asked, SearchConfig):
        return defaults_of(asked)
    return SCALE_SEARCH if isinstance(asked, ScaleConfig) and asked.search else {}


def _named(value: Any) -> Any:
    """How run.json names what was given as an object; names, paths and numbers stay what they are."""
    if isinstance(value, list | tuple):
        return tuple(map(_named, value))
    if isinstance(value, Recipe):
        if value.name not in recipes.names() or recipes.get(value.name) != value:
            try:
                recipes.register(value.name)(value)
            except UsageError as error:
                raise UsageError(
                    f"another recipe has the name {value.name!r} already. Give yours one of its own: "
                    f"dataclasses.replace(recipe, name='my_{value.name}')"
                ) from error
        return value.name
    if callable(value) and getattr(value, "__qualname__", None):
        return f"{value.__module__}:{value.__qualname__}"
    if value is None or isinstance(value, str) or hasattr(value, "__fspath__"):
        return value
    raise UsageError(
        f"{value!r} has no import path, by which workers and a resumed run find it; give a class, or "
        "'package.module:NAME'"
    )
