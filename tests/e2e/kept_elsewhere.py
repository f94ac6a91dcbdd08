#!/usr/bin/env python3
"""`lucerna` with its index on PostgreSQL and its objects in a bucket: what the verbs do that take the
server's --config.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/kept_elsewhere.py [TEST]

Ends with 77 where PostgreSQL is not installed.
"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from pydicom import dcmread

from sealed_at_rest import BAD_INPUT, UNAVAILABLE, file_bytes, instance
from whole_program import LUCERNA, ROOT, Server, main, wait_for

sys.path.insert(0, str(ROOT / "tests" / "support"))
import services  # noqa: E402


class KeptElsewhere(unittest.TestCase):
    def setUp(self):
        if services.Postgres.programs() is None:
            self.skipTest("skipped: PostgreSQL is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-elsewhere-"))
        self.folder.chmod(0o755)  # the database's own user comes by
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.postgres = services.Postgres(self.folder)
        self.addCleanup(self.postgres.stop)
        s3 = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "support" / "s3_stand_in.py", self.folder / "faults", "0"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(s3.stdout.close)
        self.addCleanup(s3.wait)
        self.addCleanup(s3.kill)
        endpoint = f"http://127.0.0.1:{s3.stdout.readline().strip()}"
        self.data = self.folder / "data"
        self.kek = self.folder / "kek.json"
        s3_keys = self.folder / "s3-keys"
        s3_keys.write_text("access_key A\nsecret_key B\n")
        s3_keys.chmod(0o600)
        self.config = self.folder / "lucerna.toml"
        self.config.write_text(f"""data = "{self.data}"
