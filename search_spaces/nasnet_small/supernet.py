"""The supernet of the small space: NASNet's, with fewer blocks and operations and one kind of cell."""

from nasbench.core.arch import Architecture, check
from search_spaces.nasnet.genotype import Genotype
from search_spaces.nasnet.supernet import NasnetSupernet
from search_spaces.nasnet_small.cell import NUM_BLOCKS, OPERATIONS, cell_of, choices


class NasnetSmallSupernet(NasnetSupernet):
    """As `NasnetSupernet`, of all architectures of the small space. Each cell of the network has weights of its own."""

    choices = choices()
    operations = OPERATIONS
    num_blocks = NUM_BLOCKS
    concatenates = False

    def genotype(self, architecture: Architecture) -> Genotype:
        check(architecture, self.choices)
        cell = cell_of(architecture)
        return Genotype(cell, cell)
