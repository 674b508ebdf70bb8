"""Definitions of modules as text, name by name. Stand-alone network files are made of them."""

import ast
import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType


def needed(
    entries: Iterable[str], modules: Sequence[ModuleType], replaced: Mapping[str, str] | None = None
) -> list[str]:
    """The definitions of `entries` and of all that they use, in an order in which Python can run them.

    `modules` must be in an order in which each uses only earlier ones. `replaced` maps a name to another text for its
    definition.
    """
    known: dict[str, str] = {}
    for module in modules:
        known |= top_level(module)
    known |= replaced or {}
    found = set(entries)
    reached = list(found)
    while reached:
        names = {node.id for node in ast.walk(ast.parse(known[reached.pop()])) if isinstance(node, ast.Name)}
        new = names & known.keys() - found
        found |= new
        reached += new
    return [text for name, text in known.items() if name in found]


def top_level(module: ModuleType) -> dict[str, str]:
    """Name -> source of each class, function and constant of a module, in the module's order, with decorators."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Tuple):
                assert isinstance(node.value, ast.Tuple), ast.dump(node)
                for name, value in zip(target.elts, node.value.elts, strict=True):
                    assert isinstance(name, ast.Name), ast.dump(name)
                    found[name.id] = f"{name.id} = {ast.get_source_segment(text, value)}"
            else:
                assert isinstance(target, ast.Name), ast.dump(target)
                found[target.id] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def without_method(definition: str, method: str) -> str:
    """A class's source without one of its methods."""
    lines = definition.splitlines()
    body = ast.parse(definition).body[0]
    assert isinstance(body, ast.ClassDef), ast.dump(body)
    gone = next(node for node in body.body if isinstance(node, ast.FunctionDef) and node.name == method)
    return "\n".join(lines[: gone.lineno - 1] + lines[gone.end_lineno :]).rstrip()
