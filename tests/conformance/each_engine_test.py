#!/usr/bin/env python3
"""Runs the conformance suite once for each engine of this machine, with that engine forced."""
import json
import os
import subprocess
import sys

assay, suite = sys.argv[1:3]
environment = {name: value for name, value in os.environ.items() if name != "ASSAY_ENGINE"}
listed = subprocess.run([assay, "engines", "--json"], env=environment, text=True, check=True,
                        stdout=subprocess.PIPE, timeout=120)
names = [engine["name"] for engine in json.loads(listed.stdout)["engines"]]
failed = []
for name in names:
    run = subprocess.run([suite, "--gtest_brief=1"], env={**environment, "ASSAY_ENGINE": name}, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, check=False)
    print(f"{name}: {'passed' if run.returncode == 0 else 'FAILED'}")
    if run.returncode != 0:
        print(run.stdout)
        failed.append(name)
if not names or failed:
    sys.exit(f"of {len(names)} engines these failed: {', '.join(failed) or 'none was found'}")
