"""A proxy as an evaluator: the contract of evaluators, proxies of one's own, what is refused and what fails."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from torch import Tensor, nn

from nasbench.cli import main
from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.proxy import needs
from nasbench.core.registry import proxies, spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.evaluators.proxies.evaluator import ProxyEvaluator
from nasbench.testing import check_evaluator
from nasbench.train.source import DataSource

DIGITS = DataSource("digits")
SMALL = Size(1, 4, skeleton="cifar")
DEAD = "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
ALIVE = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"


def job(cell: str, seed: int = 0) -> Job:
    architecture: Architecture = spaces.make("nasbench201").from_string(cell)
    spec = ModelSpec("space:nasbench201", SMALL, DIGITS.task(), architecture=architecture)
    return Job(1, seed, 1, spec.key, spec, architecture)


def silent(epochs: int, metrics: Any) -> None:
    raise AssertionError("nothing is trained")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    """Puts a function where it can be imported, and gives its import path as a proxy."""

    def put(function: Any) -> str:
        module = ModuleType("my_proxies")
        module.my_score = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "my_proxies", module)
        return "my_proxies:my_score"

    return put


@pytest.mark.parametrize("name", sorted(proxies.names()))
def test_every_proxy_keeps_the_contract_of_evaluators(name: str) -> None:
    check_evaluator(ProxyEvaluator(name, DIGITS, "cpu"))


def test_weights_and_images_depend_on_the_seed() -> None:
    evaluator = ProxyEvaluator("grad_norm", DIGITS, "cpu")
    one, again, other = (evaluator(job(ALIVE, seed), silent)["grad_norm"] for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("naswot", "singular"),
        ("jacob_cov", "does not depend on the image"),
        ("az-nas", "not defined on this network: no expressivity, progressivity"),
    ],
)
def test_a_network_that_the_image_does_not_pass_fails_with_a_sentence(name: str, reason: str) -> None:
    with pytest.raises(TrialFailed, match=reason):
        ProxyEvaluator(name, DIGITS, "cpu")(job(DEAD), silent)


@pytest.mark.parametrize("cell", [DEAD, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"])
def test_parts_that_are_not_defined_rank_last_where_that_is_asked(cell: str) -> None:
    metrics = ProxyEvaluator("az-nas", DIGITS, "cpu", undefined_ranks_last=True)(job(cell), silent)
    assert metrics["expressivity"] is None
    assert metrics["macs"] > 0


def test_a_proxy_of_ones_own_gets_what_it_names(own: Callable[[Any], str]) -> None:
    seen: dict[str, Any] = {}

    @needs(batch_size=6, batches=2)
    def my_score(
        network: nn.Module, images: Tensor, labels: Tensor, batches: Any, task: Task, params: int, macs: int
    ) -> Tensor:
        seen.update(batches=batches, task=task, training=network.training)
        assert images is batches[0][0]
        assert labels is batches[0][1]
        return sum(weight.sum() for weight in network.parameters()) * 0 + params / macs

    evaluator = ProxyEvaluator(own(my_score), DIGITS, "cpu")
    evaluator.check()
    metrics = evaluator(job(ALIVE), silent)
    assert tuple(metrics) == ("my_score", "params", "macs") == tuple(evaluator.metrics())
    assert metrics["my_score"] == pytest.approx(metrics["params"] / metrics["macs"])
    assert seen["task"] == DIGITS.task()
    assert seen["training"]
    assert [tuple(images.shape) for images, _ in seen["batches"]] == [(6, 1, 8, 8)] * 2
    assert not seen["batches"][0][0].equal(seen["batches"][1][0])


def test_what_a_proxy_of_ones_own_cannot_be(own: Callable[[Any], str]) -> None:
    with pytest.raises(UsageError, match=r"required parameter 'netwrk'.*Did you mean 'network'"):
        ProxyEvaluator(own(lambda netwrk: 1.0), DIGITS, "cpu").check()
    sys.modules["my_proxies"].params = lambda: 1.0  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="called as what a network counts"):
        ProxyEvaluator("my_proxies:params", DIGITS, "cpu").check()
    with pytest.raises(UsageError, match="must be a function"):
        ProxyEvaluator(own(object()), DIGITS, "cpu").check()
    with pytest.raises(UsageError, match="must return one number; it returned str"):
        ProxyEvaluator(own(lambda params: "much"), DIGITS, "cpu")(job(ALIVE), silent)
    with pytest.raises(TrialFailed, match="its value is nan"):
        ProxyEvaluator(own(lambda params: float("nan")), DIGITS, "cpu")(job(ALIVE), silent)
    with pytest.raises(TrialFailed, match=r"the proxy 'my_proxies:my_score' failed: ZeroDivisionError"):
        ProxyEvaluator(own(lambda params: 1 / 0), DIGITS, "cpu")(job(ALIVE), silent)


def test_a_search_by_a_proxy_finds_its_best_and_is_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    command = ["search", "--space", "nasbench201", "--evaluator", "proxy:params", "--strategy", "local_search"]
    command += ["--dataset", "digits", "--device", "cpu", "--wandb", "off", "--cells", "1", "--filters", "4"]
    assert main([*command, "--trials", "5", "--run", str(run)]) == 0
    assert main(["search", "--run", str(run), "--resume", "--trials", "9"]) == 0
    trials = RunStore.read(run).trials
    assert len(trials) == 9
    assert all(trial.score == trial.metrics["params"] for trial in trials)
    capsys.readouterr()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--evaluator", "proxy:synflo"], "Did you mean 'synflow'?"),
        (["--evaluator", "proxy"], "proxy:NAME. Known: az-nas, fisher"),
        (["--evaluator", "proxy:no_such_module:score"], "no_such_module"),
        (["--evaluator", "proxy:az-nas"], "--objectives +expressivity,+progressivity,+trainability,+macs"),
        (["--evaluator", "proxy:synflow", "--epochs", "3"], "--epochs means nothing to a score without training"),
        (["--evaluator", "proxy:synflow", "--score-column", "a"], "Leave --score-column a out"),
        (["--evaluator", "proxy:naswot", "--dataset", "mnist", "--data-dir", "none"], "mnist is not in none"),
    ],
)
def test_what_a_search_by_a_proxy_refuses(flags: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", *flags]) == 2
    assert told in capsys.readouterr().err
