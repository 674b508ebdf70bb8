"""What the docstrings of a configuration's fields say: helps, completions and functions show it."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def documented(kind: Any) -> Mapping[str, str]:
    """Field -> its docstring, on one line; those of the records that it extends too."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if "__dataclass_fields__" in vars(each):
            found |= _documented_in(each)
    return found


def _documented_in(kind: type) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef), kind
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        told = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if told and isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = " ".join(str(text.value.value).split())  # type: ignore[attr-defined]
    return found
