#!/usr/bin/env python3
"""Compares this library with diffusers on torch's CPU, and its UNet step with OpenVINO's.

    compare.py --model DIR --steps N --size 512 --threads 2 [--rounds R] [--jar FILE] [--openvino]

Each peer runs in a process of its own, one after the other, round by round. README.md beside this
file says what the numbers mean.
"""

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

import report
import watched

HERE = Path(__file__).resolve().parent
JAR = HERE.parent / "target" / "palimpsest.jar"
GUIDANCE = 7.5  # what `bench --guided` has
PROMPT = "a photo of a red car, sunset"


class Model:
    """What a checkpoint's configuration files say about sizes."""

    def __init__(self, folder):
        if not (folder / "model_index.json").is_file():
            raise SystemExit(f"{folder} has no model_index.json: not a checkpoint of diffusers")
        self.folder = folder
        self.unet = self._config("unet")
        vae = self._config("vae")
        self.factor = 2 ** (len(vae["block_out_channels"]) - 1)
        self.channels = vae.get("latent_channels", 4)
        if self.unet.get("in_channels", 4) != self.channels:
            raise SystemExit("only text-to-image checkpoints are compared")

    def _config(self, part):
        return json.loads((self.folder / part / "config.json").read_text())

    def size(self):
        return self.unet["sample_size"] * self.factor

    def tokens(self):
        return self._config("text_encoder")["max_position_embeddings"]

    def warm(self):
        """Reads the weights once, so that the first process finds them in the page cache too."""
        for file in self.folder.rglob("*.safetensors"):
            with file.open("rb") as stream:
                while stream.read(1 << 24):
                    pass


class Comparison:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.model = Model(options.model)
        self.size = options.size or self.model.size()
        if self.size % self.model.factor:
            raise SystemExit(f"--size must be a multiple of {self.model.factor}, was {self.size}")
        self.side = self.size // self.model.factor

    def run(self):
        self.model.warm()
        noise = np.random.default_rng(self.options.seed).standard_normal(
            (1, self.model.channels, self.side, self.side), dtype=np.float32
        )
        save_file({"latents": noise}, self.work / "noise.safetensors")
        peers = {"diffusers": self.diffusers, "palimpsest": self.palimpsest}
        if self.options.openvino:
            self.convert()
            peers["openvino f32"] = lambda: self.openvino("f32")
            peers["openvino bf16"] = lambda: self.openvino("bf16")
        rounds = {peer: [] for peer in peers}
        for number in range(1, self.options.rounds + 1):
            for peer, measure in peers.items():
                measured = measure()
                rounds[peer].append(measured)
                print(
                    f"round {number}, {peer}: step {measured['step_s']:.3f} s,"
                    f" process {measured['process_s']:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )
        return self.result(rounds)

    def result(self, rounds):
        numbers = report.summary(rounds)
        return {
            "model": str(self.options.model),
            "size": self.size,
            "steps": self.options.steps,
            "runs": self.options.runs,
            "rounds": self.options.rounds,
            "threads": self.options.threads,
            "guidance": GUIDANCE,
            "prompt": self.options.prompt,
            "machine": platform.machine(),
            "python": platform.python_version(),
            "ratios": report.ratios(numbers),
            **self.differences(),
            "summary": numbers,
            "measured": rounds,
        }

    def differences(self):
        pictures = [self.picture(peer) for peer in ("diffusers", "palimpsest")]
        latents = [self.latents(peer) for peer in ("diffusers", "palimpsest")]
        if not all(np.isfinite(state).all() for state in latents):
            raise SystemExit("the final latents are not finite")
        return {
            "pixel_difference": int(np.abs(pictures[0] - pictures[1]).max()),
            "latent_difference": float(np.abs(latents[0] - latents[1]).max()),
            "latent_magnitude": float(np.abs(latents[0]).max()),
        }

    def picture(self, peer):
        return np.asarray(Image.open(self.work / f"{peer}.png").convert("RGB")).astype(np.int16)

    def latents(self, peer):
        return load_file(self.work / f"{peer}.safetensors")["latents"]

    def common(self, peer):
        """Options that both sides have."""
        return [
            *("--model", self.options.model),
            *("--prompt", self.options.prompt),
            *("--steps", self.options.steps),
            *("--runs", self.options.runs),
            *("--threads", self.options.threads),
            *("--latents", self.work / "noise.safetensors"),
            *("--out-latents", self.work / f"{peer}.safetensors"),
            *("--out-image", self.work / f"{peer}.png"),
        ]

    def diffusers(self):
        size = ["--width", self.size, "--height", self.size, "--guidance", GUIDANCE]
        script = [sys.executable, HERE / "torch_peer.py"]
        return self.measure([*script, *self.common("diffusers"), *size])

    def palimpsest(self):
        bench = [*shlex.split(self.options.java), "-jar", self.options.jar, "bench", "--json"]
        fixed = ["--guided", "--scheduler", "ddim", "--without-safety-checker", "--device", "cpu"]
        size = ["--size", f"{self.size}x{self.size}"]
        return self.measure([*bench, *self.common("palimpsest"), *size, *fixed])

    def convert(self):
        print("converting the UNet for OpenVINO", file=sys.stderr, flush=True)
        size = ["--height", self.side, "--width", self.side, "--tokens", self.model.tokens()]
        self.measure([*self.openvino_script("convert"), self.options.model, self.work, *size])

    def openvino(self, precision):
        # As many as the others do in all.
        evaluations = max(3, self.options.steps * self.options.runs)
        how = ["--precision", precision, "--evaluations", evaluations]
        return self.measure([*self.openvino_script("run"), self.work, *how])

    def openvino_script(self, command):
        threads = ["--threads", self.options.threads]
        return [sys.executable, HERE / "openvino_peer.py", command, *threads]

    def measure(self, command):
        output, outside = watched.run(
            command,
            {
                "OMP_NUM_THREADS": str(self.options.threads),
                "HF_HUB_OFFLINE": "1",
                # OpenVINO's converter sends no statistics then.
                "CI": "true",
            },
        )
        last = output.strip().splitlines()[-1:]
        return {**(json.loads(last[0]) if last else {}), **outside}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="checkpoint in diffusers layout")
    add_common(parser)
    parser.add_argument("--steps", type=int, default=4, help="solver steps a run; default 4")
    return parser.parse_args()


