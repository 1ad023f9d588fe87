"""One member that serves content to anyone on loopback, and its store, for the content tests."""

import base64
import json
import os
from pathlib import Path

from testbed import ROOT, Failure, Testbed


def shared():
    """The folder of foreign data and peers; None where it is not at hand and need not be."""
    fixtures = Path(os.environ.get("ASSAY_FIXTURES") or ROOT.parent / "shared" / "fixtures")
    if fixtures.is_dir():
        return fixtures.parent
    if os.environ.get("ASSAY_REQUIRE_FIXTURES") == "1":
        raise Failure(f"{fixtures} is not there, and ASSAY_REQUIRE_FIXTURES=1")
    return None


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def car_blocks(path):
    """(multihash, block) of each section of a CAR of version 1."""
    data = Path(path).read_bytes()
    length, at = _varint(data, 0)
    at += length
    while at < len(data):
        length, at = _varint(data, at)
        section = data[at:at + length]
        at += length
        start = 0
        if section[:2] != b"\x12\x20":
            _, start = _varint(section, 0)
            _, start = _varint(section, start)
        _, end = _varint(section, start)
        digest, end = _varint(section, end)
        yield section[start:end + digest], section[end + digest:]


def put_block(store, multihash, block):
    """A file in the layout of Kubo's flatfs, as another program would write it."""
    key = base64.b32encode(multihash).decode().rstrip("=")
    folder = store / "blocks" / key[-3:-1]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{key}.data").write_bytes(block)


def import_cars(store, cars):
    (store / "blocks").mkdir(parents=True, exist_ok=True)
    (store / "blocks" / "SHARDING").write_text("/repo/flatfs/shard/v1/next-to-last/2\n")
    count = 0
    for car in cars:
        for multihash, block in car_blocks(car):
            put_block(store, multihash, block)
            count += 1
    return count


def found(folder, names, roles=("oem", "node")):
    """A consortium whose members anyone may read from; not started. They keep also what nothing pins."""
    bed = Testbed(folder, mine_engine="cpu", hash_engine="cpu", mine_share=0.01)
    bed.found([(name, list(roles)) for name in names])
    for member in bed.members:
        member.content_lines = ['public_listen = "127.0.0.1:0"', 'collect_every = "0s"']
        member.configure(bed.dir / "genesis", bed.members)
    return bed, bed.members


def found_one(folder, name="oem", roles=("oem", "node")):
    bed, members = found(folder, [name], roles)
    return bed, members[0]


def public_url(member):
    addresses = json.loads((member.dir / "run" / "addresses.json").read_text())
    return "http://" + addresses["public_content"]
