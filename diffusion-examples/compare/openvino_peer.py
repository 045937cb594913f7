#!/usr/bin/env python3
"""The UNet of a checkpoint in OpenVINO. Started by compare.py.

    openvino_peer.py convert MODEL OUT --height H --width W --threads N
    openvino_peer.py run OUT --precision f32|bf16 --evaluations N --threads N

convert writes OUT/unet.xml and OUT/case.safetensors: inputs of a guidance pair and torch's output for
them. run measures, in a process that never loads torch, and prints JSON.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import openvino


def convert(options):
    import torch
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file

    torch.set_num_threads(options.threads)
    unet = UNet2DConditionModel.from_pretrained(options.model / "unet", dtype=torch.float32).eval()
    if unet.config.addition_embed_type is not None:
        raise SystemExit("the OpenVINO peer takes UNets without added conditions (SD 1 and 2) only")

    class Evaluated(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = unet

        def forward(self, sample, timestep, encoder_hidden_states):
            return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]

    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(
        2, unet.config.in_channels, options.height, options.width, generator=generator
    )
    text = torch.randn(2, options.tokens, unet.config.cross_attention_dim, generator=generator)
    inputs = (sample, torch.tensor(801), text)
    with torch.inference_mode():
        expected = Evaluated()(*inputs)
    with torch.no_grad():
        model = openvino.convert_model(
            Evaluated(), example_input=inputs, input=[list(i.shape) for i in inputs]
        )
    openvino.save_model(model, options.out / "unet.xml", compress_to_fp16=False)
    names = ("sample", "timestep", "encoder_hidden_states")
    save_file({**dict(zip(names, inputs)), "expected": expected}, options.out / "case.safetensors")


def run(options):
    from safetensors.numpy import load_file

    case = load_file(options.out / "case.safetensors")
    start = time.perf_counter()
    compiled = openvino.Core().compile_model(
        options.out / "unet.xml",
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": options.precision,
            "INFERENCE_NUM_THREADS": options.threads,
            "PERFORMANCE_HINT": "LATENCY",
        },
    )
    loaded = time.perf_counter()
    request = compiled.create_infer_request()
    inputs = [case["sample"], case["timestep"], case["encoder_hidden_states"]]
    times = []
    for _ in range(options.evaluations):
        before = time.perf_counter()
        output = request.infer(inputs, share_inputs=True, share_outputs=True)[0]
        times.append(time.perf_counter() - before)
    expected = case["expected"]
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    print(
        json.dumps(
            {
                "load_s": loaded - start,
                "first_step_s": times[0],
                "step_s": statistics.median(times[1:]),
                "steps_s": times,
                "precision": precision,
                "largest_relative_error": float(
                    np.abs(output - expected).max() / np.abs(expected).max()
                ),
                "openvino": openvino.get_version(),
            }
        )
    )


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("convert")
    command.set_defaults(work=convert)
    command.add_argument("model", type=Path)
    command.add_argument("out", type=Path)
    command.add_argument("--height", type=int, required=True)
    command.add_argument("--width", type=int, required=True)
    command.add_argument("--tokens", type=int, default=77)
    command.add_argument("--threads", type=int, required=True)
    command = commands.add_parser("run")
    command.set_defaults(work=run)
    command.add_argument("out", type=Path)
    command.add_argument("--precision", choices=("f32", "bf16"), required=True)
    command.add_argument("--evaluations", type=int, required=True)
    command.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
