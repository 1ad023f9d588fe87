"""From rounds to figures: the `name value` lines of `scripts/bench compute`, their goals, and what
holds a figure that misses its stretch."""

import math
import statistics

from frame import markdown
from frame.suite import Goal

GOALS = [
    Goal("mine.cpu_best/evp", "best CPU engine mining, per core; EVP = OpenSSL, twice over 80 bytes",
         12, 16),
    Goal("mine.cpu_shani/evp", "the same with the SHA extensions", 4.5, 5.4),
    Goal("hash.cpu_best/evp", "256 KiB chunks from memory, per core", 2.7, 3.3),
    Goal("hash.cpu_best/evp.l2", "4 KiB chunks from the L2 cache, per core", 3.2, 4.1),
    Goal("hash.shani4/evp", "2 to 9 chunks ready, SHA extensions, one core", 1.7, 1.95),
    Goal("hash.2threads/openssl_multi2", "two threads of the best engine, wall", 2.6, 3.2),
    Goal("mine.opencl/cpu_best", "PoCL mining, wall, all cores", 0.85, 1.0),
    Goal("hash.opencl/cpu_best", "PoCL hashing 256 KiB chunks, wall, all cores", 0.8, 1.0),
    Goal("mine.opencl/hashcat21400", "against hashcat on the same device, wall", 1.3, 1.7),
    Goal("verify.gbit_per_s.1core", "blocks of 256 KiB from memory hashed and compared", 25, 45),
    Goal("start.binary_ms", "every kernel from an offline binary, empty cache", 50, 10, at_most=True),
    Goal("cancel_ms.p99", "until a cancelled search has ended, slowest engine", 50, at_most=True),
    Goal("memory.rest_mb", "resident memory of a process whose engines have worked and are idle", 100, at_most=True),
]


