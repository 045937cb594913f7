"""Writes losses.safetensors: torch 2.15.0 and diffusers 0.42.1 on the CPU; each loss with its gradient.

L_hybrid is written after improved-diffusion's gaussian_diffusion.py in torch, in float64.
"""
import math
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from diffusers.training_utils import compute_snr
from safetensors.torch import save_file

torch.manual_seed(5)
out = {}
B, C, N = 4, 2, 5
original = (torch.randn(B, C, N, N) * 0.7).clamp(-1, 1)
noise, prediction = torch.randn(B, C, N, N), torch.randn(B, C, N, N)
timesteps = torch.tensor([0, 17, 400, 999])
out |= {"original": original, "noise": noise, "prediction": prediction, "timesteps": timesteps}


def record(name, loss, x):
    loss.backward()
    out[f"{name}/loss"] = loss.detach().float().reshape(1)
    out[f"{name}/gradient"] = x.grad.float()


for kind in ("epsilon", "v_prediction", "sample"):
    s = DDPMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type=kind)
    out[f"{kind}/noisy"] = s.add_noise(original, noise, timesteps)
    target = {"epsilon": noise, "v_prediction": s.get_velocity(original, noise, timesteps), "sample": original}[kind]
    x = prediction.clone().requires_grad_()
    record(kind, F.mse_loss(x, target), x)
    snr = compute_snr(s, timesteps)
    w = torch.stack([snr, 5.0 * torch.ones_like(timesteps)], dim=1).min(dim=1)[0]
    w = w / snr if kind == "epsilon" else w / (snr + 1) if kind == "v_prediction" else w
    x = prediction.clone().requires_grad_()
    loss = F.mse_loss(x, target, reduction="none").mean(dim=(1, 2, 3)) * w
    out[f"{kind}/weights"] = w.float()
    record(f"{kind}_min_snr", loss.mean(), x)

x, mask = prediction.clone().requires_grad_(), torch.rand(B, 1, N, N)
out["mask"] = mask
record("masked", (F.mse_loss(x, noise, reduction="none") * mask).mean(), x)

logits, labels = torch.randn(6, 7) * 30, torch.randint(0, 7, (6,))
out |= {"logits": logits, "targets": F.one_hot(labels, 7).float()}
x = logits.clone().requires_grad_()
record("cross_entropy", F.cross_entropy(x, labels), x)


def cdf(x):
    return 0.5 * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def hybrid(model_output, T, betas):
    alphas_cumprod = np.cumprod(1 - betas)
    prev = np.append(1.0, alphas_cumprod[:-1])
    variance = betas * (1 - prev) / (1 - alphas_cumprod)
    log_clipped = np.log(np.append(variance[1], variance[1:]))
    coef1 = betas * np.sqrt(prev) / (1 - alphas_cumprod)
    coef2 = (1 - prev) * np.sqrt(1 - betas) / (1 - alphas_cumprod)
    at = lambda a: torch.from_numpy(a)[timesteps_h][:, None, None, None]
    x0, eps_true = original.double(), noise.double()
    x_t = at(np.sqrt(alphas_cumprod)) * x0 + at(np.sqrt(1 - alphas_cumprod)) * eps_true
    eps, values = torch.split(model_output, C, dim=1)
    frozen = eps.detach()
    frac = (values + 1) / 2
    log_variance = frac * at(np.log(betas)) + (1 - frac) * at(log_clipped)
    x0_pred = (x_t - at(np.sqrt(1 - alphas_cumprod)) * frozen) / at(np.sqrt(alphas_cumprod))
    mean = at(coef1) * x0_pred + at(coef2) * x_t
    true_mean, true_log = at(coef1) * x0 + at(coef2) * x_t, at(log_clipped)
    kl = 0.5 * (-1 + log_variance - true_log + torch.exp(true_log - log_variance)
                + (true_mean - mean) ** 2 * torch.exp(-log_variance))
    kl = kl.mean(dim=(1, 2, 3)) / math.log(2)
    centred, inverse = x0 - mean, torch.exp(-0.5 * log_variance)
    above, below = cdf(inverse * (centred + 1 / 255)), cdf(inverse * (centred - 1 / 255))
    log_probs = torch.where(x0 < -0.999, above.clamp(min=1e-12).log(),
                torch.where(x0 > 0.999, (1 - below).clamp(min=1e-12).log(), (above - below).clamp(min=1e-12).log()))
    nll = -log_probs.mean(dim=(1, 2, 3)) / math.log(2)
    vb = torch.where(timesteps_h == 0, nll, kl)
    out["hybrid/vb"] = vb.detach().float()
    return ((eps - eps_true) ** 2).mean(dim=(1, 2, 3)).mean() + (vb * T / 1000).mean()


T = 400
timesteps_h = torch.tensor([0, 1, 37, 399])
betas = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2").betas.double().numpy()
# A network that is nearly right, so that the decoder is not at its lowest probability.
answer = torch.cat([noise + 0.05 * torch.randn_like(noise), 0.5 * torch.randn_like(noise)], dim=1)
out |= {"hybrid/prediction": answer, "hybrid/timesteps": timesteps_h}
x = answer.double().requires_grad_()
record("hybrid", hybrid(x, T, betas), x)
print(out["hybrid/vb"], out["hybrid/loss"])
save_file({k: v.contiguous() for k, v in out.items()}, "losses.safetensors")
