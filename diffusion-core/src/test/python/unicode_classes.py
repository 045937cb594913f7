"""Writes src/main/resources/dev/palimpsest/model/unicode-classes.txt: what the tokenizers library
(the reference behind transformers' CLIPTokenizer) takes each code point for, found by asking it.

    python unicode_classes.py > unicode-classes.txt        (needs: tokenizers==0.23.3)
"""

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
lower, nfc, nfd = normalizers.Lowercase(), normalizers.NFC(), normalizers.NFD()


def members(pattern):
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    return [c for c in POINTS if split.pre_tokenize_str(chr(c))]


def composing():
    """Code points that canonical ordering or composition can touch; all others stand alone."""
    found = set(range(0xAC00, 0xD7A4)) | set(range(0x1100, 0x1113)) | set(range(0x1161, 0x1176))
    found |= set(range(0x11A8, 0x11C3))
    for c in POINTS:
        ch = chr(c)
        parts = nfd.normalize_str(ch)
        before = "a\u0345" + ch
        after = ch + "\u0334"
        if parts != ch:
            found.update([c, *map(ord, parts)])
            found.update(map(ord, nfc.normalize_str(ch)))
            # every prefix composes too: U+01D6 is U+00FC with U+0304
            for end in range(2, len(parts)):
                found.update(map(ord, nfc.normalize_str(parts[:end])))
        elif nfd.normalize_str(before) != before or nfd.normalize_str(after) != after:
            found.add(c)
    return sorted(found)


def ranges(points):
    out = []
    for c in points:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def lowering():
    """Runs (first, last, step, delta) of code points with one lower-case code point."""
    out = []
    for c in POINTS:
        low = lower.normalize_str(chr(c))
        if low == chr(c):
            continue
        if c == 0x130:
            assert low == "i\u0307"
            continue
        assert len(low) == 1, hex(c)
        delta = ord(low) - c
        if out and out[-1][3] == delta:
            first, last, step, _ = out[-1]
            if first == last and c - last <= 2:
                out[-1] = [first, c, c - last, delta]
                continue
            if first != last and c - last == step:
                out[-1][1] = c
                continue
        out.append([c, c, 1, delta])
    return out


print(f"# What tokenizers {tokenizers.__version__} takes each code point for; written by")
print("# src/test/python/unicode_classes.py. Hexadecimal, ends included. lower: first last step delta.")
for name, points in (
    ("letter", members(r"\p{L}")),
    ("number", members(r"\p{N}")),
    ("space", members(r"\s")),
    ("composing", composing()),
):
    for first, last in ranges(points):
        print(f"{name} {first:X} {last:X}")
for first, last, step, delta in lowering():
    print(f"lower {first:X} {last:X} {step} {delta}")
