#!/usr/bin/env python3
"""Runs a suite with --tiny and checks that it prints exactly the names given, each with a number.

    check_lines.py SUITE NAME... [--optional NAME...] [--counts NAME...]

An optional line is one that not every machine can give; a count may be 0."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("suite")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--optional", nargs="*", default=[])
    parser.add_argument("--counts", nargs="*", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([ROOT / "scripts/bench", options.suite, "--tiny", "--out", out],
                              stdout=subprocess.PIPE, text=True, check=True)
        written = {path.name for path in Path(out).iterdir()}
    values = {}
    for line in done.stdout.splitlines():
        name, value = line.split(" ")
        values[name] = float(value)
    required = set(options.names) | set(options.counts)
    problems = [f"missing line: {name}" for name in sorted(required - set(values))]
    problems += [f"unknown line: {name}" for name in
                 sorted(set(values) - required - set(options.optional))]
    problems += [f"not a positive number: {name} {value}" for name, value in values.items()
                 if not 0 < value < float("inf") and not (value == 0 and name in options.counts)]
    problems += [f"not written: {name}" for name in (f"{options.suite}.json", "README.md")
                 if name not in written]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
