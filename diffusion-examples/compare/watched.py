"""Runs a process to its end and watches its memory."""

import os
import subprocess
import threading
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


class Watch:
    """Looks at a process that somebody else runs, from a thread of its own."""

    def __init__(self, pid):
        self._pid = pid
        self._peaks = dict.fromkeys(PEAKS.values(), 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._over.wait(INTERVAL_S):
            _look(self._pid, self._peaks)

    def end(self):
        """What was measured."""
        self._over.set()
        self._thread.join()
        return self._peaks
