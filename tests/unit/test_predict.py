"""`nasbench predict`: classes of images from whatever holds trained weights, and one clear error from what does not."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import zoo
from nasbench.cli import main
from nasbench.core.job import Job
from nasbench.core.preprocessing import Preprocessing, Seen, read_preprocessing
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.spec import Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.export.formats import FORMATS, ExportJob
from nasbench.engine.parts.models import load, resolve
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.train.loader import eval_batches
from nasbench.train.source import DataSource
from unit.test_export import run as executed
from unit.test_zoo_weights import published

RECIPE = Recipe("predict_test", 1, epochs=1, batch_size=64, lr_peak=0.05, train_images=256, val_images=64)
recipes.register("predict_test")(RECIPE)
WORK = ("--dataset", "digits", "--recipe", "predict_test", "--device", "cpu", "--wandb", "off")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search and a training of digits, and the test split's first images as files."""
    folder = tmp_path_factory.mktemp("predict")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        size = ["--cells", "1", "--filters", "4"]
        asked = ["search", "--space", "nasbench201", "--strategy", "random", "--trials", "1", *size, "--run", "found"]
        assert main([*asked, *WORK]) == 0
        assert main(["train", "zoo:lenet5", *WORK, "--image-size", "32", "--run", "trained"]) == 0
        assert main(["export", "found", "--out", "shipped", "--formats", "model.py,safetensors"]) == 0
    (folder / "digits").mkdir()
    images = DataSource("digits").test()[0].images
    for index in range(6):
        Image.fromarray(images[index, 0].numpy()).save(folder / "digits" / f"{index}.png")
    return folder


