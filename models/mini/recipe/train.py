"""Trains the student on the teacher's scores and the known answers; goes on from its checkpoint.

The batch of a step follows from the seed and the step alone, so a run that was stopped and went on takes the same path
as one that was not, up to what the hardware computes.
"""

import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from .batches import pad, student_pair
from .data import read_data
from .device import find_device, mixed_precision
from .encoder import CrossEncoder
from .inference import model_folder
from .settings import Settings
from .start import start_student
from .teacher_weights import read_teacher

# How much surer than the teacher the student shall be of the answer that is known.
_BONUS = 2.0
# Against the ranking loss: the weight of the squared error to the teacher's logits, which keeps their level.
_LEVEL = 0.05
_WARM_UP = 0.05
# One list in this many is kept back to watch the training; queries of one passage stay together.
_KEPT_BACK = 50
_BATCH_TOKENS = {"cuda": 131072, "cpu": 4096}
_SAVE_EVERY_SECONDS = 60


def train(settings: Settings) -> None:
    """Trains to the end of the schedule, or for `MINUTES` of the environment; then run it again. Writes student.pt."""
    minutes = float(os.environ.get("MINUTES", "inf"))
    run = _Run(settings)
    started = last_save = time.monotonic()
    pairs = tokens = 0
    losses = []
    while run.step < settings.steps:
        loss, size = run.do_step()
        losses.append(loss)
        pairs += size[0]
        tokens += size[1]
        now = time.monotonic()
        if run.step % max(1, settings.steps // 50) == 0 or run.step == settings.steps:
            rate = f"{pairs / (now - started):.0f} pairs, {tokens / (now - started):.0f} tokens a second"
            print(f"step {run.step} of {settings.steps}: loss {np.mean(losses):.4f}, {rate}", flush=True)
            losses.clear()
        if now - last_save > _SAVE_EVERY_SECONDS:
            run.save()
            last_save = now
        if now - started > minutes * 60:
            break
    run.save()
    print(f"kept back: {run.evaluate()}", flush=True)
    if run.step < settings.steps:
        print(f"stopped at step {run.step} of {settings.steps}: run the step `train` again to go on", flush=True)


class _Run:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._data = read_data(settings)
        scores = settings.work / "scores.npy"
        if not scores.exists():
            raise SystemExit(f"{scores} is missing: run the step `score` first")
        self._scores = np.load(scores)
        self._device = find_device()
        tokenizer = Tokenizer.from_file(str(settings.work / "out/tokenizer.json"))
        self._queries = [encoding.ids for encoding in tokenizer.encode_batch(self._data.queries, add_special_tokens=False)]
        self._passages = [encoding.ids for encoding in tokenizer.encode_batch(self._data.passages, add_special_tokens=False)]
        answers = self._data.candidates[:, 0]
        self._training = np.flatnonzero(answers % _KEPT_BACK != 0)
        self._kept_back = np.flatnonzero(answers % _KEPT_BACK == 0)[:500]
        self._model = start_student(settings, read_teacher(model_folder("reranker_en") / "model.onnx")).to(self._device)
        parameters = list(self._model.parameters())
        self._optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.01)
        self.step = 0
        self._checkpoint: Path = settings.work / "checkpoint.pt"
        self._load()

    def do_step(self) -> tuple[float, tuple[int, int]]:
        """Gives the loss, and how many pairs and tokens it took."""
        settings = self._settings
        chance = np.random.default_rng([settings.seed, self.step])
        lists = self._lists_of_step()
        picked = [self._pick(chance) for _ in lists]
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._schedule()
        loss = size = 0
        for part in self._split(lists, picked):
            rows, columns = zip(*part, strict=True)
            logits, tokens = self._logits(rows, columns)
            wanted = torch.from_numpy(np.stack([self._scores[row, column] for row, column in part])).to(self._device)
            portion = self._loss(logits, wanted) * (len(part) / len(lists))
            portion.backward()
            loss += portion.item()
            size += tokens
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss, (len(lists) * settings.picked, size)

    def _lists_of_step(self) -> np.ndarray:
        """The lists of this step: every epoch goes through all of them once, in an order of its own."""
        count = min(self._settings.lists_each_step, len(self._training))
        steps_each_epoch = len(self._training) // count
        epoch, place = divmod(self.step, steps_each_epoch)
        order = np.random.default_rng([self._settings.seed, 7, epoch]).permutation(self._training)
        return order[place * count : (place + 1) * count]

    def _pick(self, chance: np.random.Generator) -> np.ndarray:
        others = 1 + chance.permutation(self._settings.candidates - 1)[: self._settings.picked - 1]
        return np.array([0, *others])

    def _schedule(self) -> float:
        done = self.step / self._settings.steps
        return min(1.0, (done + 1e-3) / _WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))

    def _split(self, lists: np.ndarray, picked: list[np.ndarray]):
        """Lists of similar length together, in parts that fit the memory."""
        pairs = sorted(
            zip(lists, picked, strict=True),
            key=lambda pair: max(len(self._passages[passage]) for passage in self._data.candidates[pair[0], pair[1]]),
        )
        room = _BATCH_TOKENS[self._device.type]
        part = []
        for pair in pairs:
            longest = max(len(self._passages[passage]) for passage in self._data.candidates[pair[0], pair[1]]) + 70
            if part and min(longest, self._settings.longest) * self._settings.picked * (len(part) + 1) > room:
                yield part
                part = []
            part.append(pair)
        yield part

    def _logits(self, rows, columns) -> tuple[torch.Tensor, int]:
        pairs = [
            student_pair(self._queries[row], self._passages[passage], self._settings.longest)
            for row, column in zip(rows, columns, strict=True)
            for passage in self._data.candidates[row, column]
        ]
        ids, present = pad(pairs, 1, self._device)
        with mixed_precision(self._device):
            logits = self._model(ids, present)
        return logits.view(len(rows), -1), sum(map(len, pairs))

    @staticmethod
    def _loss(logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        """The ranking of the teacher with a bonus for the known answer, which comes first, and the teacher's level."""
        wanted = teacher.clone()
        wanted[:, 0] += _BONUS
        ranking = F.kl_div(F.log_softmax(logits, -1), F.softmax(wanted, -1), reduction="batchmean")
        return ranking + _LEVEL * F.mse_loss(logits, teacher)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """On lists kept back: how often student and teacher put the answer first, and how far apart their logits are."""
        self._model.eval()
        every = np.arange(self._settings.candidates)
        first, difference = [], []
        for row in self._kept_back:
            logits = self._logits([row], [every])[0][0].cpu().numpy()
            first.append(logits.argmax() == 0)
            difference.append(np.abs(logits - self._scores[row]).mean())
        self._model.train()
        return {
            "lists": len(self._kept_back),
            "answer first": round(float(np.mean(first)), 4),
            "answer first, teacher": round(float(np.mean(self._scores[self._kept_back].argmax(1) == 0)), 4),
            "mean difference of logits": round(float(np.mean(difference)), 4),
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
            raise SystemExit(f"{self._checkpoint} has layers {state['layers']}: remove it to begin anew")
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        print(f"going on from step {self.step}", flush=True)


def read_student(settings: Settings) -> CrossEncoder:
    file = settings.work / "student.pt"
    if not file.exists():
        raise SystemExit(f"{file} is missing: run the step `train` first")
    state = torch.load(file, map_location="cpu", weights_only=True)
    weights = {name: value.float() for name, value in state["model"].items()}
    student = CrossEncoder(len(weights["roberta.embeddings.word_embeddings.weight"]), len(state["layers"]))
    student.load_state_dict(weights)
    return student.eval()