def add_common(parser):
    parser.add_argument("--size", type=int, help="side in pixels; default the model's own")
    parser.add_argument("--threads", type=int, default=2, help="of every peer; default 2")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--runs", type=int, default=2, help="whole runs in a process; default 2")
    parser.add_argument("--prompt", default=PROMPT)
    parser.add_argument("--seed", type=int, default=0, help="of the initial latents")
    parser.add_argument("--jar", type=Path, default=JAR, help="default the one in target")
    parser.add_argument("--java", default="java", help="command with options, such as 'java -Xmx8g'")
    parser.add_argument("--openvino", action="store_true", help="compare UNet steps with it too")
    parser.add_argument("--json", type=Path, help="also write every measurement here")
    parser.add_argument("--keep", type=Path, help="keep pictures, latents and converted UNet here")
    parser.add_argument(
        "--tolerance", type=int, default=2, help="in 1/255; more fails; default 2"
    )


def compare(options):
    """Runs it, prints the table; the exit status says whether the pictures agree."""
    if not options.jar.is_file():
        raise SystemExit(f"no {options.jar}: build it with mvn -q -DskipTests package, or give --jar")
    if min(options.steps, options.runs, options.rounds, options.threads) < 1:
        raise SystemExit("--steps, --runs, --rounds and --threads must be > 0")
    if os.getloadavg()[0] > 0.5:
        print("the machine is busy; torch suffers most from that", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="palimpsest-compare") as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        try:
            result = Comparison(options, work).run()
        except watched.ProcessFailed as failure:
            raise SystemExit(str(failure)) from failure
    print(heading(result) + "\n\n" + report.table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    if result["pixel_difference"] > options.tolerance:
        print(f"the pictures differ by more than {options.tolerance} / 255", file=sys.stderr)
        return 1
    return 0


def heading(result):
    torch, ours = (result["measured"][peer][0] for peer in ("diffusers", "palimpsest"))
    return (
        f"{Path(result['model']).name}, {result['size']}×{result['size']}, DDIM,"
        f" {result['steps']} steps with guidance {result['guidance']}, {result['threads']} threads,"
        f" {result['rounds']} rounds of {result['runs']} runs; torch {torch['torch']},"
        f" diffusers {torch['diffusers']}, ONNX Runtime {ours['onnxruntime']}, Java {ours['java']},"
        f" {result['machine']}"
    )


if __name__ == "__main__":
    sys.exit(compare(arguments()))
