#!/usr/bin/env python3
"""Attack: a compromised gateway that offers a device an old, genuine, well-proved release.

Speaks the agent protocol with the site's real server certificate. Whatever a device reports, it is
offered the release in FOLDER: proof.cbor, chunks.bin, image.bin and offer.json (the assignment).
Prints what the devices do. Independent of Assay's own code.

  old_release.py PORT CERTIFICATE KEY SITE_CA FOLDER
"""

import http.server
import json
import ssl
import sys
from pathlib import Path

PORT, CERTIFICATE, KEY, CA, FOLDER = int(sys.argv[1]), *sys.argv[2:5], Path(sys.argv[5])
OFFER = json.loads((FOLDER / "offer.json").read_text())


class OldRelease(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        size = min(int(self.headers.get("Content-Length", 0)), 65536)
        self.rfile.read(size)
        if self.path.split("?")[0].endswith("/poll"):
            print("offered sequence", OFFER["sequence"], flush=True)
            self.answer(json.dumps({"sleep_ms": 200, "assignment": OFFER}).encode(),
                        "application/json")
        else:
            # A receipt of refusal is what this gateway would rather not pass on.
            print("got a receipt", flush=True)
            self.send_error(503)

    def do_GET(self):
        print("asked for", self.path.rsplit("/", 1)[-1], flush=True)
        name = {"proof": "proof.cbor", "chunks": "chunks.bin", "image": "image.bin"}.get(
            self.path.rsplit("/", 1)[-1])
        if name is None or not (FOLDER / name).exists():
            self.send_error(404)
            return
        self.answer((FOLDER / name).read_bytes(), "application/octet-stream")

    def log_message(self, *unused):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(CERTIFICATE, KEY)
context.load_verify_locations(CA)
context.verify_mode = ssl.CERT_REQUIRED
server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), OldRelease)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
