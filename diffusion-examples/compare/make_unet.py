#!/usr/bin/env python3
"""Writes a UNet2DConditionModel with seeded random weights: make_unet.py OUT CONFIG_JSON [--seed N]"""

import argparse
import json

import torch
from diffusers import UNet2DConditionModel

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("out")
parser.add_argument("config", type=json.loads)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
torch.manual_seed(options.seed)
UNet2DConditionModel(**options.config).save_pretrained(options.out)
