"""The API from its docstrings and signatures: functions, results, and what a part of one's own meets."""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from inspect import Parameter, Signature, cleandoc, signature
from types import ModuleType
from typing import Any

from nasbench.engine.config.documented import documented
from pages.markdown import escaped, fenced, paragraphs, table, toctree

FUNCTIONS = {
    "search": ("nasbench.engine.search.command", "SearchResult"),
    "scale": ("nasbench.engine.scaling.result", "ScaleResult"),
    "train": ("nasbench.engine.training.train", "TrainResult"),
    "transfer": ("nasbench.engine.training.transfer", "TransferResult"),
    "compare": ("nasbench.engine.training.compare", "CompareResult"),
    "race": ("nasbench.engine.race.command", "RaceResult"),
    "fidelity": ("nasbench.engine.fidelity.command", "FidelityResult"),
    "supernet": ("nasbench.engine.search.supernet.command", "SupernetResult"),
    "profile": ("nasbench.engine.models.profile", "ProfiledModel"),
    "export": ("nasbench.engine.export.command", "ExportResult"),
    "features": ("nasbench.engine.models.features.command", "FeaturesResult"),
    "predict": ("nasbench.engine.models.predict", "Prediction"),
    "dry_run": ("nasbench.engine.search.dry_run", "DryRun"),
    "open_run": ("nasbench.engine.opened.view", "OpenedRun"),
    "load": None,
    "to_optuna": None,
}
"""Function of nasbench -> where what it returns is described."""
MODULES = {
    "nasbench.core.protocols": "what parts promise each other",
    "nasbench.core.arch": "decisions and architectures",
    "nasbench.core.spec": "a network before it is built",
    "nasbench.core.job": "one evaluation",
    "nasbench.core.trial": "proposals, and lines of the log",
    "nasbench.core.recipe": "the training contract",
    "nasbench.core.compound": "compound scaling as arithmetic",
    "nasbench.core.registry": "finding parts by name",
    "nasbench.core.errors": "errors for people",
    "nasbench.engine.opened.run_trial": "a trial of a run",
    "nasbench.engine.opened.view": "a run directory as an object",
    "nasbench.strategies.libraries.as_optuna": "strategies as samplers of Optuna",
    "nasbench.testing": "contract suites",
    "zoo.registry": "networks of the zoo",
}
"""Module -> what it holds. A part of one's own meets these."""
QUALIFIED = re.compile(r"\b(?:[a-z_0-9]+\.)+(?=[A-Z])")
"""What stands before a class's own name in an annotation."""
PLAIN = (type(None), bool, int, float, str, tuple)


def pages() -> Mapping[str, str]:
    """The functions, a page a module, and their index."""
    rows = [(f"[{name}]({name}.md)", escaped(text)) for name, text in MODULES.items()]
    index = (
        "# API\n\n[The functions](functions.md) do what the commands do. The modules are those that a part of your own "
        "meets.\n\n" + table(("module", "what"), rows) + "\n" + toctree(["functions", *MODULES], "hidden")
    )
    return {
        "api/index.md": index,
        "api/functions.md": functions_page(),
        **{f"api/{name}.md": module_page(name) for name in MODULES},
    }


def functions_page() -> str:
    """Each function of `nasbench` with its keywords, and what it returns."""
    import nasbench

    lines = ["# Functions\n", paragraphs(cleandoc(nasbench.__doc__ or "")), "```{py:module} nasbench\n```\n"]
    shown = set()
    for name, result in FUNCTIONS.items():
        lines += [f"## {name}\n", _function(f"nasbench.{name}", _called(getattr(nasbench, name)))]
        if result is not None and result not in shown:
            shown.add(result)
            lines.append(_class(result[1], getattr(importlib.import_module(result[0]), result[1])))
    return "\n".join(lines)


