"""hashcat's own benchmark on the OpenCL device that the engines use, in turns with our search."""

import shutil
import subprocess
import sys

from frame.suite import ROOT

ROUNDS = 7


def _rate(mode):
    """Hashes per second of all OpenCL CPU devices together: there is one."""
    done = subprocess.run(["hashcat", "-b", "-m", str(mode), "-D", "1", "--machine-readable"],
                          capture_output=True, text=True, check=False)
    rates = [float(line.split(":")[-1]) for line in done.stdout.splitlines()
             if line.count(":") == 5 and line.split(":")[1] == str(mode)]
    if not rates:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1:])
    return sum(rates)


def measure(suite):
    """{"21400": rounds, "1400": rounds, "ours": rounds}, or {"problem": text}."""
    if shutil.which("hashcat") is None:
        subprocess.run([ROOT / "scripts/setup", "hashcat"], stdout=sys.stderr, check=False)
    if shutil.which("hashcat") is None:
        return {"problem": "hashcat is not installed (scripts/setup hashcat)"}
    rounds = {"21400": [], "1400": [], "ours": []}
    try:
        for mode in (21400, 1400):  # compiles its kernels, uncounted
            _rate(mode)
        for _ in range(ROUNDS):
            rounds["21400"].append(_rate(21400))
            ours = suite.measure("compute_report", "mine", "opencl", 3)
            rounds["ours"].append(ours["hashes_per_wall_s"])
            rounds["1400"].append(_rate(1400))
    except RuntimeError as error:
        print(f"hashcat: {error}", file=sys.stderr)
        return {"problem": f"hashcat failed: {error}"}
    return rounds
