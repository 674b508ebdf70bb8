"""The seal in run.json: that this user began the run here, with these import paths.

A run directory may come from anybody, and `--resume` imports what run.json names. So the import paths that the user
gave are sealed with a key that no file holds but the user's own, in $XDG_STATE_HOME/nasbench (~/.local/state/nasbench).
The seal is worth nothing for other paths, in another directory, or for another user.
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

FIELD = "trusted"
"""The field of run.json."""
KEY_BYTES = 32


def sealed(paths: Iterable[str], directory: Path) -> dict[str, Any]:
    """The field of run.json for a run in that directory; empty for no paths, and where the user has no place for a
    key.
    """
    listed = sorted(paths)
    key = _key(make=True) if listed else None
    if key is None:
        return {}
    return {FIELD: {"paths": listed, "seal": _seal(key, listed, directory)}}


def sealed_paths(run: Mapping[str, Any], directory: Path) -> frozenset[str]:
    """The import paths that a valid seal vouches for; none where it is missing, or another's."""
    record = run.get(FIELD)
    paths = record.get("paths") if isinstance(record, Mapping) else None
    if not isinstance(record, Mapping) or not isinstance(paths, list) or not all(isinstance(p, str) for p in paths):
        return frozenset()
    key, seal = _key(make=False), str(record.get("seal"))
    right = key is not None and hmac.compare_digest(seal.encode(), _seal(key, paths, directory).encode())
    return frozenset(paths) if right else frozenset()


def key_file() -> Path:
    """Where the user's key lies."""
    state = os.environ.get("XDG_STATE_HOME") or ""
    return Path(state if os.path.isabs(state) else Path("~/.local/state").expanduser()) / "nasbench" / "key"


def _seal(key: bytes, paths: list[str], directory: Path) -> str:
    text = json.dumps([os.path.realpath(directory), paths])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(make: bool) -> bytes | None:
    """The user's key; None where there is none, or where others could have read or written it."""
    with suppress(OSError, RuntimeError):  # no home, or none to write in
        path = key_file()
        if make and not path.exists():
            _make(path)
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            if stat.S_ISREG(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077:
                key = file.read(KEY_BYTES + 1)
                return key if len(key) == KEY_BYTES else None
    return None


def _make(path: Path) -> None:
    """Writes a new key, whole or not at all; one that another process has made meanwhile stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
