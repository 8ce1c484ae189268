"""What a simulated network did: in words, as JSON, and as a picture of its spikes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuroloop.report import output, panel
from neuroloop.runtime.simulate import Progress, Result


def as_json(result: Result, silent: Sequence[str] = ()) -> dict[str, Any]:
    """Return the run as plain numbers; ``silent`` are the inputs that had no spikes."""
    return {
        "ticks": result.ticks,
        "dt_us": result.dt_us,
        "seconds": result.seconds,
        "populations": {
            name: {
                "units": result.sizes[name],
                "spikes": len(spikes.unit),
                "rate_hz": float(result.rates_hz(name).mean()),
            }
            for name, spikes in result.spikes.items()
        },
        "silent_inputs": list(silent),
        "synaptic_operations": result.synaptic_operations,
        "tick_us": {
            "median": result.tick_times.median_us,
            "p99": result.tick_times.p99_us,
            "longest": result.tick_times.longest_us,
        },
    }


def as_text(result: Result, silent: Sequence[str] = ()) -> str:
    """Return the run in a few lines; ``silent`` are the inputs that had no spikes."""
    times = result.tick_times
    lines = [f"{result.ticks:,} ticks of {result.dt_us} us: {result.seconds:g} s"]
    for name, spikes in result.spikes.items():
        rate = result.rates_hz(name).mean()
        units = result.sizes[name]
        lines.append(f"  {name:14} {len(spikes.unit):,} spikes of {units:,} units, {rate:.2f} Hz")
    if silent:
        hint = f"--rate {silent[0]}=HZ gives it spikes"
        lines.append(f"  silent inputs  {', '.join(silent)}   ({hint})")
    lines.append(f"  synapses       {result.synaptic_operations:,} operations")
    lines.append(f"  a tick         {times.median_us:.1f} us, 99 % within {times.p99_us:.1f} us")
    return "\n".join(lines)


def save(result: Result, path: Path) -> None:
    """Draw the spikes of each watched population and write ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = max(len(result.spikes), 1)
    figure = Figure(figsize=(10, max(1.8 * panels, 3.0)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, spikes) in zip(axes, result.spikes.items(), strict=False):
        panel.raster(axis, name, spikes.t_us * 1e-6, spikes.unit, result.sizes[name])
    axes[0].set_xlim(0.0, result.seconds)
    axes[-1].set_xlabel("time (s)")
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Progress | None]:
    """Show a bar on stderr for as long as the block runs, once that has taken a second."""
    if not shown:
        yield None
        return
    import time

    from rich.console import Console
    from rich.progress import Progress as Bar

    start, bar = time.monotonic(), Bar(console=Console(stderr=True), transient=True)
    task = bar.add_task("simulate", total=None)

    def progress(done: int, total: int) -> None:
        if time.monotonic() - start > 1.0:
            bar.start()
            bar.update(task, completed=done, total=total)

    try:
        yield progress
    finally:
        bar.stop()
