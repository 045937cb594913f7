#!/usr/bin/env python3
"""Merging a LoRA into a U-Net, in turns with diffusers: merge.py --model DIR [--rank 16] [--rounds 5] [--threads 2].

A random LoRA on all attention of the checkpoint's U-Net is merged by diffusers (fuse_lora on a loaded U-Net, undone by unfuse_lora
after each turn) and by this library (checkpoint.with(lora.at(1)) on memory-mapped weights, dropped after each turn). Both processes
stay open; one works while the other waits. Prints medians of wall-clock and processor time with their ratio, and how far merged
weights differ.
"""

import argparse
import shlex
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
JAR = HERE.parent / "target" / "palimpsest.jar"
TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]


def adapter(unet, rank, file):
    torch.manual_seed(1)
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=False, target_modules=TARGETS))
    state = get_peft_model_state_dict(unet)
    save_file({f"unet.{name}": value.contiguous() for name, value in state.items()}, file)
    return next(iter(state)).rsplit(".lora_", 1)[0]


def timed(call):
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


class Ours:
    def __init__(self, options, lora, probe):
        command = [*shlex.split(options.java), f"-XX:ActiveProcessorCount={options.threads}", "-cp", options.jar]
        command += [HERE / "MergeTime.java", options.model, lora, probe]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def merge(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return tuple(float(word) for word in self.process.stdout.readline().split())

    def close(self):
        self.process.communicate("")
        if self.process.returncode != 0:
            raise SystemExit(f"Palimpsest ended with {self.process.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--jar", type=Path, default=JAR)
    parser.add_argument("--java", default="java")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        lora, probe = Path(folder) / "lora.safetensors", Path(folder) / "probe.safetensors"
        unet = UNet2DConditionModel.from_pretrained(options.model, subfolder="unet")
        module = adapter(unet, options.rank, lora)
        weight = unet.get_submodule(module).base_layer.weight
        ours, rounds = Ours(options, lora, probe), []
        for turn in range(options.rounds + 1):
            theirs = timed(lambda: unet.fuse_lora(lora_scale=1.0))
            fused = weight.detach().clone()
            unet.unfuse_lora()
            rounds.append((theirs, ours.merge()))
        ours.close()
        merged = load_file(probe)[f"{module}.weight"]
    print(f"rank {options.rank}, {options.threads} threads, {options.rounds} rounds after one to warm up, weights differ by at most {float((merged - fused).abs().max()):.1e}")
    for name, index in (("wall-clock", 0), ("processor", 1)):
        torchs = statistics.median(theirs[index] for theirs, _ in rounds[1:])
        palimpsests = statistics.median(own[index] for _, own in rounds[1:])
        print(f"{name:10} diffusers {torchs:.3f} s  Palimpsest {palimpsests:.3f} s  ratio {palimpsests / torchs:.2f}")
    first = rounds[0]
    print(f"first      diffusers {first[0][0]:.3f} s  Palimpsest {first[1][0]:.3f} s  ratio {first[1][0] / first[0][0]:.2f}")


if __name__ == "__main__":
    main()
