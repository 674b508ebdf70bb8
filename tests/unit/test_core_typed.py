"""What is read from a file is data: types and ranges are checked before anything is built from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from unit.toys import trial

GOOD = ModelSpec("zoo", Size(), Task(10, 32, 3), name="resnet20").to_json()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good record with the field at `path`, such as size.depth, changed."""
    record: dict[str, Any] = json.loads(json.dumps(GOOD))
    *outer, last = path.split(".")
    inner = record[outer[0]] if outer else record
    inner[last] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "size.resolution",
            '"""+str(open("ran", "w"))+"""',
            "'resolution' of the size of a model must be a whole number",
        ),
        ("size.resolution", "big", "got 'big'"),
        ("size.resolution", 0, "between 1 and 8,192; got 0"),
        ("size.resolution", 32.5, "a whole number or null; got 32.5"),
        ("size.width", [1], r"'width' of the size of a model must be a number; got \[1\]"),
        ("size.width", -2, "got -2"),
        ("size.width", float("inf"), "got inf"),
        ("size.depth", 10**400, "got a whole number of more than 80 digits"),
        ("size.depth", 1e9, "between 1e-06 and 1,000; got 1000000000.0"),
        ("size.depth", float("nan"), "got nan"),
        ("size.aux_head", 1, "'aux_head' of the size of a model must be true or false; got 1"),
        ("size.skeleton", "imagenet\n", "the skeleton of a model is one of '', 'cifar', 'imagenet'"),
        ("size.depht", 1, "no field of the size of a model named 'depht'. Did you mean 'depth'"),
        ("size", [], "the size of a model must be an object"),
        ("task.num_classes", True, "'num_classes' of the task of a model must be a whole number; got True"),
        ("task.num_classes", 10**9, "between 1 and 1e\\+07"),
        ("task.channels", "3", "got '3'"),
        ("task", None, "the task of a model must be an object with named fields; got None"),
        ("source", 3, "'source' of the model specification must be a text; got 3"),
        ("name", ["resnet20"], "'name' of the model specification must be a text or null"),
        ("architecture", {"space": 3, "genes": {}}, "an architecture is"),
        ("architecture", {"space": "toy", "genes": {"op": [1]}}, "option of decision 'op' must be a text or a number"),
        ("architecture", {"space": "toy", "genes": {"op": 10**400}}, "more than 80 digits"),
        ("architecture", "text", "'architecture' of the model specification must be an object"),
    ],
)
def test_a_field_of_a_model_that_is_wrong_is_named(path: str, value: Any, expected: str, tmp_path: Path) -> None:
    record = changed(path, value)
    with pytest.raises(UsageError, match=expected):
        ModelSpec.from_json(record)
    file = tmp_path / "architecture.json"
    file.write_text(json.dumps(record))
    with pytest.raises(UsageError, match=expected):
        resolve(str(file), ModelOverrides())


def test_what_was_written_is_read_back() -> None:
    assert ModelSpec.from_json({**GOOD, "key": "more"}).to_json() == GOOD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1"),
        ("number", 1.5),
        ("score", "high"),
        ("metrics", [1]),
        ("status", "fine"),
        ("epochs", None),
        ("seconds", float("inf")),
        ("note", "none"),
        ("error", 3),
    ],
)
def test_a_line_of_the_log_with_a_wrong_type_is_refused_with_its_number(field: str, value: Any, tmp_path: Path) -> None:
    store = RunStore.create(tmp_path, {"command": "search", "config": {}})
    store.append(trial(1))
    store.close()
    line = json.dumps({**trial(2).to_json(), field: value})
    with open(tmp_path / "trials.jsonl", "a", encoding="utf-8") as log:
        log.write(line + "\n")
    with pytest.raises(UsageError, match=f"line 2 of .*trials.jsonl.*{field!r}"):
        RunStore.read(tmp_path)


def test_a_large_score_is_read_back() -> None:
    """A loss that exploded is large, and still a number."""
    large = Trial.from_json({**trial(1).to_json(), "score": -1e30})
    assert large.score == -1e30
