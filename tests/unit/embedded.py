"""The data inside a page, as its scripts read it."""

import json
import re
from typing import Any


def embedded(page: str, kind: str) -> list[Any]:
    """Each value of that kind, in the order of the page."""
    found = re.findall(rf'<script type="application/json" class="data-{kind}">(.*?)</script>', page, re.DOTALL)
    return [json.loads(text) for text in found]
