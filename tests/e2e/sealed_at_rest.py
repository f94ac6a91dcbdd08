#!/usr/bin/env python3
"""What lies on the disk of a `lucerna serve`: keys and their providers, rotation, erasure, damage.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/sealed_at_rest.py [TEST]

Ends with 77 when what was asked for was skipped, as ctest wants it.
"""
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from whole_program import LUCERNA, ROOT, Server, main, phantom, wait_for

sys.path.insert(0, str(ROOT / "tests" / "conformance"))
import read_sealed_object  # noqa: E402

INDEX_KEY = "0" * 32
PAGE = 4096
NOT_USED, BAD_INPUT, UNAVAILABLE = 2, 3, 7


def instance(patient_id, study=None, name="Doe^Jane", size=64):
    """A small picture as a DICOM file."""
    d = Dataset()
    d.SOPClassUID, d.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    d.StudyInstanceUID, d.SeriesInstanceUID = study or generate_uid(), generate_uid()
    d.PatientName, d.PatientID, d.PatientBirthDate, d.PatientSex = name, patient_id, "19700101", "F"
    d.StudyDate, d.StudyTime, d.AccessionNumber = "20260301", "081500", "A" + patient_id
    d.Modality, d.StudyDescription, d.SeriesNumber, d.InstanceNumber = "OT", "Test", 1, 1
    d.Rows = d.Columns = size
    d.BitsAllocated = d.BitsStored = 8
    d.HighBit, d.SamplesPerPixel, d.PixelRepresentation = 7, 1, 0
    d.PhotometricInterpretation = "MONOCHROME2"
    d.PixelData = random.Random(d.SOPInstanceUID).randbytes(size * size)
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return d


def file_bytes(data_set):
    buffer = io.BytesIO()
    data_set.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def files_of(folder):
    return sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file())


