"""Makes the arrays and the manifest beside this file: diffusers 0.42.1, torch 2.15.0."""
import json
import os

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = dict(
    block_out_channels=[8, 16],
    down_block_types=["DownEncoderBlock2D"] * 2,
    up_block_types=["UpDecoderBlock2D"] * 2,
    layers_per_block=1,
    norm_num_groups=4,
    sample_size=16,
)
VARIANTS = {
    "plain_16": dict(
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
        act_fn="gelu",
        shift_factor=0.1159,
        scaling_factor=0.3611,
    ),
    "relu_channels": dict(
        in_channels=1, out_channels=2, act_fn="relu", layers_per_block=2, use_quant_conv=False
    ),
    "mish_stats": dict(
        act_fn="mish",
        latent_channels=3,
        use_post_quant_conv=False,
        latents_mean=[0.1, -0.2, 0.3],
        latents_std=[1.5, 0.5, 2.0],
    ),
}


def randomize(model):
    for name, p in model.named_parameters():
        scale = 0.5 / p[0].numel() ** 0.5 if p.ndim > 1 else 0.1
        offset = 1 if "norm" in name and name.endswith("weight") else 0
        p.copy_(torch.randn_like(p) * scale + offset)


def unscaled(z, config):
    """As the XL pipeline has it with statistics, Stable Diffusion 3's with a shift."""
    if config.latents_mean:
        mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (config.latents_mean, config.latents_std))
        return z * std / config.scaling_factor + mean
    return z / config.scaling_factor + (config.shift_factor or 0)


arrays, cases = {}, []
torch.manual_seed(20240501)
with torch.no_grad():
    for name, fields in VARIANTS.items():
        config = {**BASE, **fields}
        model = AutoencoderKL(**config).eval()
        randomize(model)
        inputs = {
            "image": torch.randn(1, model.config.in_channels, 8, 12),
            "latents": torch.randn(1, model.config.latent_channels, 4, 6),
        }
        expected = {
            "moments": model._encode(inputs["image"]),
            "decoded": model.decode(inputs["latents"]).sample,
            "unscaled": unscaled(inputs["latents"], model.config),
        }
        for group, tensors in (("w", model.state_dict()), ("in", inputs), ("out", expected)):
            for key, value in tensors.items():
                arrays[f"{name}/{group}/{key}"] = value.contiguous()
        cases.append(
            {
                "id": name,
                "kind": "vae_variant",
                "config": config,
                "inputs": {key: {"key": f"{name}/in/{key}"} for key in inputs},
                "expected": {key: {"key": f"{name}/out/{key}"} for key in expected},
                "tolerance": {"atol": 3e-4, "rtol": 1e-3},
            }
        )
save_file(arrays, os.path.join(HERE, "vae_variants.safetensors"))
with open(os.path.join(HERE, "manifest.json"), "w") as f:
    about = "AutoencoderKL variants, made by make.py beside this file: diffusers 0.42.1, torch 2.15.0"
    json.dump({"about": about, "cases": cases}, f, indent=1)
