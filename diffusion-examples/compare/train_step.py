#!/usr/bin/env python3
"""Compares a training step (forward and backward, no optimizer) with torch's on the CPU.

    train_step.py CASE [CASE...] [--train attention all lora] [--recompute nothing blocks]

Two processes are open at a time and take steps in turns; the ratio is the median of the ratios of
neighbouring steps. Loss and gradients are compared before anything is reported. README.md beside
this file says what the numbers mean.
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import watched

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "src/main/resources/dev/palimpsest/examples/starter/unet"
JAR = HERE.parent / "target" / "palimpsest.jar"

ATTENTION = re.compile(r".*\.attn[12]\.to_(q|k|v|out\.0)\.weight")

# Of SD 1.5 one or two levels: its widths, heads, text width, one layer a block.
SD = {
    "attention_head_dim": 8,
    "cross_attention_dim": 768,
    "layers_per_block": 1,
    "sample_size": 64,
}
CASES = {
    "starter-8": dict(batch=8, side=16, tokens=32),
    "starter-48": dict(batch=48, side=16, tokens=32),
    "sd15-two-levels": dict(
        batch=1,
        side=64,
        tokens=77,
        config=dict(
            SD,
            block_out_channels=(320, 640),
            down_block_types=("CrossAttnDownBlock2D",) * 2,
            up_block_types=("CrossAttnUpBlock2D",) * 2,
        ),
    ),
    "sd15-640": dict(
        batch=1,
        side=32,
        tokens=77,
        config=dict(
            SD,
            block_out_channels=(640,),
            down_block_types=("CrossAttnDownBlock2D",),
            up_block_types=("CrossAttnUpBlock2D",),
        ),
    ),
}


class Peer:
    """A process that takes a step for each line it gets."""

    def __init__(self, command, threads):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"},
        )
        self.watch = watched.Watch(self.process.pid)

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [float(word) for word in self.line().split()]

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended with {self.process.wait()}")
        return line

    def end(self):
        self.process.stdin.close()
        report = json.loads(self.line())
        self.process.wait()
        return {**report, **self.watch.end()}


def prepare(case, folder, seed):
    """The folder of the U-Net and the file of the batch."""
    unet = STARTER
    if "config" in case:
        unet = folder / "unet"
        write = [sys.executable, HERE / "make_unet.py", unet, json.dumps(case["config"])]
        subprocess.run([str(word) for word in (*write, "--seed", seed)], check=True)
    config = json.loads((unet / "config.json").read_text())
    random = np.random.default_rng(seed)
    shape = (case["batch"], config["in_channels"], case["side"], case["side"])
    states = (case["batch"], case["tokens"], config["cross_attention_dim"])
    batch = {
        "sample": random.standard_normal(shape, dtype=np.float32),
        "timestep": random.integers(0, 1000, case["batch"]).astype(np.float32),
        "encoder_hidden_states": random.standard_normal(states, dtype=np.float32),
        "target": random.standard_normal(shape, dtype=np.float32),
    }
    save_file(batch, folder / "batch.safetensors")
    return unet


def lora(unet, folder, options):
    """A file with random matrices for the attention's layers, in peft's format."""
    random = np.random.default_rng(options.seed)
    tensors = {}
    for name, weight in load_file(next(unet.glob("*.safetensors"))).items():
        if not ATTENTION.fullmatch(name):
            continue
        module = "unet." + name.removesuffix(".weight")
        out, features = weight.shape
        down = random.standard_normal((options.rank, features), dtype=np.float32)
        up = random.standard_normal((out, options.rank), dtype=np.float32)
        tensors[module + ".lora_A.weight"] = down / np.float32(features**0.5)
        tensors[module + ".lora_B.weight"] = up * np.float32(0.01)
    save_file(tensors, folder / "lora.safetensors")
    return folder / "lora.safetensors"


def measure(options, case, train, recompute, folder):
    common = ["--inputs", folder / "batch.safetensors", "--threads", options.threads]
    unet = prepare(CASES[case], folder, options.seed)
    common += ["--unet", unet]
    common += ["--lora", lora(unet, folder, options)] if train == "lora" else ["--train", train]
    files = {name: folder / f"{name}.safetensors" for name in ("torch", "ours")}
    torch = [sys.executable, HERE / "train_peer.py", *common, "--out-gradients", files["torch"]]
    if options.checkpointing:
        torch.append("--checkpointing")
    ours = [*shlex.split(options.java), "bench-training", "--turns", *common]
    ours += ["--out-gradients", files["ours"], "--recompute", recompute]
    peers = {"torch": Peer(torch, options.threads), "ours": Peer(ours, options.threads)}
    times = {name: [] for name in peers}
    for _ in range(options.steps + 1):
        for name, peer in peers.items():
            times[name].append(peer.step())
    reports = {name: peer.end() for name, peer in peers.items()}
    both = list(zip(times["ours"], times["torch"]))[1:]
    wall, processor = ([a[i] / b[i] for a, b in both] for i in (0, 1))
    return {
        "case": case,
        "train": train,
        "recompute": recompute,
        "checkpointing": options.checkpointing,
        "ratio": spread(wall),
        "cpu_ratio": spread(processor),
        "memory_ratio": reports["ours"]["peak_rss_bytes"] / reports["torch"]["peak_rss_bytes"],
        "anon_ratio": reports["ours"]["peak_anon_bytes"] / reports["torch"]["peak_anon_bytes"],
        "loss_error": abs(reports["ours"]["loss"] - reports["torch"]["loss"]),
        "gradient_error": gradient_error(load_file(files["ours"]), load_file(files["torch"])),
        **reports,
    }


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def gradient_error(ours, theirs):
    """The largest difference as a share of the largest element of the same gradient, but of all
    gradients where that is tiny: some are zero but for rounding."""
    if ours.keys() != theirs.keys():
        raise SystemExit(f"other weights are trained: {ours.keys() ^ theirs.keys()}")
    floor = 1e-3 * max(np.abs(g).max() for g in theirs.values())
    return max(
        float(np.abs(ours[name] - want).max() / max(np.abs(want).max(), floor))
        for name, want in theirs.items()
    )


def row(result):
    mib = [result[peer][field] / 2**20 for field in ("peak_rss_bytes", "peak_anon_bytes")
           for peer in ("torch", "ours")]
    return (
        f"| {result['case']} | {result['train']} | {result['recompute']} |"
        f" {times(result, 'step_s', 'ratio')} | {times(result, 'step_cpu_s', 'cpu_ratio')} |"
        f" {mib[0]:.0f} | {mib[1]:.0f} | {result['memory_ratio']:.2f} |"
        f" {mib[2]:.0f} | {mib[3]:.0f} | {result['anon_ratio']:.2f} |"
        f" {result['gradient_error']:.0e} |"
    )


def times(result, field, ratio):
    of = result[ratio]
    return (
        f"{result['torch'][field]:.3f} | {result['ours'][field]:.3f} |"
        f" {of['median']:.2f} ({of['least']:.2f}–{of['most']:.2f})"
    )


HEADING = """\
| case | trained | recompute | torch s | ours s | ratio | torch CPU s | ours CPU s | ratio \
| torch MiB | ours MiB | ratio | torch anon | ours anon | ratio | gradients |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--train", nargs="+", default=["attention", "all"], help="or lora")
    parser.add_argument("--rank", type=int, default=16, help="of lora; default 16")
    parser.add_argument("--recompute", nargs="+", default=["nothing"])
    parser.add_argument("--checkpointing", action="store_true", help="torch recomputes blocks too")
    parser.add_argument("--steps", type=int, default=7, help="after a first one; default 7")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--java", default=f"java -jar {JAR}", help="how the program is started")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of gradients; default 1e-3")
    parser.add_argument("--json", type=Path, help="also write every measurement here")
    options = parser.parse_args()
    results = []
    print(HEADING, flush=True)
    for case in options.cases:
        for train in options.train:
            for recompute in options.recompute:
                with tempfile.TemporaryDirectory(prefix="palimpsest-train") as folder:
                    result = measure(options, case, train, recompute, Path(folder))
                results.append(result)
                print(row(result), flush=True)
                if options.json:
                    options.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(result["gradient_error"] > options.tolerance for result in results))


if __name__ == "__main__":
    sys.exit(main())
