#!/usr/bin/env python3
"""A gateway's store is restored from an older copy, and its copies of receipts are gone with the disk:
the receipts come back from the other gateway, each is on the ledger once, and one that a device sends
again is known; those that were in no batch yet come back from the device (docs/operations.md, "Backup
and restore")."""

import http.client
import json
import re
import shutil
import ssl
import sys
import tempfile

from testbed import Failure, Testbed, expect, wait_until

CLASS, COMPONENT = "edge-x64", "firmware"


def image(path, seed):
    path.write_bytes(bytes((seed + i * i) % 256 for i in range(100_000)))
    return path


def audit(gateway):
    return gateway.get("/v1/receipts/audit") or {}


def blobs(gateway):
    """Every receipt that lies in the copies of a gateway."""
    found = []
    for path in sorted((gateway.dir / "data" / "receipts").glob("??/*")):
        found += receipts_of(path.read_bytes())
    return found


def head(data, at):
    """A CBOR head: its number, and where it ends."""
    small = data[at] & 31
    if small < 24:
        return small, at + 1
    size = 1 << (small - 24)
    return int.from_bytes(data[at + 1:at + 1 + size], "big"), at + 1 + size


def receipts_of(blob):
    count, at = head(blob, 0)
    out = []
    for _ in range(count):
        size, at = head(blob, at)
        out.append(blob[at:at + size])
        at += size
    expect(at == len(blob), "a blob does not end with its last receipt")
    return out


def send_again(device, receipt):
    """As the device itself would: the status of the answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(device.dir / "device.crt", device.dir / "device.key")
    connection = http.client.HTTPSConnection("127.0.0.1", device.gateway.devices, context=context,
                                             timeout=30)
    connection.request("POST", "/agent/v1/receipts", receipt,
                       {"Content-Type": "application/cose"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def copied(bed):
    """Each gateway has the receipts of all batches of both."""
    batches = sum(audit(gateway).get("batches", 0) for gateway in bed.gateways())
    return batches > 0 and all(
        len(list((gateway.dir / "data" / "receipts").glob("??/*"))) == batches
        for gateway in bed.gateways())


def update(bed, device, sequence):
    bed.publish(bed.member("oem"), image(bed.dir / f"{sequence}.bin", sequence), CLASS, COMPONENT,
                sequence, f"{sequence}.0")
    bed.wait_confirmed([device], sequence, 240)
    bed.wait_receipts_on_ledger()


def run(bed):
    bed.found([("oem", ["oem", "node"]), ("supplier", ["supplier", "node"]),
               ("gateway-1", ["gateway", "node"]), ("gateway-2", ["gateway", "node"])])
    first = bed.member("gateway-1")
    bed.start_members()
    bed.run("release", "policy", "set", "--dir", bed.member("oem").dir, "--vendor", bed.vendor, "--wait")
    device = bed.add_devices([("4711", first, CLASS, COMPONENT)])[0]
    device.start()
    update(bed, device, 1)
    first.process.stop()
    backup = bed.dir / "backup"
    shutil.copytree(first.dir / "data" / "store", backup)

    first.start()
    first.wait_ready()
    update(bed, device, 2)
    device.process.stop()
    wait_until("both gateways have the receipts of both", lambda: copied(bed), 180, 0.5)
    before = audit(first)
    first.process.stop()
    shutil.rmtree(first.dir / "data" / "store")
    shutil.rmtree(first.dir / "data" / "receipts")
    shutil.copytree(backup, first.dir / "data" / "store")

    first.start()
    first.wait_ready()
    # Until then it takes none.
    wait_until("the receipts are back", lambda: audit(first).get("stored") == before["stored"], 180, 0.5)
    bed.wait_receipts_on_ledger()
    after = audit(first)
    expect(after == before, f"the audit said {before}, and says {after}")
    expect(after["missing"] == after["on_ledger_twice"] == after["batches_lost"] == 0, f"{after}")
    told = first.status()["receipts"]
    expect(told["lost"] == [] and not told["held"], f"status: {told}")
    answers = [send_again(device, receipt) for receipt in blobs(bed.member("gateway-2"))]
    expect(answers.count(200) >= 6, f"its own receipts are not known: {answers}")
    bed.wait_receipts_on_ledger()
    expect(audit(first) == before, f"a receipt was taken twice: {audit(first)}")
    print(json.dumps({"receipts": after["stored"], "batches": after["batches"],
                      "sent_again": answers.count(200)}))
    lose_what_is_in_no_batch(bed, first, device)


def batch_after(gateway, age):
    config = gateway.dir / "assay.toml"
    config.write_text(re.sub(r'flush_age = "\w+"', f'flush_age = "{age}"', config.read_text()))


def lose_what_is_in_no_batch(bed, first, device):
    """An older copy of the store again, without receipts that only it and the device have."""
    first.process.stop()
    backup = bed.dir / "second-backup"
    shutil.copytree(first.dir / "data" / "store", backup)
    batch_after(first, "600s")
    first.start()
    first.wait_ready()
    device.start()
    bed.publish(bed.member("oem"), image(bed.dir / "3.bin", 3), CLASS, COMPONENT, 3, "3.0")
    bed.wait_confirmed([device], 3, 240)
    wait_until("the device has told all", lambda: device.status()["receipts_waiting"] == 0, 60, 0.2)
    before = bed.device_receipts()
    told = audit(first)
    expect(told["stored"] - told["on_ledger"] >= 3, f"they are in a batch already: {told}")
    first.process.stop()
    shutil.rmtree(first.dir / "data" / "store")
    shutil.copytree(backup, first.dir / "data" / "store")
    batch_after(first, "1s")
    first.start()
    first.wait_ready()
    wait_until("the device has sent them again", lambda: bed.device_receipts() == before, 180, 0.2)
    bed.wait_receipts_on_ledger()
    told = audit(first)
    expect(told["missing"] == told["on_ledger_twice"] == 0, f"{told}")
    expect(bed.device_receipts() == before, "one came twice")
    print(json.dumps({"receipts_from_the_device": before}))


def main():
    with tempfile.TemporaryDirectory(prefix="assay-restore-") as folder:
        with Testbed(folder, mine_engine="cpu", hash_engine="cpu") as bed:
            run(bed)


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(f"restore_test: {error}")
