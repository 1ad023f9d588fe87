"""`assay image`, as someone uses it who has just found it: what goes in comes out, mistakes are
answered with their cause, the next step and the documented exit code, and leave nothing behind."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ASSAY = Path(os.environ["ASSAY_BIN"]) / "assay"
ABSENT = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"


def raw_cid(content):
    """The CID of a raw block, written here once more, without the program under test."""
    cid = b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def flatfs_path(blocks, content):
    """Where Kubo's flatfs keeps a block: next-to-last/2."""
    key = base64.b32encode(b"\x12\x20" + hashlib.sha256(content).digest()).decode().rstrip("=")
    return blocks / key[-3:-1] / f"{key}.data"


class Image(unittest.TestCase):
    def setUp(self):
        memory = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(dir=memory))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.member = self.folder / "oem"
        self.run_ok("init", "--name", "oem", "--roles", "oem,node", "--dir", self.member, member=False)
        self.image = self.folder / "fw.bin"
        self.content = bytes(os.urandom(1 << 20)) * 2 + b"the end"
        self.image.write_bytes(self.content)

    def run_any(self, *arguments, member=True):
        command = [str(ASSAY), *map(str, arguments)] + (["--dir", str(self.member)] if member else [])
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def run_ok(self, *arguments, member=True):
        done = self.run_any(*arguments, member=member)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def run_json(self, *arguments, member=True):
        return json.loads(self.run_ok(*arguments, "--json", member=member))

    def run_refused(self, status, *arguments, says=()):
        """Fails with `status`, says each of `says`, and names a next step, for people and in JSON."""
        before = self.state()
        done = self.run_any(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        told = json.loads(self.run_any(*arguments, "--json").stderr)
        self.assertEqual(told["code"], status)
        self.assertTrue(told["message"])
        self.assertEqual(self.state(), before, "something was left behind")
        return told

    def state(self):
        return sorted(str(path) for path in self.folder.rglob("*")
                      if path.is_file() and not path.name.endswith(".lock"))

    def add(self):
        return self.run_json("image", "add", self.image)

    def test_what_goes_in_comes_out(self):
        added = self.add()
        self.assertEqual(added["bytes"], len(self.content))
        self.assertEqual(added["sha256"], hashlib.sha256(self.content).hexdigest())
        self.assertEqual((added["profile"], added["chunk_bytes"], added["width"]),
                         ("unixfs-v1-2025", 1 << 20, 1024))
        cid = added["cid"]
        # Whoever has a record recomputes its CID without a store.
        named = self.run_json("image", "add", self.image, "--only-hash", member=False)
        self.assertEqual((named["cid"], named["chunk_root"]), (cid, added["chunk_root"]))
        self.assertEqual(self.run_json("image", "ls")["images"], [{"cid": cid, "by_hand": True}])
        stat = self.run_json("image", "stat", cid)
        self.assertEqual((stat["kind"], stat["bytes"], stat["missing"]), ("file", len(self.content), 0))
        out = self.folder / "out.bin"
        self.run_ok("image", "get", cid, "--out", out)
        self.assertEqual(out.read_bytes(), self.content)

    def test_parameters_change_the_cid_as_documented(self):
        cids = {self.run_json("image", "add", self.image, "--only-hash", *more)["cid"] for more in
                ([], ["--chunk-bytes", 262144], ["--profile", "unixfs-v0-2015"],
                 ["--profile", "unixfs-v0-2015", "--width", 1024, "--chunk-bytes", 1 << 20])}
        self.assertEqual(len(cids), 4)
        self.assertEqual(sum(cid.startswith("Qm") for cid in cids), 2)
        small = self.folder / "small"
        small.write_bytes(b"hello world")
        self.assertEqual(self.run_json("image", "add", small)["cid"], raw_cid(b"hello world"))

    def test_cars_carry_images_between_members(self):
        cid = self.add()["cid"]
        car = self.folder / "fw.car"
        self.assertEqual(self.run_json("image", "export", cid, "--out", car)["roots"], [cid])
        self.run_ok("image", "pin", "--remove", cid)
        self.assertEqual(self.run_json("image", "gc", "--dry-run")["blocks_removed"], 3)
        self.assertEqual(self.run_json("image", "ls")["blocks"], 3)
        self.assertEqual(self.run_json("image", "gc")["blocks_removed"], 3)
        self.assertEqual(self.run_json("image", "ls")["blocks"], 0)
        self.assertEqual(self.run_json("image", "import", car)["roots"], [cid])
        self.assertEqual(self.run_json("image", "verify")["blocks"], 3)
        half = self.folder / "half.car"
        half.write_bytes(car.read_bytes()[:-5])
        self.run_refused(1, "image", "import", half, says=["half.car", "ends early"])

    def test_rotten_blocks_are_found_and_replaced(self):
        cid = self.add()["cid"]
        leaf = flatfs_path(self.member / "content/blocks", self.content[:1 << 20])
        rotten = bytearray(leaf.read_bytes())
        rotten[99] ^= 1
        leaf.write_bytes(rotten)
        out = self.folder / "out.bin"
        told = self.run_refused(4, "image", "get", cid, "--out", out, says=["damaged", "image verify"])
        self.assertEqual(told["word"], "block-hash-mismatch")
        found = self.run_any("image", "verify")
        self.assertEqual(found.returncode, 4)
        self.assertIn("1 of 3 blocks set aside", found.stderr)
        self.assertTrue((self.member / "content/damaged" / leaf.name).exists())
        self.assertEqual(self.run_any("image", "verify", cid).returncode, 4)
        self.add()
        self.run_ok("image", "verify", cid)
        self.run_ok("image", "verify")

    def test_mistakes_are_answered(self):
        cid = self.add()["cid"]
        out = self.folder / "out.bin"
        self.run_refused(2, "image", "get", "nonsense", "--out", out, says=["nonsense", "bafkrei"])
        self.run_refused(1, "image", "get", ABSENT, "--out", out, says=[ABSENT, "image ls"])
        self.run_refused(2, "image", "get", f"{cid}/name", "--out", out, says=["directories"])
        self.run_refused(2, "image", "get", cid, "--out", self.folder, says=[str(self.folder)])
        nowhere = self.folder / "nowhere/out.bin"
        for verb in "get", "export":
            self.run_refused(2, "image", verb, cid, "--out", nowhere, says=[str(nowhere.parent), "Make it"])
        self.run_refused(2, "image", "add", self.folder, says=["one file", "Pack the folder"])
        self.run_refused(2, "image", "add", self.folder / "missing", says=["missing"])
        os.mkfifo(pipe := self.folder / "pipe")
        for endless in pipe, "/dev/zero":
            self.run_refused(2, "image", "add", endless, says=["pipe or a device", "one file"])
        self.run_refused(2, "image", "get", "QmT78zSuBmuS4z925WZfrq", "--out", out, says=["46 characters"])
        self.run_refused(2, "image", "add", self.image, "--profile", "unixfs-v9", says=["unixfs-v1-2025"])
        self.run_refused(2, "image", "add", self.image, "--chunk-bytes", 3 << 20, says=["2097152"])
        self.run_refused(2, "image", "add", self.image, "--width", 2, says=["128"])
        for start in (b"", b"\x00", b"\x05\xa1abcd", b"\x7fELF", b"\xff\xff\x7f", b"\xff" * 12):  # lengths, to a CAR
            self.image.write_bytes(start + self.content)
            self.run_refused(1, "image", "import", self.image,
                             says=["fw.bin", "no CAR file", "assay image add"])
        self.image.write_bytes(self.content)
        self.run_refused(1, "image", "pin", ABSENT, says=[ABSENT])
        self.run_refused(1, "image", "pin", "--remove", ABSENT, says=["not pinned"])
        self.run_refused(10, "image", "ls", "--store", self.folder, says=["blocks"])
        elsewhere = self.run_any("image", "ls", "--dir", self.folder / "nobody", member=False)
        self.assertEqual(elsewhere.returncode, 10)
        self.assertIn("assay init", elsewhere.stderr)

    def test_a_full_disk_is_named_and_nothing_stays(self):
        small = self.folder / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)],
                          capture_output=True).returncode != 0:
            self.skipTest("may not mount a small filesystem")
        self.addCleanup(subprocess.run, ["umount", str(small)])
        (small / "store/blocks").mkdir(parents=True)
        store = ["--store", small / "store"]
        self.run_ok("image", "ls", *store)
        self.run_refused(1, "image", "add", self.image, *store, says=["No space left", "image gc"])
        self.assertEqual(self.run_json("image", "ls", *store)["blocks"], 0)
        cid = self.add()["cid"]
        self.run_refused(1, "image", "get", cid, "--out", small / "out", says=["No space left"])
        self.run_refused(1, "image", "export", cid, "--out", small / "out", says=["No space left"])

    def test_a_repository_of_kubo_is_read_in_place(self):
        """The layout as Kubo writes it; the files beside blocks/ are its own."""
        repository = self.folder / "ipfs"
        (repository / "blocks").mkdir(parents=True)
        (repository / "version").write_text("16\n")
        (repository / "blocks/SHARDING").write_text("/repo/flatfs/shard/v1/next-to-last/2\n")
        (repository / "blocks/_README").write_text("This is a repository of IPLD objects.\n")
        (repository / "blocks/diskUsage.cache").write_text('{"diskUsage":10,"accuracy":"initial-exact"}')
        content = b"put here by Kubo"
        path = flatfs_path(repository / "blocks", content)
        path.parent.mkdir()
        path.write_bytes(content)
        out = self.folder / "out.bin"
        self.run_ok("image", "get", raw_cid(content), "--out", out, "--store", repository, member=False)
        self.assertEqual(out.read_bytes(), content)
        self.assertEqual(self.run_json("image", "verify", "--store", repository, member=False)["blocks"], 1)
        # And the other way round: Kubo would look for our block in this file.
        self.image.write_bytes(b"put here by Assay")
        self.run_ok("image", "add", self.image, "--store", repository, member=False)
        self.assertEqual(flatfs_path(repository / "blocks", b"put here by Assay").read_bytes(),
                         b"put here by Assay")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
