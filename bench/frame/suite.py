"""One run of a suite: its arguments, its measuring programs, and what it prints and writes."""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from frame import machine, markdown

ROOT = Path(__file__).resolve().parents[2]


def rounded(value):
    """Numbers to four significant digits, in whatever holds them: more would be noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Goal:
    """What a figure must reach (floor) and should reach (stretch)."""
    name: str
    meaning: str
    floor: float
    stretch: float | None = None
    at_most: bool = False  # a smaller value is better
    full_only: bool = False

    def reached(self, value, bound):
        return value <= bound if self.at_most else value >= bound

    def bound_text(self, bound):
        if bound is None:
            return ""
        return f"<= {bound:g}" if self.at_most else f"{bound:g}"


class Suite:
    """A program that measures prints one JSON object; report() takes a dict of name -> number."""

    def __init__(self, name, description):
        parser = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=description)
        parser.add_argument("--quick", action="store_true", help="short, for CI; at most 2 minutes")
        parser.add_argument("--out", type=Path, help="folder for the JSON, the report and the plots")
        # So short that the figures mean nothing: tests see that everything runs and parses.
        parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
        options = parser.parse_args()
        self.name = name
        self.tiny = options.tiny
        self.quick = options.quick or options.tiny
        default = ROOT / ("build/bench" if self.quick else "bench/results") / name
        self.out = options.out or default
        self._load_before = os.getloadavg()[0]

    def build(self, *targets):
        """Builds the programs unless ASSAY_BENCH_BIN names a folder that has them."""
        if "ASSAY_BENCH_BIN" not in os.environ:
            subprocess.run(["cmake", "--build", "--preset", "release", "--target", *targets],
                           cwd=ROOT, stdout=sys.stderr, check=True)

    def program(self, name):
        return Path(os.environ.get("ASSAY_BENCH_BIN", ROOT / "build/release/bin")) / name

    def measure(self, program, *arguments, env=None):
        """Runs a measuring program and returns the JSON object it printed."""
        command = [str(self.program(program)), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=env)
        return json.loads(done.stdout)

    def report(self, values, goals=(), left_out=None, held_by=None, sections="", data=None):
        """Prints `name value` lines; writes SUITE.json and README.md to the folder for results.

        left_out: name -> why this run has no such line. held_by: name -> what keeps a missed one
        below its stretch. sections: more Markdown. data: everything else that was measured.
        """
        left_out, held_by = left_out or {}, held_by or {}
        for name, value in values.items():
            print(f"{name} {value:.4g}", flush=True)
        for name, why in left_out.items():
            print(f"left out: {name}: {why}", file=sys.stderr)

        facts = machine.describe()
        facts["load average, before and after"] = f"{self._load_before:.1f}, {os.getloadavg()[0]:.1f}"
        self.out.mkdir(parents=True, exist_ok=True)
        result = {"suite": self.name, "quick": self.quick, "date": machine.today(), "machine": facts,
                  "values": values, "left_out": left_out, "data": data or {}}
        (self.out / f"{self.name}.json").write_text(json.dumps(rounded(result)) + "\n")
        command = f"scripts/bench {self.name}{' --quick' if self.quick else ''}"
        text = [f"# Benchmark: {self.name}\n",
                f"Written by `{command}` on {machine.today()}.\n",
                markdown.table(["machine", ""], facts.items()),
                "## Goals\n" if goals else "",
                markdown.goal_table(goals, values, left_out, held_by),
                sections]
        (self.out / "README.md").write_text("\n".join(part for part in text if part))
        print(f"written to {self.out}", file=sys.stderr)
