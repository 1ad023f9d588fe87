"""What a figure was measured on."""

import datetime
import os
import platform
import subprocess

INSTRUCTIONS = ["sha_ni", "avx2", "avx512f", "avx512bw", "avx512vl", "sha2"]


def today():
    return datetime.date.today().isoformat()


def _cpuinfo(*keys):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() in keys:
                return value.strip()
    return ""


def _first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "not here"


def _packages(*names):
    versions = [_first_line("dpkg-query", "-W", "-f=${Package} ${Version}", name) for name in names]
    return ", ".join(version for version in versions if version)


def describe():
    flags = _cpuinfo("flags", "Features").split()
    has = [name for name in INSTRUCTIONS if name in flags]
    lacks = [name for name in INSTRUCTIONS if name not in flags]
    family = f"family {_cpuinfo('cpu family')} model {_cpuinfo('model')}"
    return {
        "processor": f"{_cpuinfo('model name') or platform.machine()} ({family})",
        "cores": str(len(os.sched_getaffinity(0))),
        "instructions": f"{' '.join(has) or 'none of note'} (not here: {' '.join(lacks) or 'none'})",
        "system": f"{platform.system()} {platform.release()}",
        "compiler": _first_line("g++", "--version"),
        "packages": _packages("openssl", "pocl-opencl-icd", "libtbb12", "hashcat"),
    }
