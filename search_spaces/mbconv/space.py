"""The space of mobile networks: its geometry, and the ways from an architecture or a published name to a network and a
file.

Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", CVPR 2019, arXiv:1807.11626;
EfficientNet-B0 was found in the same space (Tan and Le 2019, arXiv:1905.11946, section 4).
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import nn

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.nn.mbconv import Blueprint, StageNet
from nasbench.nn.mbconv_source import source
from search_spaces.mbconv.blueprint import blueprint_of, canonical_genes, choices, genes_of, sized
from search_spaces.mbconv.counts import counts
from search_spaces.mbconv.published import PUBLISHED, published


@spaces.register("mbconv")
class MbconvSpace:
    """Seven stages of 8 decisions each. `size.depth` and `size.width` multiply repeats and channels, as compound
    scaling does.
    """

    name = "mbconv"
    choices = choices()
    default_size = Size()
    published_task = Task(num_classes=1000, image_size=224, channels=3)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The one spelling of all architectures that are the same network. UsageError for what is no point of this
        space.
        """
        check(architecture, self.choices)
        return Architecture.of(self.name, canonical_genes(architecture.genes))

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        """The network: (B, channels, H, W) -> (B, num_classes)."""
        return StageNet(_formed(self._blueprint(architecture), size, task), task)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        return counts(_formed(self._blueprint(architecture), size, task), _seen(size, task))

    def published(self) -> Mapping[str, Size]:
        """Name -> the size it was published with."""
        return dict.fromkeys(PUBLISHED, self.default_size)

    def build_published(self, name: str, size: Size, task: Task) -> nn.Module:
        """The published network at any size, with the normalisation of its own release."""
        return StageNet(_formed(published(name), size, task), task)

    def architecture(self, name: str) -> Architecture:
        """The genes of a published network."""
        return Architecture.of(self.name, genes_of(published(name)))

    def blueprint(self, spec: ModelSpec) -> Blueprint:
        """The stages of a network of this space, for large images and at multipliers of 1: what compound scaling
        multiplies.
        """
        if spec.architecture is not None:
            return self._blueprint(spec.architecture)
        assert spec.name is not None, spec
        return published(spec.name)

    def source(self, spec: ModelSpec) -> str:
        """Python source, importing torch alone, with a function `build() -> nn.Module` for exactly this network."""
        title = f"The network {spec.name}" if spec.architecture is None else f"Architecture {spec.architecture.key}"
        blueprint = _formed(self.blueprint(spec), spec.size, spec.task)
        return source(f"{title}, of the search space of mobile networks.", blueprint, _seen(spec.size, spec.task))

    def _blueprint(self, architecture: Architecture) -> Blueprint:
        check(architecture, self.choices)
        return blueprint_of(architecture.genes)


def _seen(size: Size, task: Task) -> Task:
    """The task at the side in pixels at which images are seen."""
    return replace(task, image_size=size.resolution or task.image_size)


def _formed(blueprint: Blueprint, size: Size, task: Task) -> Blueprint:
    """The form for the task's own images; a `size.resolution` that scaling has changed leaves it as it is."""
    if size.skeleton or size.aux_head:
        raise UsageError(
            "networks of space 'mbconv' have no skeleton of cells and no auxiliary head; leave those flags out"
        )
    return sized(blueprint, size.width, size.depth, task)
