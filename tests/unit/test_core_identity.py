"""Identities: what changes a result changes them, what changes nothing leaves them, and a difference is named."""

import json
from dataclasses import dataclass, field, make_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nasbench.core.identity import changes, digest, file_digest, settings
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators.start import Start
from nasbench.evaluators.table import TableEvaluator
from nasbench.evaluators.training import Keep, TrainingEvaluator
from nasbench.testing import TOY_SPACE
from nasbench.train.content import content_of
from nasbench.train.data import Split
from nasbench.train.source import DataSource


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = Inner()
    steps: tuple[int, ...] = ()
    more: list[int] = field(default_factory=list)


def test_settings_are_what_differs_from_the_defaults() -> None:
    assert settings(Outer("a")) == {"name": "a"}
    assert settings(Outer("a", Inner(0.1), (1, 2), [3])) == {
        "name": "a",
        "inner": {"rate": 0.1},
        "steps": [1, 2],
        "more": [3],
    }
    assert settings(Outer("a", Inner(0.5), (), [])) == settings(Outer("a")), "a default that is written out is one"


def test_a_field_that_is_added_with_its_default_changes_no_identity() -> None:
    older = make_dataclass("Record", [("name", str), ("rate", float, 0.1)], frozen=True)
    newer = make_dataclass("Record", [("name", str), ("rate", float, 0.1), ("added", int, 3)], frozen=True)
    assert digest({"it": older("a", 0.2)}) == digest({"it": newer("a", 0.2)})
    assert digest({"it": newer("a", 0.2)}) != digest({"it": newer("a", 0.2, 4)})


def test_a_digest_depends_on_values_and_not_on_their_order_or_form() -> None:
    parts = {"b": (1, 2), "a": {"x": None}}
    assert digest(parts) == digest({"a": {"x": None}, "b": [1, 2]}) == digest(json.loads(json.dumps(parts)))
    assert len(digest(parts)) == 16
    others = [{}, {"b": (2, 1), "a": {"x": None}}, {"b": (1, 2), "a": {"x": 0}}, {"b": (1, 2), "c": {"x": None}}]
    assert len({digest(other) for other in (parts, *others)}) == 5


TRAINING = TrainingEvaluator(DataSource("digits"), Recipe("mine", 1, epochs=2, batch_size=32, lr_peak=0.1), "cpu")
SPEC = ModelSpec("zoo", Size(), Task(10, 32, 1), name="lenet5")


@pytest.mark.parametrize(
    ("change", "line", "back"),
    [
        ({"lr_peak": 0.2}, "lr_peak was 0.1 and is 0.2", "lr_peak was 0.2 and is 0.1"),
        ({"version": 2}, "version was 1 and is 2", "version was 2 and is 1"),
        ({"flip": True}, "flip was not set and is True", "flip was True and is not set"),
    ],
)
def test_a_changed_number_of_a_recipe_changes_the_identity_and_is_named(
    change: dict[str, Any], line: str, back: str
) -> None:
    before = TRAINING.identity()
    now = replace(TRAINING, recipe=replace(TRAINING.recipe, **change)).identity()
    assert changes(before, now) == [f"recipe: {line}"]
    assert changes(now, before) == [f"recipe: {back}"]
    assert changes(before, json.loads(json.dumps(before))) == []


def test_where_a_training_runs_is_no_part_of_its_identity() -> None:
    other = replace(TRAINING, device="cuda", checkpoint_dir="elsewhere", data=DataSource("digits", "elsewhere"))
    assert other.identity() == TRAINING.identity()


def test_a_kept_training_is_named_by_all_that_its_result_depends_on(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"some")
    keep = Keep("kept", {"name": "digits", "train": "abc"})
    kept = replace(TRAINING, keep=keep)

    def name(evaluator: TrainingEvaluator, spec: ModelSpec = SPEC, seed: int = 0) -> str:
        return evaluator.kept(spec, seed).folder.name

    def started(**start: Any) -> str:
        return name(replace(kept, keep=replace(keep, start=Start(**start))))

    same = [
        name(kept),
        name(replace(kept, device="cuda")),
        name(replace(kept, keep=replace(keep, compiled=True, directory="elsewhere", verbose=True))),
        name(kept, ModelSpec.from_json(SPEC.to_json())),
    ]
    assert len(set(same)) == 1
    different = [
        name(kept, seed=1),
        name(kept, replace(SPEC, name="lenet5_original")),
        name(kept, replace(SPEC, size=Size(resolution=16))),
        name(replace(kept, recipe=replace(TRAINING.recipe, epochs=3))),
        name(replace(kept, keep=replace(keep, content={"name": "digits", "train": "abd"}))),
        started(pretrained=True),
        started(freeze="all-but-head"),
        started(weights=str(weights)),
    ]
    weights.write_bytes(b"same")
    different.append(started(weights=str(weights)))
    assert len({*same, *different}) == 1 + len(different)


def test_the_content_of_a_table_is_its_identity_and_its_place_is_not(tmp_path: Path) -> None:
    header = ",".join([*(choice.name for choice in TOY_SPACE.choices), "val_accuracy"])
    for file, score in (("a.csv", 0.5), ("b.csv", 0.5), ("c.csv", 0.6)):
        (tmp_path / file).write_text(f"{header}\n1,4,max,1,1,{score}\n")
    tables = [TableEvaluator(str(tmp_path / file), TOY_SPACE, "val_accuracy") for file in ("a.csv", "b.csv", "c.csv")]
    first, copy, edited = (table.identity() for table in tables)
    assert first == copy == {"table": file_digest(tmp_path / "a.csv")}
    assert changes(first, edited) == ["table: its content has changed"]


def test_the_content_of_a_data_set_is_its_identity() -> None:
    images = torch.arange(48, dtype=torch.uint8).reshape(4, 1, 3, 4)
    split = Split(images, torch.tensor([0, 1, 0, 1]))
    before = content_of(split)
    assert content_of(Split(images.clone(), split.labels.clone())) == before
    edited = images.clone()
    edited[3, 0, 2, 3] += 1
    others = [
        Split(edited, split.labels),
        Split(images, torch.tensor([1, 0, 0, 1])),
        Split(images.reshape(4, 1, 4, 3), split.labels),
        split.first(3),
    ]
    assert len({before, *map(content_of, others)}) == 5
    assert changes({"data": {"train": before}}, {"data": {"train": content_of(others[0])}}) == [
        "data: train: its content has changed"
    ]


def test_what_is_new_or_gone_is_named() -> None:
    before, now = {"recipe": {"name": "a"}, "table": "0" * 16}, {"data": "digits", "recipe": {"name": "b"}}
    assert changes(before, now) == [
        "data was not set and is digits",
        "recipe: name was a and is b",
        f"table was {'0' * 16} and is not set",
    ]
    same_length = {"name": "folder:/pets/abc"}, {"name": "folder:/pets/xyz"}
    assert changes(*same_length) == ["name was folder:/pets/abc and is folder:/pets/xyz"]