def opened_index(data, key_file):
    """Every page of a sealed index, opened from docs/formats/index.md alone."""
    keys = read_sealed_object.key_encryption_keys(key_file)
    key = read_sealed_object.data_key(data, INDEX_KEY, keys)
    sealed = (data / "index.sqlite").read_bytes()
    for number in range(len(sealed) // PAGE):
        page = sealed[number * PAGE:(number + 1) * PAGE]
        salt, nonce = page[4072:4084], page[4084:]
        derive = HKDF(hashes.SHA256(), 32, salt=salt, info=b"lucerna sealed index 1")
        place = b"F" + (number + 1).to_bytes(8, "big")
        yield AESGCM(derive.derive(key)).decrypt(nonce, page[:4072], place)


class SealedAtRest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-sealed-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def serve(self, *options):
        server = Server(str(self.data), *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def stow(self, server, *data_sets):
        """The HTTP status of a STOW-RS request."""
        parts = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file_bytes(d) + b"\r\n"
                         for d in data_sets)
        request = urllib.request.Request(
            server.url + "/dicom-web/studies", parts + b"--b--\r\n",
            {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
             "Accept": "application/dicom+json"})
        return self.status_and_body(request)[0]

    def status_and_body(self, request):
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def fetch(self, server, d):
        """Status and body of WADO-RS for one instance."""
        return self.status_and_body(urllib.request.Request(
            f"{server.url}/dicom-web/studies/{d.StudyInstanceUID}/series/{d.SeriesInstanceUID}"
            f"/instances/{d.SOPInstanceUID}", headers={"Accept": "application/dicom"}))

    def run_verb(self, *arguments, status=0, data=None, **options):
        run = subprocess.run([LUCERNA, *arguments, "--data", data or self.data],
                             capture_output=True, text=True, **options)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def refused_start(self, *options):
        run = subprocess.run([LUCERNA, "serve", "--data", self.data, "--http", "127.0.0.1:0",
                              "--dicom", "127.0.0.1:0", *options], capture_output=True, text=True)
        return run.returncode, run.stderr

    def stand_in(self, port=0):
        """A transit engine on loopback; its process and the setting that names its key."""
        script = ROOT / "tests" / "support" / "transit_stand_in.py"
        process = subprocess.Popen([sys.executable, script, self.folder / "transit.json", "s.token",
                                    str(port)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        port = int(process.stdout.readline())
        token = self.secret("token", "s.token")
        return process, port, f"transit:http://127.0.0.1:{port}/v1/transit/keys/lucerna?token-file={token}"

    def object_sums(self):
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
                for p in files_of(self.data / "objects")}

    def test_a_passphrase_opens_the_archive_and_no_other_does(self):
        right = self.secret("right", "correct horse battery staple")
        wrong = self.secret("wrong", "correct horse battery stable")
        server = self.serve("--keys", f"passphrase:{right}")
        d = instance("P1")
        self.assertEqual(self.stow(server, d), 200)
        self.assertEqual(server.end(), 0)
        self.assertFalse((self.data / "kek.json").exists())
        status, said = self.refused_start("--keys", f"passphrase:{wrong}")
        self.assertEqual(status, BAD_INPUT, said)
        self.assertIn("the passphrase does not open the key file", said)
        # The provider that no setting names has no key file here, and makes none.
        status, said = self.refused_start()
        self.assertEqual(status, BAD_INPUT, said)
        self.assertIn(f"the key file {self.data / 'kek.json'} is missing", said)
        self.assertFalse((self.data / "kek.json").exists())
        # Another does not hold the key, and says which.
        other = self.folder / "other"
        other.mkdir()
        self.assertIn("is no data folder of a server", self.run_verb("verify", data=other, status=BAD_INPUT))
        self.assertEqual(list(other.iterdir()), [])
        self.assertEqual(Server(str(other)).end(), 0)
        status, said = self.refused_start("--keys", f"file:{other / 'kek.json'}")
        self.assertEqual(status, BAD_INPUT, said)
        self.assertIn("does not hold the key-encryption key", said)
        self.run_verb("keys", "passphrase", "--keys", f"passphrase:{right}", "--new", wrong)
        self.run_verb("verify", "--keys", f"passphrase:{right}", status=BAD_INPUT)
        self.run_verb("keys", "rotate", "--keys", f"passphrase:{wrong}")
        server = self.serve("--keys", f"passphrase:{wrong}")
        self.assertEqual(self.fetch(server, d), (200, file_bytes(d)))

    def test_a_transit_engine_that_goes_away_costs_nothing(self):
        engine, port, keys = self.stand_in()
        server = self.serve("--keys", keys)
        known, more, unknown = instance("P1"), instance("P1"), instance("P2")
        self.assertEqual(self.stow(server, known), 200)
        engine.kill()
        engine.wait()
        self.assertEqual(self.stow(server, more), 200, "her data key is at hand")
        self.assertGreaterEqual(self.stow(server, unknown), 400, "no key can be wrapped")
        path = self.folder / "unknown.dcm"
        path.write_bytes(file_bytes(unknown))
        sent = server.store([str(path)])
        self.assertNotEqual(sent.returncode, 0, "the modality keeps it and tries again")
        self.assertEqual(self.fetch(server, unknown)[0], 404)
        self.assertEqual(self.fetch(server, known)[0], 200)
        engine, port, keys = self.stand_in(port)
        self.assertEqual(self.stow(server, unknown), 200, "it goes on by itself")
        self.assertEqual(server.end(), 0)
        engine.kill()
        engine.wait()
        status, said = self.refused_start("--keys", keys)
        self.assertEqual(status, UNAVAILABLE, said)
        self.assertIn(f"127.0.0.1:{port}/v1/transit can't be reached", said)
        engine, port, keys = self.stand_in(port)
        status, said = self.refused_start("--keys", keys.replace("/keys/lucerna", "/keys/other"))
        self.assertEqual(status, BAD_INPUT, said)
        self.assertIn("/keys/other", said)
        self.assertIn("0 damaged", self.run_verb("verify", "--keys", keys))
        server = self.serve("--keys", keys)
        engine.kill()
        engine.wait()
        status, body = self.fetch(server, known)
        self.assertEqual(status, 503, "her data key has to be fetched")
        self.assertIn(b"can't be reached", body)
        self.stand_in(port)
        self.assertEqual(self.fetch(server, known), (200, file_bytes(known)))

    def test_keys_rotate_and_move_while_objects_stay(self):
        _, _, transit = self.stand_in()
        passphrase = f"passphrase:{self.secret('passphrase', 'correct horse battery staple')}"
        server = self.serve()
        kept = [instance(f"P{i % 3}") for i in range(9)]
        self.assertEqual(self.stow(server, *kept), 200)
        self.assertEqual(server.end(), 0)
        sums = self.object_sums()
        old_keys = (self.data / "kek.json").read_bytes()
        old_records = {p: p.read_bytes() for p in files_of(self.data / "keys")}
        old_index = (self.data / "index.sqlite").read_bytes()
        self.assertIn("4 data keys", self.run_verb("keys", "rotate"))
        self.run_verb("keys", "move", "--to", transit)
        self.run_verb("verify", status=BAD_INPUT)  # kek.json holds none of them any more
        self.assertIn("4 data keys", self.run_verb("keys", "rotate", "--keys", transit))
        for path in files_of(self.data / "keys"):
            self.assertIn("provider-key transit:lucerna:v2\n", path.read_text())
        self.run_verb("keys", "move", "--keys", transit, "--to", passphrase)
        self.assertEqual(self.object_sums(), sums, "no object was rewritten")
        # Old records, say out of a backup, open by none of the keys that are left.
        for path, record in old_records.items():
            path.write_bytes(record)
        self.assertIn("does not hold", self.run_verb("verify", "--keys", passphrase, status=BAD_INPUT))
        (self.data / "kek.json").write_bytes(old_keys)
        self.assertIn("before the keys were rotated", self.run_verb("verify", status=BAD_INPUT))
        (self.data / "index.sqlite").write_bytes(old_index)
        self.assertIn("0 damaged", self.run_verb("verify"))

    def test_a_missing_key_file_is_not_made_anew(self):
        server = self.serve()
        self.assertEqual(self.stow(server, instance("P1")), 200)
        self.assertEqual(server.end(), 0)
        (self.data / "kek.json").rename(self.folder / "kek.json")
        before = sorted(path.name for path in self.data.rglob("*"))
        refusals = [self.run_verb(verb, *more, status=BAD_INPUT) for verb, *more in (
            ("verify",), ("reindex",), ("keys", "rotate"), ("erase", "--patient", "P1", "--yes"),
            ("export", "--deidentify", "basic", "--project", "p", "--out", self.folder / "out",
             "--query", "PatientID=P1"))]
        code, said = self.refused_start()
        self.assertEqual(code, BAD_INPUT)
        for text in [*refusals, said]:
            self.assertIn(f"the key file {self.data / 'kek.json'} is missing", text)
        self.assertEqual({path.name for path in self.data.rglob("*")} - {"keys.lock"}, set(before))
        (self.folder / "kek.json").rename(self.data / "kek.json")
        self.assertIn("0 damaged", self.run_verb("verify"))

    def test_a_file_that_nobody_stored_is_named(self):
        server = self.serve()
        self.assertEqual(self.stow(server, instance("P1")), 200)
        self.assertEqual(server.end(), 0)
        object_file = next(p for p in files_of(self.data / "objects"))
        shutil.copy(object_file, self.data / "objects" / "zz_extra")
        self.assertIn("damaged objects/zz_extra: ", self.run_verb("verify", status=BAD_INPUT))
        (self.data / "objects" / "zz_extra").unlink()
        self.assertIn("0 damaged", self.run_verb("verify"))

    def test_what_a_damaged_file_says_is_shown_as_print(self):
        server = self.serve()
        self.assertEqual(self.stow(server, instance("P1")), 200)
        self.assertEqual(server.end(), 0)
        record = next(p for p in files_of(self.data / "keys") if p.name != INDEX_KEY)
        lines = record.read_bytes().splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if line.startswith(b"provider-key "))
        lines[place] = b"provider-key \x1b[2J\xff" + lines[place][len(b"provider-key xxxxx"):]
        record.write_bytes(b"".join(lines))
        (self.data / "keys" / "a\x1b[2J\nb").write_text("x")
        said = self.run_verb("verify", status=BAD_INPUT)
        self.assertIn(r"\x1b[2J\xff", said)
        self.assertIn(r"damaged keys/a\x1b[2J\x0ab: ", said)
        self.assertEqual([c for c in said if ord(c) < 32 and c != "\n"], [])

    def test_an_erased_patient_is_in_no_file(self):
        server = self.serve("--destination", "pacs=PACS@127.0.0.1:1")
        study, words = generate_uid(), []
        files = phantom(str(self.folder / "exam"), 21)
        for file in files:
            d = dcmread(file)
            d.PatientName, d.PatientID, d.AccessionNumber = "Verschwunden^Vera", "VERA-0815", "ACC-4711"
            d.StudyInstanceUID, d.SeriesInstanceUID, d.SOPInstanceUID = study, generate_uid(), generate_uid()
            d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID
            d.save_as(file)
            words += [d.SeriesInstanceUID, d.SOPInstanceUID]
        other = instance("OTHER-1")
        self.assertEqual(server.store(files).returncode, 0)
        self.assertEqual(self.stow(server, other), 200)
        self.assertEqual(server.read_exam("VERA-0815")["state"], "read")
        results = server.get("/dicom-web/instances?PatientID=VERA-0815")
        self.assertEqual(len(results), 4 + 6)
        words += [each["00080018"]["Value"][0] for each in results]
        words += [study, "Verschwunden", "VERSCHWUNDEN", "verschwunden", "VERA-0815", "ACC-4711"]
        self.assertEqual(server.end(), 0)

        def left_of_her():
            pages = list(opened_index(self.data, self.data / "kek.json"))
            texts = {str(p): p.read_bytes() for p in files_of(self.data)}
            texts |= {f"page {number + 1} of the index, opened": page for number, page in enumerate(pages)}
            return [(where, word) for where, text in texts.items() for word in words
                    if word.encode() in text]

        self.assertTrue(left_of_her(), "the index, opened, names her")
        backup = self.folder / "backup"
        shutil.copytree(self.data / "objects", backup)
        said = self.run_verb("erase", "--patient", "VERA-0815", status=NOT_USED)
        self.assertIn("10 instances in 1 studies would be erased", said)
        said = self.run_verb("erase", "--patient", "-", "--yes", input="VERA-0815\n")
        self.assertIn("erased 10 instances", said)
        self.assertNotIn("VERA", said)
        self.assertEqual(left_of_her(), [])
        self.assertNotIn("VERA-0815", self.run_verb("erase", "--patient", "VERA-0815", status=BAD_INPUT))

        # What a backup holds of her objects stays closed; the other's are as they were.
        shutil.copytree(backup, self.data / "objects", dirs_exist_ok=True)
        self.assertEqual(self.run_verb("reindex", status=BAD_INPUT).count("destroyed"), 10)
        known = {each.split()[1].rstrip(":") for each in self.run_verb("verify", status=BAD_INPUT).splitlines()[:-1]}
        self.assertEqual(len(known), 10)
        for name in known:
            (self.data / "objects" / name[:2] / name).unlink()
        self.assertIn("1 instances in 1 studies", self.run_verb("verify"))
        act = json.loads((self.data / "audit.log").read_text().splitlines()[0].split(" ", 1)[1])
        self.assertEqual((act["act"], act["studies"], act["instances"]), ("erase-patient", 1, 10))
        self.assertEqual(len(act["data_keys"]), 1)
        log = self.data.with_suffix(".log").read_text()
        self.assertFalse([word for word in words if "VER" in word.upper() and word in log])

    def test_an_erasure_leaves_the_studies_that_it_says_it_leaves(self):
        """Of one Patient ID: two hospitals' patients, of whom one has an image that came without an issuer,
        and one of whom no hospital is said."""
        server = self.serve()
        study = generate_uid()
        of_a, bare, of_b, of_none = instance("P1", study), instance("P1", study), instance("P1"), instance("P1")
        of_a.IssuerOfPatientID, of_b.IssuerOfPatientID = "A", "B"
        self.assertEqual(self.stow(server, bare, of_a, of_b, of_none), 200)
        self.assertEqual(server.end(), 0)
        said = self.run_verb("erase", "--patient", "P1", "--yes")
        self.assertIn("erased 1 instances in 1 studies", said)
        self.assertIn("NOT of these, perhaps another patient's of the same Patient ID: issuer A, issuer B", said)
        self.assertIn("a data key STAYS, by which 1 objects are sealed", said)
        self.assertIn("3 instances in 2 studies", self.run_verb("verify"))
        said = self.run_verb("erase", "--patient", "P1", status=BAD_INPUT)
        self.assertIn("something is of the same Patient ID with issuer A, issuer B", said)
        said = self.run_verb("erase", "--patient", "P1", "--issuer", "A", "--yes")
        self.assertIn("erased 2 instances in 1 studies", said)
        self.assertIn("NOT of these, perhaps another patient's of the same Patient ID: issuer B;", said)
        self.assertNotIn("STAYS", said)
        self.assertIn("1 instances in 1 studies", self.run_verb("verify"))
        self.assertEqual(len(list(files_of(self.data / "keys"))), 2, "of the index, and of B's")

    def test_two_whom_only_universal_ids_of_issuers_tell_apart_are_two(self):
        """PS3.3 Table 10-18: Issuer of Patient ID Qualifiers Sequence without Issuer of Patient ID."""
        server = self.serve()
        study = generate_uid()
        first, second, under_the_firsts = instance("P1", study), instance("P1"), instance("P1", study)
        for image, issuer in ((first, "2.999.1"), (second, "2.999.2"), (under_the_firsts, "2.999.2")):
            qualifiers = Dataset()
            qualifiers.UniversalEntityID, qualifiers.UniversalEntityIDType = issuer, "ISO"
            image.IssuerOfPatientIDQualifiersSequence = [qualifiers]
        self.assertEqual(self.stow(server, first, second), 200)
        self.assertEqual(self.stow(server, under_the_firsts), 409)
        self.assertEqual(server.end(), 0)
        said = self.run_verb("erase", "--patient", "P1", status=BAD_INPUT)
        self.assertIn("something is of the same Patient ID with issuer 2.999.1, issuer 2.999.2", said)
        said = self.run_verb("erase", "--patient", "P1", "--issuer", "2.999.1", "--yes")
        self.assertIn("erased 1 instances in 1 studies", said)
        self.assertNotIn("STAYS", said)
        self.assertIn("1 instances in 1 studies", self.run_verb("verify"))

    def test_every_flipped_bit_is_found_and_named(self):
        server = self.serve()
        kept = [instance(f"P{i % 3}", size=300) for i in range(5)]
        self.assertEqual(self.stow(server, *kept), 200)
        self.assertEqual(server.end(), 0)
        # A project of de-identification; that noise is not given out is of no account.
        self.run_verb("export", "--deidentify", "screening", "--project", "study", "--out",
                      self.folder / "out", "--query", "PatientID=P1", status=BAD_INPUT)
        self.run_verb("keys", "rotate")
        self.assertIn("0 damaged", self.run_verb("verify"))
        tried = 0
        kinds = {path.relative_to(self.data).parts[0] for path in files_of(self.data)}
        self.assertEqual(kinds, {"audit.log", "back-ends", "index.open", "index.sqlite", "index.witness", "kek.json", "keys",
                                 "keys.lock", "lock", "objects", "projects"})
        for path in files_of(self.data):
            size = path.stat().st_size
            name = path.name
            # Which file the index is: a copy is another one, whatever it says.
            if size == 0 or name == "index.open":  # the locks
                continue
            for at in sorted({0, 1, size // 3, size // 2, size - 70 if size > 70 else 0, size - 1}):
                copy = self.folder / "copy"
                shutil.copytree(self.data, copy)
                altered = copy / path.relative_to(self.data)
                content = bytearray(altered.read_bytes())
                content[at] ^= 1 << (at % 8)
                altered.write_bytes(content)
                with self.subTest(file=name, byte=at):
                    self.assertIn(name, self.run_verb("verify", data=copy, status=BAD_INPUT))
                shutil.rmtree(copy)
                tried += 1
        self.assertGreater(tried, 50)

    def test_a_flipped_bit_in_the_log_of_a_killed_server_is_found(self):
        server = self.serve()
        for number in range(4):
            self.assertEqual(self.stow(server, instance(f"P{number}")), 200)
        server.end(signal.SIGKILL)
        log = (self.data / "index.sqlite-wal").read_bytes()
        step = len(log) // 60
        for at in [*range(0, 32, 5), *range(32, len(log), step)]:
            copy = self.folder / "copy"
            shutil.copytree(self.data, copy)
            altered = bytearray(log)
            altered[at] ^= 1 << (at % 8)
            (copy / "index.sqlite-wal").write_bytes(altered)
            with self.subTest(byte=at):
                said = self.run_verb("verify", data=copy, status=BAD_INPUT)
                # In the last transaction it looks like a write that was cut short.
                self.assertRegex(said, "index.sqlite-wal|object .*: the index does not know it")
            shutil.rmtree(copy)

    def test_a_damaged_object_is_an_error_that_names_it_and_never_other_bytes(self):
        server = self.serve()
        d = instance("P1", size=600)
        self.assertEqual(self.stow(server, d), 200)
        path = files_of(self.data / "objects")[0]
        whole = path.read_bytes()
        for at in (5, 40, 100, len(whole) // 2, len(whole) - 1):
            altered = bytearray(whole)
            altered[at] ^= 4
            path.write_bytes(altered)
            base = f"{server.url}/dicom-web/studies/{d.StudyInstanceUID}"
            deep = f"{base}/series/{d.SeriesInstanceUID}/instances/{d.SOPInstanceUID}"
            status, body = self.fetch(server, d)
            self.assertGreaterEqual(status, 500, at)
            self.assertIn(path.name.encode(), body)
            if at > 70_000:  # the header and the first chunk are whole
                status, body = self.status_and_body(urllib.request.Request(deep + "/frames/1"))
                self.assertGreaterEqual(status, 500, at)
        path.write_bytes(whole)
        self.assertEqual(self.fetch(server, d)[0], 200)

    def test_a_deleted_index_is_rebuilt_from_the_objects(self):
        server = self.serve()
        files = phantom(str(self.folder / "exam"), 22)
        self.assertEqual(server.store(files).returncode, 0)
        shared = generate_uid()
        kept = [instance("Q1", shared, name="Müller^Jürgen"), instance("Q1", shared), instance("Q2")]
        kept[0].SpecificCharacterSet = "ISO_IR 192"
        # Of one request's objects either may be the first, which names the study.
        self.assertEqual(self.stow(server, kept[0]), 200)
        self.assertEqual(self.stow(server, *kept[1:]), 200)
        self.assertEqual(server.read_exam("SYNTHETIC-22")["state"], "read")

        def answers():
            given = {}
            for level in ("studies", "series", "instances"):
                found = server.get(f"/dicom-web/{level}?includefield=all&limit=1000")
                for each in found:  # the port is another one each time
                    each.pop("00081190", None)
                given[level] = sorted(json.dumps(each, sort_keys=True) for each in found)
            bodies = {}
            for each in server.get("/dicom-web/instances?limit=1000"):
                d = Dataset()
                d.StudyInstanceUID = each["0020000D"]["Value"][0]
                d.SeriesInstanceUID = each["0020000E"]["Value"][0]
                d.SOPInstanceUID = each["00080018"]["Value"][0]
                bodies[d.SOPInstanceUID] = hashlib.sha256(self.fetch(server, d)[1]).hexdigest()
            return given, bodies

        before = answers()
        self.assertEqual(len(before[1]), 4 + 6 + 3)
        self.assertEqual(server.end(), 0)
        (self.data / "index.sqlite").unlink()
        # What came now would have other keys, and what was erased come back with the old ones.
        for verb in (("serve", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"),
                     ("erase", "--patient", str(kept[0].PatientID), "--yes")):
            self.assertIn("lucerna reindex", self.run_verb(*verb, status=BAD_INPUT))
        self.assertRegex(self.run_verb("reindex"),
                         "13 instances in 3 studies, .*; 13 entered, 0 could not be")
        self.assertIn("0 damaged", self.run_verb("verify"))
        server = self.serve()
        self.assertEqual(answers(), before)


if __name__ == "__main__":
    main("SealedAtRest")
