"""`nasbench train`."""

from collections.abc import Sequence

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse_run
from nasbench.engine.config import TrainConfig
from nasbench.engine.parts.networks import check_model


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_run(TrainConfig, "train", argv, positional="model")
    check_model(config.network)
    if not (config.pretrained or config.stem):  # the command judges these itself, and then looks for data
        config.data.check_present()
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.train import train

    result = train(config, argv=("nasbench", "train", *argv))
    if config.place.json:
        tell_json(result.to_json())
        return
    record = result.to_json()
    deviation = f" ± {100 * record['std']:.2f}" if record["std"] is not None else ""
    counts = f"{record['params']:,} params, {record['macs']:,} MACs"
    tell(f"{config.network} on {config.data.dataset} under {config.training.recipe}: {counts}")
    tell(
        f"test accuracy {100 * record['test_accuracy']:.2f}{deviation} % over {record['seeds']} seed(s), "
        f"{record['seconds']:.0f} s"
    )
    if result.ensemble is not None:
        weights = ", ".join(f"{share:.2f}" for share in result.ensemble.get("weights", ()))
        tell(
            f"ensemble of {result.ensemble['members']} seeds: test accuracy "
            f"{100 * result.ensemble['test_accuracy']:.2f} %" + (f", weights {weights}" if weights else "")
        )
    for trial in result.trained.of(config.network):
        tell(f"seed {trial.seed}: {result.trained.folder(trial)}")
