#!/usr/bin/env python3
"""Several processes on one PostgreSQL and one bucket: what each promised holds, whoever is killed
and whatever is restarted, and no job is done twice. Usage: shared_work.py [TEST]"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import services  # noqa: E402

WORKER = os.environ["LUCERNA_SHARED_WORKER"]


class SharedWork(unittest.TestCase):
    def setUp(self):
        if services.Postgres.programs() is None:
            self.skipTest("skipped: PostgreSQL is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-shared-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.postgres = services.Postgres(self.folder)
        self.addCleanup(self.postgres.stop)
        (self.folder / "faults").write_text("")
        self.s3 = subprocess.Popen(
            [sys.executable, HERE.parent / "support" / "s3_stand_in.py", self.folder / "faults", "0"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.s3.stdout.close)
        self.addCleanup(self.s3.wait)
        self.addCleanup(self.s3.kill)
        self.endpoint = f"http://127.0.0.1:{self.s3.stdout.readline().strip()}"
        self.said = []

    def start(self, name, mode="work", seconds=None, **options):
        output = self.folder / f"{name}.out"
        self.said.append(output)
        command = [WORKER, mode, self.folder / name, self.folder / "kek.json",
                   self.postgres.environment()["LUCERNA_TEST_POSTGRES"], self.endpoint, name]
        if seconds:
            command.append(str(seconds))
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="s")
        with open(output, "wb") as file:
            worker = subprocess.Popen([str(word) for word in command], stdout=file,
                                      env=environment, **options)
        if mode == "work":
            services.wait_until(lambda: output.read_bytes().startswith(b"up"), name, worker)
        return worker

    def check(self):
        """Each promise holds, and nothing else lies there."""
        promised = self.folder / "promised"
        promised.write_bytes(b"".join(output.read_bytes() for output in self.said))
        with open(promised, "rb") as lines:
            checker = self.start("9", "check", stdin=lines)
            status = checker.wait()
        said = self.said.pop().read_text()
        self.assertEqual(status, 0, said)
        self.assertGreater(promised.read_text().count("object "), 20)
        self.assertGreater(promised.read_text().count("did "), 20)

    def test_killing_some_loses_nothing_and_doubles_nothing(self):
        random.seed(20260301)
        workers = [self.start("1", seconds=15)]
        for name in ("2", "3", "4"):
            victim = self.start(name)
            time.sleep(1 + random.random())
            victim.kill()
            victim.wait()
        for worker in workers:
            self.assertEqual(worker.wait(), 0)
        self.check()

    def test_what_a_killed_one_never_committed_goes(self):
        worker = self.start("1", seconds=7)  # the one that made the index
        victim = self.start("2", "leave")
        self.assertEqual(victim.wait(), -signal.SIGKILL)
        self.assertEqual(worker.wait(), 0)
        self.check()

    def test_several_make_a_lost_index_anew_at_once(self):
        random.seed(20260301)
        self.assertEqual(self.start("1", seconds=6).wait(), 0)
        # Readings and jobs are lost with the index; no object is.
        kept = [line for line in self.said[0].read_bytes().splitlines(True) if line.startswith(b"object ")]
        self.assertGreater(len(kept), 20)
        for _ in range(3):
            self.assertEqual(services.unpublish_all(self.endpoint), len(kept))
            self.postgres.forget()
            starters = [self.start(name, "open") for name in ("2", "3", "4", "5")]
            time.sleep(random.random() * 0.3)
            starters[0].kill()
            starters[0].wait()
            for starter in starters[1:]:
                self.assertEqual(starter.wait(), 0)
        promised = self.folder / "kept"
        promised.write_bytes(b"".join(kept))
        with open(promised, "rb") as lines:
            self.assertEqual(self.start("9", "reindex", stdin=lines).wait(), 0, self.said[-1].read_text())
        self.assertIn(f"{len(kept)} instances", self.said[-1].read_text())

    def test_the_database_is_restarted_in_the_middle(self):
        workers = [self.start(name, seconds=18) for name in ("1", "2")]
        for how in (signal.SIGINT, signal.SIGQUIT):
            time.sleep(2)
            self.postgres.stop(how)
            time.sleep(0.5)
            self.postgres.start()
        for worker in workers:
            self.assertEqual(worker.wait(), 0)
        self.check()

    def test_the_object_store_fails_for_a_while(self):
        workers = [self.start(name, seconds=15) for name in ("1", "2")]
        time.sleep(1)
        (self.folder / "faults").write_text("503 lost 500 cut ok ok lost 503 503 503 503 503 507 " * 4)
        for worker in workers:
            self.assertEqual(worker.wait(), 0)
        self.assertEqual((self.folder / "faults").read_text(), "", "not all faults were met")
        self.check()


if __name__ == "__main__":
    names = [f"SharedWork.{name}" for name in sys.argv[1:]] or None
    suite = (unittest.defaultTestLoader.loadTestsFromNames(names, sys.modules[__name__]) if names
             else unittest.defaultTestLoader.loadTestsFromTestCase(SharedWork))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.skipped and not result.failures and not result.errors:
        print(result.skipped[0][1])
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
