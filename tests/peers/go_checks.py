"""A16: what is written in Go fetches from us and judges us."""

import json
import os
import re
import urllib.request

import content
from bench import PEERS, Failure, call, car_of, form, logged, post
from install import go_env


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
    store, out = bench.folder / "from-lassie", bench.folder / "lassie.out"
    (store / "blocks").mkdir(parents=True)
    content.assay("image", "import", car, "--store", store)
    content.assay("image", "get", bench.cid, "--out", out, "--store", store)
    bench.check_equal(out)


def conformance_passes(bench):
    """A16: the official suite."""
    bench.need("gateway-conformance")
    env = {**go_env(), "GATEWAY_CONFORMANCE_HOME": str(PEERS / "gateway-conformance")}
    text = call([PEERS / "bin" / "gateway-conformance", "test", "--gateway-url", bench.url,
                 "--specs", "trustless-gateway", "--verbose"], 600, env).decode()
    passed, failed = (len(re.findall(rf"--- {word}", text)) for word in ("PASS", "FAIL"))
    if failed or not passed:
        raise Failure(f"gateway-conformance: {failed} of {passed + failed} failed: {text[-600:]}")
    return f"{passed} passed"


CHECKS = [kubo_fetches, lassie_fetches, conformance_passes]
