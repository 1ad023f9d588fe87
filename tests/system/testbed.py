"""A consortium of real processes on loopback: members, gateways, devices.

Used by scripts/demo and by the system tests. Everything runs in one folder, listens on 127.0.0.1
only, and is ended by process id. Python's standard library is all it needs.
"""

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    """Something did not happen in time, or a program failed; the text says what and where to look."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


# Below the ports that Linux gives to outgoing connections, one of which could take a port before its
# listener does; elsewhere for each process, so that tests beside each other do not meet.
PORTS = range(10_000, 32_000)
next_port = itertools.count(os.getpid() * 61)


def free_ports(count):
    """Ports that were free a moment ago; never the same twice."""
    ports = []
    while len(ports) < count:
        port = PORTS[next(next_port) % len(PORTS)]
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


def wait_until(what, condition, seconds, interval=0.1):
    """Returns the first true value of condition(); raises Failure after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(interval)


class Process:
    """A child process with its log file; ended by pid, never by name."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.argv, self.log, self.env = name, [str(a) for a in argv], log, env
        self.child = None

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        """kill -9, and wait until it is gone."""
        if self.alive():
            self.child.send_signal(signal.SIGKILL)
        if self.child is not None:
            self.child.wait()

    def stop(self, seconds=10):
        """SIGTERM; SIGKILL if that is not enough."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def tail(self, lines=15):
        try:
            return "\n".join(Path(self.log).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


class Member:
    """One consortium member: its folder, its daemon, its REST listener."""

    def __init__(self, bed, name, roles):
        self.bed, self.name, self.roles = bed, name, roles
        self.dir = bed.dir / name
        self.operator, self.peer, self.content, self.devices = free_ports(4)
        self.sources = []
        self.slot = None  # of a member that joined later
        self.content_lines = []  # more of the [content] table...
        self.gateway_lines = []  # ...of [gateway]...
        self.device_lines = []  # ...and of [devices]
        self.process = Process(
            name, [bed.assay, "run", "--dir", self.dir], bed.dir / f"{name}.log", bed.env)

    @property
    def is_gateway(self):
        return "gateway" in self.roles

    def card(self):
        return self.dir / f"{self.name}.card"

    def init(self):
        self.bed.run("init", "--name", self.name, "--roles", ",".join(self.roles), "--dir", self.dir)

    def configure(self, genesis, peers):
        shutil.copy(genesis / "consortium.genesis", self.dir)
        lines = [
            f'name = "{self.name}"',
            "[operator]", f'listen = "127.0.0.1:{self.operator}"',
            "[peer]", f'listen = "127.0.0.1:{self.peer}"',
            "connect = " + json.dumps([f"127.0.0.1:{self.bed.route(self, p)}"
                                       for p in peers if p is not self]),
            "[content]", f'listen = "127.0.0.1:{self.content}"',
            "sources = " + json.dumps(self.sources), *self.content_lines,
            "[consortium]", 'genesis = "consortium.genesis"',
            *([f"slot = {self.slot}"] if self.slot is not None else []),
            "[mining]", f'engine = "{self.bed.mine_engine}"', f"share = {self.bed.mine_share}",
            "[compute]", f'engine = "{self.bed.hash_engine}"',
        ]
        if self.is_gateway:
            shutil.copy(genesis / "gateway.genesis", self.dir)
            lines += ["[gateway]", 'genesis = "gateway.genesis"', *self.gateway_lines,
                      "[devices]", f'listen = "127.0.0.1:{self.devices}"', *self.device_lines,
                      "[receipts]", 'flush_age = "1s"']
        (self.dir / "assay.toml").write_text("\n".join(lines) + "\n")

    def start(self):
        self.process.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.operator}{path}"

    def get(self, path):
        """The JSON at a REST path, or None while the daemon does not answer."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=10) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def status(self):
        return self.get("/v1/status") or {}

    def ready(self):
        try:
            with urllib.request.urlopen(self.url("/readyz"), timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait_ready(self, seconds=180):
        def check():
            if not self.process.alive():
                raise Failure(f"{self.name} ended early; its log ends:\n{self.process.tail()}")
            return self.ready()
        try:
            wait_until(f"{self.name} ready", check, seconds)
        except Failure as error:
            raise Failure(f"{error}; its log ends:\n{self.process.tail()}") from None

    def token(self):
        return (self.dir / "operator.token").read_text().strip()


class Device:
    """One device: its folder and its agent process."""

    def __init__(self, bed, name, gateway, device_class, component):
        self.bed, self.name, self.gateway = bed, name, gateway
        self.device_class, self.component = device_class, component
        self.dir = bed.dir / "devices" / name
        self.process = Process(
            name, [bed.agent, "run", "--dir", self.dir], bed.dir / "devices" / f"{name}.log", bed.env)

    def manufacture(self):
        """The key is made on the device; only the certificate request leaves it."""
        self.bed.run_agent("init", "--dir", self.dir, "--id", self.name, "--vendor", self.bed.vendor,
                           "--class", self.device_class, "--component", self.component,
                           "--gateway", f"https://127.0.0.1:{self.gateway.devices}")

    def enrol(self):
        self.bed.run("device", "enrol", "--dir", self.gateway.dir, "--id", self.name,
                     "--csr", self.dir / "device.csr", "--vendor", self.bed.vendor, "--out", self.dir)

    def start(self):
        self.process.start()

    def status(self):
        return self.bed.run_agent("status", "--dir", self.dir)

    def point_at(self, url):
        path = self.dir / "device.json"
        settings = json.loads(path.read_text())
        settings["gateway"] = url
        path.write_text(json.dumps(settings, indent=2))

    def active_image(self):
        """The bytes of the slot the device runs from."""
        name = {0: "a", 1: "b"}[self.status()["slot"]]
        return (self.dir / "slots" / f"{name}.img").read_bytes()


class Testbed:
    def __init__(self, folder, binaries=None, mine_engine="opencl", hash_engine="auto",
                 mine_share=0.2):
        self.dir = Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / "devices").mkdir(exist_ok=True)
        binaries = Path(binaries or os.environ.get("ASSAY_BIN") or ROOT / "build/release/bin")
        self.assay, self.agent = binaries / "assay", binaries / "assay-device"
        self.mine_engine, self.hash_engine, self.mine_share = mine_engine, hash_engine, mine_share
        self.vendor = "acme.example"
        # The port at which one member dials another: its own, unless a test puts a proxy between.
        self.route = lambda dialler, target: target.peer
        self.members, self.devices, self.others = [], [], []
        self.env = dict(os.environ)
        # One cache for the kernels of all members: the first compiles, the others load.
        self.env.setdefault("POCL_CACHE_DIR", str(Path.home() / ".cache" / "assay-pocl"))
        Path(self.env["POCL_CACHE_DIR"]).mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    # -- programs ---------------------------------------------------------------------------------

    def _run(self, program, arguments, seconds):
        argv = [str(program), *map(str, arguments), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, env=self.env,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        return json.loads(lines[-1]) if lines else {}

    def run(self, *arguments, seconds=120):
        return self._run(self.assay, arguments, seconds)

    def run_agent(self, *arguments, seconds=60):
        return self._run(self.agent, arguments, seconds)

    def spawn(self, name, argv):
        """Starts another program (an attacker, say) that ends with the testbed."""
        process = Process(name, argv, self.dir / f"{name}.log", self.env)
        process.start()
        self.others.append(process)
        return process

    # -- the consortium ---------------------------------------------------------------------------

    def found(self, members, interval="1s", pow_limit="1f00ffff"):
        """Each member makes its keys alone; the cards found the consortium."""
        self.members = [Member(self, name, roles) for name, roles in members]
        for member in self.members:
            member.init()
        genesis = self.dir / "genesis"
        self.run("init", "--genesis", *[m.card() for m in self.members], "--out", genesis,
                 "--origin", "demo.assay.example", "--interval", interval, "--pow-limit", pow_limit)
        producers = [m for m in self.members if not m.is_gateway]
        for member in self.members:
            if member.is_gateway:
                member.sources += [f"https://127.0.0.1:{p.content}" for p in producers]
        self.configure()

    def configure(self):
        """Writes every member's assay.toml; they read it when they start."""
        for member in self.members:
            member.configure(self.dir / "genesis", self.members)

    def start_members(self):
        for member in self.members:
            member.start()
        for member in self.members:
            member.wait_ready()

    def member(self, name):
        return next(m for m in self.members if m.name == name)

    def gateways(self):
        return [m for m in self.members if m.is_gateway]

    def publish(self, member, image, device_class, component, sequence, version, wait=True):
        return self.run(
            "release", "publish", image, "--dir", member.dir, "--vendor", self.vendor,
            "--class", device_class, "--component", component, "--sequence", sequence,
            "--version", version, *(["--wait"] if wait else []))

    def add_devices(self, plan):
        """plan: (name, gateway, class, component)... Makes and enrols them; starts none."""
        made = [Device(self, *item) for item in plan]
        for device in made:
            device.manufacture()
            device.enrol()
        self.devices += made
        return made

    # -- what the gateways know -------------------------------------------------------------------

    def device_rows(self):
        rows = {}
        for gateway in self.gateways():
            for row in (gateway.get("/v1/devices") or {}).get("devices", []):
                rows[row["id"]] = row
        return rows

    def wait_confirmed(self, devices, sequence, seconds):
        names = {d.name for d in devices}

        def check():
            rows = self.device_rows()
            done = {n for n in names if rows.get(n, {}).get("confirmed_sequence") == sequence}
            return done == names
        try:
            wait_until(f"{len(names)} devices confirmed at sequence {sequence}", check, seconds, 0.2)
        except Failure as error:
            rows = self.device_rows()
            missing = [n for n in sorted(names)
                       if rows.get(n, {}).get("confirmed_sequence") != sequence]
            tails = "\n".join(f"-- {d.name}\n{d.process.tail(6)}" for d in devices
                              if d.name in missing[:2])
            raise Failure(f"{error}; missing {missing}\n{tails}") from None

    def receipts(self):
        """Sum over the gateways: (receipts stored, receipts on the ledger)."""
        status = [g.status().get("receipts", {}) for g in self.gateways()]
        return (sum(s.get("stored", 0) for s in status), sum(s.get("on_ledger", 0) for s in status))

    def device_receipts(self):
        """Those stored that devices signed: without what the gateways attest themselves."""
        status = [g.status().get("receipts", {}) for g in self.gateways()]
        return sum(s.get("stored", 0) - s.get("attested", 0) for s in status)

    def wait_receipts_on_ledger(self, seconds=180):
        def check():
            stored, on_ledger = self.receipts()
            return stored > 0 and stored == on_ledger
        wait_until("every receipt is on the gateway ledger", check, seconds, 0.2)

    def refusals(self):
        """word -> count, over all members."""
        total = {}
        for member in self.members:
            for row in member.status().get("refusals", []):
                total[row["word"]] = total.get(row["word"], 0) + row["count"]
        return total

    def stop(self):
        everything = self.others + [d.process for d in self.devices] + [m.process for m in self.members]
        for process in everything:
            if process.alive():
                process.child.send_signal(signal.SIGTERM)
        for process in everything:
            process.stop()
