"""Whole objects in a store, by pyarrow's file systems, as Ray's own storage has them. The one file that imports
pyarrow.fs.

Each object is there whole or not at all. Nothing is appended, and no object has to be made on condition that it is not
there: those are what stores differ in.
"""

import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, final

from nasbench.core.errors import UsageError
from nasbench.core.not_written import OF_THE_PATH
from nasbench.core.part_file import PART, part_of
from nasbench.core.shown import shortened
from nasbench.storage.address import FLAG, Address

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0
CHUNK_BYTES = 2**22


class Silent(Exception):
    """The store does not answer, or says that it cannot now: the same may succeed later."""


class Refused(Exception):
    """The store says no: another try would be answered alike."""


class Readable(Protocol):
    """Objects under one address, by their names below it."""

    def read(self, name: str) -> bytes:
        """FileNotFoundError where there is none."""

    def sizes(self, folder: str = "") -> Mapping[str, int]:
        """Name -> bytes of all objects whose names begin with `folder/`."""


class Objects(Readable, Protocol):
    """The same, to be changed too."""

    def write(self, name: str, data: bytes | Path) -> None:
        """Puts a whole object, bytes or a file's content, in the place of one that may be there."""

    def delete(self, name: str) -> None:
        """Deletes an object, if it is there."""


@final
class ArrowObjects:
    """Objects by pyarrow. Each call is tried once; Silent and Refused say why it failed."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._made: Any = None

    def check(self) -> None:
        """UsageError where the bucket is not there, the store does not answer, or may not be read."""
        try:
            if self.address.bucket and not self._is_there(self.address.bucket):
                raise UsageError(
                    f"there is no bucket {self.address.bucket!r} at {_server(self.address)}: make it, or give "
                    f"another with {FLAG}"
                )
            self.sizes("writers")
        except Silent as error:
            if self.address.scheme == "file":
                raise UsageError(
                    f"{self.address.shown} cannot be used: {error}. Choose another with {FLAG}."
                ) from error
            raise UsageError(
                f"{self.address.shown} does not answer ({error}). Is the server at {_server(self.address)} on?"
            ) from error
        except Refused as error:
            raise UsageError(f"{self.address.shown} cannot be used: {error}.") from error

    def read(self, name: str) -> bytes:
        with self._asking(), self._system.open_input_stream(self._path(name)) as stream:
            return bytes(stream.read())

    def write(self, name: str, data: bytes | Path) -> None:
        path = self._path(name)
        if self.address.scheme == "file":
            with self._asking():
                _make_folder(Path(path).parent)
                _write_file(Path(path), data)
            return
        with self._asking(), self._system.open_output_stream(path) as stream:
            if isinstance(data, bytes):
                stream.write(data)
            elif data.stat().st_size:
                with open(data, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    stream.write(content)

    def sizes(self, folder: str = "") -> Mapping[str, int]:
        from pyarrow.fs import FileSelector, FileType

        base = self._path(folder) if folder else self.address.root
        with self._asking():
            found = self._system.get_file_info(FileSelector(base, allow_not_found=True, recursive=True))
        start = len(self.address.root) + 1
        files = {each.path[start:]: int(each.size or 0) for each in found if each.type == FileType.File}
        return {name: size for name, size in files.items() if not PART.fullmatch(name.rpartition("/")[2])}

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), self._asking():
            self._system.delete_file(self._path(name))

    def folders(self) -> list[str]:
        """The names of what lies directly below the address."""
        from pyarrow.fs import FileSelector, FileType

        with self._asking():
            found = self._system.get_file_info(FileSelector(self.address.root, allow_not_found=True))
        return [each.base_name for each in found if each.type == FileType.Directory]

    def _is_there(self, path: str) -> bool:
        from pyarrow.fs import FileType

        with self._asking():
            return bool(self._system.get_file_info(path).type != FileType.NotFound)

    def _path(self, name: str) -> str:
        return f"{self.address.root}/{name}"

    def _asking(self) -> AbstractContextManager[None]:
        return _asking(self.address)

    @property
    def _system(self) -> Any:
        if self._made is None:
            self._made = _system(self.address)
        return self._made


@contextmanager
def _asking(address: Address) -> Iterator[None]:
    """Around a call: what the library raises becomes Silent or Refused; FileNotFoundError stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        text, known = str(error), str(error).upper()
        if "NO_SUCH_BUCKET" in known:
            raise Refused(f"there is no bucket {address.bucket!r}; make it, or give another with {FLAG}") from error
        if isinstance(error, PermissionError) or any(word in known for word in DENIED):
            raise Refused(
                f"permission denied ({_reason(text)}). Give this user the right to list, read, write and delete "
                "there, or set up other credentials (environment variables, or the store's own file)"
            ) from error
        if address.scheme == "file" and error.errno in OF_THE_PATH:
            raise Refused(f"{error.strerror}; choose another {FLAG}") from error
        raise Silent(_reason(text)) from error


DENIED = (
    *("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID"),
    *("EXPIRED_TOKEN", "UNRECOGNIZED_CLIENT", "MISSING_AUTHENTICATION_TOKEN", "PERMISSION_DENIED", "UNAUTHENTICATED"),
    *("INVALIDACCESSKEYID", "SIGNATUREDOESNOTMATCH", "EXPIREDTOKEN", "INVALIDTOKEN", "HTTP STATUS 403"),
)
"""How the libraries' errors name what another try cannot mend."""


def _reason(text: str) -> str:
    """What is said of the library's error: the part after its own call's name, on one line."""
    _, _, after = text.partition("AWS Error ")
    return shortened(" ".join((after or text).partition(" (Request ID")[0].split()), 200)


def _system(address: Address) -> Any:
    from pyarrow import fs

    settings = dict(address.settings)
    if address.scheme == "file":
        return fs.LocalFileSystem()
    if address.scheme == "gs":
        told = {name: settings[name] for name in ("endpoint_override", "scheme") if name in settings}
        return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=ANSWER_SECONDS), **told)
    endpoint = _endpoint(address)
    region = settings.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with _asking(address):
        region = region or ("us-east-1" if endpoint else fs.resolve_s3_region(address.bucket))
    return fs.S3FileSystem(
        region=region,
        endpoint_override=endpoint,
        scheme=settings.get("scheme"),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
        allow_delayed_open=True,  # one request for a small object
        background_writes=False,
    )


def _endpoint(address: Address) -> str | None:
    """Another server than Amazon's own: pyarrow does not heed the variables that Amazon's other tools do."""
    named = dict(address.settings).get("endpoint_override")
    return named or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def _server(address: Address) -> str:
    if address.scheme == "s3":
        return (_endpoint(address) or "Amazon S3").rpartition("@")[2]
    return "Google Cloud Storage" if address.scheme == "gs" else "this machine"


def _make_folder(folder: Path) -> None:
    """Refused where nothing can be made, as in /proc: FileNotFoundError says that an object is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        raise Refused(f"no folder can be made there; choose another {FLAG}") from error


def _write_file(path: Path, data: bytes | Path) -> None:
    part = part_of(path)
    try:
        with open(part, "wb") as new:
            if isinstance(data, bytes):
                new.write(data)
            else:
                with open(data, "rb") as old:
                    while chunk := old.read(CHUNK_BYTES):
                        new.write(chunk)
            new.flush()
            os.fsync(new.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
