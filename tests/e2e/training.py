#!/usr/bin/env python3
"""`lucerna learn train` as it is run: by several processes, killed, taken up again, out of space.

    LUCERNA_BIN=... tests/e2e/training.py [TEST]

The collection is of phantoms and the trunk of random numbers: nothing here is about figures.
Ends with 77 when the program was built without training.
"""
import array
import csv
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LUCERNA = os.environ.get("LUCERNA_BIN", str(ROOT / "build/release/apps/lucerna/lucerna"))


def tiny_trunk(path):
    """A trunk file (docs/formats/trunk.md) with the layers of an EfficientNet-Lite, all narrow."""
    random.seed(5)
    tensors = {}

    def layer(name, out, into, size):
        count = out * into * size * size
        spread = (2 / (into * size * size)) ** 0.5
        tensors[name + ".weight"] = [out, into, size, size], [random.gauss(0, spread) for _ in range(count)]
        for what, value in (("gain", 1), ("offset", 0.1), ("mean", 0), ("variance", 1)):
            tensors[f"{name}.{what}"] = [out], [value] * out

    layer("stem", 8, 1, 3)
    width = 8
    for stage, size in enumerate([3, 3, 5, 3, 5, 5, 3], 1):
        name, inner = f"stage{stage}_block1_", width if stage == 1 else 2 * width
        if stage > 1:
            layer(name + "expand", inner, width, 1)
        layer(name + "depthwise", inner, 1, size)
        width = 8 if stage < 6 else 16
        layer(name + "project", width, inner, 1)
    layer("head", 24, width, 1)
    header, at, body = {}, 0, b""
    for name in sorted(tensors):
        shape, values = tensors[name]
        data = array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        at, body = at + len(data), body + data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def losses(run, part="fold-0"):
    with open(run / part / "log.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not pathlib.Path(LUCERNA).with_name("lucerna-learn").exists():
            raise unittest.SkipTest("built without training")
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        phantoms = cls.folder / "phantoms"
        subprocess.run([LUCERNA, "phantom", "--exams", "4", "--findings", "2", "--columns", "450",
                        "--rows", "600", "--spacing", "0.4", "--out", phantoms], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([LUCERNA, "learn", "prepare", "--manifest", phantoms / "manifest.csv",
                        "--spacing", "0.4", "--cache", cls.folder / "cache"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tiny_trunk(cls.folder / "trunk")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def command(self, run, *options):
        return [LUCERNA, "learn", "train", "--cache", self.folder / "cache", "--trunk",
                self.folder / "trunk", "--run", self.folder / run, "--folds", "2", "--batch", "4",
                "--parts", "fold-0", *options]

    def train(self, run, *options, **how):
        return subprocess.run(self.command(run, *options), capture_output=True, text=True, **how)

    def assert_near(self, ours, theirs, tolerance):
        self.assertEqual(len(ours), len(theirs))
        for step, (a, b) in enumerate(zip(ours, theirs), 1):
            self.assertLess(abs(a - b), tolerance * abs(b), f"step {step}: {a} against {b}")

    def train_together(self, run, *more):
        """Two processes as torchrun starts them; their exit codes and what they said."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        both = [subprocess.Popen(
            self.command(run, *more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=dict(os.environ, WORLD_SIZE="2", RANK=rank, MASTER_ADDR="127.0.0.1", MASTER_PORT=port))
            for rank in ("0", "1")]
        said = [process.communicate()[0] for process in both]
        return [process.returncode for process in both], said

    def test_two_processes_take_the_steps_of_one(self):
        alone = self.train("alone", "--epochs", "4")
        self.assertEqual(alone.returncode, 0, alone.stderr)
        codes, said = self.train_together("both", "--epochs", "4")
        self.assertEqual(codes, [0, 0], said)
        self.assertIn("2 processes", said[0])
        self.assert_near(losses(self.folder / "both"), losses(self.folder / "alone"), 1e-3)
        self.assertGreaterEqual(len(losses(self.folder / "alone")), 8)

    def test_a_process_that_ends_ends_the_others(self):
        first = self.train("taken", "--epochs", "4")
        self.assertEqual(first.returncode, 0, first.stderr)
        codes, said = self.train_together("taken", "--epochs", "5")
        self.assertNotIn(0, codes, said)
        self.assertIn("another configuration", said[0])
        self.assertIn("process 0 has ended before the others", said[1])

    def test_names_the_variable_that_torchrun_would_have_set(self):
        failed = self.train("lost", env=dict(os.environ, WORLD_SIZE="2", RANK="0", MASTER_ADDR="127.0.0.1"))
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("MASTER_PORT is not set", failed.stderr)

    def test_a_killed_run_goes_on_to_the_same_result(self):
        unbroken = self.train("unbroken", "--epochs", "16")
        self.assertEqual(unbroken.returncode, 0, unbroken.stderr)
        run = self.folder / "killed"
        process = subprocess.Popen(self.command("killed", "--epochs", "16"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        while not (run / "fold-0" / "checkpoint.pt").exists():
            self.assertIsNone(process.poll(), "ended before its first checkpoint")
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.assertFalse((run / "fold-0" / "weights.safetensors").exists(), "was not killed in time")
        resumed = self.train("killed", "--epochs", "16")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertIn("goes on after step", resumed.stdout + resumed.stderr)
        self.assert_near(losses(run), losses(self.folder / "unbroken"), 1e-5)
        self.assertEqual((run / "fold-0" / "raw.csv").read_text(),
                         (self.folder / "unbroken" / "fold-0" / "raw.csv").read_text())

    def test_a_full_disk_is_named_and_the_run_goes_on_later(self):
        # A limit on the size of a file stands for the disk: the checkpoint does not fit.
        short = subprocess.run(
            ["sh", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""] + [str(c) for c in self.command("full", "--epochs", "8")],
            capture_output=True, text=True)
        self.assertNotEqual(short.returncode, 0)
        self.assertRegex(short.stderr, "checkpoint.pt.*(File too large|No space)")
        self.assertEqual(list((self.folder / "full" / "fold-0").glob("checkpoint.pt")), [])
        later = self.train("full", "--epochs", "8")
        self.assertEqual(later.returncode, 0, later.stderr)
        self.assertTrue((self.folder / "full" / "fold-0" / "weights.safetensors").exists())


if __name__ == "__main__":
    names = [f"Training.{name}" for name in sys.argv[1:]]
    program = unittest.main(argv=[sys.argv[0], *names], exit=False)
    skipped = program.result.skipped and program.result.testsRun == len(program.result.skipped)
    sys.exit(77 if skipped or (program.result.skipped and not program.result.testsRun)
             else 0 if program.result.wasSuccessful() else 1)
