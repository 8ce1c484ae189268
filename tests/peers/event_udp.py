"""Events over UDP on this machine: ``python tests/peers/event_udp.py [--format spif] ...``.

A process of its own sends, at a rate, to neuroloop's receiver, which is read every millisecond as a
run does.  What was sent, what came, what was lost and where, and the processor time of both.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

from neuroloop.testing.event_sender import FORMATS, EventSender
from sensors import event_camera

WIDTH, HEIGHT = 640, 480
BLOCK = 1 << 20


def options():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=sorted(FORMATS), default="spif")
    parser.add_argument("--rate", type=float, default=5e6, help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--send", type=int, default=0, help="a port to send to; for itself")
    return parser.parse_args()


def send(given):
    """Send, and say how much."""
    rng = np.random.default_rng(0)
    x, y, p = (rng.integers(0, most, BLOCK) for most in (WIDTH, HEIGHT, 2))
    passed = np.arange(BLOCK) * 1e6 / given.rate
    left = round(given.rate * given.seconds)
    sent, start = 0, time.perf_counter()
    with EventSender(given.send, given.format) as sender:
        while sent < left:
            n = min(BLOCK, left - sent)
            t_us = (passed[:n] + sent * 1e6 / given.rate).astype(np.int64)
            sender.send(t_us, x[:n], y[:n], p[:n], given.rate)
            sent += n
        row = {"events": sent, "datagrams": sender.datagrams}
    row |= {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time()}
    sys.stdout.write(json.dumps(row) + "\n")


def receive(given):
    """Receive what a process of its own sends; return the row."""
    source = f"udp://127.0.0.1:0?format={given.format}"
    with event_camera.open(source, width=WIDTH, height=HEIGHT) as stream:
        command = [sys.executable, __file__, "--send", str(stream.port), *sys.argv[1:]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            start, came = time.process_time(), 0
            while process.poll() is None:
                came += len(stream.take())
                time.sleep(0.001)
            time.sleep(0.2)
            came += len(stream.take())
            sent = json.loads(process.stdout.read())
        return {
            "format": given.format,
            "sent": sent,
            "events that came": came,
            "datagrams that came": stream.datagrams,
            "lost": dict(stream.counts),
            "million events a second": round(sent["events"] / sent["wall_s"] / 1e6, 2),
            "processor seconds": round(time.process_time() - start, 2),
        }


def main():
    """Run one side."""
    given = options()
    if given.send:
        send(given)
    else:
        sys.stdout.write(json.dumps(receive(given), indent=1) + "\n")


if __name__ == "__main__":
    main()
