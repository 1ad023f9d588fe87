"""What the tests of ledgers made of real processes share: records to submit, and what must hold of them
at every member. See testbed.py."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from testbed import Failure, wait_until

FINAL_S = 180  # generous: a loaded machine splits votes now and then, and waits 20 s for the next chance


def say(what, **more):
    print(json.dumps({"step": what, **more}), flush=True)


BLOCK_S = 0.6


def found_paced(bed, names):
    """Founds a consortium of nodes that take about BLOCK_S for a block, whatever this machine's speed.

    With work that takes no time the members that may mine find a block each, all at the same moment,
    and votes split between them."""
    engines = bed.run("engines", "--engine", "cpu", "--explain")["engines"]
    rate = max(e["measured"]["hashes_per_second"] for e in engines if e["mine"])
    eligible = len(names) - len(names) // 2
    hashes = max(65_536, int(rate * bed.mine_share * eligible * BLOCK_S))
    bed.found([(name, ["oem", "node"]) for name in names], pow_limit=compact(2**256 // hashes))


def compact(target):
    """Bitcoin's compact form of a target, in hexadecimal."""
    size = (target.bit_length() + 7) // 8
    mantissa = target >> 8 * (size - 3)
    if mantissa & 0x800000:
        mantissa, size = mantissa >> 8, size + 1
    return f"{size << 24 | mantissa:08x}"


def submit_record(bed, member, number):
    """A record of its own vendor; returns its leaf as the daemon acknowledged it."""
    return bed.run("release", "policy", "set", "--dir", member.dir, "--vendor",
                   f"vendor-{number}.example", "--version", 1)["leaf"]


def state_of(member, leaf):
    return member.get(f"/v1/ledgers/consortium/transactions/{leaf}") or {}


def wait_final(members, leaves, what, seconds=FINAL_S):
    """Every record is final at every member."""
    missing = [(m, leaf) for m in members for leaf in leaves]

    def check():
        missing[:] = [(m, leaf) for m, leaf in missing if not state_of(m, leaf).get("final")]
        return not missing
    began = time.monotonic()
    try:
        wait_until(f"{what}: {len(leaves)} records final at {len(members)} members", check, seconds, 0.2)
    except Failure as error:
        member = missing[0][0]
        raise Failure(f"{error}; lacking at {sorted({m.name for m, _ in missing})}; {member.name}: "
                      f"{json.dumps(member.status().get('consortium'))}\n{member.process.tail(8)}") from None
    return round(time.monotonic() - began, 2)


def height(member):
    return member.status().get("consortium", {}).get("height", -1)


def final_height(member):
    return member.status().get("consortium", {}).get("finality", {}).get("final_height", -1)


def blocks_of(member, until):
    """The blocks 1 to `until` of a member's ledger."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda h: member.get(f"/v1/ledgers/consortium/blocks/{h}"),
                             range(1, until + 1)))


def check_each_once(members, leaves):
    """Every record in exactly one block, the same at all members, and below what all hold final."""
    until = min(final_height(m) for m in members)
    ledgers = [blocks_of(m, until) for m in members]
    if any(None in blocks for blocks in ledgers):
        raise Failure("a member does not show a block below its final one")
    ids = {tuple(block["id"] for block in blocks) for blocks in ledgers}
    if len(ids) != 1:
        raise Failure("members hold different final blocks")
    times = {}
    for block in ledgers[0]:
        for transaction in block["transactions"]:
            times[transaction["leaf"]] = times.get(transaction["leaf"], 0) + 1
    wrong = {leaf: times.get(leaf, 0) for leaf in leaves if times.get(leaf, 0) != 1}
    if wrong:
        raise Failure(f"records not on the final ledger exactly once: {wrong}")
    return until


def events(member):
    return (member.get("/v1/ledgers/consortium/events") or {}).get("events", [])


