"""`nasbench transfer`."""

from collections.abc import Sequence

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse_run
from nasbench.core.count_text import quantity
from nasbench.core.shown import say
from nasbench.engine.config import TransferConfig
from nasbench.engine.networks import check_model


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_run(TransferConfig, "transfer", argv, positional="model")
    check_model(config.network)
    if not (
        config.pretrained or config.weights or config.stem
    ):  # the command judges these itself, and then looks for data
        config.data.check_present()
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.transfer import transfer

    result = transfer(config, argv=("nasbench", "transfer", *argv))
    if result is None:
        return
    record = result.to_json()
    for trial in result.trained.of(config.network):
        if names := result.left_out(trial):
            few = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            text = f"left out {quantity(len(names), 'file')} that cannot be read: {few} (all in result.json)"
            say(f"nasbench: seed {trial.seed}: {text}")
    if config.place.json:
        tell_json(record)
        return
    size, task = result.spec.size, result.spec.task
    form = f"{size.skeleton} skeleton, N = {size.depth:g}, F = {size.width:g}, " if size.skeleton else ""
    tell(f"{config.network}: {form}{task.image_size} px, {record['params']:,} params, {record['macs']:,} MACs")
    deviation = f" ± {100 * record['std']:.2f}" if record["std"] is not None else ""
    if record["carried_params"]:
        tell(f"started from {record['carried_params']:,} parameters of another training")
    tell(
        f"top-1 {100 * record['top1']:.2f}{deviation} %, top-5 {100 * record['top5']:.2f} % on the test split, "
        f"{record['seconds']:.0f} s"
    )
    for trial in result.trained.of(config.network):
        tell(f"seed {trial.seed}: {result.trained.folder(trial)}")
