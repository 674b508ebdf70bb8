"""Scores by inherited weights: which network is scored, on what, and what is no supernet to score with."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

import nasbench
from nasbench.cli import main
from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.core.supernet_run import WEIGHTS
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.cheap import Inherited
from nasbench.evaluators import inherited
from nasbench.evaluators.inherited import InheritedEvaluator
from nasbench.nn.recalibration import recalibrate
from nasbench.testing import check_evaluator
from nasbench.train.checkpoint import put_weights
from nasbench.train.path_scores import RECALIBRATION_IMAGES
from nasbench.train.source import DataSource
from nasbench.train.trainer import evaluate
from unit.supernet_runs import DIGITS, SIZE, evaluator_of, make_run

SPACE = spaces.make("nasbench201")
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
OTHER = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_run(tmp_path_factory.mktemp("supernet") / "run")


def job(cell: str | Architecture, seed: int = 0) -> Job:
    architecture = SPACE.from_string(cell) if isinstance(cell, str) else cell
    spec = ModelSpec("space:nasbench201", SIZE, DIGITS.task(), architecture=architecture)
    return Job(1, seed, 0, spec.key, spec, architecture)


def silent(epochs: int, metrics: Any) -> None:
    raise AssertionError("nothing is trained")


def test_it_keeps_the_contract_of_evaluators(run: str) -> None:
    check_evaluator(evaluator_of(run), SPACE, SIZE)


def test_a_score_is_that_of_the_networks_own_form_with_inherited_weights(run: str) -> None:
    evaluator, path = evaluator_of(run, images=150), SPACE.canonical(SPACE.from_string(CELL))
    found = evaluator(job(CELL), silent)
    supernet, network = SPACE.supernet(SIZE, DIGITS.task()), SPACE.build(path, SIZE, DIGITS.task())
    put_weights(supernet, Path(run) / WEIGHTS)
    data = DIGITS.read()
    images = data.train.first(64).images.float() / 255
    mean, std = (torch.tensor(each).view(1, -1, 1, 1) for each in (data.mean, data.std))
    recalibrate(supernet, path, [(images - mean) / std])
    network.load_state_dict(supernet.inherited(path))
    own = evaluate(network, data.val.first(150), data, torch.device("cpu"))
    assert found["inherited_loss"] == pytest.approx(own.loss, rel=1e-5)
    assert found["inherited_accuracy"] == own.accuracy
    assert (found["params"], found["macs"]) == SPACE.counts(path, SIZE, DIGITS.task())


def test_the_order_of_scores_the_seed_and_the_spelling_do_not_matter(run: str) -> None:
    evaluator = evaluator_of(run)
    first = evaluator(job(CELL), silent)
    evaluator(job(OTHER), silent)
    assert evaluator(job(CELL, seed=7), silent) == first
    drawn = (sample(SPACE.name, SPACE.choices, Random(seed)) for seed in range(1000))
    spelled = next(each for each in drawn if SPACE.canonical(each) != each)
    assert evaluator(job(spelled), silent) == evaluator(job(SPACE.canonical(spelled)), silent) != first


def test_a_process_reads_the_weights_once(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inherited._load.cache_clear()
    read: list[Path] = []
    monkeypatch.setattr(inherited, "put_weights", lambda net, path: (read.append(path), put_weights(net, path)))
    for cell in (CELL, OTHER, CELL):
        evaluator_of(run)(job(cell), silent)
    assert len(read) == 1


def test_what_a_score_depends_on(run: str, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", seed=1)
    plain = dict(evaluator_of(run).identity())
    assert plain == evaluator_of(run).identity() != evaluator_of(other).identity()
    assert plain != evaluator_of(run, images=61).identity()
    assert SearchConfig().inherited.recalibration_images == RECALIBRATION_IMAGES
    assert Inherited().flat().items() >= {"score_images": InheritedEvaluator.score_images}.items()


def test_what_is_no_architecture_of_the_space(run: str) -> None:
    with pytest.raises(UsageError, match="an architecture of space 'toy' is no path"):
        evaluator_of(run)(replace(job(CELL), architecture=Architecture.of("toy", {"op": "a"})), silent)
    genes = dict(SPACE.from_string(CELL).genes)
    outside = Architecture.of("nasbench201", {**genes, next(iter(genes)): "sep_conv_9x9"})
    with pytest.raises(UsageError, match="sep_conv_9x9"):
        evaluator_of(run)(replace(job(CELL), architecture=outside), silent)


def test_images_that_the_supernet_was_not_trained_on(run: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"was trained for Task\(.*Score on its own data set, 'digits'"):
        replace(evaluator_of(run), data=DataSource("digits", image_size=12)).check()
    other = make_run(tmp_path / "other", identity={"data": {"train": "0" * 32, "val": "1" * 32}})
    with pytest.raises(UsageError, match="are not those that the supernet"):
        evaluator_of(other).check()


def test_weights_that_are_torn_or_of_another_network(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    weights = Path(run) / WEIGHTS
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="damaged, cut short"):
        evaluator_of(run).check()
    weights.write_bytes(whole)
    record = json.loads((Path(run) / "run.json").read_text())
    record["plan"]["size"]["width"] = 6
    (Path(run) / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"are not those of this network: \d+ of another shape"):
        evaluator_of(run).check()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--evaluator", "supernet"], "supernet:RUN"),
        (["--evaluator", "supernet:none"], "and none holds no run. Train a supernet first: nasbench supernet"),
        (["--evaluator", "supernet:{search}"], "holds a run of 'nasbench search'"),
        (["--evaluator", "supernet:{going}"], "has not ended. Go on with it: nasbench supernet --run"),
        (["--evaluator", "supernet:{bare}"], "the weights of the supernet in"),
        (["--space", "nasnet"], "holds the weights of space 'nasbench201', not of 'nasnet'. Give --space nasbench201"),
        (["--cells", "2"], "--cells 2 is not the size of the supernet"),
        (["--filters", "16"], "which has 4. Leave --filters out"),
        (["--dataset", "mnist"], "was trained on 'digits'; got --dataset mnist"),
        (["--dataset", "cifar10"], "was trained on 'digits'; got --dataset cifar10"),
        (["--image-size", "16"], "sees images at 8 pixels; got --image-size 16"),
        (["--epochs", "3"], "--epochs means nothing to a score without training"),
        (["--target-macs", "1M"], "--target-macs means nothing"),
        (["--score-column", "a"], "Leave --score-column a out"),
        (["--score-images", "0"], "--score-images takes a whole number from 1 on"),
        (["--retrain-epochs", "2"], "goes with --retrain-top K or --check K"),
        (["--strategy", "asha"], "this evaluator trains nothing"),
        (["--truth", "somewhere"], "--truth takes table:FILE"),
        (["--truth-column", "a"], "--truth-column names a column of --truth"),
        (["--truth", "table:nasbench201-cifar10", "--truth-column", "acc"], "--truth-column"),
        (
            ["--evaluator", "proxy:params", "--score-by", "accuracy"],
            "--score-by is for --weight-sharing or --evaluator",
        ),
        (["--evaluator", "train", "--check", "3"], "--check is for a score without training"),
    ],
)
def test_what_a_search_refuses_before_any_work(
    flags: list[str], told: str, run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {"search": {"command": "search"}, "going": {"ended": None}, "bare": {}}
    for name, record in made.items():
        if any(f"{{{name}}}" in flag for flag in flags):
            other = make_run(tmp_path / name, **record)
            (Path(other) / WEIGHTS).unlink()
    given = [flag.format(**{name: tmp_path / name for name in made}) for flag in flags]
    plain = ["--space", "nasbench201", "--evaluator", f"supernet:{run}", "--run", str(tmp_path / "run")]
    assert main(["search", *plain, *given, "--wandb", "off"]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "ray"])
def test_workers_give_the_scores_of_this_process(executor: str, run: str, tmp_path: Path) -> None:
    options = {"space": "nasbench201", "evaluator": f"supernet:{run}", "strategy": "random", "device": "cpu"}
    options |= {"score_images": 50, "recalibration_images": 32, "trials": 6}
    here = nasbench.search(**options, run=str(tmp_path / "here"), trackers=())
    there = nasbench.search(**options, executor=executor, workers=2, run=str(tmp_path / executor), trackers=())
    scores = [{trial.number: (trial.key, trial.score) for trial in found.trials} for found in (here, there)]
    assert scores[0] == scores[1]


def test_a_fidelity_study_takes_inherited_scores(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasbench.engine.fidelity.command.write_report", lambda store: [])
    command = ["fidelity", "--sample", "6", "--score-images", "50", "--recalibration-images", "32"]
    scores = f"supernet:{run},proxy:params"
    assert main([*command, "--scores", scores, "--run", str(tmp_path / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in found["scores"]} == set(scores.split(","))
    trials = [trial for trial in RunStore.read(tmp_path / "run").trials if trial.note["score"].startswith("supernet")]
    assert all(trial.score == -trial.metrics["inherited_loss"] for trial in trials)
    assert main(["fidelity", "--space", "mbconv", "--scores", f"supernet:{run}", "--truth", "table:none"]) == 2
    assert main(["fidelity", "--scores", "supernet:none"]) == 2
    assert main([*command, "--scores", scores, "--dataset", "mnist"]) == 2
    assert "was trained on 'digits'; got --dataset mnist. Leave --dataset out" in capsys.readouterr().err
    assert main(["fidelity", "--scores", "proxy:params", "--score-by", "accuracy"]) == 2
    assert "--score-by is for a score supernet:RUN" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["space", "data"])
def test_import_paths_in_a_run_are_not_followed_unasked(
    where: str, run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "other")
    record = json.loads((Path(other) / "run.json").read_text())
    if where == "space":
        record["plan"]["source"] = "space:no_such_module:Space"
    else:
        record["config"]["dataset"] = "no_such_module:Data"
    (Path(other) / "run.json").write_text(json.dumps(record))
    command = ["--evaluator", f"supernet:{other}", "--space", "nasbench201", "--run", str(tmp_path / "run")]
    assert main(["search", *command]) == 2
    assert "names" in (told := capsys.readouterr().err)
    assert "no_such_module" in told
    assert "nothing was imported" in told