def median_ratio(of, to):
    """Of the rounds: both were measured in each."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def percentile(samples, q):
    ordered = sorted(samples)
    return ordered[max(math.ceil(q * len(ordered)) - 1, 0)]


def centiles(samples):
    """Of the 0th to the 100th: what is kept of thousands of samples."""
    return [percentile(samples, q / 100) for q in range(101)]


class Figures:
    """values and left_out: name -> number, or why there is none. held_by: name -> text."""

    def __init__(self, data, share, quick):
        self.data, self.rates, self.share = data, data["rates"], share
        cores = [name for name in self.rates["mine.core"] if name.endswith(".1core")]
        self.best = cores[0].removesuffix(".1core")  # the program names the fastest first
        pocl = [name for name, engine in data["engines"].items()
                if "Portable Computing Language" in engine["description"]]
        self.pocl = pocl[0] if pocl else None
        self.gpus = [name for name in data["engines"] if name.startswith("opencl") and name not in pocl]
        self.values, self.left_out, self.held_by = {}, {}, {}
        self._best_lines()
        self._shani_lines()
        self._wall_lines(quick)
        self._other_lines()
        self._explain()
        order = [goal.name for goal in GOALS]
        self.values = dict(sorted(self.values.items(),
                                  key=lambda item: (order + [item[0]]).index(item[0])))

    def ratio(self, group, name, to="evp", clock="cpu"):
        return median_ratio(self.rates[group][name][clock], self.rates[group][to][clock])

    def median(self, group, name, clock="cpu"):
        return statistics.median(self.rates[group][name][clock])

    def _best_lines(self):
        core = self.best + ".1core"
        names = {"mine.cpu_best/evp": "mine.core", "hash.cpu_best/evp": "hash.core",
                 "hash.cpu_best/evp.l2": "hash.l2"}
        for name, group in names.items():
            if self.best == "cpu:avx512":
                self.values[name] = self.ratio(group, core)
            else:
                self.left_out[name] = (f"no AVX-512 here; the best CPU engine is {self.best}, with "
                                       f"{self.ratio(group, core):.2f}")

    def _shani_lines(self):
        for name, group in {"mine.cpu_shani/evp": "mine.core", "hash.shani4/evp": "hash.few"}.items():
            if "cpu:shani.1core" in self.rates[group]:
                self.values[name] = self.ratio(group, "cpu:shani.1core")
            else:
                self.left_out[name] = "no SHA extensions here"

    def _wall_lines(self, quick):
        self.values["hash.2threads/openssl_multi2"] = self.ratio("hash.threads", "cpu.threads2",
                                                                 "evp.threads2", "wall")
        for name, group in {"mine.opencl/cpu_best": "mine.wall",
                            "hash.opencl/cpu_best": "hash.wall"}.items():
            if self.pocl:
                self.values[name] = self.ratio(group, self.pocl, self.best, "wall")
            else:
                self.left_out[name] = "no PoCL here"
        name = "mine.opencl/hashcat21400"
        measured = self.data.get("hashcat", {})
        if measured.get("21400"):
            self.values[name] = median_ratio(measured["ours"], measured["21400"])
        elif not quick:
            self.left_out[name] = measured.get("problem", "no OpenCL here")

    def _other_lines(self):
        self.values["verify.gbit_per_s.1core"] = self.median("hash.core", "verify") * 8 / 1e9
        if self.data["start_ms"]:
            self.values["start.binary_ms"] = statistics.median(self.data["start_ms"])
        else:
            self.left_out["start.binary_ms"] = "no OpenCL here"
        self.values["cancel_ms.p99"] = max(percentile(samples, 0.99)
                                           for samples in self.data["cancel_ms"].values())
        self.values["memory.rest_mb"] = self.data["rest"]["rested_mb"]
        latency = next(run for run in self.data["latency"]
                       if run["engine"] == "auto" and run["share"] == self.share)
        self.values["hash_1mib_ms.p99.idle"] = percentile(latency["idle_ms"], 0.99)
        self.values["hash_1mib_ms.p99.mining"] = percentile(latency["mining_ms"], 0.99)

    def _explain(self):
        """Of this machine and from this run: what a figure below its stretch is bound by."""
        core = self.best + ".1core"
        best_mine, best_hash = self.median("mine.core", core), self.median("hash.core", core)
        if self.best == "cpu:shani":
            bound = ("the instructions of a block (32 sha256rnds2, 12 sha256msg1 and sha256msg2, and "
                     "what feeds them) took 53 clocks of a Zen 3 core however they were ordered, and "
                     "one message alone waits 128 (counted once with loops of these instructions "
                     "alone, not in this run)")
            self.held_by["hash.2threads/openssl_multi2"] = (
                f"without AVX-512 it is cpu:shani, {self.ratio('hash.core', core):.2f} x EVP per core: "
                + bound)
            self.held_by["hash.shani4/evp"] = bound
            self.held_by["verify.gbit_per_s.1core"] = (
                f"without AVX-512 it is cpu:shani, {best_hash / 1e9:.2f} GB/s on one core")
        if self.pocl:
            kind = self.data["engines"][self.pocl]["description"].split(",")[0]
            here = "" if self.best == "cpu:avx512" else "OpenCL has no SHA instructions: "
            for name, group, unit, best in [("mine.opencl/cpu_best", "mine", "MH/s", best_mine),
                                            ("hash.opencl/cpu_best", "hash", "MB/s", best_hash)]:
                ours = self.median(group + ".wall", self.pocl)
                text = (f"{here}{kind} gives {ours / 1e6:,.1f} {unit} per core-second, {self.best} "
                        f"{best / 1e6:,.1f}")
                if here and "cpu:avx2.1core" in self.rates[group + ".core"]:
                    avx2 = self.median(group + ".core", "cpu:avx2.1core")
                    text += f"; with the same instructions native code, cpu:avx2, {avx2 / 1e6:,.1f}"
                self.held_by[name] = text
            if "mine.opencl/hashcat21400" in self.values:
                self.held_by["mine.opencl/hashcat21400"] = (
                    "hashcat's kernels are compiled by the same OpenCL for the same instructions; "
                    f"ours give {self.median('mine.wall', self.pocl) / 1e6:,.1f} MH/s per core-second")
                if "cpu:avx2.1core" in self.rates["mine.core"]:
                    avx2 = self.median("mine.core", "cpu:avx2.1core")
                    self.held_by["mine.opencl/hashcat21400"] += (
                        f", native code with AVX2, cpu:avx2, {avx2 / 1e6:,.1f}")
        if self.data["start_ms"]:
            self.held_by["start.binary_ms"] = (f"{min(self.data['start_ms']):.0f} to "
                                               f"{max(self.data['start_ms']):.0f} ms in this run")

    def sections(self):
        text = ["## Engines\n", self._engine_table(), self._gpu_sentence(),
                "Rates are medians over the rounds; *per core-second* is of processor time, *wall* is with "
                "every core. x EVP is the median of the rounds' ratios.\n",
                "## Mining and latency\n", self._latency_table(), self._cancel_table()]
        if "openssl_multi2_gb_s" in self.data:
            own = self.median("hash.threads", "evp.threads2", "wall") / 1e9
            text.append(f"`openssl speed -multi 2 -bytes 262144` gave "
                        f"{self.data['openssl_multi2_gb_s']:.2f} GB/s; two threads of EVP in our program, "
                        f"the yardstick above, {own:.2f} GB/s.\n")
        hashcat = self.data.get("hashcat", {})
        if hashcat.get("21400"):
            rows = [("our double SHA-256, headers", statistics.median(hashcat["ours"]) / 1e6),
                    ("hashcat -m 21400, sha256(sha256($pass))",
                     statistics.median(hashcat["21400"]) / 1e6),
                    ("hashcat -m 1400, sha256($pass)", statistics.median(hashcat["1400"]) / 1e6)]
            text += ["## hashcat on the same OpenCL device\n",
                     markdown.table(["what", "MH/s, wall"], rows)]
        return "\n".join(part for part in text if part)

    def _engine_table(self):
        rows = [["OpenSSL EVP, one core", self.median("mine.core", "evp") / 1e6, 1.0, "",
                 self.median("hash.core", "evp") / 1e9, 1.0, ""]]
        for name, engine in self.data["engines"].items():
            core = name + ".1core"
            row = [f"`{name}`: {engine['description']}"]
            for group, scale in (("mine", 1e6), ("hash", 1e9)):
                per_core = self.rates[group + ".core"]
                wall = self.rates[group + ".wall"].get(name)
                if core in per_core:
                    row += [self.median(group + ".core", core) / scale, self.ratio(group + ".core", core)]
                elif wall:
                    row += [self.median(group + ".wall", name) / scale, ""]
                else:
                    row += ["", ""]
                row.append(self.median(group + ".wall", name, "wall") / scale if wall else "")
            rows.append(row)
        return markdown.table(["engine", "MH/s per core-second", "x EVP", "MH/s wall",
                               "GB/s per core-second", "x EVP", "GB/s wall"], rows)

    def _gpu_sentence(self):
        if self.gpus:
            return ""
        return "No GPU was at hand: OpenCL was measured on PoCL, which computes on the processor.\n"

    def _latency_table(self):
        rows = []
        for run in self.data["latency"]:
            row = [f"`{run['engine']}`", f"{run['share']:g}"]
            for key in ("idle_ms", "mining_ms"):
                row += [statistics.median(run[key]), percentile(run[key], 0.99)]
            rows.append(row)
        return ("Hashing one block of 1 MiB, in turns without mining and while mining with that share of "
                "the engine's time (milliseconds):\n\n" +
                markdown.table(["mined by", "share", "p50 idle", "p99 idle", "p50 mining", "p99 mining"], rows))

    def _cancel_table(self):
        rows = [[f"`{name}`", statistics.median(samples), percentile(samples, 0.99), max(samples)]
                for name, samples in self.data["cancel_ms"].items()]
        return ("From the request to the end of a search (milliseconds):\n\n" +
                markdown.table(["engine", "p50", "p99", "max"], rows))
