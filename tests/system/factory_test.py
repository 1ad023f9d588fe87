#!/usr/bin/env python3
"""A production line with real programs: 100 blank devices at once, whose clocks stand at 1970, each with
a token of its own. Each token works once, each device ends enrolled and installed. The gateway is
killed in the midst of it. Then what tokens must not do, devices that wait for the operator, a device that
is blocked at once and let in again, and the report of one line for each serial.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from testbed import Failure, Process, Testbed, free_ports, wait_until

CLASS, COMPONENT, HARDWARE = "edge-x64", "firmware", "rev C"
IMAGE = os.urandom(200_000)


class Line:
    def __init__(self, bed, gateway, port, no_clock):
        self.bed, self.gateway = bed, gateway
        self.url = f"https://127.0.0.1:{port}"
        self.env = dict(bed.env, LD_PRELOAD=str(no_clock))

    def argv(self, name, token, device_class=CLASS, wait=300, serial=None):
        folder = self.bed.dir / "devices" / name
        token_file = self.bed.dir / "devices" / f"{name}.token"
        token_file.parent.mkdir(exist_ok=True)
        token_file.write_text(token + "\n")
        return [str(a) for a in (
            self.bed.agent, "factory", "--dir", folder, "--id", serial or name, "--vendor",
            self.bed.vendor, "--class", device_class, "--component", COMPONENT, "--gateway",
            self.url, "--token-file", token_file, "--hardware", HARDWARE, "--no-clock", "--wait",
            wait)]

    def start(self, name, token, **more):
        process = Process(name, self.argv(name, token, **more),
                          self.bed.dir / "devices" / f"{name}.log", self.env)
        process.start()
        self.bed.others.append(process)
        return process

    def finish(self, process, seconds=240):
        try:
            return process.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{process.name} does not end; its log ends:\n{process.tail()}") from None

    def expect_refused(self, name, token, word, **more):
        process = self.start(name, token, wait=60, **more)
        if self.finish(process) == 0 or word not in process.tail():
            raise Failure(f"{name} was not refused with {word}:\n{process.tail()}")

    def tokens(self, count):
        return self.bed.run("device", "token", "--count", count, "--vendor", self.bed.vendor,
                            "--class", CLASS, "--expires", "1h", "--dir", self.gateway.dir)["tokens"]


def produce(line, count):
    """All at once; the gateway is killed once a third of them is enrolled."""
    tokens = line.tokens(count)
    processes = [line.start(f"blank-{i:03}", token) for i, token in enumerate(tokens)]
    wait_until("a third is enrolled", lambda: len(line.bed.device_rows()) >= count // 3, 240)
    line.gateway.process.kill()
    line.gateway.start()
    line.gateway.wait_ready()
    for process in processes:
        if line.finish(process) != 0:
            raise Failure(f"{process.name} failed:\n{process.tail()}")
    for process in processes:
        slots = line.bed.dir / "devices" / process.name / "slots"
        if (slots / "b.img").read_bytes() != IMAGE:
            raise Failure(f"{process.name} does not hold the released image")
    return tokens


def report(bed, gateway):
    """The lines by serial; JSON and CSV say the same."""
    lines = {d["id"]: d for d in bed.run("device", "report", "--dir", gateway.dir)["devices"]}
    done = subprocess.run([str(bed.assay), "device", "report", "--csv", "--dir", str(gateway.dir)],
                          capture_output=True, text=True, timeout=60, env=bed.env, check=True)
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    if set(rows) != set(lines) or any(row["hardware"] != lines[name]["hardware"]
                                      for name, row in rows.items()):
        raise Failure("CSV and JSON of the report differ")
    return lines


def check_tokens(line, used):
    line.expect_refused("thief", used, "token-used")
    argv = line.argv("by-pipe", "")
    argv[argv.index("--token-file") + 1] = "-"
    done = subprocess.run(argv, input=used + "\n", capture_output=True, text=True, timeout=60,
                          env=line.env)
    if done.returncode == 0 or "token-used" not in done.stderr:
        raise Failure(f"a token from standard input: {done.stdout}{done.stderr}")
    fresh = line.tokens(1)[0]
    line.expect_refused("made-up", "0" * 32 + fresh[32:], "token-unknown")
    line.expect_refused("other-class", fresh, "class-mismatch", device_class="edge-arm")
    line.expect_refused("other-site", fresh[:33] + "0" * 64, "key is not known here")


def check_requests(line, pin):
    """Without a token a device waits for the operator, who refuses the one with a wrong key; a
    blocked one is refused at once."""
    bed, gateway = line.bed, line.gateway

    def waiting():
        listed = bed.run("device", "list", "--dir", gateway.dir)["waiting"]
        return [d for d in listed if d["id"] == "asks" and d["standing"] == "pending"]
    stranger = line.start("stranger", "." + pin, serial="asks")
    wait_until("the stranger waits", waiting, 60)
    line.expect_refused("asks", "." + pin, "already-enrolled")
    bed.run("device", "refuse", "asks", "--dir", gateway.dir)
    if line.finish(stranger) == 0 or "request-refused" not in stranger.tail():
        raise Failure(f"the stranger was not refused:\n{stranger.tail()}")
    process = line.start("asks", "." + pin)
    wait_until("the device waits", waiting, 60)
    bed.run("device", "accept", "asks", "--dir", gateway.dir)
    if line.finish(process) != 0:
        raise Failure(f"accepted, but not installed:\n{process.tail()}")

    folder = bed.dir / "devices" / "asks"
    running = Process("running", [bed.agent, "run", "--dir", folder], bed.dir / "running.log",
                      line.env)
    running.start()
    bed.others.append(running)
    bed.run("device", "block", "asks", "--dir", gateway.dir)
    wait_until("the agent hears that it is blocked",
               lambda: "gateway-failed" in running.tail(), 60)
    row = gateway.get("/v1/devices")
    seen = next(d["last_seen"] for d in row["devices"] if d["id"] == "asks")
    time.sleep(2)
    again = next(d for d in gateway.get("/v1/devices")["devices"] if d["id"] == "asks")
    if again["last_seen"] != seen or again["standing"] != "blocked":
        raise Failure(f"a blocked device was answered: {again}")
    bed.run("device", "accept", "asks", "--dir", gateway.dir)
    wait_until("it is let in again", lambda: next(
        d for d in gateway.get("/v1/devices")["devices"] if d["id"] == "asks")["last_seen"] > seen,
        120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="folder of the programs")
    parser.add_argument("--devices", type=int, default=100)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="assay-factory-") as folder, \
            Testbed(folder, options.bin, "cpu", "cpu") as bed:
        bed.found([("oem", ["oem", "node"]), ("gateway", ["gateway", "node"])])
        oem, gateway = bed.member("oem"), bed.member("gateway")
        port, = free_ports(1)
        with open(gateway.dir / "assay.toml", "a") as config:
            config.write(f'[factory]\nlisten = "127.0.0.1:{port}"\n')
        bed.start_members()
        bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--wait")
        image = Path(folder) / "image.bin"
        image.write_bytes(IMAGE)
        bed.publish(oem, image, CLASS, COMPONENT, 7, "7.0")

        line = Line(bed, gateway, port, bed.agent.parent / "no_clock.so")
        began = time.monotonic()
        tokens = produce(line, options.devices)
        took = time.monotonic() - began
        lines = report(bed, gateway)
        for i in range(options.devices):
            row = lines.get(f"blank-{i:03}")
            wanted = {"standing": "accepted", "enrolled_by": "token", "hardware": HARDWARE,
                      "confirmed_sequence": 7, "last_event": "confirmed"}
            if row is None or any(row[key] != value for key, value in wanted.items()):
                raise Failure(f"blank-{i:03} is reported as {row}")
        counts = gateway.get("/v1/enrolments")
        if counts["tokens_used"] != options.devices or counts["tokens_unused"] != 0:
            raise Failure(f"tokens: {counts}")
        check_tokens(line, tokens[0])
        check_requests(line, tokens[0].split(".")[1])
        print(f"{options.devices} blank devices without a clock: enrolled and installed in "
              f"{took:.0f} s, each token once")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
