"""Writes unets.safetensors and manifest.json beside this file: tiny U-Nets of many configurations,
run by diffusers in float32 on weights and inputs that follow from seeds, so that only shapes and
results are stored. Also parameters.txt.gz: the names and shapes of the parameters of these networks and of the
published Stable Diffusion U-Nets.

pip install torch==2.15.0 diffusers==0.42.1 transformers==5.23.0 safetensors==0.8.0
python make_unets.py
"""

import gzip
import json
import math
import os

import diffusers
import torch
from diffusers import UNet2DConditionModel, UNet2DModel
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20260301

TINY = dict(block_out_channels=[8, 16], layers_per_block=1, norm_num_groups=4, cross_attention_dim=12,
            down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
            up_block_types=["UpBlock2D", "CrossAttnUpBlock2D"], attention_head_dim=2)
PIXELS = dict(block_out_channels=[8, 16], layers_per_block=1, norm_num_groups=4, attention_head_dim=4,
              in_channels=3, out_channels=3, down_block_types=["DownBlock2D", "AttnDownBlock2D"],
              up_block_types=["AttnUpBlock2D", "UpBlock2D"])
SIMPLE = dict(down_block_types=["SimpleCrossAttnDownBlock2D", "ResnetDownsampleBlock2D"],
              mid_block_type="UNetMidBlock2DSimpleCrossAttn",
              up_block_types=["ResnetUpsampleBlock2D", "SimpleCrossAttnUpBlock2D"])

