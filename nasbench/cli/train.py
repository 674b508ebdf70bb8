"""`nasbench train`."""

import json
from collections.abc import Sequence

from nasbench.cli.resumed import parse_training
from nasbench.engine.config import TrainConfig


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_training(TrainConfig, "train", argv)
    from nasbench.engine.training.train import train

    result = train(config, argv=("nasbench", "train", *argv))
    if config.json:
        print(json.dumps(result.to_json()))
        return
    record = result.to_json()
    deviation = f" ± {100 * record['std']:.2f}" if record["std"] is not None else ""
    print(
        f"{config.model} on {config.dataset} under {config.recipe}: {record['params']:,} params, {record['macs']:,} "
        "MACs"
    )
    print(
        f"test accuracy {100 * record['test_accuracy']:.2f}{deviation} % over {record['seeds']} seed(s), "
        f"{record['seconds']:.0f} s"
    )
    for seed, _ in result.trained.of(config.model):
        print(f"seed {seed}: {result.trained.evaluator.folder(config.model, seed)}")
