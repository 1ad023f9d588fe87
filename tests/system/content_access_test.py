#!/usr/bin/env python3
"""Who may read content: over mutual TLS a member, a device that is enrolled and a key on the
allow-list; nobody else, and nobody over plain HTTP unless the configuration says so."""

import hashlib
import http.client
import json
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from content_bed import found_one, put_block
from testbed import Failure


def stranger(folder, name):
    """A self-signed certificate; returns (certificate, key, SHA-256 of the public key)."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-days", "30",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    spki = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                          capture_output=True).stdout
    return certificate, key, hashlib.sha256(spki).hexdigest()


def read(address, path, certificate=None, key=None):
    """The status of a GET, or None if the connection is refused."""
    context = ssl._create_unverified_context()
    if certificate:
        context.load_cert_chain(certificate, key)
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPSConnection(host, int(port), timeout=30, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (ssl.SSLError, OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def main():
    with tempfile.TemporaryDirectory(prefix="assay-access-") as name:
        folder = Path(name)
        friend, other = stranger(folder, "friend"), stranger(folder, "other")
        bed, member = found_one(folder / "bed", roles=["oem", "node", "gateway"])
        with bed:
            member.content_lines = [f'allow = ["{friend[2]}"]']
            member.configure(bed.dir / "genesis", bed.members)
            block = b"for members and devices"
            digest = hashlib.sha256(block)
            put_block(member.dir / "content", b"\x12\x20" + digest.digest(), block)
            path = f"/ipfs/f01551220{digest.hexdigest()}?format=raw"
            bed.start_members()
            device, = bed.add_devices([("d1", member, "edge-x64", "uefi")])
            addresses = json.loads((member.dir / "run" / "addresses.json").read_text())
            if "public_content" in addresses:
                raise Failure("a public listener that nobody asked for")
            content = addresses["content"]
            wanted = [
                ("a member", (member.dir / "tls.crt", member.dir / "keys/tls.pem"), 200),
                ("an enrolled device", (device.dir / "device.crt", device.dir / "device.key"), 200),
                ("a key on the allow-list", friend[:2], 200),
                ("a stranger", other[:2], None),
                ("nobody", (), None),
            ]
            for who, credentials, status in wanted:
                got = read(content, path, *credentials)
                print(f"{who}: {got}")
                if got != status:
                    raise Failure(f"{who} got {got}, not {status}; log:\n{member.process.tail()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
