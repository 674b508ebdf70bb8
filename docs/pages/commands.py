"""A page for each command, from the records that its flags fill: those of `nasbench COMMAND --help`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import cleandoc
from typing import Any, get_type_hints

import tyro

from nasbench.cli import COMMANDS
from nasbench.cli.completion import CONFIGURATIONS, stands_alone
from nasbench.cli.fields import takes
from nasbench.engine.config.documented import documented
from nasbench.engine.config.record import flag
from pages.markdown import code, escaped, fenced, table, toctree

EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)


def pages() -> Mapping[str, str]:
    """The pages, and their index."""
    found = {f"commands/{command}.md": page(command) for command in COMMANDS}
    rows = [(f"[nasbench {command}]({command}.md)", escaped(text)) for command, text in COMMANDS.items()]
    index = "# Commands\n\nFrom the same definitions as `nasbench COMMAND --help`.\n\n" + table(
        ("command", "what"), rows
    )
    return {"commands/index.md": index + "\n" + toctree(COMMANDS, "hidden"), **found}


def page(command: str) -> str:
    """One command: what it does, an example, and its flags in the groups of the help."""
    kind = CONFIGURATIONS[command]
    described = cleandoc(kind.__doc__ or "")
    text = EXAMPLE.sub("", described).strip()
    lines = [f"# nasbench {command}\n", escaped(text) + "\n"]
    examples = EXAMPLE.findall(described)
    if examples:
        lines.append(code("\n".join(examples), "console"))
    lines += [f"```{{program}} nasbench {command}\n```\n", *_group(kind, command, default=None)]
    return "\n".join(lines)


def _group(kind: Any, command: str, default: Any) -> Iterator[str]:
    """The flags of a record, then those of the records inside it under headings of their own."""
    hints, told = get_type_hints(kind, include_extras=True), documented(kind)
    inner = []
    for each in fields(kind):
        value = _default(each) if default is None else getattr(default, each.name)
        if is_dataclass(hints[each.name]):
            inner.append((hints[each.name], value))
        else:
            yield _option(each, hints[each.name], command, told.get(each.name, ""), value)
    for record, value in inner:
        heading, _, more = " ".join(cleandoc(record.__doc__ or record.__name__).split()).partition(". ")
        yield f"## {escaped(heading).rstrip('.')}\n"
        if more:
            yield escaped(more) + "\n"
        yield from _group(record, command, None if value is MISSING else value)


def _option(each: "Field[Any]", hint: Any, command: str, told: str, value: Any) -> str:
    word = takes(hint)
    if stands_alone(each.name, hint, command):
        shown = each.name.removesuffix("s").upper() + (" ..." if word.endswith("...") else "")
    else:
        shown = flag(each.name) + (f" <{word.removesuffix(' ...')}>" if word else "")
        shown += " ..." if word.endswith("...") else ""
    default = "" if value in (MISSING, tyro.MISSING, None, False, "", ()) else f" Default: `{_text(value)}`."
    return fenced("option", shown, escaped(told) + default)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _default(each: "Field[Any]") -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else MISSING
