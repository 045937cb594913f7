#!/usr/bin/env python3
"""One process of diffusers on torch's CPU: loads a checkpoint, generates, prints what it measured as
JSON with the field names of `palimpsest bench --json`. Started by compare.py."""

import argparse
import json
import statistics
import time
from pathlib import Path

PROCESS_START = time.perf_counter()

import diffusers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402


class TimedRun:
    """One generation with the moments between its parts."""

    def __init__(self, pipe, options, latents):
        self.steps_s = []
        self.latents = None
        encode_prompt = pipe.encode_prompt

        def timed_encode_prompt(*args, **kwargs):
            embeddings = encode_prompt(*args, **kwargs)
            self.text_s = self.lap()
            return embeddings

        pipe.encode_prompt = timed_encode_prompt
        start = self.last = time.perf_counter()
        self.image = pipe(
            options.prompt,
            width=options.width,
            height=options.height,
            num_inference_steps=options.steps,
            guidance_scale=options.guidance,
            latents=latents.clone(),
            callback_on_step_end=self.step,
        ).images[0]
        self.decode_s = self.lap()
        self.run_s = self.last - start
        pipe.encode_prompt = encode_prompt

    def step(self, pipe, index, timestep, tensors):
        self.steps_s.append(self.lap())
        if index == 0:
            self.first_step_end = self.last
        self.latents = tensors["latents"]
        return tensors

    def lap(self):
        now = time.perf_counter()
        lap, self.last = now - self.last, now
        return lap


def import_classes(folder):
    """diffusers imports a class when it is first asked for; that is no part of loading weights."""
    index = json.loads((folder / "model_index.json").read_text())
    getattr(diffusers, index["_class_name"])
    for part in index.values():
        if isinstance(part, list) and part[0] in ("diffusers", "transformers") and part[1]:
            getattr({"diffusers": diffusers, "transformers": transformers}[part[0]], part[1])


def load(folder):
    halves_only = not any(
        ".fp16." not in file.name for file in (folder / "unet").glob("*.safetensors")
    )
    pipe = diffusers.DiffusionPipeline.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        local_files_only=True,
        variant="fp16" if halves_only else None,
        **({"safety_checker": None} if (folder / "safety_checker").exists() else {}),
    )
    pipe.scheduler = diffusers.DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def measure(options):
    latents = load_file(options.latents)["latents"]
    import_classes(options.model)
    start = time.perf_counter()
    pipe = load(options.model)
    loaded = time.perf_counter()
    runs = [TimedRun(pipe, options, latents) for _ in range(options.runs)]
    first, last = runs[0], runs[-1]
    steps = [step for run in runs for step in run.steps_s]
    save_file({"latents": last.latents.contiguous()}, options.out_latents)
    last.image.save(options.out_image)
    return {
        "import_s": start - PROCESS_START,
        "load_s": loaded - start,
        "load_to_first_step_s": first.first_step_end - start,
        "text_s": first.text_s,
        "first_step_s": steps[0],
        "step_s": statistics.median(steps[1:]) if steps[1:] else steps[0],
        "decode_first_s": first.decode_s,
        "decode_s": last.decode_s,
        "run_first_s": first.run_s,
        "run_s": last.run_s,
        "runs": [
            {k: getattr(run, k) for k in ("text_s", "steps_s", "decode_s", "run_s")} for run in runs
        ],
        "scheduler": type(pipe.scheduler).__name__,
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--guidance", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--latents", type=Path, required=True)
    parser.add_argument("--out-latents", type=Path, required=True)
    parser.add_argument("--out-image", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with torch.inference_mode():
        print(json.dumps(measure(options)))


if __name__ == "__main__":
    main()
