#!/usr/bin/env python3
"""One process of diffusers on torch's CPU that takes training steps: forward and backward of a
UNet2DConditionModel in eager mode with scaled_dot_product_attention, without an optimizer. Takes a
line on standard input for each step, prints its seconds, and prints what it measured as JSON when
the input ends. Started by train_step.py."""

import argparse
import json
import re
import statistics
import sys
import time
from pathlib import Path

import diffusers
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

ATTENTION_LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
ATTENTION = re.compile(r".*\.attn[12]\.to_(q|k|v|out\.0)\.weight")


def anonymous():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return 0


def add_lora(model, tensors):
    from peft import LoraConfig

    rank = next(t.shape[0] for name, t in tensors.items() if ".lora_A." in name)
    model.requires_grad_(False)
    model.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(ATTENTION_LAYERS)))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(tensors["unet." + name.replace(".default.", ".")])


def named(name, options):
    """As bench-training calls a gradient."""
    return f"lora.lora/{name.replace('.default.', '.')}" if options.lora else name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unet", type=Path, required=True)
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--train", choices=("attention", "all"))
    parser.add_argument("--lora", type=Path, help="train this LoRA's matrices alone, by peft")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--checkpointing", action="store_true", help="torch's own, by block")
    parser.add_argument("--out-gradients", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    base = anonymous()
    start = time.perf_counter()
    model = UNet2DConditionModel.from_pretrained(options.unet, torch_dtype=torch.float32)
    model.train()
    if options.checkpointing:
        model.enable_gradient_checkpointing()
    if options.lora:
        add_lora(model, load_file(options.lora))
    else:
        for name, parameter in model.named_parameters():
            trains = options.train == "all" or ATTENTION.fullmatch(name) is not None
            parameter.requires_grad_(trains)
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    batch = load_file(options.inputs)
    report = {"open_s": time.perf_counter() - start, "base_anon_bytes": base}
    report["trained"] = sum(p.numel() for p in trained.values())
    times, processor = [], []
    for _ in sys.stdin:
        start, busy = time.perf_counter(), time.process_time()
        model.zero_grad(set_to_none=True)
        prediction = model(batch["sample"], batch["timestep"], batch["encoder_hidden_states"]).sample
        loss = torch.nn.functional.mse_loss(prediction, batch["target"])
        loss.backward()
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
        if len(times) == 1:
            report["loss"] = loss.item()
            if options.out_gradients:
                gradients = {named(n, options): p.grad.contiguous() for n, p in trained.items()}
                save_file(gradients, options.out_gradients)
        del prediction, loss
        print(times[-1], processor[-1], flush=True)
    report.update(first_step_s=times[0], step_s=statistics.median(times[1:] or times), steps_s=times)
    report.update(step_cpu_s=statistics.median(processor[1:] or processor), steps_cpu_s=processor)
    report.update(torch=torch.__version__, diffusers=diffusers.__version__)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
