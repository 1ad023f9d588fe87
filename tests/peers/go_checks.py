"""A16: what is written in Go fetches from us and judges us."""

import os
import re
import urllib.request

import content
from bench import PEERS, Failure, Testbed, call, car_of, form, post, wait_until
from install import go_env


def kubo_fetches(bench):
    """A16: Kubo finds us by delegated routing and fetches over HTTP; then takes our CAR and pins it."""
    ipfs, env, base = bench.kubo()
    out = bench.folder / "kubo.out"
    with open(out, "wb") as file:
        call([ipfs, "cat", bench.cid], env=env, out=file)
    bench.check_equal(out)
    body, kind = form(car_of(bench))
    post(f"{base}/api/v0/dag/import?pin-roots=false", body, kind)
    post(f"{base}/api/v0/pin/add?arg={bench.cid}")
    with urllib.request.urlopen(f"{bench.url}/ipfs/{bench.cid}?format=raw", timeout=30) as answer:
        if post(f"{base}/api/v0/block/get?arg={bench.cid}") != answer.read():
            raise Failure("block/get gives another root")


def a_release_travels_through_kubo(bench):
    """By two lines of assay.toml: a producer publishes to Kubo, and a gateway fetches from there."""
    ipfs, env, url = bench.kubo()
    image = bench.folder / "release"
    image.write_bytes(os.urandom(20 * 2**20 + 1))
    with Testbed(bench.folder / "through-kubo", mine_engine="cpu", hash_engine="cpu") as bed:
        bed.found([("oem", ["oem", "node"]), ("site", ["gateway", "node"])])
        oem, site = bed.members
        oem.content_lines, site.sources = [f'publish = "{url}"'], [f"kubo+{url}"]
        for member in bed.members:
            member.configure(bed.dir / "genesis", bed.members)
        bed.start_members()
        bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--wait")
        leaf = bed.publish(oem, image, "edge-x64", "firmware", 1, "1.0")["leaf"]

        def ready():
            rows = (site.get("/v1/releases") or {}).get("releases", [])
            return any(row["leaf"] == leaf and row.get("stage") == "ready" for row in rows)
        wait_until("the gateway has the release", ready, 180)
        cid = content.assay("image", "add", image, "--only-hash")["cid"]
        if cid.encode() not in call([ipfs, "pin", "ls", "--type", "recursive"], env=env):
            raise Failure(f"Kubo has not pinned {cid}")
        out = bench.folder / "through-kubo.out"
        content.assay("image", "get", cid, "--out", out, "--store", site.dir / "content")
        if out.read_bytes() != image.read_bytes():
            raise Failure("the gateway has other bytes")


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


CHECKS = [kubo_fetches, a_release_travels_through_kubo, lassie_fetches, conformance_passes]
