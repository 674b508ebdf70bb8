"""Published weights: fetched when asked for and never else, checked by their hash, and loaded into the published form
alone.
"""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision import models
from torchvision.models import Weights, WeightsEnum

import zoo
from nasbench.cli import main
from nasbench.core.errors import RunFailed, UsageError
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.evaluators.start import load_pretrained
from zoo.library import timm_state, torchvision_state


def spread(network: nn.Module) -> nn.Module:
    """Gives batch normalisations statistics that are not the trivial ones, so that equal weights say something."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.normal_(0.0, 0.1, generator=generator)
    return network


def same_state(one: nn.Module, other: nn.Module) -> bool:
    state = other.state_dict()
    return all(torch.equal(tensor, state[name]) for name, tensor in one.state_dict().items())


def published(
    folder: Path, monkeypatch: pytest.MonkeyPatch, enum: str, state: dict[str, Tensor], digest: str | None = None
) -> Path:
    """Puts weights where torchvision says they are published, by a name with their hash (or another); returns where
    torch caches them.
    """
    server, cache = folder / "server", folder / "cache"
    server.mkdir()
    torch.save(state, server / "weights.pth")
    digest = digest or hashlib.sha256((server / "weights.pth").read_bytes()).hexdigest()[:8]
    file = (server / "weights.pth").rename(server / f"weights-{digest}.pth")
    family, _, member = enum.partition(".")
    there = WeightsEnum(family, {member: Weights(url=file.as_uri(), transforms=nn.Identity, meta={})})  # type: ignore[call-overload]
    monkeypatch.setattr(models, family, there)
    monkeypatch.setenv("TORCH_HOME", str(cache))
    return cache / "hub" / "checkpoints" / file.name


def test_weights_are_fetched_once_and_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = spread(models.resnet18(weights=None))
    cached = published(tmp_path, monkeypatch, "ResNet18_Weights.IMAGENET1K_V1", theirs.state_dict())
    assert same_state(zoo.create("resnet18", pretrained=True), theirs)
    (tmp_path / "server" / cached.name).unlink()
    assert same_state(zoo.create("resnet18", pretrained=True), theirs)  # from the cache
    with pytest.raises(UsageError, match="published image size"):
        zoo.create("resnet18", image_size=32, pretrained=True)


def test_nothing_is_fetched_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = published(tmp_path, monkeypatch, "ResNet18_Weights.IMAGENET1K_V1", {})
    zoo.create("resnet18")
    assert not cached.parent.exists()


def test_a_file_of_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enum = "ResNet18_Weights.IMAGENET1K_V1"
    cached = published(tmp_path, monkeypatch, enum, {"fc.bias": torch.zeros(2)}, digest="0123abcd")
    with pytest.raises(RunFailed, match=r"not what was published.*0123abcd"):
        torchvision_state(enum)
    assert not cached.exists()


def test_a_cached_file_that_was_damaged_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enum = "ResNet18_Weights.IMAGENET1K_V1"
    cached = published(tmp_path, monkeypatch, enum, {"fc.bias": torch.zeros(2)})
    assert set(torchvision_state(enum)) == {"fc.bias"}
    cached.write_bytes(cached.read_bytes()[:-1] + b"?")
    with pytest.raises(RunFailed, match=r"its name says .*delete it"):
        torchvision_state(enum)


def test_weights_that_are_not_there_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enum = "ResNet18_Weights.IMAGENET1K_V1"
    cached = published(tmp_path, monkeypatch, enum, {})
    (tmp_path / "server" / cached.name).unlink()
    with pytest.raises(RunFailed, match=r"cannot fetch.*need the network"):
        torchvision_state(enum)


def test_densenets_old_names_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = spread(models.densenet121(weights=None))
    old = {}
    for name, tensor in theirs.state_dict().items():
        for layer in ("norm1", "conv1", "norm2", "conv2"):
            name = name.replace(f".{layer}.", f".{layer[:-1]}.{layer[-1]}.")
        old[name] = tensor
    assert any(".norm.1." in name for name in old)
    published(tmp_path, monkeypatch, "DenseNet121_Weights.IMAGENET1K_V1", old)
    assert same_state(zoo.create("densenet121", pretrained=True), theirs)


def test_googlenets_weights_load_without_heads_and_convert_their_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = spread(models.googlenet(weights=None, aux_logits=True, init_weights=False))
    published(tmp_path, monkeypatch, "GoogLeNet_Weights.IMAGENET1K_V1", theirs.state_dict())
    network = zoo.create("googlenet_bn", pretrained=True)
    assert same_state(network, theirs)
    assert network.transform_input is True


@torch.no_grad()
def test_a_training_takes_over_what_published_weights_presuppose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = spread(models.efficientnet_b0(weights=None)).eval()
    published(tmp_path, monkeypatch, "EfficientNet_B0_Weights.IMAGENET1K_V1", theirs.state_dict())
    x = torch.randn(2, 3, 96, 96)
    network, as_published = (
        build(resolve("zoo:efficientnet_b0", ModelOverrides(classes=classes))).eval() for classes in (7, 1000)
    )
    carried = load_pretrained(network, resolve("zoo:efficientnet_b0", ModelOverrides(classes=7)))
    assert len(carried) == len(network.state_dict()) - 2
    assert {module.eps for module in network.modules() if isinstance(module, nn.BatchNorm2d)} == {1e-5}
    load_pretrained(as_published, resolve("zoo:efficientnet_b0", ModelOverrides()))
    expected = theirs(x)
    assert expected.std() > 1e-3
    assert torch.allclose(as_published(x), expected, rtol=1e-4, atol=1e-6)


class _Hub(http.server.BaseHTTPRequestHandler):
    """A hub with one file, which tells its hash as the real one does, true or not."""

    content, digest = b"", ""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{self.digest}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    save_file({"head.bias": torch.arange(3.0)}, tmp_path / "weights")
    content = (tmp_path / "weights").read_bytes()
    handler = type("Hub", (_Hub,), {"content": content, "digest": hashlib.sha256(content).hexdigest()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(
        huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_weights_from_the_hub_load(hub: type[_Hub]) -> None:
    assert timm_state("gmlp_s16_224.ra3_in1k")["head.bias"].tolist() == [0.0, 1.0, 2.0]


def test_weights_from_the_hub_of_another_hash_are_refused(hub: type[_Hub]) -> None:
    hub.digest = "0" * 64
    with pytest.raises(RunFailed, match=r"SHA-256 .* the hub says 000.*delete it"):
        timm_state("gmlp_s16_224.ra3_in1k")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, on a machine that reaches nobody."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


TAG = "gmlp_s16_224.ra3_in1k"


@pytest.mark.parametrize("as_fetched", [True, False])
def test_weights_in_the_hubs_cache_need_no_network(offline: Path, as_fetched: bool) -> None:
    """As the hub's client leaves them (a link to a file that is named by its hash), and as a file put there by hand."""
    repository = offline / f"models--timm--{TAG}"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    content = snapshot / "model.safetensors"
    save_file({"head.bias": torch.arange(3.0)}, content)
    if as_fetched:
        (repository / "blobs").mkdir()
        blob = repository / "blobs" / hashlib.sha256(content.read_bytes()).hexdigest()
        content.rename(blob)
        content.symlink_to(blob)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("0" * 40)
    assert timm_state(TAG)["head.bias"].tolist() == [0.0, 1.0, 2.0]
    if as_fetched:
        blob.write_bytes(blob.read_bytes()[:-1] + b"?")
        with pytest.raises(RunFailed, match=r"SHA-256 .* the hub says .*delete it"):
            timm_state(TAG)
    else:
        content.write_bytes(b"nothing of the kind")
        with pytest.raises(RunFailed, match=r"cannot be read.*Delete it"):
            timm_state(TAG)


def test_without_cache_and_network_weights_say_so(offline: Path) -> None:
    with pytest.raises(RunFailed, match=r"cannot fetch the weights timm/.*need the network, once"):
        timm_state(TAG)


def test_a_network_without_weights_names_the_nearest_with_some() -> None:
    with pytest.raises(
        UsageError, match=r"no published weights for 'cyclemlp_b1'.*nearest of .*: .*, .*nasbench zoo NAME"
    ):
        zoo.create("cyclemlp_b1", pretrained=True)


@pytest.mark.parametrize(("model", "said"), [("resnet20", "resnet18"), ("space:nasnet:nasnet-a", "is none")])
def test_training_asks_for_weights_before_it_begins(
    model: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", model, "--pretrained", "--dataset", "digits", "--image-size", "16", "--wandb", "off"]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
