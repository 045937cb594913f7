"""Writes optimizers.safetensors: torch 2.15.0 and diffusers 0.42.1, on the CPU.

Each case is a matrix "start", gradients "gradient" [steps, ...] and "weights" [steps, ...] after each step.
"""
import torch
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from safetensors.torch import save_file

STEPS = 6
out = {}


def optimizer(name, make, rate):
    torch.manual_seed(len(out))
    p = torch.nn.Parameter(torch.randn(7, 5))
    out[f"{name}/start"] = p.detach().clone()
    g = torch.randn(STEPS, 7, 5) * torch.logspace(-4, 2, 7)[None, :, None]
    out[f"{name}/gradient"] = g
    opt = make([p], rate)
    rows = []
    for i in range(STEPS):
        p.grad = g[i].clone()
        opt.step()
        rows.append(p.detach().clone())
    out[f"{name}/weights"] = torch.stack(rows)


optimizer("adamw", lambda p, lr: torch.optim.AdamW(p, lr=lr), 1e-2)
optimizer("adamw_options", lambda p, lr: torch.optim.AdamW(p, lr=lr, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.3), 3e-2)
optimizer("adam", lambda p, lr: torch.optim.Adam(p, lr=lr), 1e-2)
optimizer("sgd", lambda p, lr: torch.optim.SGD(p, lr=lr), 1e-2)
optimizer("sgd_momentum", lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, weight_decay=0.01), 1e-2)


def rates(name, kind, warmup, steps):
    p = torch.nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([p], lr=2e-3)
    s = get_scheduler(kind, opt, num_warmup_steps=warmup, num_training_steps=steps)
    values = []
    for _ in range(steps + 3):
        values.append(s.get_last_lr()[0])
        opt.step()
        s.step()
    out[f"rates/{name}"] = torch.tensor(values, dtype=torch.float64)


rates("constant", "constant_with_warmup", 5, 20)
rates("constant_plain", "constant", 0, 20)
rates("cosine", "cosine", 4, 30)
rates("cosine_plain", "cosine", 0, 30)
rates("linear", "linear", 3, 25)


def ema(name, **options):
    torch.manual_seed(3)
    p = torch.nn.Parameter(torch.randn(11))
    e = EMAModel([p], **options)
    values, weights, decays = [], [], []
    for _ in range(15):
        with torch.no_grad():
            p.add_(torch.randn(11) * 0.1)
        e.step([p])
        weights.append(p.detach().clone())
        values.append(e.shadow_params[0].clone())
        decays.append(e.cur_decay_value)
    out[f"ema/{name}/weights"] = torch.stack(weights)
    out[f"ema/{name}/averages"] = torch.stack(values)
    out[f"ema/{name}/decays"] = torch.tensor(decays, dtype=torch.float64)


ema("plain", decay=0.5)
ema("late", decay=0.999, update_after_step=4)
ema("warmup", decay=0.9, use_ema_warmup=True, power=0.75)

torch.manual_seed(1)
tensors = [torch.nn.Parameter(torch.zeros(40, 30)), torch.nn.Parameter(torch.zeros(77))]
for i, t in enumerate(tensors):
    t.grad = torch.randn_like(t)
    out[f"clip/before/{i}"] = t.grad.clone()
out["clip/norm"] = torch.nn.utils.clip_grad_norm_(tensors, 1.5).reshape(1)
for i, t in enumerate(tensors):
    out[f"clip/after/{i}"] = t.grad
save_file(out, "optimizers.safetensors")
