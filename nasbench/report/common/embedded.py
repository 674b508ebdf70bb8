"""Data inside a page of HTML, for its scripts: JSON that no text of a user's can end or turn into markup."""

import json
from typing import Any

ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def data_element(kind: str, value: Any) -> str:
    """A `script` element of the class `data-KIND` that holds the value and is never run. ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in ESCAPED.items():
        text = text.replace(character, escaped)
    return f'<script type="application/json" class="data-{kind}">{text}</script>'
