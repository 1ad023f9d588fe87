"""The plots of `scripts/bench compute`: rate by engine, by batch size, by lanes and by versions."""

import statistics

from frame import chart

CHUNK_KIB = 256


def _median(rate, clock):
    return statistics.median(rate[clock])


def _series(rates, prefix, clock, scale, x_scale=1):
    """Groups called prefix<x> as name -> points."""
    series = {}
    for group, contenders in rates.items():
        if not group.startswith(prefix):
            continue
        x = float(group.removeprefix(prefix)) * x_scale
        for name, rate in contenders.items():
            label = name.replace(".1core", "")
            series.setdefault(label, []).append((x, _median(rate, clock) / scale))
    return {name: sorted(points) for name, points in series.items()}


def _break_even(by_size):
    """Where an accelerator starts to pay."""
    best = {name: dict(points) for name, points in by_size.items()}
    cpu = [points for name, points in best.items() if name.startswith("cpu:")]
    sentences = []
    for name, points in best.items():
        if not name.startswith("opencl"):
            continue
        paying = [x for x, rate in sorted(points.items()) if rate > max(c[x] for c in cpu)]
        sentences.append(f"`{name}` pays from batches of {paying[0]:g} KiB on." if paying else
                         f"`{name}` never pays here: the CPU engine is faster at every batch size.")
    return " ".join(sentences) + "\n"


def draw(data, out):
    """Writes the plots to folder `out` and returns the Markdown that shows them."""
    rates = data["rates"]
    for kind, unit, scale in (("mine", "MH/s", 1e6), ("hash", "GB/s", 1e9)):
        values = {name: _median(rate, "wall") / scale for name, rate in rates[kind + ".wall"].items()}
        values["evp, 1 core"] = _median(rates[kind + ".core"]["evp"], "cpu") / scale
        title = {"mine": "Mining by engine, every core", "hash": "Hashing 256 KiB chunks by engine, every core"}
        chart.bars(out / f"{kind}-by-engine.svg", title[kind], unit + " (wall)", values)

    by_size = _series(rates, "chunks:", "wall", 1e9, CHUNK_KIB)
    chart.lines(out / "hash-by-batch.svg", "Hashing one batch of 256 KiB chunks, every core",
                "KiB in the batch", "GB/s (wall)", by_size)
    chart.lines(out / "hash-by-lanes.svg", "Hashing on one core, by messages that are ready",
                "messages of 256 KiB", "GB/s per core-second", _series(rates, "lanes:", "cpu", 1e9))
    chart.lines(out / "mine-by-versions.svg", "Mining, by versions that share a message schedule",
                "versions", "MH/s per core-second", _series(rates, "versions:", "cpu", 1e6))
    names = ["mine-by-engine", "hash-by-engine", "hash-by-batch", "hash-by-lanes", "mine-by-versions"]
    return "\n".join(["## Plots\n", _break_even(by_size),
                      *(f"![{name}]({name}.svg)" for name in names)]) + "\n"