# name: (fields, batch, height, width, tokens, timesteps, class labels)
CONDITIONAL = {
    "plain": (dict(), 1, 8, 8, 5, [981], None),
    "odd_sizes_three_levels": (
        dict(block_out_channels=[8, 16, 16], layers_per_block=2,
             down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
             up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]),
        2, 9, 7, 3, [3, 777], None),
    "linear_projection_heads_list": (
        dict(use_linear_projection=True, attention_head_dim=[2, 4], upcast_attention=True,
             down_block_types=["CrossAttnDownBlock2D"] * 2, up_block_types=["CrossAttnUpBlock2D"] * 2,
             conv_in_kernel=5, conv_out_kernel=1), 2, 6, 5, 4, [501], None),
    "heads_that_leave_a_rest": (dict(attention_head_dim=3), 1, 4, 4, 4, [10], None),
    "text_time": (
        dict(addition_embed_type="text_time", addition_time_embed_dim=6,
             projection_class_embeddings_input_dim=46, transformer_layers_per_block=[1, 2],
             use_linear_projection=True, down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
             up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"]), 2, 6, 6, 4, [250], None),
    "nested_layers": (
        dict(layers_per_block=[1, 2], transformer_layers_per_block=[[2], [1, 2]],
             reverse_transformer_layers_per_block=[[1, 2, 1], 1],
             down_block_types=["CrossAttnDownBlock2D"] * 2, up_block_types=["CrossAttnUpBlock2D"] * 2),
        1, 4, 6, 3, [99], None),
    "simple_cross_attention": (
        dict(SIMPLE, block_out_channels=[16, 32], attention_head_dim=8, resnet_time_scale_shift="scale_shift",
             resnet_skip_time_act=True, resnet_out_scale_factor=1.4, cross_attention_norm="group_norm",
             cross_attention_dim=32, encoder_hid_dim=12, encoder_hid_dim_type="text_proj",
             addition_embed_type="text", addition_embed_type_num_heads=3, act_fn="gelu",
             time_embedding_act_fn="gelu", class_embed_type="timestep", mid_block_scale_factor=1.3),
        2, 6, 6, 5, [700, 20], "numbers"),
    "simple_only_cross_attention": (
        dict(SIMPLE, down_block_types=["SimpleCrossAttnDownBlock2D", "AttnDownBlock2D"],
             up_block_types=["UNetResAttnUpBlock2D", "SimpleCrossAttnUpBlock2D"],
             block_out_channels=[16, 16], attention_head_dim=[4, 8], only_cross_attention=True,
             cross_attention_norm="layer_norm", cross_attention_dim=16), 1, 8, 4, 5, [400], None),
    "simple_mid_block_override": (
        dict(SIMPLE, only_cross_attention=[True, False], mid_block_only_cross_attention=True,
             attention_head_dim=4), 1, 4, 4, 2, [7], None),
    "only_cross_attention_mish": (
        dict(only_cross_attention=[True, False], act_fn="mish", num_class_embeds=7,
             mid_block_scale_factor=1.5, norm_eps=1e-3,
             down_block_types=["CrossAttnDownBlock2D"] * 2, up_block_types=["CrossAttnUpBlock2D"] * 2),
        2, 5, 6, 4, [123], "labels"),
    "identity_class": (dict(class_embed_type="identity"), 1, 4, 4, 4, [45], 32),
    "fourier_projection_concat": (
        dict(time_embedding_type="fourier", class_embed_type="projection", class_embeddings_concat=True,
             projection_class_embeddings_input_dim=10, mid_block_type="UNetMidBlock2D"),
        2, 4, 6, 4, [2.5], 10),
    "relu_no_middle": (
        dict(mid_block_type=None, act_fn="relu", class_embed_type="simple_projection",
             projection_class_embeddings_input_dim=9, center_input_sample=True, flip_sin_to_cos=False,
             freq_shift=1, time_embedding_dim=20, timestep_post_act="silu", downsample_padding=0,
             block_out_channels=[10, 20], norm_num_groups=5, cross_attention_dim=[12, 12]),
        2, 7, 8, 4, [33, 900], 9),
    "guidance": (dict(time_cond_proj_dim=6, resnet_time_scale_shift="scale_shift"), 2, 4, 4, 4, [19], None),
}
UNCONDITIONAL = {
    "ddpm": (dict(attention_head_dim=None, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1,
                  norm_eps=1e-6), 2, 8, 6, [999, 1], None),
    "fourier_no_attention": (
        dict(time_embedding_type="fourier", add_attention=False, act_fn="mish"), 2, 4, 4, [1.5, 80.0], None),
    "learned_resnet_resizing": (
        dict(time_embedding_type="learned", num_train_timesteps=30, downsample_type="resnet",
             upsample_type="resnet", down_block_types=["AttnDownBlock2D", "DownBlock2D"],
             up_block_types=["UpBlock2D", "AttnUpBlock2D"], mid_block_scale_factor=2.0, out_channels=6),
        2, 6, 8, [29], None),
    "scale_shift_labels": (
        dict(resnet_time_scale_shift="scale_shift", num_class_embeds=5, center_input_sample=True,
             down_block_types=["ResnetDownsampleBlock2D", "AttnDownBlock2D"],
             up_block_types=["AttnUpBlock2D", "ResnetUpsampleBlock2D"]), 3, 4, 8, [4, 5, 6], "labels"),
    "scale_shift_attention_groups": (
        dict(resnet_time_scale_shift="scale_shift", attn_norm_num_groups=2, class_embed_type="identity",
             time_embedding_dim=24), 1, 4, 4, [77], 24),
    "no_middle_timestep_class": (dict(mid_block_type=None, class_embed_type="timestep"), 2, 4, 4, [8], "numbers"),
}

PUBLISHED = {
    "sd15": dict(sample_size=64, cross_attention_dim=768),
    "sd21": dict(sample_size=96, cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20],
                 use_linear_projection=True, upcast_attention=True),
    "sdxl": dict(sample_size=128, cross_attention_dim=2048, attention_head_dim=[5, 10, 20],
                 use_linear_projection=True, block_out_channels=[320, 640, 1280],
                 down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                 up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
                 transformer_layers_per_block=[1, 2, 10], addition_embed_type="text_time",
                 addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816),
}


def fill(model, seed):
    """Weights by name order: randn / sqrt(fan in); vectors 0.1 randn, around 1 where they scale."""
    generator = torch.Generator("cpu").manual_seed(seed)
    state = model.state_dict()
    for name in sorted(state):
        noise = torch.randn(state[name].shape, generator=generator)
        if noise.ndim > 1:
            state[name] = noise * (1 / math.sqrt(noise.numel() / noise.shape[0]))
        else:
            state[name] = noise * 0.1 + (1.0 if name.endswith(".weight") else 0.0)
    model.load_state_dict(state)


