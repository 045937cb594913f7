"""Runs a process to its end and watches its memory."""

import os
import subprocess
import time

# The highest resident memory in all is kept by the kernel; of its sorts, looking must do.
PEAKS = {
    "VmHWM": "peak_rss_bytes",
    "RssAnon": "peak_anon_bytes",
    "RssFile": "peak_file_bytes",
    "RssShmem": "peak_shared_bytes",
}
INTERVAL_S = 0.02


class ProcessFailed(Exception):
    """A peer ended with another status than 0; the message has its error output."""


def run(command, environment=None):
    """Runs it alone. Returns its standard output and what was measured from outside."""
    peaks = dict.fromkeys(PEAKS.values(), 0)
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    output, errors = _drain(process, peaks)
    if process.returncode != 0:
        raise ProcessFailed(f"{command[0]} ended with {process.returncode}:\n{errors}{output}")
    return output, {"process_s": time.perf_counter() - start, **peaks}


def _drain(process, peaks):
    while True:
        _look(process.pid, peaks)
        try:
            return process.communicate(timeout=INTERVAL_S)
        except subprocess.TimeoutExpired:
            continue


def _look(pid, peaks):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                field, _, value = line.partition(":")
                if field in PEAKS:
                    peak = PEAKS[field]
                    peaks[peak] = max(peaks[peak], 1024 * int(value.split()[0]))
    except (FileNotFoundError, ProcessLookupError):
        pass
