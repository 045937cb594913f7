#!/usr/bin/env python3
"""Writes train.safetensors: train.py CHECKPOINT, the folder that TestModels.checkpoint(3).save gives.

Three steps of a LoRA on attention, convolutions and the text encoder by torch, diffusers and peft, min-SNR 5, two rates.
Made by torch 2.15.0, diffusers 0.42.1, transformers 5.23.0, peft 0.21.2.
"""

import sys
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.training_utils import compute_snr
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import CLIPTextModel

RANK, ALPHA, STEPS, GAMMA = 2, 3, 3, 5.0
UNET = ["to_q", "to_k", "to_v", "to_out.0", "conv1"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj"]


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    text = CLIPTextModel.from_pretrained(folder / "text_encoder")
    scheduler = DDPMScheduler.from_pretrained(folder / "scheduler")
    for model, targets in ((unet, UNET), (text, TEXT)):
        model.requires_grad_(False)
        model.add_adapter(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets))
    trained = {}
    for component, model in (("unet.", unet), ("text_encoder.text_model.", text)):
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                name = name.replace(".default.", ".").removeprefix("text_model.")
                trained[component + name] = parameter
    out = {"init/" + name: p.detach().clone() for name, p in trained.items()}
    sides = [p for name, p in trained.items() if name.startswith("unet.")]
    texts = [p for name, p in trained.items() if name.startswith("text")]
    optimizer = torch.optim.AdamW([{"params": sides, "lr": 2e-3}, {"params": texts, "lr": 1e-3}])
    latents, noise = (torch.randn(STEPS, 2, 4, 8, 8) for _ in range(2))
    timesteps = torch.randint(0, 1000, (STEPS, 2))
    ids = torch.randint(0, text.config.vocab_size, (STEPS, 2, 8))
    losses = []
    for k in range(STEPS):
        noisy = scheduler.add_noise(latents[k], noise[k], timesteps[k])
        states = text(ids[k])[0]
        prediction = unet(noisy, timesteps[k], states).sample
        snr = compute_snr(scheduler, timesteps[k])
        weights = torch.clamp(snr, max=GAMMA) / snr
        rows = (prediction - noise[k]).pow(2).mean(dim=(1, 2, 3))
        loss = (rows * weights).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    out.update({"final/" + name: p.detach().clone() for name, p in trained.items()})
    out.update(latents=latents, noise=noise, timesteps=timesteps, ids=ids, losses=torch.stack(losses))
    save_file({k: v.contiguous() for k, v in out.items()}, Path(__file__).with_name("train.safetensors"))


if __name__ == "__main__":
    main()