def predicted(capsys: pytest.CaptureFixture[str], *flags: object) -> list[dict]:
    capsys.readouterr()
    assert main(["predict", *map(str, flags), "--device", "cpu", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["images"]


@pytest.mark.parametrize("model", ["found", "found#1", "found/best", "shipped", "trained"])
def test_images_are_classified_as_evaluation_classifies_them(
    model: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = predicted(capsys, work / model, work / "digits", "--top", "10")
    source = DataSource("digits", image_size=32 if model == "trained" else None)
    data, network = source.read(), load(str(work / model))
    (shown, _), *_ = eval_batches(source.test()[0].first(6), data, torch.device("cpu"), 6)
    with torch.no_grad():
        expected = network(shown).softmax(dim=1)
    assert [each["file"] for each in images] == [str(work / "digits" / f"{index}.png") for index in range(6)]
    for each, shares in zip(images, expected, strict=True):
        found = {entry["name"]: entry["probability"] for entry in each["classes"]}
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert [found[name] for name in "0123456789"] == pytest.approx(shares.tolist(), abs=1e-5)


def test_the_folder_of_a_training_is_a_model_too(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept,) = (work / "runs" / "trained").iterdir()
    one = predicted(capsys, kept, work / "digits" / "0.png")
    assert one == predicted(capsys, work / "trained", work / "digits" / "0.png")
    assert len(one[0]["classes"]) == 5


def test_a_trial_of_a_run_is_named_by_its_number(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = work / "digits" / "0.png"
    assert predicted(capsys, work / "found", image, "--trial", "1") == predicted(capsys, work / "found", image)


def test_people_read_a_line_an_image(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(work / "found"), str(work / "digits" / "3.png"), "--top", "2"]) == 0
    line = capsys.readouterr().out.strip()
    assert line.startswith(f"{work / 'digits' / '3.png'}: ")
    assert line.count("%") == 2


def test_a_stand_alone_file_classifies_with_torch_alone(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (expected,) = predicted(capsys, work / "found", work / "digits" / "0.png", "--top", "1")
    image = DataSource("digits").test()[0].images[:1]
    for folder in (work / "found" / "best", work / "shipped"):
        module = executed((folder / "model.py").read_text())
        network = module.build().eval()
        network.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
        with torch.no_grad():
            shares = network(module.preprocess(image)).softmax(dim=1)[0]
        assert module.CLASSES[int(shares.argmax())] == expected["classes"][0]["name"]
        assert float(shares.max()) == pytest.approx(expected["classes"][0]["probability"], abs=1e-5)


def test_onnx_carries_the_record(tmp_path: Path) -> None:
    import onnxruntime

    record = Preprocessing(4, Seen((0.5,), (0.25,)), ("cat", "dog"))
    job = ExportJob(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).eval(), Task(2, 4, 1), preprocessing=record)
    FORMATS["onnx"].write(job, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert Preprocessing.from_json(json.loads(metadata["preprocessing"])) == record
    assert json.loads(metadata["classes"]) == ["cat", "dog"]


def test_published_weights_classify_with_their_own_preprocessing(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = zoo.entry("resnet18").load_pretrained.preprocessing()
    published(tmp_path, monkeypatch, "ResNet18_Weights.IMAGENET1K_V1", zoo.create("resnet18").state_dict())
    monkeypatch.setattr("nasbench.engine.training.pretrained.published_preprocessing", lambda model: entry)
    (found,) = predicted(capsys, "zoo:resnet18", work / "digits" / "0.png", "--pretrained", "--top", "3")
    assert {each["name"] for each in found["classes"]} <= set(entry.classes)
    assert "tench" in entry.classes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["zoo:resnet18", "{digits}"], "no trained weights. Give --pretrained"),
        (["zoo:resnet20", "{digits}", "--pretrained"], "no published weights for 'resnet20'"),
        (["space:nasnet:nasnet-a", "{digits}", "--pretrained"], "is none"),
        (["{bare}", "{digits}"], "has no preprocessing.json beside it"),
        (["{found}", "nowhere.png"], "no such image: nowhere.png"),
        (["{found}", "{empty}"], "no images in"),
        (["{found}", "{text}"], "cannot read the image"),
        (["{found}"], "needs images after the model"),
        (["--json"], "needs a model and images first"),
        (["{found}", "{digits}", "--top", "0"], "--top"),
        (["no_such_run", "{digits}"], "no model named 'no_such_run'"),
        (["{found}/best/model.py", "{digits}"], "give the folder that it lies in, {found}/best"),
        (["{text}", "{digits}"], "is a file, and no architecture.json: give a run directory"),
        (["{fresh}", "{digits}"], "has no preprocessing.json and no architecture.json, because"),
        (["{unfinished}", "{digits}"], "--run {unfinished} --resume, or name a trial: {unfinished}#1"),
    ],
)
def test_bad_input_gets_one_clear_error(
    asked: list[str], said: str, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    for name in ("architecture.json", "weights.safetensors"):
        (bare / name).write_bytes((work / "found" / "best" / name).read_bytes())
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "model.onnx").write_bytes(b"")
    shutil.copytree(work / "found", tmp_path / "unfinished", ignore=shutil.ignore_patterns("best"))
    own = {name: tmp_path / name for name in ("empty", "fresh", "unfinished")}
    places = {"digits": work / "digits", "found": work / "found", "bare": bare, "text": tmp_path / "text.png", **own}
    words, said = [word.format(**places) for word in asked], said.format(**places)
    assert main(["predict", *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_an_image_that_cannot_be_read_holds_up_no_other(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(work / "digits", photos)
    (photos / "3a.png").write_text("no picture")
    asked = ["predict", str(work / "found"), str(photos), "--device", "cpu"]
    assert main(asked) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 6
    assert f"cannot read the image {photos / '3a.png'}" in captured.err
    for flags, status in (([], 0), ([str(photos / "3a.png")], 2)):
        assert main([*asked[:3], *flags, *asked[3:], "--json"]) == status
        record = json.loads(capsys.readouterr().out)
        assert len(record["images"]) == 6
        assert [each["file"] for each in record["unreadable"]] == [str(photos / "3a.png")]
        assert "cannot read the image" in record["unreadable"][0]["error"]
    for index in range(6):
        (photos / f"{index}.png").unlink()
    assert main(asked) == 2
    assert capsys.readouterr().out == ""


def test_weights_of_a_search_that_is_not_done_have_their_record(work: Path, tmp_path: Path) -> None:
    evaluator = TrainingEvaluator(DataSource("digits"), RECIPE, device="cpu", checkpoint_dir=str(tmp_path))
    spec = resolve(str(work / "found"), ModelOverrides())
    evaluator(Job(1, seed=0, epochs=1, key=spec.key, model=spec), lambda epoch, metrics: None)
    assert read_preprocessing(tmp_path) == read_preprocessing(work / "found" / "best")
