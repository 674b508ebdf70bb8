"""Exact parameters and multiply-adds, as sums over the edges of the cells. The network is not built."""

from nasbench.core.spec import Task
from search_spaces.nasbench201.notation import Cell

KERNELS = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}


def counts(cell: Cell, num_cells: int, filters: int, task: Task, side: int) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image of `side` pixels). `num_cells` is the number in each stage."""
    params, macs = _conv(task.channels, filters, 3, side)
    for stage in range(3):
        width = filters * 2**stage
        if stage:
            side = -(-side // 2)
            narrow = width // 2
            blocks = [
                _conv(narrow, width, 3, side),
                _conv(width, width, 3, side),
                _conv(narrow, width, 1, side, norm=False),
            ]
        else:
            blocks = []
        edges = [_conv(width, width, KERNELS[operation], side) for operation in cell.values() if operation in KERNELS]
        params += sum(p for p, _ in blocks) + num_cells * sum(p for p, _ in edges)
        macs += sum(m for _, m in blocks) + num_cells * sum(m for _, m in edges)
    width = 4 * filters
    return params + 2 * width + (width + 1) * task.num_classes, macs + width * task.num_classes


def _conv(c_in: int, c_out: int, kernel: int, side: int, norm: bool = True) -> tuple[int, int]:
    """A convolution without bias, with `side` x `side` output pixels, and the scale and shift of its normalisation."""
    weights = c_in * c_out * kernel**2
    return weights + (2 * c_out if norm else 0), weights * side**2
