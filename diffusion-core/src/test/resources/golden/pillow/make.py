"""Writes the cases of this folder: what Pillow reads and resizes, what torch interpolates.

Run in this folder with pillow, numpy, torch, safetensors; the versions go into manifest.json.
"""

import json
import struct
import zlib

import numpy as np
import PIL
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file

rng = np.random.default_rng(20261123)
cases, arrays = [], {}


def add(case, value):
    key = case["id"] + "/out/values"
    case["expected"] = {"values": {"key": key}}
    arrays[key] = np.ascontiguousarray(value)
    cases.append(case)


def smooth(height, width, channels):
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 90 * np.sin(x / (3 + c)) * np.cos(y / (2 + c)) for c in range(channels)]
    noise = rng.integers(-40, 40, (height, width, channels))
    return np.clip(np.stack(planes, -1) + noise, 0, 255).astype(np.uint8)


def png(name, width, height, depth, colour, rows, chunks=(), interlace=0):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    parts = [chunk(b"IHDR", header), *(chunk(k, d) for k, d in chunks)]
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def rows(samples, dtype):
    """Unfiltered scanlines."""
    return b"".join(b"\0" + line.astype(dtype).tobytes() for line in samples)


# Resizing
Image.fromarray(smooth(23, 37, 3)).save("resize.png")
noise = rng.integers(0, 2, (19, 29, 3), dtype=np.uint8) * 255
Image.fromarray(noise).save("extremes.png")
sizes = [(16, 24), (37, 23), (37, 40), (64, 23), (80, 61), (1, 1), (5, 3), (38, 22), (111, 7), (28, 3)]
filters = {"NEAREST": 0, "LANCZOS": 1, "BILINEAR": 2, "BICUBIC": 3}
for source in ("resize", "extremes"):
    image = Image.open(source + ".png")
    for name, number in filters.items():
        for width, height in sizes:
            case = {"id": f"{source}/{name}/{width}x{height}", "kind": "resize", "filter": name}
            case |= {"png_in": source + ".png", "width": width, "height": height}
            add(case, np.array(image.resize((width, height), number)))

# Reading
rgb = smooth(13, 11, 3)
gray = rgb[..., 0]
alpha = rng.integers(0, 256, (13, 11), dtype=np.uint8)
Image.fromarray(gray).save("gray8.png")
Image.fromarray(rgb).save("rgb8.png")
Image.fromarray(np.dstack([rgb, alpha])).save("rgba8.png")
Image.fromarray(np.dstack([gray, alpha])).save("graya8.png")
Image.fromarray(rgb).quantize(7).save("palette.png")
Image.fromarray(rgb).quantize(7).save("palette_transparent.png", transparency=2)
Image.fromarray(rgb).save("rgb_transparent.png", transparency=tuple(int(v) for v in rgb[3, 4]))
Image.fromarray(gray).convert("1").save("gray1.png")
for bits in (2, 4):
    values = gray >> (8 - bits)
    per_byte = 8 // bits
    padded = np.pad(values, ((0, 0), (0, -11 % per_byte)))
    packed = sum(padded[:, i::per_byte] << (8 - bits * (i + 1)) for i in range(per_byte))
    png(f"gray{bits}.png", 11, 13, bits, 0, rows(packed, np.uint8))
wide = rng.integers(0, 65536, (13, 11, 4))
wide[0, :6, :] = np.array([0, 127, 128, 255, 256, 65535])[:, None]
png("gray16.png", 11, 13, 16, 0, rows(wide[..., 0], ">u2"))
png("graya16.png", 11, 13, 16, 4, rows(wide[..., :2], ">u2"))
png("rgb16.png", 11, 13, 16, 2, rows(wide[..., :3], ">u2"))
png("rgba16.png", 11, 13, 16, 6, rows(wide, ">u2"))
png("gamma.png", 11, 13, 8, 0, rows(gray, np.uint8), [(b"gAMA", struct.pack(">I", 100000))])
Image.fromarray(rgb).save("rgb.bmp")
Image.fromarray(rgb).quantize(7).save("palette.gif")
big = smooth(30, 41, 3)
Image.fromarray(big).save("full.jpg", quality=90, subsampling=0)
Image.fromarray(big).save("half.jpg", quality=90, subsampling=2)
Image.fromarray(big[..., 0]).save("gray.jpg", quality=90)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(rgb).save(f"exif{orientation}.jpg", quality=90, subsampling=0, exif=exif)
names = "gray8 rgb8 rgba8 graya8 palette palette_transparent rgb_transparent gray1 gray2 gray4 "
names += "gray16 graya16 rgb16 rgba16 gamma"
files = [n + ".png" for n in names.split()] + ["rgb.bmp", "palette.gif"]
files += ["full.jpg", "half.jpg", "gray.jpg"] + [f"exif{i}.jpg" for i in range(1, 9)]
for file in files:
    image = ImageOps.exif_transpose(Image.open(file))
    add({"id": "read/" + file, "kind": "read", "file": file}, np.array(image.convert("RGB")))

# Masks as diffusers' inpainting prepares them: Lanczos, grayscale, binary, nearest
for width, height in [(16, 24), (64, 32), (37, 23)]:
    image = Image.open("resize.png").resize((width, height), Image.LANCZOS).convert("L")
    mask = (np.array(image).astype(np.float32) / 255.0 >= 0.5).astype(np.float32)[None, None]
    case = {"id": f"mask/{width}x{height}", "kind": "mask", "png_in": "resize.png"}
    add(case | {"width": width, "height": height}, mask)
    for w, h in [(width // 8, height // 8), (5, 7), (width, height), (2 * width, 2 * height)]:
        case = {"id": f"nearest/{width}x{height}/{w}x{h}", "kind": "interpolate_nearest"}
        case |= {"from": f"mask/{width}x{height}/out/values", "width": w, "height": h}
        add(case, torch.nn.functional.interpolate(torch.from_numpy(mask), size=(h, w)).numpy())

versions = {"pillow": PIL.__version__, "numpy": np.__version__, "torch": torch.__version__}
with open("manifest.json", "w") as file:
    json.dump({"area": "pillow", "versions": versions, "cases": cases}, file, indent=1)
save_file(arrays, "pillow.safetensors")
