#!/usr/bin/env python3
"""Small LoRAs of a tiny Stable Diffusion XL pipeline, made by peft, with peft's outputs.

Writes adapter files in peft's, diffusers' and kohya's formats, and cases of the kind lora_infer that the
command `conformance` runs: the area's manifest and arrays.

Usage: make_lora_cases.py PIPELINE OUT --model PATH-IN-THE-MANIFEST
"""
import argparse
import json
from pathlib import Path

import peft
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

CASES = {
    "xl_attn": dict(r=3, lora_alpha=6, target_modules=["to_q", "to_k", "to_v", "to_out.0"]),
    "xl_dora_conv": dict(
        r=2, lora_alpha=1, target_modules=["conv2", "ff.net.2", "proj_in", "time_emb_proj"], use_dora=True
    ),
}
TEXT = ["q_proj", "v_proj"]
SCALES = (1.0, 0.4, -0.7)


def randomised(module, config, seed):
    """With an adapter of noise: peft starts the second matrix at zero."""
    generator = torch.Generator().manual_seed(seed)
    inject_adapter_in_model(config, module)
    for name, parameter in module.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
        if "magnitude" in name:
            parameter.data = parameter.data * (1 + 0.1 * torch.rand(parameter.shape, generator=generator))
    return module.eval()


def scaled(module, scale):
    for layer in module.modules():
        if isinstance(layer, LoraLayer):
            layer.set_scale("default", scale)


def header(configs):
    fields = {}
    for component, config in configs.items():
        for name in ("r", "lora_alpha", "target_modules", "use_dora", "use_rslora", "rank_pattern", "alpha_pattern"):
            value = getattr(config, name)
            fields[f"{component}.{name}"] = sorted(value) if isinstance(value, (set, list)) else value
    return {"format": "pt", "lora_adapter_metadata": json.dumps(fields, sort_keys=True)}


def prefixed(component, state):
    text = component.startswith("text")
    for name, tensor in state.items():
        if text and not name.startswith(("text_model.", "text_projection")):
            name = "text_model." + name
        yield f"{component}.{name}", tensor.contiguous()


def diffusers_name(name):
    middle = "lora_linear_layer" if name.startswith("text") else "lora"
    return name.replace("lora_A", middle + ".down").replace("lora_B", middle + ".up")


def kohya(tensors, configs):
    prefixes = {"unet": "lora_unet_", "text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}
    out = {}
    for name, tensor in tensors.items():
        component, rest = name.split(".", 1)
        module, part = rest.rsplit(".lora_", 1)
        owner = prefixes[component] + module.replace(".", "_")
        part = {"A.weight": "lora_down.weight", "B.weight": "lora_up.weight"}.get(part, "dora_scale")
        if part == "dora_scale":
            out_features = tensor.numel()
            tensor = tensor.reshape([out_features] + [1] * (3 if tensor.ndim == 4 else 1))
        out[f"{owner}.{part}"] = tensor
        out[f"{owner}.alpha"] = torch.tensor(float(configs[component].lora_alpha))
    return out


def case(pipeline, out, name, settings, seed):
    load = dict(torch_dtype=torch.float32)
    parts = {
        "unet": UNet2DConditionModel.from_pretrained(pipeline / "unet", **load),
        "text_encoder": CLIPTextModel.from_pretrained(pipeline / "text_encoder", **load),
        "text_encoder_2": CLIPTextModelWithProjection.from_pretrained(pipeline / "text_encoder_2", **load),
    }
    configs = {"unet": LoraConfig(**settings)}
    if not settings.get("use_dora"):
        text = dict(settings, target_modules=TEXT)
        configs.update(text_encoder=LoraConfig(**text), text_encoder_2=LoraConfig(**text))
    generator = torch.Generator().manual_seed(seed)
    noise = lambda *shape: torch.randn(*shape, generator=generator)
    width = parts["unet"].config.cross_attention_dim
    pooled = parts["text_encoder_2"].config.projection_dim
    inputs = {
        "sample": noise(1, 4, 8, 8),
        "timestep": torch.tensor([301]),
        "encoder_hidden_states": noise(1, 7, width),
        "text_embeds": noise(1, pooled),
        "time_ids": torch.tensor([[32.0, 32, 0, 0, 32, 32]]),
        "input_ids": torch.randint(0, 900, (1, 77), generator=generator),
    }
    tensors, expected = {}, {}
    with torch.no_grad():
        for component, config in configs.items():
            module = randomised(parts[component], config, seed)
            tensors.update(prefixed(component, get_peft_model_state_dict(module)))
            for scale in SCALES:
                scaled(module, scale)
                if component == "unet":
                    added = dict(text_embeds=inputs["text_embeds"], time_ids=inputs["time_ids"])
                    value = module(
                        inputs["sample"], inputs["timestep"], inputs["encoder_hidden_states"], added_cond_kwargs=added
                    ).sample
                else:
                    value = module(inputs["input_ids"]).last_hidden_state
                expected[f"{component}_scale_{scale}"] = value
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    meta = header(configs)
    save_file(tensors, folder / "peft.safetensors", meta)
    save_file(kohya(tensors, configs), folder / "kohya.safetensors", {"ss_network_module": "networks.lora"})
    files = {"peft": f"{name}/peft.safetensors", "kohya": f"{name}/kohya.safetensors"}
    if not settings.get("use_dora"):
        renamed = {diffusers_name(key): value for key, value in tensors.items()}
        save_file(renamed, folder / "pytorch_lora_weights.safetensors", meta)
        files["diffusers"] = f"{name}/pytorch_lora_weights.safetensors"
    return inputs, expected, files


def listed(identifier, side, values):
    return {
        key: {
            "key": f"{identifier}/{side}/{key}",
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
        }
        for key, value in values.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="pipelines/sdxl")
    arguments = parser.parse_args()
    cases, arrays = [], {}
    for number, (identifier, options) in enumerate(CASES.items()):
        given, wanted, names = case(arguments.pipeline, arguments.out, identifier, options, 11 + number)
        cases.append(
            {
                "id": identifier,
                "kind": "lora_infer",
                "model": arguments.model,
                "arrays": "infer_xl.safetensors",
                "inputs": listed(identifier, "in", given),
                "expected": listed(identifier, "out", wanted),
                "tolerance": {"atol": 0.0003, "rtol": 0.002},
                "files": names,
            }
        )
        arrays.update({f"{identifier}/in/{key}": value.contiguous() for key, value in given.items()})
        arrays.update({f"{identifier}/out/{key}": value.contiguous() for key, value in wanted.items()})
    save_file(arrays, arguments.out / "infer_xl.safetensors")
    manifest = {"area": "lora", "versions": {"peft": peft.__version__, "torch": torch.__version__}, "cases": cases}
    (arguments.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
