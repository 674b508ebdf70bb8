"""A proxy of one's own: how much the logits of an untrained network differ from image to image.

    nasbench search --evaluator proxy:examples.logit_spread:logit_spread --space examples.toy_space:ToySpace \
        --strategy random --dataset digits --trials 3 --wandb off

A proxy is a function that names what it needs: `network`, `images`, `labels`, `batches`, `task`, `params`, `macs`. More
is better. `@needs` says how many images it reads. Beside others it is judged by

    nasbench fidelity --scores proxy:examples.logit_spread:logit_spread,proxy:params --dataset digits --sample 50
"""

import torch
from torch import Tensor, nn

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies


@proxies.register("logit_spread")
@needs(batch_size=32)
def logit_spread(network: nn.Module, images: Tensor) -> float:
    """The mean over classes of the deviation of the logits (B, classes) over a batch of 32 images."""
    with torch.no_grad():
        return float(network.eval()(images).std(dim=0).mean())
