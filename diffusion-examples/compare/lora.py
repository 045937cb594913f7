#!/usr/bin/env python3
"""LoRAs across libraries: lora.py [--java COMMAND] [--keep DIR].

1. `train-lora` trains a LoRA for the starter model on a few pictures that are made here. diffusers loads the file and makes a
   picture with it; `generate --lora` makes the same from the same latents' seed.
2. peft trains one in a few steps, diffusers saves it, and both libraries make a picture with that.

Exit status 1 if pictures differ by more than --levels of 255 anywhere, or a LoRA changes nothing.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "src/main/resources/dev/palimpsest/examples/starter"
JAR = HERE.parent / "target" / "palimpsest.jar"
PROMPT, SEED, STEPS, GUIDANCE = "a flat icon of a zq7", 3, 10, 4.0
TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]


def pictures(folder):
    folder.mkdir()
    for i, colour in enumerate(("red", "orange", "purple")):
        image = Image.new("RGB", (80, 64), "white")
        ImageDraw.Draw(image).ellipse((20 + 4 * i, 10, 60, 54), fill=colour)
        image.save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text("a flat icon of a zq7")


def pipeline():
    pipe = StableDiffusionPipeline.from_pretrained(STARTER, torch_dtype=torch.float32)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def theirs(pipe):
    generator = torch.Generator("cpu").manual_seed(SEED)
    image = pipe(
        PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, height=64, width=64,
        generator=generator,
    ).images[0]
    return np.asarray(image).astype(int)


def ours(java, lora, file):
    command = [*shlex.split(java), "generate", PROMPT, "--seed", SEED, "--steps", STEPS]
    command += ["--guidance", GUIDANCE, "--scheduler", "ddim", "--out", file]
    command += ["--lora", lora] if lora else []
    subprocess.run([str(word) for word in command], check=True, stderr=subprocess.DEVNULL)
    return np.asarray(Image.open(file)).astype(int)


def train_by_peft(folder):
    pipe = pipeline()
    pipe.unet.requires_grad_(False)
    pipe.unet.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS))
    trained = [p for p in pipe.unet.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=5e-3)
    torch.manual_seed(1)
    latents, noise = torch.randn(2, 4, 16, 16), torch.randn(2, 4, 16, 16)
    ids = pipe.tokenizer([PROMPT] * 2, padding="max_length", max_length=32, return_tensors="pt")
    with torch.no_grad():
        states = pipe.text_encoder(ids.input_ids)[0]
    for step in range(5):
        times = torch.randint(0, 1000, (2,))
        noisy = pipe.scheduler.add_noise(latents, noise, times)
        loss = torch.nn.functional.mse_loss(pipe.unet(noisy, times, states).sample, noise)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    metadata = pipe.unet.peft_config["default"]
    StableDiffusionPipeline.save_lora_weights(
        folder,
        unet_lora_layers=get_peft_model_state_dict(pipe.unet),
        unet_lora_adapter_metadata={**metadata.to_dict(), "target_modules": TARGETS},
        weight_name="peft.safetensors",
    )
    return folder / "peft.safetensors"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--java", default=f"java -jar {JAR}", help="how the program is started")
    parser.add_argument("--levels", type=int, default=2, help="of 255; default 2")
    parser.add_argument("--keep", type=Path, help="leave files here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palimpsest-lora") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pictures(folder / "pictures")
        own = folder / "own.safetensors"
        command = [*shlex.split(options.java), "train-lora", folder / "pictures", "--trigger", "zq7"]
        command += ["--steps", 12, "--rate", "5e-3", "--rank", 4, "--batch", 2]
        command += ["--run", folder / "run", "--out", own]
        subprocess.run([str(word) for word in command], check=True)
        plain = theirs(pipeline())
        failed = False
        for name, file in (("trained here", own), ("trained by peft", train_by_peft(folder))):
            pipe = pipeline()
            pipe.load_lora_weights(file.parent, weight_name=file.name)
            want, got = theirs(pipe), ours(options.java, file, folder / f"{file.stem}.png")
            difference, effect = np.abs(want - got).max(), np.abs(want - plain).max()
            print(json.dumps({"lora": name, "levels": int(difference), "effect": int(effect)}))
            failed |= difference > options.levels or effect <= options.levels
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
