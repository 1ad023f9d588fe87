"""JavaScript's implementations: Helia, js-ipfs, ipfs-car and the importer."""

import json
import os
import shutil

import content
import importer_cases
from bench import PEERS, Failure, Throttle, call, car_of, free_ports, logged, post, public_url


def importer_agrees(bench):
    """A2: every tree, and our importer where its bounds allow the parameters."""
    cases = importer_cases.cases()
    theirs = importer_says(bench, cases)
    if theirs != importer_cases.ours() or importer_cases.digest(theirs) != importer_cases.DIGEST:
        raise Failure("ipfs-unixfs-importer gives other CIDs")
    wide = [(size, 1024, width, version) for width in (128, 174) for version in (0, 1)
            for size in (0, 1, 1024, width * 1024, width * 1024 + 1, 2 * width * 1024 + 5)]
    file = bench.folder / "case"
    for case, cid in zip(wide, importer_says(bench, wide)):
        size, chunk, width, version = case
        file.write_bytes(bytes((i * 31 + (i >> 8)) & 255 for i in range(size)))
        profile = "unixfs-v1-2025" if version else "unixfs-v0-2015"
        named = content.assay("image", "add", file, "--only-hash", "--profile", profile,
                              "--chunk-bytes", chunk, "--width", width)["cid"]
        if named != cid:
            raise Failure(f"{case}: {named}, but ipfs-unixfs-importer says {cid}")


def importer_says(bench, cases):
    lines = [json.dumps({"size": size, "chunk": chunk, "width": width, "v": version, "raw": version == 1})
             for size, chunk, width, version in cases]
    told = call([bench.node(), bench.script("importer-oracle.mjs")], 900, given="\n".join(lines).encode())
    return [line.split()[0] for line in told.decode().splitlines()]


def helia_fetches_from_two(bench):
    """A6: Helia keeps to one provider for as long as that has the blocks. So half of them is taken away
    from the member it asks first, and by its delegated routing Helia finds the other one."""
    for counter in bench.counters:
        counter.requests = 0
    leaves = bench.image.read_bytes()
    for at in range(bench.image.stat().st_size // 2, len(leaves), content.CHUNK):
        content.raw_block_file(bench.mirror.dir / "content", leaves[at:at + content.CHUNK]).unlink()
    out = bench.folder / "helia.out"
    # Its routing client cancels a body that it is still reading, and does not wait to hear so.
    call([bench.node(), "--unhandled-rejections=warn", bench.script("helia-client.mjs"), bench.cid, out,
          public_url(bench.mirror)])
    bench.check_equal(out)
    requests = [counter.requests for counter in bench.counters]
    bench.add_image(bench.mirror)
    if min(requests) < 32 or sum(requests) < 65:
        raise Failure(f"the members were asked for {requests} blocks")
    return f"requests: {requests[1]}, then {requests[0]}"


def ipfs_car_unpacks(bench):
    """A13."""
    bench.need("helia")
    car, out = bench.folder / "image.car", bench.folder / "unpacked"
    car.write_bytes(car_of(bench))
    call([bench.node(), PEERS / "helia/node_modules/ipfs-car/bin.js", "unpack", car, "--output", out])
    bench.check_equal(out)


def js_ipfs_imports(bench):
    """A11: our CAR, imported and exported again, is the same byte for byte."""
    _, url = bench.js_ipfs()
    if post(f"{url}/api/v0/dag/export?arg={bench.cid}") != car_of(bench):
        raise Failure("dag/export is not what was imported")
    if post(f"{url}/api/v0/cat?arg={bench.cid}") != bench.image.read_bytes():
        raise Failure("js-ipfs cat is not the image")


def we_fetch_from_javascript(bench):
    """A7: from Helia by block and by CAR, from js-ipfs's RPC, and from all three at once."""
    _, rpc = bench.js_ipfs()
    port = free_ports(1)[0]
    helia = bench.spawn("helia", [bench.node(), bench.script("helia-server.mjs"), port, bench.image])
    added = logged(helia, r"ADDED (\w+)").group(1)
    if added != bench.cid:
        raise Failure(f"Helia gives the image the CID {added}")
    logged(helia, "READY")
    lines = {"blocks": Throttle(port), "car": Throttle(port),
             "kubo": Throttle(int(rpc.rsplit(":", 1)[1]))}
    sources = [lines["blocks"].url, "car+" + lines["car"].url, "kubo+" + lines["kubo"].url]
    for name, wanted in [("blocks", sources[:1]), ("car", sources[1:2]), ("rpc", sources[2:]),
                         ("all", sources)]:
        store = bench.folder / f"from-{name}"
        for line in lines.values():
            line.bytes = 0
        fetch_and_compare(bench, store, wanted)
    shares = {name: round(line.bytes / 2**20) for name, line in lines.items()}
    if not all(shares.values()):
        raise Failure(f"of three sources not all gave something: MiB {shares}")
    return f"MiB of each at once: {shares}"


def fetch_and_compare(bench, store, sources):
    call([content.program("content_peer"), "fetch", store, bench.cid, bench.image.stat().st_size,
          content.CHUNK, *sources])
    out = bench.folder / "fetched"
    content.assay("image", "get", bench.cid, "--out", out, "--store", store)
    bench.check_equal(out)
    shutil.rmtree(store)


def repositories_are_ours_and_theirs(bench):
    """A12: js-ipfs's blocks read in place by us, and ours by js-ipfs."""
    repo, _ = bench.js_ipfs()
    files = len(list((repo / "blocks").glob("*/*.data")))
    verified = content.assay("image", "verify", "--store", repo)
    if verified["blocks"] != files or files < 65:
        raise Failure(f"{verified} in a repository of {files} blocks")
    out = bench.folder / "from-js-repo"
    content.assay("image", "get", bench.cid, "--out", out, "--store", repo)
    bench.check_equal(out)

    store, other = bench.mirror.dir / "content", bench.folder / "js-repo-of-ours"
    env = {**os.environ, "IPFS_PATH": str(other)}

    def js_ipfs(*arguments):
        """Into a file: into a pipe it loses what is not written when it ends."""
        with open(out, "wb") as file:
            call([*bench.js_ipfs_cli(), *arguments], env=env, out=file)

    js_ipfs("init", "--profile", "test", "--empty-repo")
    js_ipfs("refs-local", "--multihash")
    before = set(out.read_bytes().split())
    shutil.copytree(store / "blocks", other / "blocks", dirs_exist_ok=True)
    js_ipfs("refs-local", "--multihash")
    found = set(out.read_bytes().split()) - before
    js_ipfs("cat", bench.cid)
    bench.check_equal(out)
    ours = len(list((store / "blocks").glob("*/*.data")))
    if len(found) != ours:
        raise Failure(f"js-ipfs finds {len(found)} of our {ours} blocks")
    return f"{files} blocks of js-ipfs, {ours} of ours"


CHECKS = [importer_agrees, helia_fetches_from_two, ipfs_car_unpacks, js_ipfs_imports,
          we_fetch_from_javascript, repositories_are_ours_and_theirs]
