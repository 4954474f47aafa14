"""Runs several processes that train one model. Each computes the gradients of its share of a step, and all apply their sum.

On a CPU, several processes of one thread are much faster than one process of several threads. The difference is largest if
other programs use the cores, too. A GPU has one process.
"""

import os
import socket

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from .device import find_device


class Group:
    """The processes that train together. `rank` is this process's place."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    def sum(self, parameters: list[torch.nn.Parameter], others: torch.Tensor) -> torch.Tensor:
        """Sums the gradients over all processes, in place, and returns the sum of `others`."""
        if self.size == 1:
            return others
        gradients = [parameter.grad for parameter in parameters]
        flat = torch.cat([*(gradient.flatten() for gradient in gradients), others])
        distributed.all_reduce(flat)
        for gradient, part in zip(gradients, flat.split([*(gradient.numel() for gradient in gradients), len(others)])[:-1], strict=True):
            gradient.copy_(part.view_as(gradient))
        return flat[len(flat) - len(others) :]

    def share(self, parameters: list[torch.nn.Parameter]) -> None:
        """Copies the parameters of the first process to all others."""
        if self.size > 1:
            for parameter in parameters:
                distributed.broadcast(parameter.data, 0)


def run_workers(work, settings) -> None:
    """Calls `work(settings, group)` in one process for each core, or in WORKERS of the environment. A GPU has one process."""
    size = 1 if find_device().type == "cuda" else int(os.environ.get("WORKERS") or os.cpu_count() or 1)
    if size == 1:
        work(settings, Group())
        return
    # By default the C library returns each large tensor to the system and requests new pages a moment later.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1 << 30))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(1 << 34))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    multiprocessing.spawn(_worker, (size, port, work, settings), nprocs=size)


def _worker(rank: int, size: int, port: int, work, settings) -> None:
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=size)
    work(settings, Group(rank, size))
    distributed.destroy_process_group()
