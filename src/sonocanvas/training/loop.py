"""The one training loop: a budget in minutes, a moving average, checkpoints that resume."""

import argparse
import copy
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonocanvas.training.muon import Muon, hidden_weights

CHECKPOINT_EVERY_S = 90.0
PROGRESS_EVERY_S = 15.0
CHECKPOINT = "checkpoint.pt"
LOG_FILE = "log.csv"  # step, seconds and smoothed loss, without a header
MUON_RATE = 20.0  # ratio of Muon's learning rate to AdamW's


def trainer_options(description: str | None, minutes: float, batch: int) -> argparse.ArgumentParser:
    """Returns a parser with the options that all trainers share.

    Args:
        description: Description of the trainer.
        minutes: Its default time budget.
        batch: Its default batch size.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, help="folder of the checkpoint and the weights")
    parser.add_argument("--minutes", type=float, default=minutes, help="budget over all calls")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--seed", type=int, default=0)
    return parser


def half_precision(device: str) -> torch.autocast:
    """Returns a context in which models compute in bfloat16 if the device has fast support for it.

    A CPU without bfloat16 instructions takes three times as long as in float32.

    Args:
        device: Type of the device, such as `"cpu"`.
    """
    fast = device != "cpu" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device, torch.bfloat16, enabled=fast)


def train(
    model: nn.Module,
    loss_of_batch: Callable[[], Tensor],
    out: Path,
    *,
    minutes: float,
    learning_rate: float,
    ema_decay: float = 0.999,
    muon: bool = False,
    snapshot: Callable[[nn.Module], None] | None = None,
    snapshot_every_s: float = 240.0,
) -> Any:
    """Returns the moving average of a model, trained for a total time in minutes.

    The learning rate warms up over the first 2 % of the time and then decays to zero along a
    cosine. `out/checkpoint.pt` is written about every 90 seconds, and another call with the same
    folder resumes from it, so a run can be stopped at any moment. `out/log.csv` gets a line with
    step, seconds and smoothed loss every 15 seconds.

    Args:
        model: The model to train, in place.
        loss_of_batch: Draws a batch and returns its loss.
        out: Folder of the checkpoint and the log.
        minutes: Time budget over all calls.
        learning_rate: Peak learning rate of AdamW.
        ema_decay: Decay of the moving average, approached gradually.
        muon: Whether Muon trains the hidden weights of a UNet, at twenty times the learning rate.
        snapshot: Called with the moving average at intervals and at the end, to save or draw it.
        snapshot_every_s: Interval between snapshots, in seconds.
    """
    out.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(model).requires_grad_(False)
    hidden = hidden_weights(model) if muon else []
    optimizers: dict[str, torch.optim.Optimizer] = {
        "optimizer": torch.optim.AdamW(_decayed(model, hidden), lr=learning_rate, fused=True)
    }
    if muon:
        optimizers["muon"] = Muon(hidden)
    parts = {"model": model, "average": average, **optimizers}
    state = _restored(out / CHECKPOINT, parts)
    budget = minutes * 60
    smooth: Tensor | None = None
    last = saved_at = told_at = kept_at = time.monotonic()
    while state["seconds"] < budget:
        rate = _rate(state["seconds"] / budget, learning_rate)
        for name, optimizer in optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = rate * (MUON_RATE if name == "muon" else 1)
        value = _learn(model, optimizers.values(), loss_of_batch())
        _follow(average, model, min(ema_decay, (1 + state["step"]) / (10 + state["step"])))
        smooth = value if smooth is None else smooth.lerp(value, 0.02)
        now = time.monotonic()
        state["step"] += 1
        state["seconds"] += now - last
        last = now
        if now - told_at > PROGRESS_EVERY_S:
            left = (budget - state["seconds"]) / 60
            loss = float(smooth)
            print(f"step {state['step']}  loss {loss:.4f}  {left:.1f} min left", flush=True)
            with (out / LOG_FILE).open("a") as log:
                log.write(f"{state['step']},{state['seconds']:.0f},{loss:.5f}\n")
            told_at = now
        if now - saved_at > CHECKPOINT_EVERY_S:
            _save(out / CHECKPOINT, parts, state)
            saved_at = now
        if snapshot is not None and now - kept_at > snapshot_every_s:
            snapshot(average)
            kept_at = last = time.monotonic()
    _save(out / CHECKPOINT, parts, state)
    if snapshot is not None:
        snapshot(average)
    return average


def _restored(checkpoint: Path, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the progress of a run, and restores its parts in place."""
    if not checkpoint.exists():
        return {"step": 0, "seconds": 0.0}
    saved: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return dict(saved["state"])


def _save(checkpoint: Path, parts: Mapping[str, Any], state: dict[str, Any]) -> None:
    """Saves the parts and the progress of a run, through a temporary file next to the last one."""
    content = {name: part.state_dict() for name, part in parts.items()}
    partial = checkpoint.with_suffix(".partial")
    torch.save({**content, "state": state}, partial)
    partial.replace(checkpoint)


def _rate(share: float, highest: float) -> float:
    """Returns the learning rate after a fraction of the time."""
    rate = highest * min(share / 0.02, 0.5 + 0.5 * math.cos(math.pi * share), 1.0)
    return max(rate, 1e-6)


def _learn(model: nn.Module, optimizers: Collection[torch.optim.Optimizer], loss: Tensor) -> Tensor:
    """Returns a loss, after one optimizer step on it."""
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return loss.detach()


def _decayed(model: nn.Module, without: Sequence[nn.Parameter]) -> list[dict[str, Any]]:
    """Returns the trainable parameters: matrices with weight decay, all others without."""
    words = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    left_out = {id(parameter) for parameter in without}
    groups: dict[float, list[nn.Parameter]] = {0.01: [], 0.0: []}
    for parameter in model.parameters():
        if parameter.requires_grad and id(parameter) not in left_out:
            is_matrix = parameter.ndim > 1 and id(parameter) not in words
            groups[0.01 if is_matrix else 0.0].append(parameter)
    return [{"params": part, "weight_decay": decay} for decay, part in groups.items()]


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Moves an average towards a model, in place."""
    ours: list[Tensor] = [*average.parameters()]
    theirs: list[Tensor] = [*model.parameters()]
    torch._foreach_lerp_(ours, theirs, 1 - decay)
    for mean, buffer in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(buffer)
