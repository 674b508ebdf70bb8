"""The contract suite of data sets."""

from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.testing.conditions import require

if TYPE_CHECKING:
    from nasbench.train.datasets import DataSet


def check_dataset(dataset: "DataSet", data_dir: Path | None = None) -> None:
    """Classes, sizes and labels agree; two loads are equal; training, validation and test split share no image. Small
    images only.
    """
    import torch

    from nasbench.train.data import Split

    task, data = dataset.task(data_dir, None), dataset.load(data_dir, None, False)
    require(data.task == task, f"task() says {task}, the images {data.task}")
    again, test = dataset.load(data_dir, None, False), dataset.load_test(data_dir, None, False)
    splits = {"train": data.train, "val": data.val, "test": test}
    seen: dict[bytes, str] = {}
    for name, split in splits.items():
        assert isinstance(split, Split), f"the {name} split is no Split of images in memory"
        images, labels = split.images, split.labels
        require(len(labels) > 0, f"the {name} split is empty")
        require(images.shape[1] == task.channels, f"{name} images have {images.shape[1]} channels, not {task.channels}")
        require(
            0 <= int(labels.min()) <= int(labels.max()) < task.num_classes,
            f"{name} labels are not in 0..{task.num_classes - 1}",
        )
        for image in images:
            other = seen.setdefault(image.numpy().tobytes(), name)
            require(other == name, f"an image of the {name} split is in the {other} split too")
    for name, first, second in (("train", data.train, again.train), ("val", data.val, again.val)):
        assert isinstance(first, Split), first
        assert isinstance(second, Split), second
        require(torch.equal(first.images, second.images), f"two loads give different {name} images")