keys = "file:{self.kek}"
quiet_seconds = 86400
[store]
index = "postgres:{self.postgres.environment()["LUCERNA_TEST_POSTGRES"]}"
objects = "s3"
s3_endpoint = "{endpoint}"
s3_bucket = "lucerna"
s3_keys = "{s3_keys}"
""")

    def serve(self):
        server = Server(str(self.data), "--config", str(self.config))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def keep(self, *data_sets):
        """Sends them to a server that is ended then."""
        files = []
        for number, d in enumerate(data_sets):
            files.append(str(self.folder / f"{number}.dcm"))
            pathlib.Path(files[-1]).write_bytes(file_bytes(d))
        server = self.serve()
        self.assertEqual(server.store(files).returncode, 0)
        self.assertEqual(server.end(), 0)

    def run_verb(self, *arguments, status=0):
        run = subprocess.run([LUCERNA, *arguments], capture_output=True, text=True)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def test_keys_rotate_by_the_servers_configuration(self):
        kept = [instance(f"P{number}") for number in range(3)]
        self.keep(*kept)
        before = self.kek.read_bytes()

        # Its folder alone, or a stray one: neither ends the key of what is elsewhere.
        keys = ("--keys", f"file:{self.kek}")
        said = self.run_verb("keys", "rotate", "--data", self.data, *keys, status=BAD_INPUT)
        self.assertIn("index postgres, objects s3", said)
        stray = self.folder / "stray"
        stray.mkdir()
        said = self.run_verb("keys", "rotate", "--data", stray, *keys, status=BAD_INPUT)
        self.assertIn("no patient's data key", said)
        # Nor is it changed under a server that is at work.
        server = self.serve()
        self.run_verb("keys", "rotate", "--config", self.config, status=UNAVAILABLE)
        other = self.folder / "other.toml"
        other.write_text(self.config.read_text().replace(str(self.data), str(self.folder / "other")))
        (self.folder / "other").mkdir()
        said = self.run_verb("keys", "rotate", "--config", other, status=BAD_INPUT)
        self.assertIn("other processes are at work", said)
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.kek.read_bytes(), before)

        said = self.run_verb("keys", "rotate", "--config", self.config)
        self.assertIn("4 data keys", said)  # that of the index among them
        self.assertNotEqual(self.kek.read_bytes(), before)
        self.assertIn("0 damaged", self.run_verb("verify", "--config", self.config))
        act = json.loads((self.data / "audit.log").read_text().splitlines()[-1].split(" ", 1)[1])
        self.assertEqual((act["act"], act["keys"]), ("rotate-keys", 4))
        server = self.serve()
        self.assertEqual(len(server.get("/dicom-web/studies")), 3)
        for d in kept:
            with self.subTest(patient=d.PatientID):
                path = (f"/dicom-web/studies/{d.StudyInstanceUID}/series/{d.SeriesInstanceUID}"
                        f"/instances/{d.SOPInstanceUID}/metadata")
                self.assertEqual(server.get(path)[0]["00100020"]["Value"], [d.PatientID])
        self.assertEqual(server.end(), 0)
        # The old key opens nothing any more.
        self.kek.write_bytes(before)
        self.assertIn("does not hold",
                      self.run_verb("verify", "--config", self.config, status=BAD_INPUT))

    def test_export_by_the_servers_configuration(self):
        kept = [instance("PATIENT-ONE"), instance("PATIENT-TWO")]
        kept.append(instance("PATIENT-ONE", study=kept[0].StudyInstanceUID))
        for number, d in enumerate(kept):
            d.PixelData = bytes([number]) * len(d.PixelData)  # noise would be taken for text
        self.keep(*kept)

        def export(out, *what, status=0):
            said = self.run_verb("export", "--config", self.config, "--deidentify", "screening",
                                 "--project", "reader-study", "--out", self.folder / out, *what,
                                 status=status)
            return said, sorted((self.folder / out).rglob("*.dcm"))

        said, files = export("one", "--study", kept[0].StudyInstanceUID)
        self.assertIn("2 objects de-identified, 0 not given out", said)
        self.assertEqual(len(files), 2)
        originals = {d.PixelData: d for d in kept}
        for path in files:
            d = dcmread(path)
            original = originals[d.PixelData]
            self.assertEqual(d.PatientIdentityRemoved, "YES")
            self.assertNotEqual(d.SOPInstanceUID, original.SOPInstanceUID)
            for value in ("Doe^Jane", original.PatientID, str(original.StudyInstanceUID)):
                self.assertNotIn(value.encode(), path.read_bytes())
        # Nothing was written into the folder as if the store were there.
        self.assertFalse((self.data / "index.sqlite").exists())
        self.assertFalse((self.data / "objects").exists())

        # The project goes along with a rotation: the same original, the same replacement.
        self.run_verb("keys", "rotate", "--config", self.config)
        _, again = export("again", "--query", "PatientID=PATIENT-ONE")
        self.assertEqual([p.name for p in again], [p.name for p in files])
        export("none", "--query", "PatientID=P9", status=BAD_INPUT)

    def another(self, name):
        """The configuration of another server on the same index and bucket, its folder empty."""
        config = self.folder / f"{name}.toml"
        config.write_text(self.config.read_text().replace(str(self.data), str(self.folder / name)))
        (self.folder / name).mkdir()
        return config

    def test_servers_share_the_secrets_of_projects(self):
        d = instance("PATIENT-ONE")
        d.PixelData = bytes(len(d.PixelData))
        self.keep(d)
        other = self.another("other")
        file = self.folder / "0.dcm"

        def given(out):
            (path,) = (self.folder / out).rglob("*.dcm")
            made = dcmread(path)
            return made.PatientID, made.StudyDate, made.SOPInstanceUID

        def export(config, project, out, *what):
            self.run_verb("export", "--config", config, "--deidentify", "screening", "--project",
                          project, "--out", self.folder / out, *what)
            return given(out)

        study = ("--study", d.StudyInstanceUID)
        first = export(self.config, "reader-study", "one", *study)
        self.assertEqual(export(other, "reader-study", "two", *study), first)
        self.assertEqual(export(other, "reader-study", "three", file), first)
        # Made by both at once.
        both = [subprocess.Popen([LUCERNA, "export", "--config", config, "--deidentify", "screening",
                                  "--project", "at-once", "--out", self.folder / out, file],
                                 stdout=subprocess.DEVNULL)
                for config, out in ((self.config, "at-once-1"), (other, "at-once-2"))]
        self.assertEqual([run.wait() for run in both], [0, 0])
        self.assertEqual(given("at-once-1"), given("at-once-2"))
        # Whichever rotates or moves the keys takes them along for all.
        self.run_verb("keys", "rotate", "--config", other)
        self.assertEqual(export(self.config, "reader-study", "four", *study), first)
        moved = self.folder / "moved.json"
        self.run_verb("keys", "move", "--config", self.config, "--to", f"file:{moved}")
        for config in (self.config, other):
            config.write_text(config.read_text().replace(str(self.kek), str(moved)))
        self.assertEqual(export(other, "reader-study", "five", *study), first)
        self.assertIn(" 0 damaged", self.run_verb("verify", "--config", other))
        for data in (self.data, self.folder / "other"):
            self.assertFalse((data / "projects").exists())

    def test_reports_go_with_what_another_erases(self):
        self.keep(instance("PATIENT-ONE"), instance("PATIENT-TWO"))
        other = self.another("other")
        server = self.serve()
        reports = {}
        for data in (self.data, self.folder / "other"):
            reports[data] = data / "deidentified" / "reader-study.jsonl"
            reports[data].parent.mkdir()
            reports[data].write_text('{"kept_as":"what nothing is kept as"}\n')
        self.run_verb("erase", "--config", other, "--patient", "PATIENT-ONE", "--yes")
        self.assertFalse(reports[self.folder / "other"].exists())
        wait_for(lambda: not reports[self.data].exists(), "the reports of the server")
        self.assertEqual(server.end(), 0)

    def test_projects_of_a_folder_are_taken_over_or_refused(self):
        file = self.folder / "0.dcm"
        d = instance("PATIENT-ONE")
        d.PixelData = bytes(len(d.PixelData))
        file.write_bytes(file_bytes(d))
        other = self.another("other")
        self.data.mkdir()
        export = ("export", "--deidentify", "screening", "--project", "rp", "--out")

        # Each server by itself, as earlier programs did.
        for data in (self.data, self.folder / "other"):
            self.run_verb(*export, self.folder / f"by-{data.name}", "--data", data, "--keys",
                          f"file:{self.kek}", file)
        (before,) = (self.folder / "by-data").rglob("*.dcm")
        self.run_verb(*export, self.folder / "shared", "--config", self.config, file)
        (after,) = (self.folder / "shared").rglob("*.dcm")
        self.assertEqual(after.name, before.name)
        self.assertFalse((self.data / "projects" / "rp.json").exists())
        # The other's is another one: no pseudonym changes unasked, and no key ends that holds it.
        secret = self.folder / "other" / "projects" / "rp.json"
        kept = self.kek.read_bytes()
        for verb in ((*export, self.folder / "refused", "--config", other, file),
                     ("keys", "rotate", "--config", other)):
            said = self.run_verb(*verb, status=BAD_INPUT)
            self.assertIn(str(secret), said)
            self.assertIn("/lucerna/projects/rp.json", said)
        self.assertEqual(self.kek.read_bytes(), kept)
        self.assertTrue(secret.exists())
        # A server that has no use for it comes up.
        server = Server(str(self.folder / "other"), "--config", str(other))
        self.assertEqual(server.end(), 0)
        secret.unlink()
        self.run_verb(*export, self.folder / "again", "--config", other, file)
        (again,) = (self.folder / "again").rglob("*.dcm")
        self.assertEqual(again.name, before.name)
        # The folder alone is refused: what it made would be another project.
        said = self.run_verb(*export, self.folder / "alone", "--data", self.folder / "other",
                             "--keys", f"file:{self.kek}", file, status=BAD_INPUT)
        self.assertIn("index postgres, objects s3", said)


if __name__ == "__main__":
    main("KeptElsewhere")
