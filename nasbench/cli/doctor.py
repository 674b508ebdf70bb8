"""`nasbench doctor`."""

from collections.abc import Sequence

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.count_text import quantity
from nasbench.core.errors import RunFailed
from nasbench.engine.doctor.command import DoctorConfig, as_json, examine
from nasbench.engine.doctor.finding import Finding

WORDS = {"ok": "ok", "note": "note", "broken": "MEND"}


def run(argv: Sequence[str]) -> None:
    """Parses, looks, prints. RunFailed where something is to be mended."""
    config = parse(DoctorConfig, "doctor", argv)
    config.check()
    found = examine(config)
    if config.json:
        tell_json(as_json(found))
    else:
        _print(found)
    broken = [each for each in found if each.state == "broken"]
    if broken:
        names = ", ".join(dict.fromkeys(each.name for each in broken))
        raise RunFailed(f"{quantity(len(broken), 'thing is', 'things are')} to be mended: {names}")


def _print(found: list[Finding]) -> None:
    width = max(len(each.name) for each in found)
    area = ""
    for each in found:
        if each.area != area:
            area = each.area
            tell(area)
        tell(f"  {WORDS[each.state]:4}  {each.name:<{width}}  {each.told}")
        if each.remedy:
            tell(f"        {'':<{width}}  -> {each.remedy}")