def labels(kind, config, batch, generator):
    if kind == "labels":
        return torch.randint(0, config["num_class_embeds"], (batch,), generator=generator)
    if kind == "numbers":
        return torch.randint(0, 1000, (batch,), generator=generator).float()
    return torch.randn(batch, kind, generator=generator)


def case(kind, name, fields, seed, arrays, batch, height, width, tokens, timesteps, class_labels):
    base, model_class = (TINY, UNet2DConditionModel) if kind == "unet2d_condition" else (PIXELS, UNet2DModel)
    config = dict(base, **fields)
    model = model_class(**config).eval()
    fill(model, seed)
    generator = torch.Generator("cpu").manual_seed(seed + 1)
    inputs = {"sample": torch.randn(batch, model.config.in_channels, height, width, generator=generator),
              "timestep": torch.tensor(timesteps, dtype=torch.float32)}
    extra = {}
    if tokens:
        text = config.get("encoder_hid_dim") or model.config.cross_attention_dim
        text = text[0] if isinstance(text, (list, tuple)) else text
        inputs["encoder_hidden_states"] = torch.randn(batch, tokens, text, generator=generator)
        extra["encoder_hidden_states"] = inputs["encoder_hidden_states"]
    if class_labels:
        inputs["class_labels"] = extra["class_labels"] = labels(class_labels, config, batch, generator)
    if config.get("time_cond_proj_dim"):
        inputs["timestep_cond"] = torch.randn(batch, config["time_cond_proj_dim"], generator=generator)
        extra["timestep_cond"] = inputs["timestep_cond"]
    if config.get("addition_embed_type") == "text_time":
        inputs["text_embeds"] = torch.randn(batch, 10, generator=generator)
        inputs["time_ids"] = torch.randint(0, 1024, (batch, 6), generator=generator).float()
        extra["added_cond_kwargs"] = {k: inputs[k] for k in ("text_embeds", "time_ids")}
    steps = inputs["timestep"]
    with torch.no_grad():
        steps = steps.long() if config.get("time_embedding_type") == "learned" else steps
        out = model(inputs["sample"], steps, **extra).sample
    assert out.isfinite().all() and out.std() > 0.05, name
    entry = {"id": name, "kind": kind, "config": config, "seed": seed,
             "inputs": {}, "expected": {}}
    for where, values in (("inputs", inputs), ("expected", {"out_sample": out})):
        for key, value in values.items():
            arrays[f"{name}/{key}"] = value.contiguous()
            entry[where][key] = {"key": f"{name}/{key}"}
    return entry


def main():
    arrays, cases = {}, []
    for i, (name, (fields, batch, height, width, tokens, timesteps, kind)) in enumerate(CONDITIONAL.items()):
        cases.append(case("unet2d_condition", name, fields, SEED + 10 * i, arrays, batch, height, width, tokens,
                          timesteps, kind))
    for i, (name, (fields, batch, height, width, timesteps, kind)) in enumerate(UNCONDITIONAL.items()):
        cases.append(case("unet2d", name, fields, SEED + 1000 + 10 * i, arrays, batch, height, width, None,
                          timesteps, kind))
    save_file(arrays, os.path.join(HERE, "unets.safetensors"))
    with open(os.path.join(HERE, "manifest.json"), "w") as f:
        json.dump({"versions": {"torch": torch.__version__.split("+")[0], "diffusers": diffusers.__version__},
                   "cases": cases}, f, separators=(",", ":"))
    with open(os.path.join(HERE, "parameters.txt.gz"), "wb") as raw, \
            gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as f:
        networks = [(c["id"], c["kind"], c["config"]) for c in cases]
        for name, kind, config in networks + [(n, "unet2d_condition", c) for n, c in PUBLISHED.items()]:
            with torch.device("meta"):
                state = (UNet2DConditionModel if kind == "unet2d_condition" else UNet2DModel)(**config).state_dict()
            f.write(f"# {name} {json.dumps(config)}\n".encode())
            for key in sorted(state):
                f.write(f"{key} {','.join(map(str, state[key].shape))}\n".encode())


main()
