"""The trainer: exact, resumable to the last bit, and clear about what goes wrong."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.recipe import Recipe
from nasbench.nn.drop_path import DropPath
from nasbench.train.data import ImageData, Split
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng, resolve_device
from nasbench.train.schedules import make_schedule
from nasbench.train.trainer import evaluate, fit

CPU = torch.device("cpu")
RECIPE = Recipe(
    "test",
    1,
    epochs=2,
    batch_size=32,
    lr_peak=0.1,
    weight_decay=1e-4,
    nesterov=True,
    pad_crop=1,
    train_images=256,
    val_images=100,
)


class Net(nn.Module):
    """Convolutions with everything that draws numbers or keeps statistics; `aux` gives it a second head."""

    def __init__(self, aux: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, stride=2)
        )
        self.drop_path, self.dropout = DropPath(), nn.Dropout(0.1)
        self.head = nn.Linear(16, 10)
        self.aux_head = nn.Linear(16, 10) if aux else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.dropout(self.drop_path(self.body(x)).relu().mean(dim=(2, 3)))
        if self.aux_head is not None and self.training:
            return self.head(x), self.aux_head(x)
        return self.head(x)


def net(seed: int = 0, aux: bool = False) -> Net:
    with isolated_rng(CPU, seed):
        return Net(aux)


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return resolve_dataset("digits").load(None, None, False)


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


EVERYTHING = replace(
    RECIPE, epochs=3, drop_path=0.2, ema_decay=0.9, cutout=2, flip=True, grad_clip_norm=1.0, label_smoothing=0.1
)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw"])
def test_a_training_is_exact_to_the_last_bit(digits, optimizer):
    recipe = replace(EVERYTHING, optimizer=optimizer, lr_peak=0.01)
    runs = []
    for noise in (1, 2):
        torch.manual_seed(noise)  # the global generator is nothing to a training
        before = torch.get_rng_state()
        model = net()
        runs.append((fit(model, digits, recipe, seed=5, device=CPU), model))
        assert torch.equal(before, torch.get_rng_state())
    assert runs[0][0] == runs[1][0]
    assert same(runs[0][1], runs[1][1])
    other = net()
    assert fit(other, digits, recipe, seed=6, device=CPU) != runs[0][0]


class Stop(Exception):
    """What a report may raise to end a training."""


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_an_interrupted_training_goes_on_to_the_last_bit(digits, optimizer, channels_last, tmp_path):
    recipe = replace(EVERYTHING, optimizer=optimizer, channels_last=channels_last, lr_peak=0.01)
    whole = net()
    expected = fit(whole, digits, recipe, seed=5, device=CPU)

    def stop_after_two(epoch, metrics):
        if epoch == 2:
            raise Stop

    file = tmp_path / "training.pt"
    with pytest.raises(Stop):
        fit(net(), digits, recipe, seed=5, device=CPU, report=stop_after_two, checkpoint=file)
    resumed, seen = net(seed=77), []  # whatever it starts from, the checkpoint is what counts
    assert (
        fit(resumed, digits, recipe, seed=5, device=CPU, report=lambda epoch, _: seen.append(epoch), checkpoint=file)
        == expected
    )
    assert seen == [2, 3]  # where it was cut off is told again
    assert same(resumed, whole)
    done = net(seed=78)
    assert fit(done, digits, recipe, seed=5, device=CPU, checkpoint=file) == expected  # nothing is left to do
    assert same(done, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]


def test_a_checkpoint_of_another_training_is_refused(digits, tmp_path):
    file = tmp_path / "training.pt"
    fit(net(), digits, RECIPE, seed=5, device=CPU, epochs=1, checkpoint=file)
    with pytest.raises(UsageError, match=r"another training \(seed\)"):
        fit(net(), digits, RECIPE, seed=6, device=CPU, epochs=1, checkpoint=file)
    with pytest.raises(UsageError, match="recipe"):
        fit(net(), digits, replace(RECIPE, lr_peak=0.2), seed=5, device=CPU, epochs=1, checkpoint=file)
    with pytest.raises(UsageError, match="model"):
        fit(net(aux=True), digits, RECIPE, seed=5, device=CPU, epochs=1, checkpoint=file)
    file.write_bytes(b"torn")
    with pytest.raises(UsageError, match="cannot read the checkpoint"):
        fit(net(), digits, RECIPE, seed=5, device=CPU, epochs=1, checkpoint=file)


def test_it_learns_above_chance(digits):
    metrics = fit(net(), digits, replace(RECIPE, train_images=None, val_images=None), seed=0, device=CPU, epochs=5)
    assert metrics["val_accuracy"] > 0.5
    assert metrics["val_accuracy"] * 300 == pytest.approx(round(metrics["val_accuracy"] * 300))


def test_one_plain_step_is_the_textbooks(digits):
    """A batch of all images, no augmentation: one step of gradient descent with an L2 penalty."""
    split = digits.train.first(64)
    data = replace(digits, train=split)
    recipe = Recipe(
        "plain", 1, epochs=1, batch_size=64, lr_peak=0.1, lr_schedule="constant", momentum=0.0, weight_decay=0.01
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    weight = model[1].weight.detach().clone().requires_grad_()
    bias = model[1].bias.detach().clone()
    pixels = ((split.images.float() / 255 - 0.3053) / 0.3760).flatten(1)
    loss = F.cross_entropy(pixels @ weight.T + bias, split.labels)
    (gradient,) = torch.autograd.grad(loss, weight)
    metrics = fit(model, data, recipe, seed=0, device=CPU)
    assert torch.allclose(model[1].weight, weight - 0.1 * (gradient + 0.01 * weight), atol=1e-6)
    assert metrics["train_loss"] == pytest.approx(loss.item(), rel=1e-5)


def test_the_auxiliary_head_is_weighted_by_the_recipe(digits):
    trained = {}
    for weight in (0.0, 0.4):
        model = net(aux=True)
        assert model.aux_head is not None
        before = model.aux_head.weight.detach().clone()
        fit(model, digits, replace(RECIPE, aux_weight=weight, weight_decay=0.0), seed=1, device=CPU, epochs=1)
        trained[weight] = not torch.equal(before, model.aux_head.weight)
    assert trained == {0.0: False, 0.4: True}


def test_the_auxiliary_head_has_its_share_of_the_gradient(digits):
    """One step of gradient descent: the body goes along the main loss's gradient and 0.4 times the auxiliary one's;
    each head its own.
    """
    split = digits.train.first(64)
    recipe = Recipe(
        "plain",
        1,
        epochs=1,
        batch_size=64,
        lr_peak=0.1,
        lr_schedule="constant",
        momentum=0.0,
        dropout=0.0,
        aux_weight=0.4,
    )
    model, twin = net(aux=True), net(aux=True).train()
    twin.dropout.p = 0.0
    names, parameters = zip(*twin.named_parameters(), strict=True)
    logits, aux_logits = twin((split.images.float() / 255 - 0.3053) / 0.3760)
    losses = [F.cross_entropy(each, split.labels) for each in (logits, aux_logits)]
    main, aux = (torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True) for loss in losses)
    metrics = fit(model, replace(digits, train=split), recipe, seed=0, device=CPU)
    assert metrics["train_loss"] == pytest.approx(losses[0].item(), rel=1e-5), (
        "the loss that is told is the main head's"
    )
    shares = {
        name.partition(".")[0]: (of_main is not None, of_aux is not None)
        for name, of_main, of_aux in zip(names, main, aux, strict=True)
    }
    assert shares == {"body": (True, True), "head": (True, False), "aux_head": (False, True)}
    for name, before, of_main, of_aux in zip(names, parameters, main, aux, strict=True):
        gradient = (0.0 if of_main is None else of_main) + 0.4 * (0.0 if of_aux is None else of_aux)
        assert torch.allclose(model.get_parameter(name), before - 0.1 * gradient, atol=1e-6), name


class Spy(nn.Module):
    """Notes what a DropPath is set to at each step."""

    def __init__(self) -> None:
        super().__init__()
        self.path, self.linear, self.seen = DropPath(0.5), nn.Linear(64, 10), list[float]()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen.append(self.path.probability)
        return self.linear(x.flatten(1))


def test_drop_path_grows_with_the_steps(digits):
    model = Spy()
    fit(model, digits, replace(RECIPE, drop_path=0.4), seed=0, device=CPU)
    assert model.seen == pytest.approx([0.4 * 0.5 * step / 16 for step in range(16)])


def test_dropout_is_the_recipes_where_it_has_one(digits):
    model = net()
    fit(model, digits, RECIPE, seed=0, device=CPU, epochs=1)
    assert model.dropout.p == 0.1
    fit(model, digits, replace(RECIPE, dropout=0.3), seed=0, device=CPU, epochs=1)
    assert model.dropout.p == 0.3


def test_gradients_are_clipped(digits):
    recipe = replace(RECIPE, grad_clip_norm=1e-6, weight_decay=0.0, momentum=0.0, nesterov=False)
    model, before = net(), net()
    fit(model, digits, recipe, seed=0, device=CPU, epochs=1)
    distance = torch.cat(
        [(a - b).detach().flatten() for a, b in zip(model.parameters(), before.parameters(), strict=True)]
    ).norm()
    assert float(distance) <= 8 * 0.1 * 1e-6 * 1.01


def test_what_is_evaluated_is_what_is_kept(digits):
    """Also with an average of the weights, and in whatever batches."""
    model = net()
    metrics = fit(model, digits, EVERYTHING, seed=0, device=CPU)
    val = digits.val.first(100)
    for batch_size in (1, 7, 100):
        result = evaluate(model, val, digits, CPU, batch_size)
        assert result.accuracy == metrics["val_accuracy"]
        assert result.loss == pytest.approx(metrics["val_loss"], rel=1e-5)
    assert result.correct == round(result.accuracy * 100)


@pytest.mark.parametrize("training", [False, True])
def test_evaluation_leaves_the_mode_as_it_was(digits, training):
    model = net().train(training)
    evaluate(model, digits.val, digits, CPU)
    assert model.training is training


def test_reports_come_after_each_epoch(digits):
    seen = []
    metrics = fit(
        net(),
        digits,
        RECIPE,
        seed=0,
        device=CPU,
        epochs=3,
        report=lambda epoch, values: seen.append((epoch, dict(values))),
    )
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    rates = [(values.pop("lr"), values.pop("updates")) for _, values in seen]
    assert [updates for _, updates in rates] == [8, 16, 24]
    assert [rate for rate, _ in rates] == [pytest.approx(make_schedule(RECIPE)(step, 8, 3)) for step in (7, 15, 23)]
    assert seen[-1][1] == metrics
    assert all(set(values) == {"train_loss", "val_accuracy", "val_top5", "val_loss"} for _, values in seen)
    assert fit(net(), digits, RECIPE, seed=0, device=CPU, epochs=3) == metrics


def test_a_loss_that_is_not_finite_fails_at_once(digits):
    steps = []
    model = net()
    model.register_forward_hook(lambda *_: steps.append(1))
    with torch.no_grad():
        model.head.bias.fill_(float("nan"))
    with pytest.raises(TrialFailed, match=r"not finite \(nan\) in epoch 1, by step 1 of 8"):
        fit(model, digits, RECIPE, seed=0, device=CPU)
    assert len(steps) == 1


class Broken(nn.Module):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.linear, self.error = nn.Linear(1, 1), error

    def forward(self, x: Tensor) -> Tensor:
        raise self.error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nmore"),
            r"out of memory \(CUDA out of memory. Tried",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out of memory"),
        (MemoryError(), "out of memory"),
        (RuntimeError("shapes do not match"), "RuntimeError: shapes do not match"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_what_a_network_raises_is_an_answer(digits, error, text):
    with pytest.raises(TrialFailed, match=text):
        fit(Broken(error), digits, RECIPE, seed=0, device=CPU)


def test_what_a_report_raises_passes(digits):
    def report(epoch, metrics):
        raise Stop

    with pytest.raises(Stop):
        fit(net(), digits, RECIPE, seed=0, device=CPU, report=report)


@pytest.mark.gpu
def test_training_on_cuda(digits, tmp_path):
    device = resolve_device("cuda")
    recipe = replace(EVERYTHING, mixed_precision=True, channels_last=True, train_images=None, val_images=None)
    before = torch.cuda.get_rng_state()
    model = net().to(device)
    metrics = fit(model, digits, recipe, seed=0, device=device, epochs=8, checkpoint=tmp_path / "training.pt")
    assert torch.equal(before, torch.cuda.get_rng_state())
    assert metrics["val_accuracy"] > 0.4
    assert evaluate(model.cpu(), digits.val, digits, CPU).accuracy == pytest.approx(metrics["val_accuracy"], abs=0.01)


def test_images_may_be_fewer_than_a_batch():
    split = Split(torch.zeros(5, 1, 8, 8, dtype=torch.uint8), torch.arange(5))
    data = ImageData("few", split, split, (0.5,), (0.5,), tuple("abcde"), 8)
    assert fit(net(), data, RECIPE, seed=0, device=CPU, epochs=1)["val_loss"] > 0
