"""The preprocessing of a network as a part of its stand-alone file: CLASSES, and a function `preprocess`."""

import inspect
from pprint import pformat

from nasbench.core.preprocessing import Preprocessing

MAIN = '\n\nif __name__ == "__main__":\n'
"""Where the part that runs begins, in every stand-alone file that this project writes."""

PART = '''

{function}

CLASSES = {classes}
"""The names of the outputs, in order."""


def preprocess(image: torch.Tensor) -> torch.Tensor:
    """An image as the network saw images when its weights were trained, for `network(preprocess(images))`.

    uint8 ({channels}, H, W) in 0..255{order}, or a batch of them -> float32 ({channels}, {side}, {side}), or a batch.
    """
    return preprocessed(image, {side}, {resized_to}, "{interpolation}", {rounds}, {mean}, {std})
'''


def with_preprocessing(source: str, record: Preprocessing | None) -> str:
    """The text of a stand-alone file with the preprocessing of its weights. None: there are no trained weights."""
    if record is None:
        return source
    from nasbench.nn.preprocess import preprocessed

    part = PART.format(
        function=inspect.getsource(preprocessed),
        classes=pformat(record.classes, width=116, compact=True),
        channels=record.channels,
        order=", red first" if record.channels == 3 else "",
        side=record.image_size,
        resized_to=record.resized_to,
        interpolation=record.seen.interpolation,
        rounds=record.resizes_pixels,
        mean=record.seen.mean,
        std=record.seen.std,
    )
    if "\nimport torch\n" not in source:
        part = "\n\nimport torch" + part
    before, main, after = source.partition(MAIN)
    return before.rstrip("\n") + "\n" + part + main + after
