#!/usr/bin/env python3
"""Trains the network of `palimpsest fashion-study` with torch and diffusers: from the same initial weights, on the same
pictures in the same order, with the same loss, optimiser, learning rates and clipping; timesteps and noise are its own.

Writes a table with the columns of a run's events.csv, and the averaged weights."""

import argparse
import copy
import gzip
import json
import math
import time
from pathlib import Path

import numpy
import torch
from diffusers import DDPMPipeline, UNet2DModel

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(seed, name, index):
    """The state of SeededStream.of(seed, name, index)."""
    state = mix((seed + GOLDEN) & MASK)
    for letter in name:
        state = mix((state * GOLDEN + ord(letter) + 1) & MASK)
    return mix((state * GOLDEN + index) & MASK)


def permutation(state, count):
    """SeededStream.permutation."""
    order = [0] * count
    for i in range(count):
        state = (state + GOLDEN) & MASK
        j = ((mix(state) >> 1) * 2 * (i + 1)) >> 64
        order[i] = order[j]
        order[j] = i
    return order


def read_idx(folder, name, header):
    file = folder / (name + ".gz")
    data = gzip.decompress(file.read_bytes()) if file.exists() else (folder / name).read_bytes()
    return numpy.frombuffer(data, numpy.uint8, offset=header)


class HybridLoss:
    """improved-diffusion's rescaled L_hybrid (gaussian_diffusion.py, training_losses)."""

    def __init__(self, steps):
        def bar(t):
            return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

        betas = [min(1 - bar((i + 1) / steps) / bar(i / steps), 0.999) for i in range(steps)]
        betas = torch.tensor(betas, dtype=torch.float64)
        alphas = torch.cumprod(1 - betas, 0)
        before = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])
        variance = betas * (1 - before) / (1 - alphas)
        self.steps = steps
        self.alphas = alphas
        self.log_beta = torch.log(betas)
        self.log_posterior = torch.log(torch.cat([variance[1:2], variance[1:]]))
        self.of_clean = betas * torch.sqrt(before) / (1 - alphas)
        self.of_noisy = (1 - before) * torch.sqrt(1 - betas) / (1 - alphas)

    @staticmethod
    def at(table, t):
        return table[t].float()[:, None, None, None]

    def noisy(self, x0, noise, t):
        return self.at(self.alphas.sqrt(), t) * x0 + self.at((1 - self.alphas).sqrt(), t) * noise

    def __call__(self, output, x0, xt, noise, t):
        epsilon, share = output.chunk(2, dim=1)
        simple = ((epsilon - noise) ** 2).mean()
        fixed = epsilon.detach()
        predicted = (xt - self.at((1 - self.alphas).sqrt(), t) * fixed) / self.at(self.alphas.sqrt(), t)
        mean = self.at(self.of_clean, t) * predicted + self.at(self.of_noisy, t) * xt
        true_mean = self.at(self.of_clean, t) * x0 + self.at(self.of_noisy, t) * xt
        small, large = self.at(self.log_posterior, t), self.at(self.log_beta, t)
        share = (share + 1) / 2
        log_variance = share * large + (1 - share) * small
        kl = 0.5 * (
            -1 + log_variance - small + torch.exp(small - log_variance)
            + (true_mean - mean) ** 2 * torch.exp(-log_variance)
        )
        decoder = -self.decoder(x0, mean, log_variance)
        terms = torch.where((t == 0)[:, None, None, None], decoder, kl)
        return simple + terms.mean() / math.log(2) * self.steps / 1000

    @staticmethod
    def decoder(x, mean, log_variance):
        def cdf(z):
            return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

        inverse = torch.exp(-0.5 * log_variance)
        low = cdf((x - mean - 1 / 255) * inverse)
        high = cdf((x - mean + 1 / 255) * inverse)
        inside = torch.log((high - low).clamp(min=1e-12))
        first, last = torch.log(high.clamp(min=1e-12)), torch.log((1 - low).clamp(min=1e-12))
        return torch.where(x < -0.999, first, torch.where(x > 0.999, last, inside))


def rate(step, peak, warmup, steps):
    if step < warmup:
        return peak * step / max(1, warmup)
    return peak * max(0, 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("study", type=Path, help="the folder of fashion-study: initial/ and study.json are read")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="stop after so many; default all of the study's")
    parser.add_argument("--out", type=Path, required=True, help="a folder for torch.csv and the weights")
    options = parser.parse_args()
    settings = json.loads((options.study / "study.json").read_text())
    steps, batch, seed = settings["steps"], settings["batch"], settings["seed"]

    torch.set_num_threads(options.threads)
    torch.manual_seed(seed)
    unet = UNet2DModel.from_pretrained(options.study / "initial" / "unet").train()
    average = copy.deepcopy(unet).requires_grad_(False)
    side = unet.config.sample_size
    pictures = read_idx(options.data, "train-images-idx3-ubyte", 16).reshape(-1, 1, side, side)
    labels = read_idx(options.data, "train-labels-idx1-ubyte", 8)
    loss_of = HybridLoss(1000)
    optimizer = torch.optim.AdamW(unet.parameters(), weight_decay=0.0)
    options.out.mkdir(parents=True, exist_ok=True)
    batches = len(pictures) // batch
    with open(options.out / "torch.csv", "w") as table:
        table.write("step,loss,learning_rate,gradient_norm,seconds\n")
        for step in range(min(steps, options.steps or steps)):
            if step % batches == 0:
                order = permutation(stream(seed, "order", step // batches), len(pictures))
            start = time.perf_counter()
            rows = order[step % batches * batch :][:batch]
            x0 = torch.from_numpy(pictures[rows]).float() / 127.5 - 1
            t = torch.randint(0, 1000, (batch,))
            noise = torch.randn_like(x0)
            xt = loss_of.noisy(x0, noise, t)
            classes = torch.from_numpy(labels[rows].astype(numpy.int64))
            loss = loss_of(unet(xt, t, classes).sample, x0, xt, noise, t)
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = rate(step, settings["rate"], settings["warmup"], steps)
            optimizer.step()
            decay = 0 if step == 0 else min((1 + step) / (10 + step), 0.999)
            with torch.no_grad():
                for mean, weight in zip(average.parameters(), unet.parameters()):
                    mean.sub_((1 - decay) * (mean - weight))
            seconds = time.perf_counter() - start
            table.write(f"{step + 1},{loss.item()},{group['lr']},{norm.item()},{seconds:.4f}\n")
            table.flush()
            if (step + 1) % 100 == 0:
                print(f"{step + 1}/{steps} loss {loss.item():.4f} {seconds:.3f} s", flush=True)
    pipe = DDPMPipeline.from_pretrained(options.study / "initial")
    pipe.unet = average
    pipe.save_pretrained(options.out / "model")


if __name__ == "__main__":
    main()
