"""How a run of Weights & Biases is opened: the mode, the key, what the environment says and what nasbench gives.

W&B's own variables are read by W&B's own code and win over what nasbench would choose: `WANDB_MODE`, `WANDB_PROJECT`,
`WANDB_ENTITY`, `WANDB_NAME`, `WANDB_NOTES`, `WANDB_TAGS`, `WANDB_RUN_GROUP`, `WANDB_JOB_TYPE`, `WANDB_DIR`,
`WANDB_RUN_ID`, `WANDB_RESUME` and the rest. Flags that were given win over them: `--wandb offline` logs where
`WANDB_MODE=disabled`. In a sweep, W&B itself takes project, entity and id from the sweep.
"""

import logging
import os
import re
from collections.abc import Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

from nasbench.core.errors import RunFailed, UsageError, unknown

Asked = Literal["auto", "online", "offline"]
Mode = Literal["online", "offline", "disabled", "shared"]
MODES: dict[str, Mode] = {
    "online": "online",
    "run": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "disabled",
    "shared": "shared",
}
"""The values of WANDB_MODE, and what W&B takes each to mean."""
ID_FILE = "wandb-id"
"""In a run directory: the id of the run in W&B."""
CONNECT_SECONDS = 30.0
FINISH_SECONDS = 120.0
QUIET = {"silent": True, "quiet": True, "console": "off", "disable_git": True, "disable_code": True, "save_code": False}
STAGED = "WANDB_DATA_DIR"
SECRET, SECRET_LENGTH = re.compile(r"[\w-]+", re.ASCII), 40
"""The form of W&B's keys."""
JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""The form of its service tokens."""
_OURS: dict[str, str] = {}
"""The value that was set here: another one is the user's."""
UNSEEN = ("x_disable_stats", "x_disable_machine_info")
"""Settings without which W&B asks cloud hosts about the machine over HTTP."""


def mode_of(asked: Asked) -> tuple[Mode, bool]:
    """How W&B is to run, and whether it may go offline where the server cannot be reached.

    auto obeys WANDB_MODE; without it, it is online where a key is set up, else offline. UsageError for a value of
    WANDB_MODE that W&B does not know, and where the mode needs a key and none is set up: W&B would prompt for it.
    """
    said = os.environ.get("WANDB_MODE", "").strip().lower()
    if asked != "auto":
        mode: Mode = asked
    elif said:
        if said not in MODES:
            raise unknown("mode of W&B (WANDB_MODE)", said, MODES)
        mode = MODES[said]
    else:
        mode = "online" if key_is_set_up() else "offline"
    if mode in ("online", "shared") and not key_is_set_up():
        source = f"--wandb {asked}" if asked != "auto" else f"WANDB_MODE={said}"
        raise UsageError(f"{source} needs a key. Run `wandb login`, set WANDB_API_KEY, or take --wandb offline.")
    return mode, asked == "auto"


def connect(mode: Mode, may_go_offline: bool, own: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    """A W&B run. `own` are settings that the environment may change, `fixed` those that it may not.

    Both are named as in `wandb.Settings`; `config` of `own` is the run's configuration.
    """
    try:
        return _init(mode, own, fixed)
    except UsageError:
        raise
    except Exception as error:  # no network, a key that is refused
        if mode == "offline":
            raise
        if not may_go_offline:
            raise RunFailed(f"cannot reach W&B: {error}") from error
        return _init("offline", own, fixed)


def kept_id(directory: Path) -> str | None:
    """The W&B id that the run in a directory had before; None where it was never logged to W&B."""
    path = directory / ID_FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def in_sweep() -> bool:
    """Whether a W&B agent started this process for one run of a sweep."""
    return bool(os.environ.get("WANDB_SWEEP_ID"))


def key_is_set_up() -> bool:
    """True where WANDB_API_KEY is set or netrc has an entry for the W&B server; nothing is asked and nothing is
    fetched.
    """
    return key_source() is not None


def key_source() -> str | None:
    """Where the key lies, in words; None where there is none."""
    if os.environ.get("WANDB_API_KEY"):
        return "WANDB_API_KEY"
    return None if _netrc_key() is None else str(_netrc())


def key_problem() -> str | None:
    """What is wrong with the form of the key, in words that do not show it; None where it is right or not there."""
    key = os.environ.get("WANDB_API_KEY") or _netrc_key()
    if key is None or JWT.fullmatch(key):
        return None
    secret = key.partition("-")[2] or key  # keys of an own server have a prefix
    if key != key.strip():
        return "there is white space around it"
    if not SECRET.fullmatch(secret):
        return "it may have letters, digits, '_' and '-' only"
    return (
        f"it has {len(secret)} characters, and a key has {SECRET_LENGTH} or more"
        if len(secret) < SECRET_LENGTH
        else None
    )


def _netrc() -> Path:
    return Path(os.environ.get("NETRC") or Path.home() / ".netrc")


def _netrc_key() -> str | None:
    host = urlparse(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    try:
        found = netrc(_netrc()).authenticators(host)
    except (OSError, NetrcParseError):
        return None
    return None if found is None else found[2] or ""


def _init(mode: Mode, own: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        import wandb
    except ImportError as error:
        raise UsageError(
            f"W&B cannot be imported ({error}). Install it with `pip install wandb`, or take --wandb off."
        ) from error
    limits = {"init_timeout": CONNECT_SECONDS, "finish_timeout": FINISH_SECONDS}
    ours = {**QUIET, **limits, **dict.fromkeys(UNSEEN, mode == "offline"), "resume": "allow", **own}
    if mode == "offline":
        del ours["resume"]  # there is no server to resume from: files of one id are put together by `wandb sync`
    known = wandb.Settings.model_fields
    settings = wandb.Settings(**{name: value for name, value in ours.items() if name in known})
    # W&B reads the environment once in a process, when it is set up: it may have changed since. The key stays W&B's.
    settings.update_from_env_vars({name: value for name, value in os.environ.items() if name != "WANDB_API_KEY"})
    for name, value in fixed.items():
        setattr(settings, name, value)
    _stage_in(own)
    run = wandb.init(mode=mode, settings=settings, reinit="create_new", config=own.get("config"))
    for handler in logging.getLogger("wandb").handlers:  # W&B's own log of itself: a full disk costs no traceback
        handler.handleError = _leave_out  # type: ignore[method-assign]
    return run


def _stage_in(own: Mapping[str, Any]) -> None:
    """Tables and files that are logged are staged in the run directory, and not in the home directory, unless the user
    has named a place.
    """
    if os.environ.get(STAGED) in (None, "", _OURS.get(STAGED)) and "root_dir" in own:
        os.environ[STAGED] = _OURS[STAGED] = str(Path(own["root_dir"]).absolute() / "wandb")


def _leave_out(record: logging.LogRecord) -> None:
    """For a line of W&B's log that its file does not take."""
