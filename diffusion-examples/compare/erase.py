#!/usr/bin/env python3
"""Compares an erasure (ESD-x) with the reference algorithm in torch on the CPU.

    erase.py [--model DIR] [--rounds 10] [--threads 1]

First iterations that denoise anew, in turns, both up to the same timesteps, which are spread evenly
over the denoising; then a whole run from pooled states, against as many of torch's iterations by
their mean. README.md beside this file says what the numbers mean.
"""

import argparse
import json
import random
import shlex
import statistics
import sys
from pathlib import Path

import watched
from train_step import JAR, Peer

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "src/main/resources/dev/palimpsest/examples/starter"


class Turns(Peer):
    def step(self, line=""):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.line().split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=STARTER)
    parser.add_argument("--concept", default="rocket")
    parser.add_argument("--rounds", type=int, default=10, help="iterations a peer; default 10")
    parser.add_argument("--iterations", type=int, default=200, help="of the whole run; default 200")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--java", default=f"java -jar {JAR}", help="how the program is started")
    parser.add_argument("--json", type=Path, help="also write every measurement here")
    options = parser.parse_args()
    # One to begin with, then evenly spread, in random order: their mean is that of all timesteps.
    until = [int((i + 0.5) * options.steps / options.rounds) for i in range(options.rounds)]
    random.Random(options.seed).shuffle(until)
    until.insert(0, 1)
    common = ["--model", options.model, "--concept", options.concept, "--threads", options.threads]
    ours = [*shlex.split(options.java), "bench-erasure", *common]
    exact = [*ours, "--turns", "--until", ",".join(map(str, until))]
    torch = [sys.executable, HERE / "erase_peer.py", *common, "--steps", options.steps]
    peers = {"ours": Turns(exact, options.threads), "torch": Turns(torch, options.threads)}
    times = {name: [] for name in peers}
    for k in until:
        for name, peer in peers.items():
            times[name].append(peer.step(k))
    reports = {name: peer.end() for name, peer in peers.items()}
    output, _ = watched.run([*ours, "--iterations", options.iterations])
    pool = json.loads(output)
    print("| | torch s | ours s | ratio | torch CPU s | ours CPU s | ratio |")
    print("|---|---|---|---|---|---|---|")
    mean = {n: [statistics.mean(t[i] for t in ts[1:]) for i in (0, 1)] for n, ts in times.items()}
    row("one exact iteration, mean", mean["torch"], mean["ours"])
    whole = [options.iterations * value for value in mean["torch"]]
    row(f"{options.iterations} iterations, pooled", whole, [pool["run_s"], pool["run_cpu_s"]])
    for name, report in (*reports.items(), ("ours, pooled", pool)):
        rss, anonymous = (report[f"peak_{kind}_bytes"] / 2**20 for kind in ("rss", "anon"))
        print(f"{name}: peak {rss:.0f} MiB resident, {anonymous:.0f} MiB anonymous")
    if options.json:
        result = {"until": until, "times": times, "reports": reports, "pool": pool}
        options.json.write_text(json.dumps(result, indent=2) + "\n")


def row(name, torch, ours):
    cells = [f"{t:.2f} | {o:.2f} | {o / t:.2f}" for t, o in zip(torch, ours)]
    print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
