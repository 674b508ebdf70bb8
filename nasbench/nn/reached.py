"""The source of a function or a class and of all that it uses, followed by name across the project's modules."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from nasbench.nn.definitions import top_level

PROJECT = ("nasbench", "search_spaces", "zoo")
"""The packages whose definitions are copied. Names from other packages are imported."""


@dataclass(frozen=True)
class Reached:
    """`definitions` in an order in which Python can run them, after the lines of `imports`.

    `libraries` are the imported packages other than Python's standard library and PyTorch.
    """

    imports: tuple[str, ...]
    definitions: tuple[str, ...]
    libraries: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Import:
    """`from module import name`, or `import module` if the name is empty."""

    module: str
    name: str

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


def reached(roots: Iterable[Callable[..., Any]], imports: Iterable[Import] = ()) -> Reached:
    """The definitions of `roots`, functions and classes of this project, and of all that they use.

    Decorators that register a part are left out. `imports` are added to the imports that are found.
    """
    home: dict[str, str] = {}  # name -> the module that defines it
    imported, inside = set(imports), set[Import]()
    open_names = [(root.__module__, root.__qualname__) for root in roots]
    while open_names:
        module, name = open_names.pop()
        definitions, bound = _parsed(module)
        if name in definitions:
            assert home.get(name, module) == module, f"{name} is defined in {home[name]} and in {module}: rename one"
            if name not in home:
                home[name] = module
                nodes = list(ast.walk(ast.parse(definitions[name])))
                open_names += [(module, node.id) for node in nodes if isinstance(node, ast.Name)]
                inside |= {each for node in nodes for each in _imports(node)}
        elif name in bound and bound[name].package in PROJECT:
            open_names.append((bound[name].module, name))
        elif name in bound:
            imported.add(bound[name])
    texts = [
        text
        for module in _lowest_first(home.values())
        for name, text in _parsed(module)[0].items()
        if home.get(name) == module
    ]
    libraries = {each.package for each in imported | inside} - sys.stdlib_module_names - {"torch"}
    return Reached(_lines(imported), tuple(texts), tuple(sorted(libraries)))


@lru_cache
def _parsed(module: str) -> tuple[Mapping[str, str], Mapping[str, Import]]:
    """A module's definitions, name -> text, and its imports, bound name -> import."""
    found = import_module(module)
    definitions = {name: without_registration(text) for name, text in top_level(found).items()}
    imports = {
        each.name or each.package: each for node in ast.parse(inspect.getsource(found)).body for each in _imports(node)
    }
    return definitions, imports


def _imports(node: ast.AST) -> list[Import]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        assert not any(alias.asname for alias in node.names), f"an import under another name: {ast.unparse(node)}"
    if isinstance(node, ast.ImportFrom):
        assert node.module is not None, ast.dump(node)
        return [Import(node.module, alias.name) for alias in node.names]
    return [Import(alias.name, "") for alias in node.names] if isinstance(node, ast.Import) else []


def _lowest_first(modules: Iterable[str]) -> list[str]:
    """In an order in which each module uses only earlier ones."""
    wanted, seen = set(modules), set[str]()
    ordered = []

    def visit(module: str) -> None:
        seen.add(module)
        for source in sorted({each.module for each in _parsed(module)[1].values() if each.package in PROJECT}):
            if source not in seen:
                visit(source)
        if module in wanted:
            ordered.append(module)

    for module in sorted(wanted):
        if module not in seen:
            visit(module)
    return ordered


def _lines(imported: Iterable[Import]) -> tuple[str, ...]:
    """Import lines sorted as by isort: the standard library, an empty line, other packages."""
    names: dict[str, list[str]] = {}
    for each in sorted(imported):
        names.setdefault(each.module, []).append(each.name)
    own, others = list[str](), list[str]()
    for module, wanted in names.items():
        lines = own if module.partition(".")[0] in sys.stdlib_module_names else others
        if "" in wanted:
            lines.append(f"import {module}")
        if any(wanted):
            lines.append(f"from {module} import {', '.join(sorted(filter(None, wanted), key=_classes_first))}")
    return (*own, *([""] if own and others else []), *others)


def _classes_first(name: str) -> tuple[bool, str]:
    return name[0].islower(), name


def without_registration(definition: str) -> str:
    """The source of a function or a class without the decorator that registers it."""
    node = ast.parse(definition).body[0]
    lines = definition.splitlines()
    for decorator in reversed(node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []):
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "register":
            del lines[decorator.lineno - 1 : decorator.end_lineno]
    return "\n".join(lines)
