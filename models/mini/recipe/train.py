"""Trains the student to match the teacher, and continues from a checkpoint.

The seed and the step alone determine a step's batch. So a continued run takes the same path as an uninterrupted one, apart
from differences of hardware and of the number of processes.
"""

import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from .batches import pad, student_pair
from .data import read_data
from .device import find_device, mixed_precision
from .distil import Distillation
from .encoder import CrossEncoder, teacher_from
from .inference import model_folder
from .refit import refit
from .settings import Settings
from .start import start_student
from .teacher_weights import read_teacher
from .workers import Group, run_workers

# The learning rate rises over this many steps.
_WARM_UP = 28
# One list in this many stays out of the training and measures it. Queries of one passage stay together.
_KEPT_BACK = 50
_BATCH_TOKENS = {"cuda": 131072, "cpu": 8192}
_REFIT_LONGEST = 192
_SAVE_EVERY_SECONDS = 60


def train(settings: Settings) -> None:
    """Trains to the end of the schedule, or for `MINUTES` of the environment, and writes student.pt. Another call continues."""
    run_workers(_train, settings)


def _train(settings: Settings, group: Group) -> None:
    minutes = float(os.environ.get("MINUTES", "inf"))
    run = _Run(settings, group)
    started = last_save = time.monotonic()
    pairs = tokens = 0
    losses = []
    stopped = False
    while run.step < settings.steps and not stopped:
        parts, size, stopped = run.do_step(time.monotonic() - started > minutes * 60)
        losses.append(parts)
        pairs += size[0]
        tokens += size[1]
        now = time.monotonic()
        if group.rank != 0:
            continue
        if run.step % max(1, settings.steps // 100) == 0 or run.step == settings.steps:
            rate = f"{pairs / (now - started):.0f} pairs, {tokens / (now - started):.0f} tokens a second"
            layers, ranking, level = np.mean(losses, 0)
            print(f"step {run.step} of {settings.steps}: layers {layers:.4f}, ranking {ranking:.4f}, level {level:.4f}; {rate}", flush=True)
            losses.clear()
        if now - last_save > _SAVE_EVERY_SECONDS:
            run.save()
            last_save = now
    if group.rank == 0:
        run.save()
        print(f"kept back: {run.evaluate()}", flush=True)
        if run.step < settings.steps:
            print(f"stopped at step {run.step} of {settings.steps}; run the step `train` again to continue", flush=True)


class _Run:
    def __init__(self, settings: Settings, group: Group) -> None:
        self._settings = settings
        self._group = group
        self._data = read_data(settings)
        self._device = find_device()
        tokenizer = Tokenizer.from_file(str(settings.work / "out/tokenizer.json"))
        self._queries = [encoding.ids for encoding in tokenizer.encode_batch(self._data.queries, add_special_tokens=False)]
        self._passages = [encoding.ids for encoding in tokenizer.encode_batch(self._data.passages, add_special_tokens=False)]
        answers = self._data.candidates[:, 0]
        self._training = np.flatnonzero(answers % _KEPT_BACK != 0)
        self._kept_back = np.flatnonzero(answers % _KEPT_BACK == 0)[:100]
        teacher = teacher_from(read_teacher(model_folder("reranker_en") / "model.onnx"))
        origins = json.loads((settings.work / "pieces.json").read_text())
        self._model = start_student(teacher, settings.layers, origins).to(self._device)
        self._distillation = Distillation(teacher, settings.targets, origins, self._device)
        self._checkpoint: Path = settings.work / "checkpoint.pt"
        if not self._checkpoint.exists():
            self._refit()
        # The few training texts lack many pieces. Fixed embeddings keep those pieces close to similar ones.
        self._model.roberta.embeddings.word_embeddings.requires_grad_(False)
        self._parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.step = 0
        self._load()

    def _refit(self) -> None:
        if self._group.rank == 0:
            chance = np.random.default_rng([self._settings.seed, 3])
            rows: list[list[int]] = []
            for row in chance.permutation(self._training):
                rows += [pair for pair in self._rows(row, self._pick(chance)[:3]) if len(pair) <= _REFIT_LONGEST]
                if sum(map(len, rows)) > self._settings.refit_tokens:
                    break
            refit(self._model, self._distillation, rows)
            print(f"fitted on {sum(map(len, rows))} tokens; kept back: {self.evaluate()}", flush=True)
        self._group.share(list(self._model.parameters()))

    def do_step(self, stop: bool) -> tuple[np.ndarray, tuple[int, int], bool]:
        """Returns the parts of the loss, the step's numbers of pairs and tokens, and True if a process wants to `stop`."""
        settings = self._settings
        chance = np.random.default_rng([settings.seed, self.step])
        lists = self._lists_of_step()
        picked = [self._pick(chance) for _ in lists]
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._schedule()
        total = torch.zeros(5)
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)
        for part in self._split(lists, picked):
            rows = [row for pair in part for row in self._rows(*pair)]
            share = len(part) / len(lists)
            dense = None
            if self.step >= self._round()[0]:
                dense = torch.from_numpy(np.concatenate([self._data.dense[row, columns] for row, columns in part])).to(self._device)
            loss, parts = self._distillation.loss(self._model, rows, settings.picked, dense)
            (loss * share).backward()
            total += torch.tensor([*(parts * share).tolist(), sum(map(len, rows)), stop])
        total = self._group.sum(self._parameters, total).tolist()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        self.step += 1
        return np.array(total[:3]), (len(lists) * settings.picked, int(total[3])), total[4] > 0

    def _lists_of_step(self) -> np.ndarray:
        """Picks the lists of this step. An epoch uses each list once."""
        count = min(self._settings.lists_each_step, len(self._training))
        steps_each_epoch = len(self._training) // count
        epoch, place = divmod(self.step, steps_each_epoch)
        order = np.random.default_rng([self._settings.seed, 7, epoch]).permutation(self._training)
        return order[place * count : (place + 1) * count]

    def _pick(self, chance: np.random.Generator) -> np.ndarray:
        others = 1 + chance.permutation(self._settings.candidates - 1)[: self._settings.picked - 1]
        return np.array([0, *others])

    def _schedule(self) -> float:
        """Returns the share of the learning rate: a warm-up, then in each round the full rate and a fall by the cosine."""
        begin, end = self._round()
        later = max(0, self.step - begin) / max(1, end - begin)
        return min(1.0, (self.step + 0.5) / _WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * later)))

    def _round(self) -> tuple[int, int]:
        """Returns the steps at which the ranking begins and ends in this step's round."""
        return next(found for found in self._settings.rounds if self.step < found[1])

    def _split(self, lists: np.ndarray, picked: list[np.ndarray]):
        """Yields this process's share of a step in parts that fit the memory. A part holds lists of similar length."""
        pairs = sorted(zip(lists, picked, strict=True), key=lambda pair: self._longest(*pair))
        room = _BATCH_TOKENS[self._device.type]
        part = []
        # Every process takes short and long lists.
        for pair in pairs[self._group.rank :: self._group.size]:
            if part and self._longest(*pair) * self._settings.picked * (len(part) + 1) > room:
                yield part
                part = []
            part.append(pair)
        if part:
            yield part

    def _longest(self, row: int, columns: np.ndarray) -> int:
        return max(map(len, self._rows(row, columns)))

    def _rows(self, row: int, columns: np.ndarray) -> list[list[int]]:
        passages = self._data.candidates[row, columns]
        return [student_pair(self._queries[row], self._passages[passage], self._settings.longest) for passage in passages]

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Measures on lists kept back how often student and teacher put the answer first, and how far their logits differ."""
        every = np.arange(self._settings.candidates)
        ours, theirs = [], []
        for row in self._kept_back:
            rows = self._rows(row, every)
            ids, present = pad(rows, 1, self._device)
            with mixed_precision(self._device):
                ours.append(self._model(ids, present).cpu().numpy())
            theirs.append(self._distillation.logits(rows).cpu().numpy())
        ours, theirs = np.array(ours), np.array(theirs)
        return {
            "lists": len(ours),
            "answer first": round(float(np.mean(ours.argmax(1) == 0)), 4),
            "answer first, teacher": round(float(np.mean(theirs.argmax(1) == 0)), 4),
            "correlation": round(float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]), 4),
            "mean difference of logits": round(float(np.abs(ours - theirs).mean()), 4),
        }

    def save(self) -> None:
        state = {
            "step": self.step,
            "layers": self._settings.layers,
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        partial = self._checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.rename(self._checkpoint)
        half = {name: value.half().cpu() for name, value in self._model.state_dict().items()}
        torch.save({"step": self.step, "layers": self._settings.layers, "model": half}, self._settings.work / "student.pt")

    def _load(self) -> None:
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        if tuple(state["layers"]) != self._settings.layers:
            raise SystemExit(
                f"The checkpoint {self._checkpoint} has the layers {state['layers']}, and the settings have {self._settings.layers}; "
                "remove it to begin anew."
            )
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        if self._group.rank == 0:
            print(f"continuing from step {self.step}", flush=True)


def read_student(settings: Settings) -> CrossEncoder:
    file = settings.work / "student.pt"
    if not file.exists():
        raise SystemExit(f"The file {file} is missing; run the step `train` first.")
    state = torch.load(file, map_location="cpu", weights_only=True)
    weights = {name: value.float() for name, value in state["model"].items()}
    student = CrossEncoder(len(weights["roberta.embeddings.word_embeddings.weight"]), len(state["layers"]))
    student.load_state_dict(weights)
    return student.eval()
