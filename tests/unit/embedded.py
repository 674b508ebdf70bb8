"""What is inside a page: the data that its scripts read, and its own text without them."""

import json
import re
from typing import Any

from nasbench.report.common.scripts import policy, scripts


def embedded(page: str, kind: str) -> list[Any]:
    """Each value of that kind, in the order of the page."""
    found = re.findall(rf'<script type="application/json" class="data-{kind}">(.*?)</script>', page, re.DOTALL)
    return [json.loads(text) for text in found]


def without_scripts(page: str) -> str:
    """The page without the scripts that run, which are those that ship, and no other has leave to run."""
    charts = '<figure class="chart"' in page
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy(charts)}">' in page
    for script in scripts(charts):
        assert f"<script>{script}</script>" in page
        page = page.replace(f"<script>{script}</script>", "")
    assert "<script>" not in page
    return page.replace("http-equiv", "")
