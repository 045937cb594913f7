"""Lists the parameters of the published text encoders and autoencoder: transformers 5.23.0, diffusers 0.42.1."""
import gzip
import os

import torch
from diffusers import AutoencoderKL
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "text-encoders-and-vae.txt.gz")
ENCODERS = {
    "sd15/text_encoder": (CLIPTextModel, 768, 3072, 12, 12, 768, "quick_gelu"),
    "sd21/text_encoder": (CLIPTextModel, 1024, 4096, 23, 16, 512, "gelu"),
    "sdxl/text_encoder_2": (CLIPTextModelWithProjection, 1280, 5120, 32, 20, 1280, "gelu"),
}

lines = []


def add(network, model, prefix=""):
    for name, value in sorted(model.state_dict().items()):
        full = name if name.startswith("text_") else prefix + name
        lines.append(f"{network}\t{full}\t{'x'.join(map(str, value.shape))}\n")


with torch.device("meta"):
    for network, (cls, hidden, intermediate, layers, heads, projection, act) in ENCODERS.items():
        config = CLIPTextConfig(
            hidden_size=hidden,
            intermediate_size=intermediate,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            projection_dim=projection,
            hidden_act=act,
            eos_token_id=2,
        )
        # transformers 5 drops the prefix that published files have.
        add(network, cls(config), "text_model.")
    add(
        "vae",
        AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
        ),
    )
with open(PATH, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as g:
    g.write("".join(lines).encode())
