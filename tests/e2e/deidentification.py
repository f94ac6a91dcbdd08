#!/usr/bin/env python3
"""Takes objects out of the program de-identified, by `lucerna export` and by C-STORE, and looks at
them with pydicom, DCMTK's storescp and dciodvfy.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/deidentification.py [TEST]
"""
import contextlib
import fcntl
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import numpy
from PIL import Image, ImageCms
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, generate_uid
from query_retrieve import SECONDARY_CAPTURE, free_port, made
from whole_program import LUCERNA, ROOT, SHARED, Server, dciodvfy_errors, main, phantom, wait_for

SCREENING = "screening"
SCREENING_OPTIONS = ("basic+modified-dates+patient-characteristics+clean-pixel-data+safe-private+"
                     "clean-descriptors+clean-structured-content")


def export(*arguments, expected=0):
    run = subprocess.run([LUCERNA, "export", *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == expected, (run.returncode, run.stdout, run.stderr)
    return run


def every_element(data):
    for element in data:
        if element.VR == "SQ":
            for item in element.value:
                yield from every_element(item)
        else:
            yield element


class Deidentification(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-deidentify-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "data").mkdir()

    def export(self, out, *arguments, profile=SCREENING, project="study-a", expected=0):
        run = export("--data", self.folder / "data", "--deidentify", profile, "--project", project,
                     "--out", self.folder / out, *arguments, expected=expected)
        files = {}
        for path in sorted((self.folder / out).rglob("*.dcm")):
            files[path] = dcmread(path)
        return files, json.loads((self.folder / out / "report.json").read_text()), run

    def write(self, name, dataset):
        path = self.folder / name
        dataset.save_as(path, enforce_file_format=True)
        return path

    def test_files_are_given_out_without_the_person(self):
        exam = phantom(self.folder / "exam", 5)
        before = [dcmread(path) for path in exam]
        files, report, _ = self.export("out", *exam)
        self.assertEqual(len(files), len(exam))
        self.assertEqual(report["refused"], [])
        self.assertEqual({d.StudyInstanceUID for d in files.values()}.__len__(), 1)
        for path, d in files.items():
            raw = path.read_bytes()
            for original in before:
                for value in (original.PatientID, original.StudyInstanceUID,
                              original.SOPInstanceUID, original.StudyDate):
                    self.assertNotIn(str(value).encode(), raw)
            self.assertEqual(raw[:128], bytes(128))
            self.assertEqual(d.file_meta.MediaStorageSOPInstanceUID, d.SOPInstanceUID)
            self.assertEqual(d.PatientIdentityRemoved, "YES")
            self.assertEqual(d.LongitudinalTemporalInformationModified, "MODIFIED")
            self.assertEqual(d.BurnedInAnnotation, "NO")
            self.assertEqual({c.CodeValue for c in d.DeidentificationMethodCodeSequence},
                             {"113100", "113101", "113104", "113105", "113107", "113108", "113111"})
            new = [e for e in dciodvfy_errors(str(path))
                   if e not in {x for o in exam for x in dciodvfy_errors(o)}]
            self.assertEqual(new, [])
        # The pixels of a phantom hold no text.
        self.assertEqual({d.PixelData for d in files.values()}, {d.PixelData for d in before})

    def test_a_second_export_maps_the_same_and_another_project_does_not(self):
        study = [self.write(f"{n}.dcm", made(1, 1, n)) for n in (1, 2)]
        first, _, _ = self.export("first", *study)
        again, _, _ = self.export("again", *study)
        other, _, _ = self.export("other", *study, project="study-b")
        uids = [[d.SOPInstanceUID for d in files.values()] for files in (first, again, other)]
        self.assertEqual(uids[0], uids[1])
        self.assertFalse(set(uids[0]) & set(uids[2]))
        run = subprocess.run([LUCERNA, "keys", "rotate", "--data", self.folder / "data"],
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        rotated, _, _ = self.export("rotated", *study)
        self.assertEqual(uids[0], [d.SOPInstanceUID for d in rotated.values()])

    def test_no_project_is_made_while_the_keys_are_changed(self):
        one = self.write("1.dcm", made(1, 1, 1))
        self.export("first", one)
        with open(self.folder / "data" / "keys.lock") as changing:
            fcntl.flock(changing, fcntl.LOCK_EX)
            refused = subprocess.run(
                [LUCERNA, "export", "--data", self.folder / "data", "--deidentify", SCREENING, "--project", "study-b",
                 "--out", self.folder / "out", one], capture_output=True, text=True)
            self.assertEqual(refused.returncode, 7, refused.stderr)
            self.assertIn("changes the keys", refused.stderr)
        with open(self.folder / "data" / "keys.lock") as used:
            fcntl.flock(used, fcntl.LOCK_SH)
            rotate = subprocess.Popen([LUCERNA, "keys", "rotate", "--data", self.folder / "data"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.export("beside", one, project="study-b")
            self.assertIsNone(rotate.poll(), "it waits for who uses them")
        said, _ = rotate.communicate()
        self.assertEqual(rotate.returncode, 0, said)
        self.export("after", one, project="study-b")

    def test_a_study_stays_whom_it_was_first_given_out_as(self):
        d = made(1, 1, 1)
        first, _, _ = self.export("first", self.write("1.dcm", d))
        d.IssuerOfPatientID = "HOSPITAL"
        learnt, _, _ = self.export("learnt", self.write("2.dcm", d))
        self.assertEqual(*([(e.PatientID, e.StudyDate) for e in files.values()] for files in (first, learnt)))
        # Where it turns out to be another's, it is that one's.
        d.PatientID += "-ANOTHER"
        another, _, _ = self.export("another", self.write("3.dcm", d))
        self.assertNotEqual([e.PatientID for e in first.values()], [e.PatientID for e in another.values()])

    def test_a_study_that_comes_again_as_anothers_is_hers(self):
        doe = {"PatientName": "Doe^Jane", "PatientBirthDate": "19500101"}
        roe = {"PatientName": "Roe^Ann", "PatientBirthDate": "19600606"}

        def patient(out, study, patient_id, **values):
            d = made(study, 1, 1, PatientID=patient_id, **values)
            files, _, _ = self.export(out, self.write(out + ".dcm", d))
            return [e.PatientID for e in files.values()]

        is_doe, is_roe = patient("doe", 1, "A", **doe), patient("roe", 2, "", **roe)
        self.assertNotEqual(is_doe, is_roe)
        self.assertEqual(patient("roe-again", 1, "", **roe), is_roe)
        self.assertEqual(patient("doe-again", 2, "A", **doe), is_doe)

    def test_what_a_killed_export_left_goes_with_the_next(self):
        one = self.write("1.dcm", made(1, 1, 1))
        files, _, _ = self.export("out", one)
        path = next(iter(files))
        process = subprocess.Popen([LUCERNA, "--version"], stdout=subprocess.DEVNULL)
        process.wait()
        out = self.folder / "out"
        left = [path.parent / f"{path.name}.{process.pid}-0.tmp", out / f"report.json.{process.pid}-3.tmp"]
        others = [path.parent / f"{path.name}.{os.getpid()}-0.tmp", path.parent / f"notes.dcm.{process.pid}-0.tmp",
                  out / f"notes.{process.pid}-0.tmp", out / "mine" / left[0].name]
        others[-1].parent.mkdir()
        for name in left + others:
            name.write_bytes(path.read_bytes()[:5000])
        self.export("out", one)
        self.assertEqual([[name.exists() for name in names] for names in (left, others)], [[False] * 2, [True] * 4])

    def test_keys_do_not_move_past_a_damaged_project(self):
        one = self.write("1.dcm", made(1, 1, 1))
        first, _, _ = self.export("first", one)
        kept = sorted((self.folder / "data").rglob("*.json"))
        secret = self.folder / "data" / "projects" / "study-a.json"
        whole = secret.read_bytes()
        secret.write_bytes(whole[:-20] + b"A" * 10 + whole[-10:])
        before = [path.read_bytes() for path in kept]
        move = [LUCERNA, "keys", "move", "--data", self.folder / "data", "--to", f"file:{self.folder / 'other'}"]
        run = subprocess.run(move, capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("nothing was moved: projects/study-a.json", run.stderr)
        self.assertEqual([path.read_bytes() for path in kept], before)
        secret.write_bytes(whole)
        again, _, _ = self.export("again", one)
        self.assertEqual([d.SOPInstanceUID for d in first.values()], [d.SOPInstanceUID for d in again.values()])

    def test_no_file_takes_the_place_of_another_patients(self):
        def of(study, number, patient_id, **values):
            d = made(study, 1, number, PatientID=patient_id, **values)
            return self.write(f"{study}-{number}-{patient_id}-{len(values)}.dcm", d)

        def patients(files):
            return {(d.StudyInstanceUID, d.PatientID) for d in files.values()}

        # A study that is two women's is neither's; another is given out.
        files, report, run = self.export("mixed", of(1, 1, "S1"), of(1, 2, "S2"), of(1, 3, ""),
                                         of(2, 1, "S2"), expected=4)
        self.assertEqual((len(report["objects"]), len(report["refused"]), len(files)), (1, 3, 1))
        self.assertEqual({one["where"] for one in report["refused"]}, {"PatientID (0010,0020)"})
        self.assertEqual(len({one["sop_instance_uid"] for one in report["refused"]}), 3)
        self.assertIn("1 objects de-identified, 3 not given out", run.stdout)
        # One SOP Instance UID of two women, in one study: neither takes the other's place.
        self.export("one-uid", of(3, 1, "S1"), of(3, 1, "S2"), expected=3)
        # Of one woman, but of another content: the first stays.
        first, second = of(4, 1, "S1"), of(4, 1, "S1", InstanceNumber=9)
        files, report, _ = self.export("changed", first, second, expected=4)
        self.assertEqual([d.InstanceNumber for d in files.values()], [1])
        self.assertEqual([len(report["objects"]), report["refused"][0]["where"]],
                         [1, "SOPInstanceUID (0008,0018)"])
        # The same file twice, and one woman's studies, some of her files without her ID.
        again = self.folder / "again.dcm"
        shutil.copy(first, again)
        files, report, _ = self.export("alike", first, again, first, of(4, 2, ""), of(5, 1, "S1"))
        self.assertEqual((len(files), len(report["objects"])), (3, 3))

    def test_what_may_be_another_patients_than_its_study_stays(self):
        born = {"PatientBirthDate": "19500101"}
        hers = [self.write(f"{n}.dcm", made(1, 1, n, PatientName="Doe^Jane", **born))
                for n in (1, 2)]
        other = self.write("3.dcm", made(1, 1, 3, PatientID="", PatientName="Roe^Ann", **born))

        def look(files, report, run):
            self.assertEqual(sorted(d.InstanceNumber for d in files.values()), [1, 2])
            self.assertEqual(len({d.PatientID for d in files.values()}), 1)
            self.assertEqual([r["reason"] for r in report["refused"]], ["another-patient"])
            self.assertIn("no Patient ID in common", run.stderr)

        # Whichever comes first.
        for order in ([other, *hers], [*hers, other]):
            look(*self.export(f"files-{order.index(other)}", *order, expected=4))
        server = Server(str(self.folder / "data"))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        self.assertEqual(server.store([other, *hers]).returncode, 0)
        server.end()
        look(*self.export("archive", "--study", "2.999.1", expected=4))

    def test_a_project_whose_secret_is_lost_is_not_made_anew(self):
        data, one = self.folder / "data", self.write("1.dcm", made(1, 1, 1))
        server = Server(str(data))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        self.assertEqual(server.store([one]).returncode, 0)
        server.end()
        first, _, _ = self.export("first", one)
        secret = data / "projects" / "study-a.json"
        secret.rename(self.folder / "backup.json")
        run = export("--data", data, "--deidentify", SCREENING, "--project", "study-a", "--out",
                     self.folder / "lost", one, expected=3)
        self.assertIn(str(secret), run.stderr)
        self.assertFalse(list((self.folder / "lost").rglob("*.dcm")))
        before = {file.name: file.read_bytes() for file in data.rglob("*") if file.is_file() and "keys" in str(file)}
        for verb in (["verify"], ["keys", "rotate"],
                     ["keys", "move", "--to", f"file:{self.folder / 'other'}"]):
            run = subprocess.run([LUCERNA, *verb, "--data", data], capture_output=True, text=True)
            self.assertEqual(run.returncode, 3, (verb, run.stdout, run.stderr))
            self.assertIn("projects/study-a.json", run.stdout + run.stderr)
        self.assertEqual(before, {file.name: file.read_bytes() for file in data.rglob("*")
                                  if file.is_file() and "keys" in str(file)}, "nothing was rotated")
        self.assertFalse(secret.exists())
        notes = data / "projects" / "study-a"
        notes.rename(data / "projects" / "study-a.old")
        # Of no project. (A rotation would end the key that the backup is under.)
        run = subprocess.run([LUCERNA, "verify", "--data", data], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, (run.stdout, run.stderr))
        (data / "projects" / "study-a.old").rename(notes)
        (self.folder / "backup.json").rename(secret)
        again, _, _ = self.export("again", one)
        self.assertEqual([d.SOPInstanceUID for d in first.values()], [d.SOPInstanceUID for d in again.values()])

    def test_keys_rotate_in_a_folder_that_only_exported(self):
        study = [self.write(f"{n}.dcm", made(1, 1, n)) for n in (1, 2)]
        rotate = [LUCERNA, "keys", "rotate", "--data", self.folder / "data"]
        first, _, _ = self.export("first", *study)
        before = (self.folder / "data" / "kek.json").read_bytes()
        run = subprocess.run(rotate, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotEqual((self.folder / "data" / "kek.json").read_bytes(), before)
        again, _, _ = self.export("again", *study)
        self.assertEqual([d.SOPInstanceUID for d in first.values()],
                         [d.SOPInstanceUID for d in again.values()])
        # Others may have keys under one that lies elsewhere.
        (self.folder / "data" / "kek.json").rename(self.folder / "kek.json")
        run = subprocess.run([*rotate, "--keys", f"file:{self.folder / 'kek.json'}"],
                             capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("no patient's data key", run.stderr)

    def test_references_still_lead_somewhere(self):
        exam = phantom(self.folder / "exam", 6)
        subprocess.run([LUCERNA, "read", str(self.folder / "exam"), "--out",
                        str(self.folder / "opinion")], check=True, stdout=subprocess.DEVNULL)
        results = sorted(str(p) for p in (self.folder / "opinion").glob("*.dcm"))
        known = {str(dcmread(p).SOPInstanceUID) for p in exam + results}
        # Captures stay, as the words on them would be blanked.
        captures = [p for p in results if dcmread(p).SOPClassUID == SECONDARY_CAPTURE]
        files, report, run = self.export("out", *exam, *results, expected=4)
        self.assertEqual(len(files), len(exam) + len(results) - len(captures), report["refused"])
        self.assertEqual(run.stderr.count("the words beside the findings"), len(captures))
        there = {str(d.SOPInstanceUID) for d in files.values()}
        seen = 0
        for d in files.values():
            for element in every_element(d):
                if element.keyword == "ReferencedSOPInstanceUID":
                    self.assertNotIn(str(element.value), known)
                    self.assertIn(str(element.value), there)
                    seen += 1
        self.assertGreater(seen, 4)
        for path in files:
            self.assertEqual(dciodvfy_errors(str(path)), [], path)

    def test_captures_of_what_was_not_read_stay(self):
        exam = phantom(self.folder / "exam", 7)
        for path in exam:
            d = dcmread(path)
            if "R-CC" in path:
                del d.ViewCodeSequence
                d.ViewPosition = "DOE JANE"
                nameless = str(d.SOPInstanceUID)
            d.save_as(path)
        subprocess.run([LUCERNA, "read", str(self.folder / "exam"), "--out", str(self.folder / "opinion")],
                       stdout=subprocess.DEVNULL)
        results = sorted(str(p) for p in (self.folder / "opinion").glob("*.dcm"))
        captures = {p for p in results if dcmread(p).SOPClassUID == SECONDARY_CAPTURE}
        of_refused = {p for p in captures if dcmread(p).ImageType[2] == "NOT_READ"}
        self.assertEqual((len(captures), len(of_refused)), (4, 1))
        for path in captures:
            self.assertEqual(dciodvfy_errors(path), [], path)
            self.assertNotIn(nameless, str(dcmread(path).get("DerivationDescription")))
            self.assertNotIn(b"DOE JANE", pathlib.Path(path).read_bytes())
        files, report, run = self.export("out", *results, profile="basic")
        self.assertEqual(len(files), len(results) - 1)
        self.assertEqual(report["refused"], [])
        self.assertEqual(len(report["left_out"]), 1, report["left_out"])
        self.assertIn("0 not given out, 1 left out", run.stdout)
        self.assertEqual(run.stderr, "")
        for d in files.values():
            if d.SOPClassUID == SECONDARY_CAPTURE:
                self.assertEqual(d.ImageType[2], "AI_FINDINGS")

    def test_what_cannot_be_cleaned_stays(self):
        good = self.write("good.dcm", made(1, 1, 1))
        pdf = made(1, 2, 1, sop_class="1.2.840.10008.5.1.4.1.1.104.1")
        pdf.EncapsulatedDocument = b"%PDF Test^Patient1"
        files, report, run = self.export("out", good, self.write("pdf.dcm", pdf), expected=4)
        self.assertEqual(len(files), 1)
        self.assertEqual([r["reason"] for r in report["refused"]], ["unsupported-encoding"])
        self.assertIn("document", run.stderr)
        self.assertNotIn("2.999.1.2.1", json.dumps(report))

    def test_nothing_beside_the_pixels_is_given_out(self):
        gray = bytes((3 * y + x) % 256 for y in range(64) for x in range(64))

        def picture(number, **values):
            return made(3, 1, number, sop_class=SECONDARY_CAPTURE, Rows=64, Columns=64,
                        BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=gray, **values)

        secret = b"SECRET^NAME 1961"
        comment = b"\xff\xfe\x00\x12" + secret
        exif = b"\xff\xe1\x00\x18Exif\0\0" + secret
        native = self.write("native.dcm", picture(1))
        originals = {}
        for number, (tool, decoder, change) in enumerate([
                (["dcmcjpls"], "dcmdjpls", lambda one: one[:2] + comment + one[2:]),
                (["dcmcjpeg"], "dcmdjpeg", lambda one: one[:2] + exif + comment + one[2:]),
                (["dcmcjpeg", "+eb"], "dcmdjpeg", lambda one: one[:2] + exif + one[2:] + secret),
                (["dcmcrle"], "dcmdrle", lambda one: one + secret)], 2):
            path = self.folder / f"{number}.dcm"
            subprocess.run([*tool, native, path], check=True)
            d = dcmread(path)
            d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = f"2.999.3.1.{number}"
            d.InstanceNumber = number
            frame = next(generate_frames(d.PixelData, number_of_frames=1))
            d.PixelData = encapsulate([change(frame), secret])
            d.save_as(path)
            originals[number] = (path, decoder)
        long = picture(1)
        long.PixelData += secret
        native = self.write("native.dcm", long)
        jpeg2000 = picture(9)
        jpeg2000.file_meta.TransferSyntaxUID = JPEG2000Lossless
        stream = io.BytesIO()
        Image.frombytes("L", (64, 64), gray).save(stream, "JPEG2000", no_jp2=True, comment=secret.decode())
        jpeg2000.PixelData = encapsulate([stream.getvalue()])
        jpeg2000["PixelData"].VR = "OB"
        paths = [native, self.write("j2k.dcm", jpeg2000), *(path for path, _ in originals.values())]
        for path in paths:
            self.assertIn(secret, path.read_bytes())
        for profile in ("basic", SCREENING):
            files, report, _ = self.export(profile, *paths, profile=profile)
            self.assertEqual(len(files), len(paths), report["refused"])
            self.assertEqual([one["beside_pixels"] != [] for one in report["objects"]],
                             [True] * len(paths))
            for path, d in files.items():
                self.assertNotIn(secret, path.read_bytes(), (profile, path))
                number = int(d.InstanceNumber)
                if number == 1:
                    self.assertEqual(d.PixelData, gray)
                elif number == 9:
                    frame = next(generate_frames(d.PixelData, number_of_frames=1))
                    self.assertEqual(Image.open(io.BytesIO(frame)).tobytes(), gray)
                else:
                    original, decoder = originals[number]
                    values = []
                    for one in (original, path):
                        subprocess.run([decoder, one, self.folder / "plain.dcm"], check=True)
                        values.append(dcmread(self.folder / "plain.dcm").PixelData)
                    self.assertEqual(values[0], values[1], (profile, decoder))

    def test_a_profile_of_colors_keeps_them_and_no_text(self):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        self.assertIn("built-in".encode("utf-16-be"), profile)
        d = made(4, 1, 1, sop_class=SECONDARY_CAPTURE, ICCProfile=profile)
        wrong = made(4, 1, 2, sop_class=SECONDARY_CAPTURE, ICCProfile=b"SECRET^NAME 1961")
        paths = [self.write("icc.dcm", d), self.write("wrong.dcm", wrong)]
        colors = Image.frombytes("RGB", (64, 64), bytes(i * 7 % 256 for i in range(64 * 64 * 3)))

        def seen(icc):
            to_lab = ImageCms.buildTransform(ImageCms.getOpenProfile(io.BytesIO(icc)),
                                             ImageCms.createProfile("LAB"), "RGB", "LAB")
            return ImageCms.applyTransform(colors, to_lab).tobytes()
        for profile_name in ("basic", SCREENING):
            files, report, _ = self.export(profile_name, *paths, profile=profile_name)
            self.assertEqual(len(files), 2, report["refused"])
            out = {int(one.InstanceNumber): one for one in files.values()}
            self.assertNotIn("ICCProfile", out[2])
            self.assertNotIn("built-in".encode("utf-16-be"), out[1].ICCProfile)
            self.assertEqual(seen(out[1].ICCProfile), seen(profile))
            name = ImageCms.getProfileDescription(io.BytesIO(out[1].ICCProfile)).strip()
            self.assertEqual(name, "removed")

    def test_the_archive_is_asked_by_study_and_query(self):
        data = str(self.folder / "data")
        server = Server(data)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        objects = {(s, n): made(s, 1, n) for s in (1, 2) for n in (1, 2)}
        objects[1, 2].IssuerOfPatientID = "HOSPITAL"
        files = [self.write(f"{s}-{n}.dcm", one) for (s, n), one in objects.items()]
        self.assertEqual(server.store([str(f) for f in files]).returncode, 0)
        server.end()
        one, _, _ = self.export("one", "--study", "2.999.1")
        self.assertEqual(len(one), 2)
        self.assertEqual(len({(d.PatientID, d.StudyDate) for d in one.values()}), 1)
        by_query, _, _ = self.export("two", "--query", "PatientID=PAT-2", "--query", "InstanceNumber=1")
        self.assertEqual(len(by_query), 1)
        export("--data", data, "--deidentify", "basic", "--project", "a", "--out",
               self.folder / "none", "--study", "1.2.3.4.5", expected=3)

    def test_a_destination_gets_objects_de_identified(self):
        data, port = self.folder / "data", free_port()
        inbox = self.folder / "inbox"
        inbox.mkdir()
        receiver = subprocess.Popen(["storescp", "-od", str(inbox), "+xa", str(port)],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.kill)
        config = self.folder / "lucerna.toml"
        config.write_text(f"""[[destination]]
name = "research"
aet = "RESEARCH"
host = "127.0.0.1"
port = {port}
images = true
deidentify = "{SCREENING}"
project = "study-a"
""")
        server = Server(str(data), "--config", str(config))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        exam = phantom(self.folder / "exam", 9)
        # One alone says whose the Patient ID is: they are one patient's nevertheless.
        first = dcmread(exam[0])
        first.IssuerOfPatientID = "HOSPITAL"
        first.save_as(exam[0])
        self.assertEqual(server.store(exam).returncode, 0)
        server.read_exam(first.PatientID)
        # The images and two reports; no captures, whose words would be blanked.
        wait_for(lambda: len(list(inbox.iterdir())) >= len(exam) + 2, "what is delivered")
        patients = set()
        for path in inbox.iterdir():
            raw = path.read_bytes()
            for value in (first.PatientID, first.StudyInstanceUID):
                self.assertNotIn(str(value).encode(), raw, path.name)
            d = dcmread(path)
            self.assertEqual(d.PatientIdentityRemoved, "YES")
            patients.add((d.PatientID, d.StudyInstanceUID, d.StudyDate))
            # Results are made today: moved by as much, that would tell by how much.
            self.assertEqual({str(e.value) for e in every_element(d) if e.VR == "DA" and e.value},
                             {d.StudyDate}, path.name)
        self.assertEqual(len(patients), 1)
        sent = {dcmread(path).SOPInstanceUID for path in inbox.iterdir()}
        self.look_at_reports(data / "deidentified" / "study-a.jsonl", "research", len(sent), sent,
                             first)
        # Nothing can be moved there as it is.
        move = subprocess.run(["movescu", "-S", "-aec", "LUCERNA", "-aem", "RESEARCH", "-k",
                               "QueryRetrieveLevel=STUDY", "-k",
                               f"StudyInstanceUID={first.StudyInstanceUID}", "127.0.0.1",
                               server.dicom_port, "-v"], capture_output=True, text=True)
        self.assertRegex(move.stdout + move.stderr, "(?i)destination ?unknown|A801")

    def look_at_reports(self, path, destination, count, uids, original):
        """A line for each of the `count` objects that were sent, all of them among `uids`, and nothing
        of whose it was."""
        text = path.read_text(encoding="utf-8")
        for value in (original.PatientID, original.PatientName, original.StudyInstanceUID,
                      original.SOPInstanceUID):
            self.assertNotIn(str(value), text)
        reported = {}
        for report in map(json.loads, text.splitlines()):
            self.assertEqual(report["format"], "lucerna-deidentification-report/2")
            self.assertEqual((report["destination"], report["project"]), (destination, "study-a"))
            for one in report["objects"]:
                reported[one["sop_instance_uid"]] = {
                    step["path"]: step["action"] for step in one["attributes"]}
        self.assertEqual(len(reported), count)
        self.assertLessEqual(set(reported), uids)
        for uid, actions in reported.items():
            self.assertEqual(actions["00100020"], "D", uid)
            self.assertEqual(actions["0020000D"], "U", uid)

    def test_reports_go_with_what_is_erased(self):
        data, port = self.folder / "data", free_port()
        inbox = self.folder / "inbox"
        inbox.mkdir()
        receiver = subprocess.Popen(["storescp", "-od", str(inbox), "+xa", str(port)],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.kill)
        profiles = {"study-a": SCREENING, "registry": "basic+uids+clean-pixel-data"}
        config = self.folder / "lucerna.toml"
        config.write_text("".join(f"""[[destination]]
name = "{project}"
aet = "RESEARCH"
host = "127.0.0.1"
port = {port}
images = true
deidentify = "{profile}"
project = "{project}"
""" for project, profile in profiles.items()))

        def serve():
            server = Server(str(data), "--config", str(config), "--set", "http.deletion=true")
            self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
            return server

        def reports():
            found = {}
            for path in (data / "deidentified").glob("*.jsonl"):
                with contextlib.suppress(FileNotFoundError):
                    found[path] = path.read_bytes()
            return found

        def lines():
            return {path.stem: text.count(b"\n") for path, text in reports().items()}

        def erase(patient_id):
            run = subprocess.run([LUCERNA, "erase", "--data", str(data), "--patient", patient_id, "--yes"],
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)

        server = serve()
        exams = [phantom(self.folder / f"exam-{seed}", seed) for seed in (11, 12, 13)]
        # Images and two reports of each, to both.
        of_one = len(exams[0]) + 2
        for count, exam in enumerate(exams, 1):
            self.assertEqual(server.store(exam).returncode, 0)
            server.read_exam(dcmread(exam[0]).PatientID)
            wait_for(lambda: lines() == dict.fromkeys(profiles, count * of_one), "what is delivered")
        originals = {str(dcmread(path)[keyword].value) for exam in exams for path in exam
                     for keyword in ("PatientID", "StudyInstanceUID", "SOPInstanceUID")}
        for text in (*reports().values(), *[line for line in (self.folder / "data.log").read_bytes().splitlines()
                                            if b"deliver.deidentified" in line]):
            self.assertFalse([uid for uid in originals if uid.encode() in text])
        study = dcmread(exams[0][0]).StudyInstanceUID
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/dicom-web/studies/{study}", method="DELETE"))
        wait_for(lambda: lines() == dict.fromkeys(profiles, 2 * of_one), "reports of what a client erased")
        server.end()
        erase(dcmread(exams[1][0]).PatientID)
        left = reports()
        self.assertEqual(lines(), dict.fromkeys(profiles, of_one))
        erase(dcmread(exams[2][0]).PatientID)
        self.assertEqual(reports(), {})
        # As a crash leaves them, between the two.
        for path, text in left.items():
            path.write_bytes(text)
        server = serve()
        wait_for(lambda: not reports(), "reports of what was erased before")

    def test_a_dicomweb_service_gets_them_by_stow(self):
        research = Server(str(self.folder / "research"), "--set", "quiet_seconds=86400")
        self.addCleanup(lambda: research.process.poll() is None and research.end(signal.SIGKILL))
        config = self.folder / "lucerna.toml"
        config.write_text(f"""[[destination]]
name = "research"
url = "{research.url}/dicom-web/"
images = true
deidentify = "{SCREENING}"
project = "study-a"
""")
        server = Server(str(self.folder / "data"), "--config", str(config))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        exam = phantom(self.folder / "exam", 10)
        first = dcmread(exam[0])
        self.assertEqual(server.store(exam).returncode, 0)
        server.read_exam(first.PatientID)
        # It may have read the exam, too, and have results of its own beside those that came.
        report = self.folder / "data" / "deidentified" / "study-a.jsonl"

        def what_came():
            found = research.get("/dicom-web/instances")
            reported = [one["sop_instance_uid"] for line in report.read_text().splitlines()
                        for one in json.loads(line)["objects"]] if report.exists() else []
            uids = {one["00080018"]["Value"][0] for one in found}
            return found if len(reported) == len(exam) + 2 and uids >= set(reported) else None
        came = wait_for(what_came, "what is delivered")
        self.assertEqual({one["00100020"]["Value"][0] for one in came} & {first.PatientID}, set())
        self.assertEqual(len({one["0020000D"]["Value"][0] for one in came}), 1)
        self.assertNotIn(first.StudyInstanceUID, {one["0020000D"]["Value"][0] for one in came})
        self.look_at_reports(report, "research", len(exam) + 2,
                             {one["00080018"]["Value"][0] for one in came}, first)

    def test_public_objects_come_out_or_are_refused(self):
        if not (SHARED / "dicom").is_dir():
            self.skipTest("skipped: no shared data")
        everything = [p for p in sorted((SHARED / "dicom").rglob("*")) if p.is_file()]
        readable = []
        for path in everything:
            try:
                d = dcmread(path)
                if "SOPInstanceUID" in d and "SOPClassUID" in d:
                    readable.append((path, d))
            except Exception:  # not DICOM: licences, lists
                continue
        self.assertGreater(len(readable), 50)
        files, report, _ = self.export("out", *[p for p, _ in readable], expected=4)
        # Some are the same file twice, and some one object in several forms, of which the first is given out.
        named = [one["sop_instance_uid"] for one in report["objects"] + report["refused"]]
        self.assertLessEqual(len(named), len(readable))
        self.assertGreaterEqual(len(set(named) - {""}) + named.count(""),
                                len({d.SOPInstanceUID for _, d in readable}))
        self.assertEqual(len(files), len(report["objects"]))
        self.assertGreater(len(files), len(readable) // 2)
        identifying = set()
        for _, d in readable:
            for keyword in ("SOPInstanceUID", "StudyInstanceUID", "PatientID", "AccessionNumber"):
                value = str(d.get(keyword, ""))
                if len(value) > 5:
                    identifying.add(value)
        for path, d in files.items():
            values = {str(v) for e in every_element(d)
                      for v in (e.value if e.VM > 1 else [e.value]) if e.VR in ("UI", "LO", "SH", "PN")}
            self.assertFalse(values & identifying, path)

    def test_a_real_mammogram_stays_as_it_is(self):
        """As it came, and as other processings of it might look."""
        if not (SHARED / "ffdm-exam").is_dir():
            self.skipTest("skipped: no shared data (ffdm-exam)")
        wrapped = self.folder / "ffdm"
        subprocess.run([sys.executable, ROOT / "tests/e2e/wrap_ffdm.py", SHARED / "ffdm-exam", wrapped],
                       check=True, stdout=subprocess.DEVNULL)
        forms = []
        for path in sorted(wrapped.glob("*.dcm")):
            whole = dcmread(path).pixel_array
            bright = whole / max(whole.max(), 1)
            for number, pixels in enumerate((whole, whole[::2, ::2], whole[500:2000], whole[:, ::-1],
                                             bright ** 0.6 * 4095, bright ** 1.5 * 4095)):
                form = dcmread(path)
                form.Rows, form.Columns = pixels.shape
                form.PixelData = numpy.ascontiguousarray(pixels).astype("<u2").tobytes()
                form.SOPInstanceUID = form.file_meta.MediaStorageSOPInstanceUID = generate_uid()
                forms.append(self.write(f"{path.stem}-{number}.dcm", form))
        _, report, _ = self.export("out", *forms)
        self.assertEqual(len(report["objects"]), 24)
        self.assertEqual([one["blanked"] for one in report["objects"] if one["blanked"]], [])

    def test_public_objects_get_no_new_fault(self):
        if not (SHARED / "dicom").is_dir():
            self.skipTest("skipped: no shared data")
        originals = {}
        for path in sorted(p for p in (SHARED / "dicom").rglob("*") if p.is_file()):
            try:
                originals.setdefault(str(dcmread(path, stop_before_pixels=True).SOPInstanceUID), path)
            except Exception:  # not DICOM, or not an object
                continue
        kept_uids = SCREENING_OPTIONS + "+uids"
        files, _, _ = self.export("out", *originals.values(), profile=kept_uids, expected=4)

        def faults(path):
            if dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID.is_deflated:
                # Which dciodvfy does not read, and is not given out so.
                subprocess.run(["dcmconv", "+te", path, self.folder / "inflated.dcm"], check=True)
                path = self.folder / "inflated.dcm"
            return {re.sub(r"<[^<>]*>", "<>", line) for line in dciodvfy_errors(str(path))}

        checked = 0
        for path, d in files.items():
            self.assertEqual(faults(path) - faults(originals[str(d.SOPInstanceUID)]), set(), path)
            checked += 1
        self.assertGreater(checked, 50)


if __name__ == "__main__":
    main("Deidentification")
