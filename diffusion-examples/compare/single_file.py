#!/usr/bin/env python3
"""Tiny random checkpoints in one file, read by diffusers' own converter and by this library.

Writes Stable Diffusion 1 and XL checkpoints under the original code's names, has both libraries turn
them into diffusers' tensors, and prints how many tensors are equal to the bit.

Usage: single_file.py --java "java -jar ../target/palimpsest.jar" --tokenizer DIR
"""
import argparse
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

LAYERS = 2
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
SINGLE = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def unet_name(name, attends):
    layer, end = name.rsplit(".", 1)
    if layer in SINGLE:
        return f"{SINGLE[layer]}.{end}"
    middle = re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", layer)
    if middle:
        kind, index, tail = middle.groups()
        place = 1 if kind == "attentions" else 2 * int(index)
        return f"middle_block.{place}.{RESNET.get(tail, tail)}.{end}"
    side, block, kind, index, tail = re.fullmatch(
        r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", layer
    ).groups()
    first = int(block) * (LAYERS + 1)
    if kind == "downsamplers":
        return f"input_blocks.{first + LAYERS + 1}.0.op.{end}"
    if kind == "upsamplers":
        return f"output_blocks.{first + LAYERS}.{2 if attends[int(block)] else 1}.conv.{end}"
    number = first + int(index) + (1 if side == "down" else 0)
    place = "input" if side == "down" else "output"
    inner = RESNET.get(tail, tail) if kind == "resnets" else tail
    return f"{place}_blocks.{number}.{0 if kind == 'resnets' else 1}.{inner}.{end}"


def vae_name(name, blocks):
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    turned = lambda match: f"up.{blocks - 1 - int(match[1])}"
    name = re.sub(r"up_blocks\.(\d)(?=\.resnets)", turned, name).replace(".resnets.", ".block.")
    name = re.sub(r"up_blocks\.(\d)(?=\.upsamplers)", turned, name)
    name = name.replace(".upsamplers.0", ".upsample")
    name = re.sub(r"mid_block\.block\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0." in name:
        for now, old in ATTENTION.items():
            name = name.replace(f"attentions.0.{now}.", f"attentions.0.{old}.")
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
    return name


def open_clip(state):
    out = {}
    for name, tensor in state.items():
        if name == "text_projection.weight":
            out["text_projection"] = tensor.T.contiguous()
            continue
        if ".k_proj." in name or ".v_proj." in name:
            continue
        if ".q_proj." in name:
            parts = [state[name.replace("q_proj", p)] for p in ("q_proj", "k_proj", "v_proj")]
            tensor, name = torch.cat(parts), name.replace("q_proj.", "in_proj_")
        for now, old in (
            ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
            ("text_model.embeddings.token_embedding", "token_embedding"),
            ("text_model.final_layer_norm", "ln_final"),
            ("text_model.encoder.layers.", "transformer.resblocks."),
            ("layer_norm", "ln_"),
            ("mlp.fc1", "mlp.c_fc"),
            ("mlp.fc2", "mlp.c_proj"),
            ("self_attn", "attn"),
        ):
            name = name.replace(now, old)
        out[name] = tensor.contiguous()
    return out


def text_state(module):
    """Transformers 5 leaves out the prefix that files of all ages have."""
    return {
        name if name.startswith(("text_model.", "text_projection")) else "text_model." + name: t
        for name, t in module.state_dict().items()
        if "position_ids" not in name
    }


def models(xl):
    """Modules by component, with sizes that this library takes from the tensors alone."""
    torch.manual_seed(7)
    blocks = ["DownBlock2D", "CrossAttnDownBlock2D"] if xl else ["CrossAttnDownBlock2D", "DownBlock2D"]
    added = dict(
        use_linear_projection=True,
        transformer_layers_per_block=[1, 2],
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=6 * 256 + 64,
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(64, 128),
        layers_per_block=LAYERS,
        down_block_types=blocks,
        up_block_types=[b.replace("Down", "Up") for b in reversed(blocks)],
        cross_attention_dim=128 if xl else 64,
        attention_head_dim=(1, 2) if xl else 8,
        **(added if xl else {}),
    )
    vae = AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
    )
    text = dict(vocab_size=1000, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                num_attention_heads=1, projection_dim=64)
    out = {"unet": unet, "vae": vae, "text_encoder": CLIPTextModel(CLIPTextConfig(**text))}
    if xl:
        out["text_encoder_2"] = CLIPTextModelWithProjection(CLIPTextConfig(**text, hidden_act="gelu"))
    return out


def one_file(parts, xl):
    unet, vae = parts["unet"], parts["vae"]
    attends = [block.startswith("Cross") for block in unet.config.up_block_types]
    file = {}
    for name, tensor in unet.state_dict().items():
        file["model.diffusion_model." + unet_name(name, attends)] = tensor
    for name, tensor in vae.state_dict().items():
        if "attentions" in name and tensor.ndim == 2:
            tensor = tensor[:, :, None, None]
        file["first_stage_model." + vae_name(name, len(vae.config.block_out_channels))] = tensor
    first = "conditioner.embedders.0.transformer." if xl else "cond_stage_model.transformer."
    for name, tensor in text_state(parts["text_encoder"]).items():
        file[first + name] = tensor
    if xl:
        for name, tensor in open_clip(text_state(parts["text_encoder_2"])).items():
            file["conditioner.embedders.1.model." + name] = tensor
    file["alphas_cumprod"] = torch.ones(1000)
    return {name: tensor.contiguous() for name, tensor in file.items()}


def by_diffusers(file, parts, xl):
    out = {
        "unet": convert_ldm_unet_checkpoint(dict(file), dict(parts["unet"].config)),
        "vae": convert_ldm_vae_checkpoint(dict(file), dict(parts["vae"].config)),
    }
    if xl:
        second = parts["text_encoder_2"]
        out["text_encoder_2"] = convert_open_clip_checkpoint(
            second, dict(file), prefix="conditioner.embedders.1.model."
        )
    return out


def equal(expected, got):
    missing = set(expected) ^ set(got)
    same = sum(name in got and torch.equal(expected[name], got[name]) for name in expected)
    return f"{same} of {len(expected)} tensors equal" + (f", differing names {sorted(missing)[:3]}" if missing else "")


def compare(xl, args, folder):
    kind = "XL" if xl else "1"
    parts = models(xl)
    file = one_file(parts, xl)
    path = folder / f"model{kind}.safetensors"
    save_file(file, path)
    for name in ("tokenizer", "tokenizer_2"):
        shutil.copytree(args.tokenizer, folder / name, dirs_exist_ok=True)
    saved = folder / f"saved{kind}"
    subprocess.run(
        [*shlex.split(args.java), "merge-lora", "--model", path, "--tokenizers", folder, "--out", saved],
        check=True,
    )
    theirs = by_diffusers(file, parts, xl)
    for component, module in parts.items():
        ours = {}
        for weights in (saved / component).glob("*.safetensors"):
            ours.update(load_file(weights))
        text = component.startswith("text")
        state = text_state(module) if text else module.state_dict()
        print(f"Stable Diffusion {kind}, {component}: Palimpsest {equal(state, ours)}")
        if component in theirs:
            print(f"{' ' * 18} {component}: diffusers  {equal(state, theirs[component])}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--java", default="java -jar ../target/palimpsest.jar")
    parser.add_argument("--tokenizer", required=True, help="a small CLIP tokenizer's folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for is_xl in (False, True):
            compare(is_xl, arguments, Path(temporary))
