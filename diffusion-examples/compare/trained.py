#!/usr/bin/env python3
"""Models that this library trained, loaded and run by diffusers: trained.py [--jar FILE] [--keep DIR].

The hidden command train-probe trains three small models for a few steps (without conditions; with classes and a learned
variance; with captions, a text encoder and an autoencoder), saves each as a diffusers folder and writes what its networks
and its pipeline give. diffusers loads the folders and repeats that. Exit status 1 if anything differs by more than float32
rounding: networks 1e-4 of the largest number, pictures one level of 255.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, StableDiffusionPipeline, UNet2DModel
from PIL import Image
from safetensors.torch import load_file

JAR = Path(__file__).resolve().parent.parent / "target" / "palimpsest.jar"
STEPS, SEED, PROMPT = 5, 3, "a flat icon of a fire engine"


def relative(ours, theirs):
    return float((ours - theirs).abs().max() / theirs.abs().max())


def levels(file, array):
    ours = np.asarray(Image.open(file)).astype(int)
    theirs = np.round(np.squeeze(array) * 255).astype(int)
    theirs = np.broadcast_to(theirs[..., None], ours.shape) if theirs.ndim < ours.ndim else theirs
    return int(np.abs(ours - theirs).max())


@torch.inference_mode()
def compare(folder):
    report = []
    probe = load_file(folder / "unconditional.safetensors")
    pipe = DDPMPipeline.from_pretrained(folder / "unconditional", low_cpu_mem_usage=False)
    report.append(("unconditional: U-Net", relative(probe["out_sample"], pipe.unet(probe["sample"], probe["timestep"]).sample), 1e-4))
    image = pipe(num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(SEED), output_type="np").images[0]
    report.append(("unconditional: picture, levels", levels(folder / "unconditional.png", image), 1))

    probe = load_file(folder / "classes.safetensors")
    unet = UNet2DModel.from_pretrained(folder / "classes", subfolder="unet", low_cpu_mem_usage=False)
    theirs = unet(probe["sample"], probe["timestep"], class_labels=probe["class_labels"]).sample
    report.append(("classes: U-Net", relative(probe["out_sample"], theirs), 1e-4))
    scheduler = DDPMScheduler.from_pretrained(folder / "classes", subfolder="scheduler")
    assert scheduler.config.variance_type == "learned_range" and scheduler.config.beta_schedule == "squaredcos_cap_v2"

    probe = load_file(folder / "text.safetensors")
    pipe = StableDiffusionPipeline.from_pretrained(folder / "text", safety_checker=None, low_cpu_mem_usage=False, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    states = pipe.text_encoder(probe["input_ids"]).last_hidden_state
    report.append(("text: text encoder", relative(probe["encoder_hidden_states"], states), 1e-4))
    report.append(("text: U-Net", relative(probe["out_sample"], pipe.unet(probe["sample"], probe["timestep"], states).sample), 1e-4))
    image = pipe(PROMPT, num_inference_steps=STEPS, guidance_scale=3.0, generator=torch.Generator("cpu").manual_seed(SEED), output_type="np").images[0]
    report.append(("text: picture, levels", levels(folder / "text.png", image), 1))
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", type=Path, default=JAR)
    parser.add_argument("--java", default="java")
    parser.add_argument("--keep", type=Path, help="a new folder that stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = options.keep or Path(temp) / "probe"
        command = [*shlex.split(options.java), "-jar", str(options.jar), "train-probe", str(folder)]
        subprocess.run(command, check=True)
        report = compare(folder)
    for name, found, allowed in report:
        print(f"{name:34} {found:10.2e}  allowed {allowed:g}{'' if found <= allowed else '  DIFFERS'}")
    return 0 if all(found <= allowed for _, found, allowed in report) else 1


if __name__ == "__main__":
    sys.exit(main())
