"""Modern networks of the zoo: paths that drop, and input that is refused."""

from dataclasses import replace

import pytest
import torch
import torchvision.models

import zoo.registry
from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from nasbench.nn.drop_path import set_drop_path
from nasbench.nn.mbconv import StageNet
from nasbench.nn.mbconv_published import EFFICIENTNET_B0, MOBILENET_V2
from zoo.families.efficientnet import efficientnet
from zoo.library import load_in_order


def test_paths_drop_only_when_told_to():
    torch.manual_seed(0)
    network = efficientnet(Task(10, 32), 1.0, 1.0, dropout=0.0).train()
    image = torch.randn(8, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(image), network(image))
        set_drop_path(network, 0.8)
        assert not torch.equal(network(image), network(image))
    shares = [module.layer_share for module in network.modules() if hasattr(module, "layer_share")]
    assert shares == sorted(shares)
    assert max(shares) < 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"operator": "mbcon"},
        {"skip": "residual"},
        {"activation": "gelu2"},
        {"kernel": 4},
        {"repeats": 0},
        {"expansion": 0},
        {"se_ratio": 2.0},
    ],
)
def test_wrong_stages_are_refused(wrong):
    with pytest.raises(UsageError):
        replace(EFFICIENTNET_B0.stages[0], **wrong)


def test_weights_of_another_form_are_refused():
    own = StageNet(MOBILENET_V2, Task(1000, 224))
    with pytest.raises(UsageError, match="shape"):
        load_in_order(own, torchvision.models.mobilenet_v2(width_mult=0.5).state_dict())
    with pytest.raises(UsageError, match="tensors"):
        load_in_order(own, torchvision.models.squeezenet1_0().state_dict())


def test_pretrained_asks_for_the_published_classes():
    with pytest.raises(UsageError, match="1,000 classes"):
        zoo.registry.create("mobilenet_v2", num_classes=10, pretrained=True)
    with pytest.raises(UsageError, match="no published weights"):
        zoo.registry.create("cyclemlp_b1", pretrained=True)
