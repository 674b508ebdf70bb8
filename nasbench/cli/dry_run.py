"""`--dry-run` of a search, a training, a transfer or a comparison."""

from collections.abc import Mapping
from typing import Any

from nasbench.cli.output import tell, tell_json
from nasbench.core.count_text import quantity
from nasbench.engine.config import CompareConfig, SearchConfig, TrainConfig, TransferConfig

MEASURES = {
    "params": "trainable parameters",
    "macs": "multiply-adds of one image",
    "activation_bytes": "bytes of all layers' outputs, one image",
}
WIDTH = max(len(text) for text in MEASURES.values())


def print_dry_run(config: SearchConfig | TrainConfig | CompareConfig | TransferConfig) -> None:
    """Counts, times and prints; writes nothing."""
    if isinstance(config, SearchConfig):
        from nasbench.engine.search.dry_run import run_dry

        found = run_dry(config).to_json()
        told = [] if found.get("cheap_scores") else found["told"]
        lines = [*_of_children(found), *told, *_of_screen(found), *_of_time(found)]
    else:
        from nasbench.engine.training.dry_run import dry_trainings

        found = dry_trainings(config).to_json()
        lines = [*(line for model in found["models"] for line in _of_model(model)), _total(found)]
    if config.place.json:
        tell_json(found)
        return
    for line in [*lines, "nothing was written"]:
        tell(line)


def _of_children(found: Mapping[str, Any]) -> list[str]:
    known = [name for name in MEASURES if name in found]
    lines = [
        f"{quantity(found['children'], 'random child', 'random children')} of {found['space']}"
        f"{'' if known else ': none could be built'}"
    ]
    if known:
        lines.append(f"  {'':<{WIDTH}}  {'smallest':>15}  {'median':>15}  {'largest':>15}")
    for name in known:
        three = "  ".join(f"{round(found[name][which]):>15,}" for which in ("min", "median", "max"))
        lines.append(f"  {MEASURES[name]:<{WIDTH}}  {three}")
    return [*lines, *([f"  {found['not_built']} more could not be built"] if found["not_built"] else [])]


def _of_screen(found: Mapping[str, Any]) -> list[str]:
    if found["screen"] is None:
        return []
    score, _, proposals = found["screen"].rpartition("=")
    total = _duration(found["scores"] * found["seconds_a_score"])
    scores = f"{found['seconds_a_score']:.3g} s a score, {quantity(found['scores'], 'score')} at most: {total}"
    return [f"of every {proposals} proposals, the best by {score} is evaluated; {scores}"]


def _of_time(found: Mapping[str, Any]) -> list[str]:
    if found.get("cheap_scores"):
        return _of_scores(found)
    if found["seconds"] is None:
        return [
            f"{quantity(found['trainings'], 'evaluation')}; no time was measured, as this evaluator trains nothing here"
        ]
    step = f"one step on {found['device']}, {quantity(found['batch_size'], 'image')}: {found['seconds_a_step']:.3g} s"
    length = f"{quantity(found['steps_an_epoch'], 'step')} an epoch, {quantity(found['epochs'], 'epoch')} a child"
    return [f"{step}; {length}: {_duration(found['seconds_a_child'])} a child", _total(found)]


def _of_scores(found: Mapping[str, Any]) -> list[str]:
    """A search by a cheap score, and what is trained by itself after it."""
    each = found["seconds_a_cheap_score"]
    time = "no score could be measured" if each is None else f"{_duration(each)} each on this device"
    lines = [f"{quantity(found['cheap_scores'], 'score')} without training: {time}"]
    if found["trainings"] and found["seconds_a_child"] is not None:
        trained = (
            f"{quantity(found['trainings'], 'training')} after the search, {quantity(found['epochs'], 'epoch')} each"
        )
        lines.append(f"{trained}: {_duration(found['seconds_a_child'])} each on {found['device']}")
    total = "" if found["seconds"] is None else f"about {_duration(found['seconds'])}"
    return [*found["told"], *lines, *([f"in all, {found['workers']} at a time: {total}"] if total else [])]


def _of_model(model: Mapping[str, Any]) -> list[str]:
    sizes = [f"  {text:<{WIDTH}}  {model[name]:>15,}" for name, text in MEASURES.items()]
    time = "could not be trained" if model["seconds"] is None else f"{_duration(model['seconds'])} a training"
    done = f", {model['done']} of them done before" if model["done"] else ""
    lines = [model["model"], *sizes, f"  {time}, {quantity(model['seeds'], 'seed')}{done}"]
    if model.get("images_per_second") and model.get("loader_images_per_second"):
        training, loader = (f"{model[name]:,.0f}" for name in ("images_per_second", "loader_images_per_second"))
        lines.append(f"  {training} images a second in training; the loader alone gives {loader}")
    return lines


def _total(found: Mapping[str, Any]) -> str:
    several = found["workers"] > 1
    total = (
        f"{quantity(found['trainings'], 'training')}, {found['workers']} at a time: about {_duration(found['seconds'])}"
    )
    return total + (", if no worker is slower than this device" if several else "")


def _duration(seconds: float) -> str:
    from nasbench.report.common.numbers import duration

    return duration(seconds)
