"""Files from anybody: no text of theirs becomes code, markup or a path, and none stops what reads them."""

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nasbench.cli import _tell_bug, _tell_warning, main
from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.picture import svg_image
from nasbench.core.preprocessing import Preprocessing, Seen
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import ModelOverrides
from nasbench.engine.export.command import _name
from nasbench.engine.opened.report import rebuild_report
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.preprocess_source import with_preprocessing
from nasbench.engine.parts.source import source_of
from unit.toys import trial

TEXTS = ('");import os;os.mkdir("RAN")#', '"""\nimport os;os.mkdir("RAN")\n"""', "x\\'''\n", "\x1b[31m\u202e")
SEEN = Preprocessing(8, Seen((0.5,), (0.5,)), ("cat", "dog"))


def specifications() -> dict[str, ModelSpec]:
    """One of each kind that has a model.py."""
    found = {
        "zoo": ModelSpec("zoo", Size(), Task(), name="resnet20"),
        "scaled": ModelSpec("zoo", Size(1.2, 1.1, 64), Task(), name="efficientnet_b0"),
        "published": ModelSpec("space:nasnet", Size(2, 8, skeleton="cifar"), Task(), name="nasnet-a"),
    }
    for name in ("nasnet", "nasbench201", "mbconv", "enas-micro", "enas-macro"):
        space = spaces.make(name)
        architecture = sample(space.name, space.choices, Random(1))
        found[name] = ModelSpec(f"space:{name}", space.default_size, Task(), architecture)
    return found


def texts_of(record: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Where a record has a field that a text could be put into: the first decisions stand for all."""
    found: list[tuple[str, ...]] = []
    for name, value in list(record.items())[:6]:
        found += texts_of(value, (*path, name)) if isinstance(value, dict) else [(*path, name)]
    return found


@pytest.mark.parametrize(
    "kind", ["zoo", "scaled", "published", "nasnet", "nasbench201", "mbconv", "enas-micro", "enas-macro"]
)
def test_no_text_of_a_specification_reaches_the_source_of_its_network(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good = specifications()[kind].to_json()
    for path in texts_of(good):
        for text in TEXTS:
            bad = inner = json.loads(json.dumps(good))
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = text
            Path("bad.json").write_text(json.dumps(bad))
            try:
                source = source_of(resolve("bad.json", ModelOverrides()))
            except UsageError:
                continue
            assert text not in source, path
            assert "RAN" not in source, path
            compile(source, "model.py", "exec")


@pytest.mark.parametrize("text", TEXTS)
def test_classes_of_a_preprocessing_record_are_texts_in_the_source_and_nothing_else(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = {**SEEN.to_json(), "classes": [text, '\n\nif __name__ == "__main__":\n']}
    written: dict[str, Any] = {}
    exec(with_preprocessing("import torch\nimport torch\n", Preprocessing.from_json(record)), written)
    assert written["CLASSES"] == tuple(record["classes"])
    assert not Path("RAN").exists()
    with pytest.raises(UsageError, match="interpolation of a preprocessing record is one of nearest"):
        Preprocessing.from_json({**record, "interpolation": text})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_size", 10**400),
        ("image_size", "8"),
        ("image_size", 10**6),
        ("mean", [float("nan")]),
        ("mean", ["0.5"]),
        ("mean", []),
        ("std", [0.0]),
        ("std", [0.5, 0.5]),
        ("classes", "cat"),
        ("classes", [1]),
        ("crop_share", 1e-9),
        ("rounds_after_resizing", 1),
    ],
)
def test_fields_of_a_preprocessing_record_have_types_and_ranges(name: str, value: Any) -> None:
    assert Preprocessing.from_json(SEEN.to_json()) == SEEN
    with pytest.raises(UsageError, match="preprocessing record"):
        Preprocessing.from_json({**SEEN.to_json(), name: value})


def test_what_is_no_object_of_json_is_refused_with_the_name_of_its_file(tmp_path: Path) -> None:
    for number, text in enumerate(("[" * 200_000, "[1]", "{", "\udcff", '{"a": ' + "1" * 5000 + "}")):
        file = tmp_path / f"{number}.json"
        file.write_text(text, errors="surrogateescape")
        with pytest.raises(UsageError, match=f"{number}.json' is no record: "):
            read_object(file, "record")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UsageError, match="is a pipe, and must be a file"):
        read_object(tmp_path / "pipe.json", "record")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("metrics", {"params": 10**400}, "'params' must be a number that can be compared"),
        ("note", {"step": 10**400}, "'step' in the note is the number of a trial"),
        ("seconds", 10**400, "'seconds' of the trial must be a number"),
    ],
)
def test_numbers_of_a_trial_are_in_proportion(name: str, value: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        Trial.from_json({**trial(1).to_json(), name: value})


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("config", [], "'config' of the record of a run must be an object"),
        ("seed", 10**400, "the field 'seed' holds no number that can be used"),
        ("left_out", [1], "'left_out' of the record of a run must be a list, each of it a text"),
        ("plan", {"notes": "text"}, "'notes' of the plan of a run must be a list"),
        ("more", {"a": [10**400]}, "the field 'a' holds no number that can be used"),
        ("config", {"trials": "many"}, "the configuration in .* cannot be read: --trials takes a whole number"),
    ],
)
def test_fields_of_run_json_are_read_by_type(field: str, value: Any, expected: str, tmp_path: Path) -> None:
    RunStore.create(tmp_path / "run", {"command": "search", "config": {}, "seed": 0, "plan": {}}).close()
    file = tmp_path / "run" / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    with pytest.raises(UsageError, match=expected):
        rebuild_report(tmp_path / "run")


def test_a_drawing_is_an_image_and_none_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    drawing, secret = tmp_path / "run" / "cell.svg", tmp_path / "secret"
    drawing.write_text("<svg><script>alert(1)</script></svg>")
    shown = svg_image(drawing, tmp_path / "run", '"><script>')
    assert shown.startswith('<img alt="&quot;&gt;&lt;script&gt;" src="data:image/svg+xml;base64,')
    assert "<script" not in shown
    secret.write_text("the reader's own")
    drawing.unlink()
    drawing.symlink_to(secret)
    assert svg_image(drawing, tmp_path / "run", "") == ""


def test_an_export_stays_in_the_folder_that_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run" / "inside").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "run" / "inside")
    assert _name("..") == "run"
    assert _name("../../run") == "run"
    assert _name("space:nasnet:nasnet-a") == "nasnet-a"
    for name in ("space:x:..", "a:" + "b" * 256, "x:."):
        with pytest.raises(UsageError, match=r"cannot be the name of a file.*--out DIR"):
            _name(name)
    assert main(["export", "lenet5", "--formats", "safetensors", "--out", "b" * 256]) == 2
    assert not list(Path().iterdir())


def test_what_a_terminal_would_obey_is_shown_in_tracebacks_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("a \x1b[2J name\x07 \r\u202eback")
    _tell_bug(type(error), error, None)
    _tell_warning(UserWarning("a \x1b[2J name"), UserWarning, "file\x1b.py", 1)
    told = capsys.readouterr().err
    assert r"ValueError: a \x1b[2J name\x07 \r\u202eback" in told
    assert r"UserWarning: a \x1b[2J name" in told
    assert not any(mark in told for mark in "\x1b\x07\r\u202e")
