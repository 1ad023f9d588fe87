#!/usr/bin/env python3
"""Attack: somebody who is no member signs a release in the OEM's name.

Makes an Ed25519 key of its own, writes a release record for the OEM's vendor and slot, signs it as
COSE_Sign1 and submits it to a member's REST interface (with a stolen operator token). Prints the
answer as JSON. Encoder and signature are independent of Assay's own code.

  stranger_release.py OPERATOR_URL TOKEN_FILE CHAIN_ID_HEX ISSUER SLOT VENDOR_HEX CLASS_HEX COMPONENT HEIGHT
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * width):
            return bytes([major << 5 | info]) + value.to_bytes(width, "big")
    raise ValueError(value)


def cbor(item):
    """Deterministic CBOR for what this program needs."""
    if isinstance(item, bool):
        return b"\xf5" if item else b"\xf4"
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(map(cbor, item))
    if isinstance(item, dict):
        pairs = sorted((cbor(key), cbor(value)) for key, value in item.items())
        return head(5, len(pairs)) + b"".join(key + value for key, value in pairs)
    raise TypeError(item)


url, token_file, chain_id, issuer, slot, vendor, device_class, component, height = sys.argv[1:10]

with tempfile.TemporaryDirectory() as folder:
    key, message = Path(folder) / "key.pem", Path(folder) / "message"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    kid = hashlib.sha256(b"\x01" + der[-32:]).digest()[:8]

    # The image is the attacker's own; its record is well formed in every respect.
    image = b"malware" * 1000
    digest = hashlib.sha256(image).digest()
    release = {
        1: bytes.fromhex(vendor), 2: bytes.fromhex(device_class), 3: component, 4: 1_000_000,
        5: "9.9", 12: 3, 13: 0, 14: 4_000_000_000,
        6: [{1: 0, 2: bytes([1, 0x55, 0x12, 32]) + digest, 3: digest, 4: len(image),
             5: {1: "unixfs-v1-2025", 2: 1 << 20, 3: 1024},
             6: hashlib.sha256(b"\x00" + digest).digest()}],
    }
    body = cbor({0: 1, 1: 1, 2: bytes.fromhex(chain_id), 3: int(slot), 4: int(height) + 1000,
                 5: release})
    protected = cbor({1: -8, 4: kid,
                      15: {1: issuer, 2: f"{vendor}/{device_class}/{component}"}})
    message.write_bytes(cbor(["Signature1", protected, b"", body]))
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin",
                                "-in", message], check=True, capture_output=True).stdout
transaction = bytes([0xD2]) + cbor([protected, {}, body, signature])

request = urllib.request.Request(
    f"{url}/v1/ledgers/consortium/transactions", data=transaction, method="POST",
    headers={"Content-Type": "application/cose",
             "Authorization": "Bearer " + Path(token_file).read_text().strip()})
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(json.dumps({"status": answer.status, "word": None}))
except urllib.error.HTTPError as error:
    problem = json.load(error)
    print(json.dumps({"status": error.code, "word": problem.get("word"),
                      "detail": problem.get("detail")}))
