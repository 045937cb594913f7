#!/usr/bin/env python3
"""The same comparison on a checkpoint that you have: real.py MODEL_DIR [options of compare.py].

Its licence is between you and whoever published it. A safety checker is left out on both sides.
"""

import argparse
import sys
from pathlib import Path

import compare


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL_DIR", help="in diffusers layout")
    compare.add_common(parser)
    parser.add_argument("--steps", type=int, default=20, help="solver steps a run; default 20")
    options = parser.parse_args()
    if not any((options.model / "unet").glob("*.safetensors")):
        raise SystemExit(f"{options.model / 'unet'} has no .safetensors file; convert it first")
    options.keep = options.keep or Path("compare-real")
    status = compare.compare(options)
    print(f"\nPictures of both: {options.keep}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
