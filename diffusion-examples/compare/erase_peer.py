#!/usr/bin/env python3
"""One process of diffusers on torch's CPU that takes iterations of ESD (Gandikota et al. 2023) as
the paper and its code give them: the frozen U-Net denoises from new noise under guidance up to a
timestep, predicts there with the concept, with nothing, and the trained one learns the target by
Adam. Takes a line on standard input for each iteration, which says up to which evaluation it
denoises, prints its seconds and those of processor time, and what it measured as JSON when the
input ends. Started by erase.py."""

import argparse
import json
import sys
import time
from pathlib import Path

import diffusers
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--concept", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pipe = StableDiffusionPipeline.from_pretrained(
        options.model, torch_dtype=torch.float32, safety_checker=None
    )
    pipe.set_progress_bar_config(disable=True)
    frozen = pipe.unet.requires_grad_(False)
    trained = UNet2DConditionModel.from_pretrained(
        options.model, subfolder="unet", torch_dtype=torch.float32
    ).requires_grad_(False)
    parameters = [p for n, p in trained.named_parameters() if "attn2" in n]
    for parameter in parameters:
        parameter.requires_grad_(True)
    adam = torch.optim.Adam(parameters, lr=options.learning_rate)
    concept, nothing = embeddings(pipe, options.concept)
    pair = torch.cat([nothing, concept])
    scheduler = pipe.scheduler
    scheduler.set_timesteps(options.steps)
    side = frozen.config.sample_size
    shape = (1, frozen.config.in_channels, side, side)
    for line in sys.stdin:
        until = int(line)
        start, busy = time.perf_counter(), time.process_time()
        with torch.no_grad():
            x = torch.randn(shape) * scheduler.init_noise_sigma
            for timestep in scheduler.timesteps[:until]:
                scaled = scheduler.scale_model_input(torch.cat([x, x]), timestep)
                out_null, out_text = frozen(scaled, timestep, pair).sample.chunk(2)
                guided = out_null + options.guidance * (out_text - out_null)
                x = scheduler.step(guided, timestep, x).prev_sample
            timestep = scheduler.timesteps[until]
            x = scheduler.scale_model_input(x, timestep)
            e_null = frozen(x, timestep, nothing).sample
            e_concept = frozen(x, timestep, concept).sample
            target = e_null - (e_concept - e_null)
        adam.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(trained(x, timestep, concept).sample, target)
        loss.backward()
        adam.step()
        print(time.perf_counter() - start, time.process_time() - busy, flush=True)
    print(json.dumps({"torch": torch.__version__, "diffusers": diffusers.__version__}))


@torch.no_grad()
def embeddings(pipe, prompt):
    def encode(text):
        ids = pipe.tokenizer(
            text,
            padding="max_length",
            max_length=pipe.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return pipe.text_encoder(ids)[0]

    return encode(prompt), encode("")


if __name__ == "__main__":
    main()
