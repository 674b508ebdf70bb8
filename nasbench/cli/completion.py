"""`nasbench completion`: a script by which a shell completes commands, flags and the names that flags take."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from shlex import quote
from typing import Annotated, Any, Literal, get_type_hints

import tyro

from nasbench.cli import COMMANDS
from nasbench.cli.dashboard import DashboardConfig
from nasbench.cli.fields import choices
from nasbench.cli.listing import KINDS, ListConfig
from nasbench.cli.output import tell
from nasbench.cli.parse import parse
from nasbench.cli.predict import PredictConfig
from nasbench.cli.profile import ProfileConfig
from nasbench.cli.report import ReportConfig
from nasbench.cli.watch import WatchConfig
from nasbench.cli.zoo import ZooConfig
from nasbench.core import registry
from nasbench.engine.config import RUNS, ExportConfig, FeaturesConfig
from nasbench.engine.config.documented import documented
from nasbench.engine.config.record import flag as flag_of
from nasbench.engine.doctor.command import DoctorConfig
from nasbench.engine.parts.networks import rows


@dataclass(frozen=True)
class CompletionConfig:
    """Prints the completion script of a shell.

    bash: put `source <(nasbench completion bash)` into ~/.bashrc. zsh: `nasbench completion zsh > DIR/_nasbench` with a
    DIR of $fpath. fish: `nasbench completion fish > ~/.config/fish/completions/nasbench.fish`.

    Example: nasbench completion bash
    """

    shell: Annotated[Literal["bash", "zsh", "fish"], tyro.conf.Positional]
    """The shell that will read the script."""


CONFIGURATIONS: Mapping[str, type[Any]] = {
    **RUNS,
    "zoo": ZooConfig,
    "profile": ProfileConfig,
    "export": ExportConfig,
    "predict": PredictConfig,
    "features": FeaturesConfig,
    "report": ReportConfig,
    "dashboard": DashboardConfig,
    "watch": WatchConfig,
    "doctor": DoctorConfig,
    "list": ListConfig,
    "completion": CompletionConfig,
}
"""Command -> the record that its flags fill."""
NAMES: Mapping[str, registry.Registry] = {
    "space": registry.spaces,
    "strategy": registry.strategies,
    "strategies": registry.strategies,
    "evaluator": registry.evaluators,
    "dataset": registry.datasets,
    "recipe": registry.recipes,
    "executor": registry.executors,
    "track": registry.trackers,
    "pruner": registry.pruners,
    "sampler": registry.samplers,
    "reward": registry.rewards,
    "law": registry.laws,
}
"""Field -> the parts that it names."""


@dataclass(frozen=True)
class Flag:
    """A flag of a command; `values` are those that it takes, as far as they are known."""

    name: str
    values: tuple[str, ...]
    told: str
    switch: bool


def run(argv: Sequence[str]) -> None:
    """Parses and prints."""
    config = parse(CompletionConfig, "completion", argv)
    tell({"bash": bash, "zsh": zsh, "fish": fish}[config.shell]())


def flags(command: str) -> list[Flag]:
    """All flags of a command."""
    return [*_flags(CONFIGURATIONS[command], command), Flag("help", (), "what the command does, and its flags", True)]


def words(command: str) -> list[str]:
    """What may stand without a flag after a command, as far as it is known by name."""
    if command == "list":
        return list(KINDS)
    if command == "completion":
        return ["bash", "zsh", "fish"]
    if command in ("race", "fidelity", "supernet", "search", "report", "watch", "dashboard", "doctor", "scale"):
        return []
    return [row.name for row in rows() if ":" not in row.name]


def bash() -> str:
    """The script for bash."""
    cases = []
    for command in COMMANDS:
        taken = "".join(
            f"        --{flag.name}) words={quote(' '.join(flag.values))}; files={'' if flag.values else 1} ;;\n"
            for flag in flags(command)
            if not flag.switch
        )
        every = " ".join([f"--{flag.name}" for flag in flags(command)] + words(command))
        cases.append(
            f'    {command})\n      words={quote(every)}; files=1\n      case "$previous" in\n{taken}      esac ;;\n'
        )
    return (
        "_nasbench() {\n"
        '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words="" files=""\n'
        f'  if [ "$COMP_CWORD" -eq 1 ]; then words={quote(" ".join(COMMANDS))}; else\n'
        '  case "${COMP_WORDS[1]}" in\n' + "".join(cases) + "  esac; fi\n"
        '  COMPREPLY=($(compgen -W "$words" -- "$current"))\n'
        '  if [ -n "$files" ] && [ "${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi\n'
        "}\n"
        "complete -o filenames -F _nasbench nasbench"
    )


def zsh() -> str:
    """The script for zsh, to be put into a directory of $fpath as _nasbench."""
    cases = []
    for command in COMMANDS:
        told = [_zsh_flag(flag) for flag in flags(command)]
        if command not in ("race", "fidelity", "supernet", "search", "scale"):
            told.append(quote(f"*:argument:_alternative 'names:name:({' '.join(words(command))})' 'files:file:_files'"))
        cases.append(f"    {command}) _arguments {' '.join(told)} ;;\n")
    described = " ".join(quote(f"{name}:{_plain(text)}") for name, text in COMMANDS.items())
    return (
        "#compdef nasbench\n_nasbench() {\n"
        f"  local -a commands=({described})\n"
        "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
        '  local command="$words[2]"\n  shift words; (( CURRENT-- ))\n'
        '  case "$command" in\n' + "".join(cases) + "  esac\n}\n"
        'if [ "$funcstack[1]" = _nasbench ]; then _nasbench "$@"; else compdef _nasbench nasbench; fi'
    )


def fish() -> str:
    """The script for fish."""
    lines = []
    for command, text in COMMANDS.items():
        lines.append(f"complete -c nasbench -f -n __fish_use_subcommand -a {command} -d {_fish(text)}")
        seen = f'-n "__fish_seen_subcommand_from {command}"'
        for flag in flags(command):
            takes = "" if flag.switch else f" -x -a {_fish(' '.join(flag.values))}" if flag.values else " -r"
            lines.append(f"complete -c nasbench {seen} -l {flag.name}{takes} -d {_fish(flag.told)}")
        if named := words(command):
            lines.append(f"complete -c nasbench {seen} -a {_fish(' '.join(named))}")
    return "\n".join(lines)


def _flags(kind: Any, command: str) -> Iterator[Flag]:
    hints, told = get_type_hints(kind, include_extras=True), documented(kind)
    for each in fields(kind):
        hint = hints[each.name]
        if is_dataclass(hint):
            yield from _flags(hint, command)
        elif not stands_alone(each.name, hint, command):
            parts = NAMES.get(each.name)
            values = parts.names() if parts is not None else choices(hint)
            if command == "scale" and each.name == "strategy":
                values = choices(hint)
            if command == "scale" and each.name == "base":
                values = words("train")
            yield Flag(
                flag_of(each.name).removeprefix("--"), tuple(values), told.get(each.name, ""), switch=hint is bool
            )


def stands_alone(name: str, hint: Any, command: str) -> bool:
    """Whether a field takes the words that stand without a flag."""
    if tyro.conf.Positional in getattr(hint, "__metadata__", ()):
        return True
    return name in ("model", "models") and command in ("train", "transfer", "compare", "export", "features")


def _zsh_flag(flag: Flag) -> str:
    values = "" if flag.switch else f":value:({' '.join(flag.values)})" if flag.values else ":value:_files"
    return quote(f"--{flag.name}[{_plain(flag.told)}]{values}")


def _plain(text: str) -> str:
    """A text without the characters that mean something to zsh's completion."""
    return "".join(" " if character in "[]:\\'\"`$" else character for character in text)


def _fish(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("$", "\\$")
