"""Chooses the device: a GPU if there is one, otherwise the CPU.

On the CPU, OMP_NUM_THREADS sets the number of threads. The default is the number of cores.
"""

from contextlib import AbstractContextManager

import torch


def find_device() -> torch.device:
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True
        return torch.device("cuda")
    return torch.device("cpu")


def mixed_precision(device: torch.device) -> AbstractContextManager:
    """Computes in bf16 if that is faster on the device."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=multiplies_bf16(device))


def multiplies_bf16(device: torch.device) -> bool:
    return device.type == "cuda" or "amx_bf16" in _cpu_flags() or "avx512_bf16" in _cpu_flags()


def _cpu_flags() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            return next((line for line in facts if line.startswith("flags")), "")
    except OSError:
        return ""
