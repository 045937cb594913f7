"""From the measurements of all rounds to one table."""

import statistics

MIB = 1 << 20

TIMES = {
    "load": "load_s",
    "first UNet step": "first_step_s",
    "later UNet step": "step_s",
    "load to first step": "load_to_first_step_s",
    "first VAE decode": "decode_first_s",
    "later VAE decode": "decode_s",
    "first whole run": "run_first_s",
    "later whole run": "run_s",
    "whole process": "process_s",
}
MEMORY = {
    "peak resident memory": "peak_rss_bytes",
    "peak anonymous memory": "peak_anon_bytes",
    "peak file-backed memory": "peak_file_bytes",
}


def summary(rounds):
    """For each peer and each number that it reported, the median of the rounds with their range."""
    return {
        peer: {
            field: spread([measured[field] for measured in results])
            for field, value in results[0].items()
            if isinstance(value, (int, float))
        }
        for peer, results in rounds.items()
    }


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def ratios(numbers):
    """The library's median over diffusers'; below 1 the library needs less."""
    ours, theirs = numbers["palimpsest"], numbers["diffusers"]
    return {
        field: ours[field]["median"] / theirs[field]["median"]
        for field in (*TIMES.values(), *MEMORY.values())
        if theirs[field]["median"] > 0
    }


def table(result):
    numbers, ratio = result["summary"], result["ratios"]
    rows = [["", "diffusers", "Palimpsest", "ratio"]]
    for fields, cell in ((TIMES, seconds), (MEMORY, mebibytes)):
        for label, field in fields.items():
            cells = [cell(numbers[peer][field]) for peer in ("diffusers", "palimpsest")]
            rows.append([label, *cells, f"{ratio[field]:.2f}" if field in ratio else "-"])
    rows.append(["largest pixel difference", "", f"{result['pixel_difference']} / 255", ""])
    rows.append(["largest latent difference", "", f"{result['latent_difference']:.2e}", ""])
    rows.append(["latents' largest value", "", f"{result['latent_magnitude']:.2f}", ""])
    text = markdown(rows)
    later, first = (numbers["palimpsest"][f]["median"] for f in ("step_s", "first_step_s"))
    text += f"\n\nPalimpsest's first step takes {first / later:.2f} times a later one."
    peers = [peer for peer in numbers if peer.startswith("openvino")]
    return text + ("\n\n" + openvino_table(numbers, peers) if peers else "")


def openvino_table(numbers, peers):
    ours = numbers["palimpsest"]
    rows = [
        ["UNet step", "load", "first", "later", "Palimpsest / it", "largest error", "peak memory"]
    ]
    for peer in peers:
        own = numbers[peer]
        rows.append(
            [
                peer,
                *(seconds(own[field]) for field in ("load_s", "first_step_s", "step_s")),
                f"{ours['step_s']['median'] / own['step_s']['median']:.2f}",
                f"{own['largest_relative_error']['most']:.1e}",
                mebibytes(own["peak_rss_bytes"]),
            ]
        )
    return markdown(rows)


def seconds(value):
    return span(value, 1, "s", 3)


def mebibytes(value):
    return span(value, MIB, "MiB", 0)


def span(value, unit, name, digits):
    middle, least, most = (value[key] / unit for key in ("median", "least", "most"))
    text = f"{middle:.{digits}f} {name}"
    return text if least == most else f"{text} ({least:.{digits}f}–{most:.{digits}f})"


def markdown(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
