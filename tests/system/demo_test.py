#!/usr/bin/env python3
"""Runs the demonstration as a user does, and checks what its last line promises."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

done = subprocess.run([sys.executable, ROOT / "scripts" / "demo.py", "--json"], text=True,
                      stdout=subprocess.PIPE, timeout=280, stdin=subprocess.DEVNULL)
if done.returncode != 0:
    sys.exit(f"demo ended with {done.returncode}")
result = json.loads(done.stdout.splitlines()[-1])

checks = {
    "20 devices": result["devices"] == 20,
    "20 confirmed": result["confirmed"] == 20,
    "at least 40 receipts on the ledger": result["receipts"] >= 40,
    "no receipt left behind": result["receipts"] == result["receipts_stored"],
    "three words of refusal": len(result["refused"]) == 3 and all(result["refused"]),
    "four members": result["consortium"]["members"] == 4,
    "the consortium ledger grew": result["consortium"]["height"] >= 4,
    "the gateway ledger grew": result["gateway_ledger"]["height"] >= 1,
    "mined through OpenCL": result["engine_mine"].startswith("opencl:"),
    "blocks were mined": sum(
        sum(ledgers.values()) for ledgers in result["mined"].values()) >= 4,
    "three images": [image["name"] for image in result["images"]] == [
        "OVMF_CODE_4M.fd", "AAVMF_CODE.fd", "OVMF_CODE_4M.secboot.fd"],
}
failed = [name for name, passed in checks.items() if not passed]
print(json.dumps(result, indent=2))
print(f"{len(checks) - len(failed)} passed, {len(failed)} failed")
sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
