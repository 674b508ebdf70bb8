"""The record of a finished training: what is damaged in it is one error that says what to do."""

import json
import re
from pathlib import Path

import pytest

from nasbench.core.errors import UsageError
from nasbench.evaluators.kept import NUMBERS, result_in

METRICS = dict.fromkeys(NUMBERS, 0.5)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["ok", None, True, [1.0], {}])
def test_a_metric_that_is_no_number_is_refused_by_its_name(name: str, value: object, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"metrics": {**METRICS, name: value}}))
    told = f"its metric {name!r} must be a number; got {value!r}. Put it back, or delete the folder {tmp_path}"
    with pytest.raises(UsageError, match=re.escape(told)):
        result_in(tmp_path)


def test_numbers_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"metrics": METRICS}))
    assert result_in(tmp_path)["metrics"] == METRICS
