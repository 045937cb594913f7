"""Reference cases of the starter model, computed with diffusers, torch and transformers on CPU.

    python starter_reference.py RESOURCES

RESOURCES is src/main/resources/dev/palimpsest/examples. Reads starter/, writes doctor/: three areas of
cases in the form that the `conformance` command reads, and sample.safetensors with one generation.
Made with diffusers 0.42.1, transformers 5.23.0, torch 2.15.0.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

resources = Path(sys.argv[1])
starter = resources / "starter"
out = resources / "doctor"
torch.set_grad_enabled(False)
pipe = StableDiffusionPipeline.from_pretrained(starter, torch_dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)

TOLERANCE = {"atol": 2e-4, "rtol": 1e-4}
areas = []


def spec(case, side, name, tensor):
    return {
        "key": f"{case}/{side}/{name}",
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
    }


def write_area(name, cases, arrays):
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"area": name, "cases": cases}, indent=1, ensure_ascii=False))
    if arrays:
        save_file(arrays, folder / f"{name}.safetensors")
    areas.append({"area": name, "manifest": f"{name}/manifest.json", "cases": len(cases)})


def tokenizer_cases():
    cases = []
    for i, prompt in enumerate(
        ["a 3d render of a red apple", "", "a flat icon of a twelve o’clock", "a CAFÉ, 2 ducks & 🚀!", "word " * 60]
    ):
        one = pipe.tokenizer(prompt, padding="max_length", truncation=True)
        cases.append(
            {
                "id": f"starter_{i}",
                "kind": "tokenize",
                "tokenizer": "../../starter/tokenizer",
                "prompt": prompt,
                "ids": pipe.tokenizer(prompt)["input_ids"],
                "padded": one["input_ids"],
                "attention_mask_sum": sum(one["attention_mask"]),
            }
        )
    write_area("tokenizer", cases, {})


def random_cases():
    cases, arrays = [], {}
    for seed, shape in [(0, [1, 4, 16, 16]), (42, [7])]:
        case = f"seed_{seed}"
        values = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))
        arrays[f"{case}/out/values"] = values
        cases.append(
            {
                "id": case,
                "kind": "torch_randn",
                "seed": seed,
                "shape": shape,
                "arrays": "random.safetensors",
                "inputs": {},
                "expected": {"values": spec(case, "out", "values", values)},
                "tolerance": {"atol": 2e-6, "rtol": 2e-6},
            }
        )
    write_area("random", cases, arrays)


def unet_cases():
    case = "starter"
    generator = torch.Generator("cpu").manual_seed(1)
    inputs = {
        "sample": torch.randn([1, 4, 16, 16], generator=generator),
        "timestep": torch.tensor([481]),
        "encoder_hidden_states": torch.randn([1, 32, 128], generator=generator),
    }
    sample = pipe.unet(inputs["sample"], inputs["timestep"], inputs["encoder_hidden_states"]).sample
    arrays = {f"{case}/in/{name}": value for name, value in inputs.items()}
    arrays[f"{case}/out/sample"] = sample.contiguous()
    write_area(
        "unets",
        [
            {
                "id": case,
                "kind": "unet2d_condition",
                "model": "../starter/unet",
                "arrays": "unets.safetensors",
                "inputs": {name: spec(case, "in", name, value) for name, value in inputs.items()},
                "expected": {"sample": spec(case, "out", "sample", sample)},
                "tolerance": TOLERANCE,
            }
        ],
        arrays,
    )


def sample():
    settings = {"prompt": "a flat icon of a fire engine", "seed": 1012, "steps": 25, "guidance": 4.0}
    final = {}

    def keep(pipeline, step, timestep, values):
        final["latents"] = values["latents"].clone()
        return values

    image = pipe(
        settings["prompt"],
        num_inference_steps=settings["steps"],
        guidance_scale=settings["guidance"],
        height=64,
        width=64,
        generator=torch.Generator("cpu").manual_seed(settings["seed"]),
        output_type="pt",
        callback_on_step_end=keep,
    ).images
    save_file(
        {"latents": final["latents"], "pixels": (image * 255).round().to(torch.uint8)},
        out / "sample.safetensors",
        metadata={name: str(value) for name, value in settings.items()},
    )


out.mkdir(parents=True, exist_ok=True)
tokenizer_cases()
random_cases()
unet_cases()
sample()
(out / "manifest.json").write_text(json.dumps({"areas": areas}, indent=1))
