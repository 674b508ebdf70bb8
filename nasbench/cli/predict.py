"""`nasbench predict`."""

import json
from collections.abc import Sequence

from nasbench.cli.parse import parse
from nasbench.core.errors import UsageError
from nasbench.engine.config import PredictConfig


def run(argv: Sequence[str]) -> None:
    """Parses, classifies, prints: with --json, one object at the end."""
    config = parse(PredictConfig, "predict", _with_flags(argv))
    from nasbench.engine.predict import predict

    if config.json:
        print(json.dumps({"images": [prediction.to_json() for prediction in predict(config)]}))
        return
    for prediction in predict(config):
        classes = ", ".join(f"{name} {100 * share:.1f} %" for name, share in prediction.classes)
        print(f"{prediction.file}: {classes}", flush=True)


def _with_flags(argv: Sequence[str]) -> list[str]:
    """MODEL and the images, which stand before the first flag, as the flags that the configuration has."""
    words = next((index for index, word in enumerate(argv) if word.startswith("-")), len(argv))
    if {"-h", "--help"} & set(argv):
        return list(argv[words:])
    if words == 0:
        raise UsageError("nasbench predict needs a model and images first. See: nasbench predict --help")
    images = ["--images", *argv[1:words]] if words > 1 else []
    return ["--model", argv[0], *images, *argv[words:]]
