"""Files of a training are written completely or not at all."""

import pytest
import torch
from torch import nn

from nasbench.core.errors import RunFailed, UsageError
from nasbench.train.checkpoint import load_weights, save_state, save_weights


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def test_weights_are_written_whole(tmp_path):
    model = net().to(memory_format=torch.channels_last)
    file = tmp_path / "deep" / "1.safetensors"
    save_weights(file, model)
    other = net()
    other.load_state_dict(load_weights(file))
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())
    assert [path.name for path in file.parent.iterdir()] == ["1.safetensors"]
    with pytest.raises(UsageError, match="cannot read the weights"):
        load_weights(tmp_path / "none")


def test_a_disk_that_refuses_ends_the_run(tmp_path):
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(RunFailed, match="cannot write"):
        save_weights(tmp_path / "file" / "1.safetensors", net())
    with pytest.raises(RunFailed, match="cannot write"):
        save_state(tmp_path / "file" / "1.pt", {})
    with pytest.raises(RunFailed, match=r"cannot write .*1\.safetensors: its directory .*gone does not exist"):
        save_weights(tmp_path / "gone" / "checkpoints" / "1.safetensors", net())
    assert not (tmp_path / "gone").exists()
