"""Data inside a page of HTML, for its scripts: JSON that no text of a user's can end or turn into markup."""

import json
import re
from typing import Any

from nasbench.core.shown import shown

ESCAPED = re.compile("[<>&\u2028\u2029]")
"""What could end the element or a script."""


def data_element(kind: str, value: Any) -> str:
    """A `script` element of the class `data-KIND` that holds the value and is never run. ValueError for NaN.

    Texts are as people are shown them: a script writes them into the page as they stand.
    """
    text = json.dumps(_shown(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f'<script type="application/json" class="data-{kind}">{text}</script>'


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {shown(name): _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list | tuple) else value
