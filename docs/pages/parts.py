"""Every part by name, as `nasbench list` has them; recipes with what they set, strategies with their options."""

from collections.abc import Mapping
from dataclasses import fields
from inspect import cleandoc

from nasbench.cli.listing import KINDS
from nasbench.core.recipe import Recipe
from nasbench.core.registry import Registry, recipes, strategies
from pages.markdown import cell, escaped, paragraphs, table

ALWAYS = ("epochs", "batch_size", "optimizer", "lr_peak", "lr_schedule")
"""Fields of a recipe that its table shows in columns."""
ELSEWHERE = ("spaces", "strategies", "recipes", "models", "objectives")
"""Kinds with a page of their own, and those of which none comes with nasbench."""
WITHOUT = ("name", "version", "minor")


def pages() -> Mapping[str, str]:
    """The pages of strategies, recipes, and all other parts."""
    return {"strategies.md": strategies_page(), "recipes.md": recipes_page(), "parts.md": parts_page()}


def parts_page() -> str:
    """Evaluators, proxies, data sets, executors, ..."""
    lines = [
        "# Other parts\n",
        "As `nasbench list` has them. A part of your own is named by its import path, or registered by an installed "
        "package: [what of yours goes in](project/readme.md#what-of-yours-goes-in).\n",
    ]
    for kind, registry in KINDS.items():
        if kind not in ELSEWHERE:
            lines += [f"## {kind}\n", f"Named by {_flag(registry)}.\n", _listing(registry)]
    return "\n".join(lines)


def strategies_page() -> str:
    """Each strategy with its docstring, which has its options."""
    lines = [
        "# Strategies\n",
        "`--strategy NAME`, with `--strategy-options KEY=VALUE ...`. Samplers of Optuna and searchers of "
        "Ray Tune are strategies too: [From Python](../python.md).\n",
        _listing(strategies),
    ]
    for name in strategies.names():
        lines += [f"## {name}\n", escaped(strategies.describe(name)) + "\n"]
        lines.append(paragraphs(cleandoc(strategies.get(name).__doc__ or "")))
    return "\n".join(lines)


def recipes_page() -> str:
    """Each recipe: what it is for, the fields in columns, and all others that it sets."""
    lines = [
        "# Recipes\n",
        "`--recipe NAME`. A recipe is the training contract that two results must share to be ranked together.\n",
    ]
    rows = []
    for name in recipes.names():
        recipe: Recipe = recipes.get(name)
        rows.append((f"[{name}](#{name})", *(cell(f"{getattr(recipe, field)}") for field in ALWAYS)))
    lines.append(table(("recipe", *ALWAYS), rows, right=(1, 2, 4)))
    for name in recipes.names():
        lines += [f"## {name}\n", escaped(recipes.describe(name)) + "\n"]
        lines.append(table(("field", "value"), _set_by(recipes.get(name))))
    return "\n".join(lines)


def _set_by(recipe: Recipe) -> list[tuple[str, str]]:
    """The fields that differ from the default."""
    return [
        (f"`{each.name}`", cell(getattr(recipe, each.name)))
        for each in fields(Recipe)
        if each.name not in WITHOUT and getattr(recipe, each.name) != each.default
    ]


def _listing(registry: Registry) -> str:
    return table(("name", "what"), [(f"`{name}`", cell(registry.describe(name))) for name in registry.names()])


def _flag(registry: Registry) -> str:
    return f"`{registry.flag}`" if registry.flag.startswith("--") else registry.flag
