"""What parts of the user's own answer before any work starts: an answer of a wrong type is one error that names the
part as it was given and what was expected.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from nasbench.cli import main
from nasbench.core.arch import Choice
from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task
from nasbench.train.datasets import read_once
from nasbench.train.source import DataSource


class Space:
    name = "my"
    default_size = Size()
    choices = (Choice("a", (1, 2, 3)),)

    def canonical(self, architecture):
        return architecture

    def build(self, architecture, size, task):
        raise AssertionError("nothing is built before the answers are checked")


class Evaluator:
    def check(self):
        pass

    def task(self):
        return Task()

    def metrics(self):
        return ("val_accuracy",)

    def identity(self):
        return {}

    def __call__(self, job, report):
        return {"val_accuracy": 0.5}


class Executor:
    def run(self, loop, evaluator):
        raise AssertionError("nothing begins")

    def describe(self):
        return ()

    def close(self):
        pass


class Data:
    def task(self, data_dir, image_size):
        return (10, 32)

    def load(self, data_dir, image_size, download):
        return None

    load_test = load


def returns(value: object):
    return lambda _: value


WRONG = {
    "no task": ("evaluator", {"task": returns(None)}, "task()", "nasbench.core.spec.Task", "got None"),
    "a task without a size": (
        "evaluator",
        {"task": returns(Task(image_size=None))},  # type: ignore[arg-type]
        "task()",
        "'image_size' of the task of a model must be a whole number",
    ),
    "a task of no class": ("evaluator", {"task": returns(Task(num_classes=0))}, "task()", "'num_classes'", "between"),
    "one text for metrics": ("evaluator", {"metrics": returns("val_accuracy")}, "metrics()", "a sequence of texts"),
    "no metrics": ("evaluator", {"metrics": returns(None)}, "metrics()", "a sequence of texts", "got None"),
    "no identity": ("evaluator", {"identity": returns(None)}, "identity()", "a mapping", "got None"),
    "an identity of objects": ("evaluator", {"identity": returns({"a": {1}})}, "identity()", "JSON"),
    "choices that are numbers": ("space", {"choices": (1, 2)}, "choices", "nasbench.core.arch.Choice"),
    "a method for choices": ("space", {"choices": returns(())}, "choices", "nasbench.core.arch.Choice"),
    "no choice": ("space", {"choices": ()}, "choices", "at least one"),
    "a number for a size": ("space", {"default_size": 3}, "default_size", "nasbench.core.spec.Size", "got 3"),
    "a size of texts": ("space", {"default_size": Size(depth="2")}, "default_size", "'depth'"),  # type: ignore[arg-type]
    "a number for a name": ("space", {"name": 5}, "name", "a text", "got 5"),
    "no lines": ("executor", {"describe": returns(None)}, "describe()", "a sequence of texts", "got None"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_answer_of_a_wrong_type_is_one_error_that_names_the_part(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, changes, *fragments = WRONG[case]
    module = ModuleType("mine")
    for each in (Space, Evaluator, Executor):
        broken = each.__name__.lower() == kind
        made = type(each.__name__, (each,), {**(changes if broken else {}), "__module__": "mine"})
        setattr(module, each.__name__, made)
    monkeypatch.setitem(sys.modules, "mine", module)
    monkeypatch.chdir(tmp_path)
    parts = ["--space", "mine:Space", "--evaluator", "mine:Evaluator", "--executor", "mine:Executor"]
    assert main(["search", *parts, "--strategy", "random", "--trials", "3", "--wandb", "off", "--run", "run"]) == 2
    told = capsys.readouterr().err
    for fragment in (f"mine:{kind.title()}", *fragments):
        assert fragment in told
    assert "Traceback" not in told
    assert "AttributeError" not in told
    assert not Path("run").exists()


def test_so_is_that_of_a_data_set() -> None:
    name = f"{__name__}:Data"
    with pytest.raises(
        UsageError, match=r"task\(\) of the data set .*:Data' must be a nasbench.core.spec.Task.*10, 32"
    ):
        DataSource(name).task()
    with pytest.raises(UsageError, match=r"load\(\) of the data set .*:Data' must be a nasbench.train.data.ImageData"):
        DataSource(name).read()
    read_once.cache_clear()
