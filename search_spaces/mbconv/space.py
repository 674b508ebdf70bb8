"""The space of mobile networks: its decisions, and the conversion of an architecture or a published name to a network
or a file.

Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", CVPR 2019, arXiv:1807.11626.
EfficientNet-B0 was found in the same space (Tan and Le 2019, arXiv:1905.11946, section 4).
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from torch import nn

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task, pixels_of
from nasbench.nn.mbconv import Blueprint, StageNet
from nasbench.nn.mbconv_source import source
from nasbench.nn.regularised import dropping
from search_spaces.mbconv.blueprint import blueprint_of, canonical_genes, choices, genes_of, sized
from search_spaces.mbconv.counts import counts
from search_spaces.mbconv.distinct import draw
from search_spaces.mbconv.published import PUBLISHED, published

if TYPE_CHECKING:
    from search_spaces.mbconv.supernet import MbconvSupernet


@spaces.register("mbconv")
class MbconvSpace:
    """Seven stages of 8 decisions each. `size.depth` multiplies the repeats, `size.width` the channels."""

    name = "mbconv"
    choices = choices()
    default_size = Size()
    published_task = Task(num_classes=1000, image_size=224, channels=3)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical encoding of the network. Raises UsageError if the architecture is not in this space."""
        check(architecture, self.choices)
        return Architecture.of(self.name, canonical_genes(architecture.genes))

    def draw(self, rng: Random) -> Architecture:
        """A network, all distinct ones equally likely, in its canonical form."""
        return Architecture.of(self.name, draw(rng))

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        """The network: (B, channels, H, W) -> (B, num_classes)."""
        return StageNet(_sized(self._blueprint(architecture), size, task), task)

    def supernet(self, size: Size, task: Task, affine: bool = False) -> "MbconvSupernet":
        """The weights of all architectures: forward(x, architecture) runs one path."""
        from search_spaces.mbconv.supernet import MbconvSupernet

        _refuse_cells(size)
        return MbconvSupernet(size.width, size.depth, task, affine)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        return counts(_sized(self._blueprint(architecture), size, task), _at_resolution(size, task))

    def published(self) -> Mapping[str, Size]:
        """Name of a published network -> its published size."""
        return dict.fromkeys(PUBLISHED, self.default_size)

    def build_published(self, name: str, size: Size, task: Task) -> nn.Module:
        """The published network at any size, with the normalisation settings of its own release."""
        return StageNet(_sized(published(name), size, task), task)

    def architecture(self, name: str) -> Architecture:
        """The genes of a published network."""
        return Architecture.of(self.name, genes_of(published(name)))

    def blueprint(self, spec: ModelSpec) -> Blueprint:
        """The stages of a network, for large images and with multipliers of 1. Compound scaling starts from them."""
        if spec.architecture is not None:
            return self._blueprint(spec.architecture)
        assert spec.name is not None, spec
        return published(spec.name)

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        title = f"The network {spec.name}" if spec.architecture is None else f"Architecture {spec.architecture.key}"
        blueprint, task = _sized(self.blueprint(spec), spec.size, spec.task), _at_resolution(spec.size, spec.task)
        blueprint = dropping(blueprint, spec.size)
        return source(f"{title}, of the search space of mobile networks.", blueprint, task, spec.size.drop_path)

    def _blueprint(self, architecture: Architecture) -> Blueprint:
        check(architecture, self.choices)
        return blueprint_of(architecture.genes)


def _at_resolution(size: Size, task: Task) -> Task:
    """The task with the image size that the network is applied to."""
    return replace(task, image_size=pixels_of(size, task))


def _sized(blueprint: Blueprint, size: Size, task: Task) -> Blueprint:
    """The scaled blueprint. Its strides depend on the task's image size, not on a scaled `size.resolution`."""
    _refuse_cells(size)
    return sized(blueprint, size.width, size.depth, task, size.rounding)


def _refuse_cells(size: Size) -> None:
    if size.skeleton or size.aux_head:
        raise UsageError(
            "networks of space 'mbconv' have no skeleton of cells and no auxiliary head; leave those flags out"
        )