def module_page(name: str) -> str:
    """The public names that a module defines, in the order of its file."""
    module = importlib.import_module(name)
    lines = [f"# {name}\n", paragraphs(cleandoc(module.__doc__ or "")), f"```{{py:module}} {name}\n```\n"]
    for each, value in _public(module):
        if isinstance(value, type):
            lines.append(_class(each, value))
        elif callable(value):
            lines.append(_function(each, value))
    return "\n".join(lines)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    listed: Sequence[str] = getattr(module, "__all__", ())
    for name in listed or list(vars(module)):
        value = getattr(module, name)
        own = listed or getattr(value, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (isinstance(value, type) or inspect.isroutine(value)):
            yield name, value


def _called(function: Any) -> Any:
    """A module that is called as a function stands for that function."""
    return (
        importlib.import_module("nasbench.api.commands").__dict__[function.__name__.rpartition(".")[2]]
        if isinstance(function, ModuleType)
        else function
    )


def _function(name: str, function: Any, directive: str = "py:function", depth: int = 4) -> str:
    text, _, keywords = cleandoc(function.__doc__ or "").partition("Keywords:\n")
    own = signature(function)
    told = [line.strip().partition(": ")[::2] for line in keywords.splitlines() if line.strip()]
    named = dict(told)
    kept = [each for each in own.parameters.values() if each.name not in named]
    taken = own.replace(parameters=kept) if named else own
    body = paragraphs(text)
    if named:
        rows = [
            (f"`{key}`", _default_text(own.parameters[key]), escaped(value))
            for key, value in told
            if key in own.parameters
        ]
        body += "\n" + table(("keyword", "default", "what"), rows)
    return fenced(directive, f"{name}{_arguments(taken, bool(named))}", body, depth)


def _class(name: str, kind: type[Any], depth: int = 5) -> str:
    body = paragraphs(cleandoc(kind.__doc__ or "")) if not (kind.__doc__ or "").startswith(f"{kind.__name__}(") else ""
    members = []
    if is_dataclass(kind):
        told = documented(kind)
        inherited = {each.name for base in _described(kind) if is_dataclass(base) for each in fields(base)}
        for each in fields(kind):
            if each.name not in inherited and not each.name.startswith("_"):
                default = "" if each.default is MISSING else f" = {_plain(each.default)}"
                shown = f"{each.name}: {_type(each.type)}{default}"
                members.append(fenced("py:attribute", each.name, f"`{shown}`\n\n{escaped(told.get(each.name, ''))}", 4))
    for each, value in vars(kind).items():
        if not each.startswith("_"):
            members += _member(each, value)
    body += "".join(f"\nIt has what [{base.__name__}]({base.__module__}.md) has, too.\n" for base in _described(kind))
    shown = "" if issubclass(kind, Enum) or is_dataclass(kind) else _constructor(kind)
    return fenced("py:class", name + shown, "\n".join([body, *members]), depth)


def _described(kind: type[Any]) -> list[type[Any]]:
    """The classes that a class extends and that have a page."""
    return [base for base in kind.__bases__ if base.__module__ in MODULES]


def _member(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, property) or type(value).__name__ == "cached_property":
        getter = getattr(value, "fget", None) or getattr(value, "func", None)
        told = cleandoc(getter.__doc__ or "")
        returned = _type(getattr(getter, "__annotations__", {}).get("return", ""))
        if told or returned:
            yield fenced("py:property", name, (f"`{returned}`\n\n" if returned else "") + paragraphs(told), 4)
    elif isinstance(value, classmethod | staticmethod):
        if value.__func__.__doc__:
            yield _function(name, value.__func__, "py:method")
    elif inspect.isfunction(value) and value.__doc__:
        yield _function(name, value, "py:method")


def _constructor(kind: type[Any]) -> str:
    made = vars(kind).get("__init__")
    return _arguments(signature(made)) if inspect.isfunction(made) else ""


def _arguments(taken: Signature, more: bool = False) -> str:
    parts, star = [], False
    for each in taken.parameters.values():
        if each.name in ("self", "cls"):
            continue
        if each.kind is Parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        star = star or each.kind is Parameter.VAR_POSITIONAL
        mark = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "" if each.default is Parameter.empty else f"={_plain(each.default)}"
        parts.append(f"{mark}{each.name}{default}")
    if parts[-1:] == ["*"]:
        parts.pop()
    return f"({', '.join([*parts, *(['**keywords'] if more else [])])})"


def _default_text(parameter: Parameter) -> str:
    return "" if parameter.default is Parameter.empty else f"`{_plain(parameter.default)}`"


def _plain(value: Any) -> str:
    """A default as the code has it; of what has no short form, three dots."""
    return repr(value) if isinstance(value, PLAIN) and len(repr(value)) < 60 else "..."


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if not isinstance(annotation, str) and getattr(annotation, "__args__", None):
        text = str(annotation)
    text = QUALIFIED.sub("", text)
    return "" if text in ("_empty", "None") else text.strip("'\"").replace("`", "")
