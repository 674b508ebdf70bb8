"""`nasbench search`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import fields, replace

from nasbench.cli.parse import parse
from nasbench.engine.config import PRESETS, SearchConfig


def run(argv: Sequence[str]) -> None:
    """Parses, searches, prints."""
    config = parse(SearchConfig, "search", argv)
    if config.resume:
        from nasbench.engine.search import stored_config

        config = parse(SearchConfig, "search", argv, default=stored_config(config.run))
    elif config.preset:
        config = parse(SearchConfig, "search", argv, default=replace(SearchConfig(), **PRESETS[config.preset]))
    from nasbench.engine.search import SearchResult, run_search

    result: SearchResult = run_search(config, argv=("nasbench", "search", *argv))
    if config.json:
        print(json.dumps(result.to_json()))
    else:
        _print(result)


def _print(result: "object") -> None: ...
