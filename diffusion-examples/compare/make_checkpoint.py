#!/usr/bin/env python3
"""Writes a diffusers checkpoint with seeded random weights, float32, in a named configuration.

    make_checkpoint.py CONFIG OUT [--seed N] [--tokenizer DIR]

The modules are built without memory, only to learn the names and shapes of their tensors; values go
to the file one tensor at a time, so that SD 1.5's 4.2 GB need little more than one gigabyte of memory.
"""

import argparse
import json
import math
import shutil
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

REPOSITORY = Path(__file__).resolve().parents[2]
STARTER_TOKENIZER = (
    REPOSITORY / "diffusion-examples/src/main/resources/dev/palimpsest/examples/starter/tokenizer"
)
TOKENIZER_FILES = (
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
)

# Less than 1 keeps sums over many residual branches small.
GAIN = 0.7

SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
}


def unet(channels, *, size, text, heads, layers, groups=32, plain_last=True):
    """The layout of SD 1.x: attention in every block, but not in the lowest if plain_last."""
    attends = [True] * (len(channels) - 1) + [not plain_last]
    return {
        "act_fn": "silu",
        "attention_head_dim": heads,
        "block_out_channels": channels,
        "center_input_sample": False,
        "cross_attention_dim": text,
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attends],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 4,
        "layers_per_block": layers,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-05,
        "norm_num_groups": groups,
        "out_channels": 4,
        "sample_size": size,
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attends)],
    }


def vae(channels, *, size, layers, groups=32):
    return {
        "act_fn": "silu",
        "block_out_channels": channels,
        "down_block_types": ["DownEncoderBlock2D"] * len(channels),
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": layers,
        "norm_num_groups": groups,
        "out_channels": 3,
        "sample_size": size,
        "scaling_factor": 0.18215,
        "up_block_types": ["UpDecoderBlock2D"] * len(channels),
    }


def text_encoder(width, *, layers, heads, inner, vocabulary, tokens=77):
    return {
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": width,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": tokens,
        "model_type": "clip_text_model",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "pad_token_id": 1,
        "projection_dim": width,
        "vocab_size": vocabulary,
    }


# "sd15" has the values of the published configuration files of Stable Diffusion 1.5.
CONFIGURATIONS = {
    "tiny": {
        "unet": unet([16, 32], size=16, text=32, heads=4, layers=1, groups=8),
        "vae": vae([8, 16], size=32, layers=1, groups=4),
        "text_encoder": text_encoder(32, layers=2, heads=4, inner=64, vocabulary=1000),
    },
    "starter-size": {
        "unet": unet(
            [64, 144], size=16, text=128, heads=4, layers=1, groups=16, plain_last=False
        ),
        "vae": vae([16, 32, 64], size=64, layers=1, groups=8),
        "text_encoder": text_encoder(128, layers=3, heads=4, inner=512, vocabulary=2231),
    },
    "small": {
        "unet": unet([64, 96, 160, 160], size=32, text=128, heads=8, layers=2),
        "vae": vae([32, 64, 64], size=128, layers=2),
        "text_encoder": text_encoder(128, layers=4, heads=4, inner=512, vocabulary=2231),
    },
    "sd15": {
        "unet": unet([320, 640, 1280, 1280], size=64, text=768, heads=8, layers=2),
        "vae": vae([128, 256, 512, 512], size=512, layers=2),
        "text_encoder": text_encoder(768, layers=12, heads=12, inner=3072, vocabulary=49408),
    },
}


def shapes(component, config):
    """Names as published, with the shape of each tensor."""
    with torch.device("meta"):
        if component == "unet":
            module, prefix = UNet2DConditionModel.from_config(config), ""
        elif component == "vae":
            module, prefix = AutoencoderKL.from_config(config), ""
        else:
            module, prefix = CLIPTextModel(CLIPTextConfig(**config)), "text_model."
    found = {}
    for name, tensor in module.state_dict().items():
        found[name if name.startswith(prefix) else prefix + name] = tuple(tensor.shape)
    return dict(sorted(found.items()))


def values(name, shape, generator):
    noise = torch.randn(shape, generator=generator)
    if name.endswith(".bias"):
        return noise * 0.02
    if len(shape) == 1:
        return 1 + noise * 0.05
    if "embedding.weight" in name:
        return noise * 0.5
    return noise * (GAIN / math.sqrt(math.prod(shape[1:])))


def write(path, tensors, seed):
    """A safetensors file, one tensor in memory at a time. Returns the count of parameters."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    generator = torch.Generator().manual_seed(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name, shape in tensors.items():
            file.write(values(name, shape, generator).numpy().data)
    return end // 4


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def make(name, out, seed, tokenizer):
    parts = CONFIGURATIONS[name]
    classes = {
        "unet": ("diffusers", "UNet2DConditionModel", "diffusion_pytorch_model.safetensors"),
        "vae": ("diffusers", "AutoencoderKL", "diffusion_pytorch_model.safetensors"),
        "text_encoder": ("transformers", "CLIPTextModel", "model.safetensors"),
    }
    index = {
        "_class_name": "StableDiffusionPipeline",
        "requires_safety_checker": False,
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
    }
    for number, (part, (package, class_name, file)) in enumerate(classes.items()):
        config = parts[part]
        count = write(out / part / file, shapes(part, config), seed + number)
        label = {"architectures": [class_name]} if package == "transformers" else {
            "_class_name": class_name
        }
        write_json(out / part / "config.json", {**label, **config})
        index[part] = [package, class_name]
        print(f"{part}: {count / 1e6:.2f} M parameters", flush=True)
    write_json(out / "scheduler" / "scheduler_config.json", SCHEDULER)
    (out / "tokenizer").mkdir(parents=True, exist_ok=True)
    for file in TOKENIZER_FILES:
        shutil.copyfile(tokenizer / file, out / "tokenizer" / file)
    # Last, so that a folder that was not finished is none.
    write_json(out / "model_index.json", index)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", choices=CONFIGURATIONS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--tokenizer",
        type=Path,
        default=STARTER_TOKENIZER,
        help="folder with vocab.json and merges.txt; default the starter model's small vocabulary",
    )
    options = parser.parse_args()
    if options.out.exists() and any(options.out.iterdir()):
        sys.exit(f"{options.out} is not empty")
    missing = [file for file in TOKENIZER_FILES if not (options.tokenizer / file).is_file()]
    if missing:
        sys.exit(f"{options.tokenizer} lacks {', '.join(missing)}")
    torch.set_num_threads(2)
    make(options.config, options.out, options.seed, options.tokenizer)


if __name__ == "__main__":
    main()
