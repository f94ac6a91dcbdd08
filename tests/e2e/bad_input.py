#!/usr/bin/env python3
"""Sends a running `lucerna serve` what no sender should send, by STOW-RS and by C-STORE.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/bad_input.py [TEST]

Each time: a clear answer at the edge, nothing half-stored, and the server goes on. Ends with 77 when
what was asked for was skipped, as ctest wants it.
"""
import copy
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import zlib

from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import write_dataset
from pydicom.filebase import DicomBytesIO
from pydicom.sequence import Sequence
from pydicom.uid import (DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian,
                         ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless, generate_uid)
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as STUDY_FIND

from whole_program import Server, main, phantom, wait_for

SUCCESS, DUPLICATE, NO_SPACE, NOT_UNDERSTOOD = 0x0000, 0x0111, 0xA700, 0xC000


def file_bytes(data_set):
    buffer = io.BytesIO()
    data_set.save_as(buffer, enforce_file_format=False)
    return buffer.getvalue()


def body_bytes(data_set):
    """The data set alone, in explicit little endian, as it goes over DIMSE."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data_set)
    return buffer.getvalue()


def out_of_order(data_set, first, implicit):
    """Encoded, with one element in front of all others."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
    one, rest = Dataset(), Dataset()
    for element in data_set:
        (one if element.keyword == first else rest).add(element)
    write_dataset(buffer, one)
    write_dataset(buffer, rest)
    return buffer.getvalue()


def encoded(plain, syntax):
    if not syntax.is_deflated:
        return plain
    deflate = zlib.compressobj(wbits=-15)
    raw = deflate.compress(plain) + deflate.flush()
    return raw + bytes(len(raw) % 2)


def words_of(answer):
    """All reasons in a Store Instances Response."""
    items = [item for tag in ("00081198", "0008119A")
             for item in answer.get(tag, {}).get("Value", [])]
    return "; ".join(item["00091001"]["Value"][0] for item in items)


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-bad-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.exam = phantom(os.path.join(self.folder, "exam"), 20)
        self.server = self.serve("--set", "quiet_seconds=2")

    def serve(self, *options, data="data", around=()):
        server = Server(os.path.join(self.folder, data), *options, around=around)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def view(self):
        """A good view of a study of its own, to be spoiled."""
        d = dcmread(self.exam[0])
        d.StudyInstanceUID, d.SeriesInstanceUID = generate_uid(), generate_uid()
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        return d

    def stow(self, *files, content_type='multipart/related; type="application/dicom"; boundary=B'):
        """Status and the answer as JSON."""
        body = b"".join(b"--B\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n"
                        for file in files) + b"--B--\r\n"
        request = urllib.request.Request(self.server.url + "/dicom-web/studies", data=body,
                                         headers={"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def c_store(self, data_set, raw, syntax=None):
        """Status and Error Comment for these bytes, sent as if they were that data set."""
        ae = AE()
        ae.add_requested_context(data_set.SOPClassUID,
                                 [syntax or data_set.file_meta.TransferSyntaxUID])
        association = ae.associate("127.0.0.1", int(self.server.dicom_port))
        self.assertTrue(association.is_established)
        request = C_STORE()
        request.MessageID, request.Priority = 1, 2
        request.AffectedSOPClassUID = data_set.SOPClassUID
        request.AffectedSOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID
        request.DataSet = io.BytesIO(raw)
        association._reactor_checkpoint.clear()  # as pynetdicom's own send_c_store does
        association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
        _, answer = association.dimse.get_msg(block=True)
        association._reactor_checkpoint.set()
        association.release()
        return answer.Status, str(answer.ErrorComment or "")

    def refused_everywhere(self, data_set, file, raw, words, syntax=None):
        code, answer = self.stow(file)
        self.assertEqual(code, 409, answer)
        self.assertIn(words, words_of(answer))
        status, comment = self.c_store(data_set, raw, syntax)
        self.assertEqual(status, NOT_UNDERSTOOD, comment)
        self.assertTrue(comment)
        self.assert_goes_on(0)

    def assert_goes_on(self, kept):
        """Up, with so many objects and nothing lying about, and a good object is taken."""
        self.assertEqual(self.server.get("/health"), {"status": "up"})
        received = [row for row in self.server.get("/dicom-web/instances?limit=1000")
                    if row["00080016"]["Value"][0].startswith("1.2.840.10008.5.1.4.1.1.1.2")]
        self.assertEqual(len(received), kept)
        incoming = pathlib.Path(self.folder, "data", "objects", "incoming")
        wait_for(lambda: not any(each.stat().st_size for each in incoming.glob("*")),
                 "an incoming folder of nothing but files for what may come")
        self.assertEqual(self.server.store(self.exam[:1]).returncode, 0)

    def settled(self, data_set):
        """The worklist's card of the study once it was read or refused."""
        def card():
            for exam in self.server.get("/api/worklist")["exams"]:
                if exam["study_instance_uid"] == data_set.StudyInstanceUID:
                    return exam if exam["state"] in ("read", "refused", "failed") else None
            return None
        return wait_for(card, "the exam to settle")

    @staticmethod
    def path_of(data_set):
        return (f"/dicom-web/studies/{data_set.StudyInstanceUID}/series/"
                f"{data_set.SeriesInstanceUID}/instances/{data_set.SOPInstanceUID}")

    def instance(self, data_set, syntax):
        """The object as a DICOM file."""
        accept = f'multipart/related; type="application/dicom"; transfer-syntax={syntax}'
        request = urllib.request.Request(self.server.url + self.path_of(data_set),
                                         headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=60) as answer:
            boundary = answer.headers.get_param("boundary").encode()
            return answer.read().split(b"--" + boundary)[1].partition(b"\r\n\r\n")[2][:-2]

    def rendered(self, data_set):
        """Status and body of the refusal to render."""
        url = self.server.url + self.path_of(data_set) + "/rendered"
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(url, timeout=60)
        return raised.exception.code, json.load(raised.exception)

    def test_a_truncated_file(self):
        d = self.view()
        file, raw = file_bytes(d), body_bytes(d)
        self.refused_everywhere(d, file[:len(file) // 2], raw[:len(raw) // 2], "are left")

    def test_a_file_of_another_kind(self):
        d = self.view()
        self.refused_everywhere(d, b"\x89PNG\r\n\x1a\n" + bytes(5000), b"\x89PNG" + bytes(5000),
                                "DICM")

    def test_a_deflate_bomb(self):
        d = self.view()
        d.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        del d.PixelData
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        gibibytes = 2
        head = b"\xe0\x7f\x10\x00OW\x00\x00" + (gibibytes << 30).to_bytes(4, "little")
        raw = deflate.compress(body_bytes(d) + head)
        for _ in range(gibibytes * 64):
            raw += deflate.compress(bytes(16 << 20))
        raw += deflate.flush()
        meta = Dataset()
        meta.file_meta, meta.preamble = d.file_meta, bytes(128)
        head = file_bytes(meta).removesuffix(b"\x03\x00")  # the empty data set, deflated
        self.refused_everywhere(d, head + raw, raw, "inflate")

    def test_what_the_file_meta_contradicts_and_classes_that_are_not_stored(self):
        def reason(d):
            code, answer = self.stow(file_bytes(d))
            self.assertEqual(code, 409, answer)
            return answer["00081198"]["Value"][0]["00081197"]["Value"][0]

        d = self.view()
        d.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        self.assertEqual(reason(d), 0xA900)
        d = self.view()
        d.SOPInstanceUID = generate_uid()
        self.assertEqual(reason(d), 0xA900)
        d = self.view()
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.1"
        self.assertEqual(reason(d), 0x0122)
        self.assert_goes_on(0)

    def test_a_jpeg_with_lying_dimensions(self):
        d = self.view()
        picture = io.BytesIO()
        Image.new("L", (64, 64), 90).save(picture, "JPEG")
        d.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
        d.PixelData = encapsulate([picture.getvalue()])
        d["PixelData"].VR, d["PixelData"].is_undefined_length = "OB", True
        # An archive keeps what it is sent; whoever looks at the pixels is told.
        self.assertEqual(self.stow(file_bytes(d))[0], 200)
        card = self.settled(d)
        self.assertEqual(card["state"], "refused")
        self.assertIn("unreadable", [refusal["reason"] for refusal in card["refusals"]])
        code, answer = self.rendered(d)
        self.assertGreaterEqual(code, 400)
        self.assertIn("64", answer["message"])
        self.assert_goes_on(1)

    def test_absurd_rows_and_columns(self):
        d = self.view()
        d.Rows = d.Columns = 65535
        d.PixelData = bytes(1000)
        self.assertEqual(self.stow(file_bytes(d))[0], 200)
        card = self.settled(d)
        self.assertIn("bad-pixel-description", [refusal["reason"] for refusal in card["refusals"]])
        code, answer = self.rendered(d)
        self.assertGreaterEqual(code, 400)
        self.assertTrue(answer["message"])
        self.assert_goes_on(1)

    def test_missing_uids(self):
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
            with self.subTest(keyword):
                d = self.view()
                sent = copy.deepcopy(d)
                del d[keyword]
                code, answer = self.stow(file_bytes(d))
                self.assertEqual(code, 409, answer)
                self.assertIn("UID", words_of(answer))
                status, comment = self.c_store(sent, body_bytes(d))
                self.assertEqual(status, NOT_UNDERSTOOD)
                self.assertIn("UID", comment)
                self.assertNotIn("differs", comment)
        self.assert_goes_on(0)

    def test_elements_out_of_order(self):
        """Kept by C-STORE as by STOW-RS, bit for bit, small or so large that it is sealed while it comes."""
        kept = 0
        for pixels in (0, 3 << 20):
            for implicit in (False, True):
                for first in ("StudyInstanceUID", "SOPInstanceUID", "PixelData"):
                    with self.subTest(first=first, implicit=implicit, pixels=pixels):
                        d = self.view()
                        d.PixelData += bytes(pixels)
                        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
                        d.file_meta.TransferSyntaxUID = syntax
                        raw = out_of_order(d, first, implicit)
                        status, comment = self.c_store(d, raw, syntax)
                        self.assertEqual(status, SUCCESS, comment)
                        kept += 1
                        meta = Dataset()
                        meta.file_meta, meta.preamble = d.file_meta, bytes(128)
                        self.assertEqual(self.stow(file_bytes(meta) + raw)[0], 200, "the same again")
                        said = self.server.get(f"/dicom-web/studies/{d.StudyInstanceUID}/metadata")[0]
                        self.assertEqual(said["00280010"]["Value"], [d.Rows])
        self.assert_goes_on(kept)

    def test_zeros_behind_the_data_set(self):
        """Kept and given back as they came; converted and shown without them. Anything else is refused."""
        kept = 0
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
            for zeros in (1, 2, 8, 512, 1 << 16):
                with self.subTest(syntax=syntax.name, zeros=zeros):
                    d = self.view()
                    d.file_meta.TransferSyntaxUID = syntax
                    plain = out_of_order(d, "", syntax == ImplicitVRLittleEndian)
                    raw = encoded(plain + bytes(zeros), syntax)
                    status, comment = self.c_store(d, raw, syntax)
                    self.assertEqual(status, SUCCESS, comment)
                    kept += 1
                    self.assertEqual(self.instance(d, "*")[-len(raw):], raw)
                    converted = dcmread(io.BytesIO(self.instance(d, RLELossless)))
                    self.assertEqual(converted.PatientName, d.PatientName)
                    self.assertEqual(max(element.tag for element in converted), 0x7FE00010)
                    self.assertEqual(min(element.tag.group for element in converted), 8)
                    self.server.get(self.path_of(d) + "/metadata")
                    with urllib.request.urlopen(self.server.url + self.path_of(d) + "/rendered") as answer:
                        self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
            d = self.view()
            d.file_meta.TransferSyntaxUID = syntax
            for tail in (bytes((1 << 16) + 1), bytes(8) + b"DOE^JANE"):
                raw = encoded(out_of_order(d, "", syntax == ImplicitVRLittleEndian) + tail, syntax)
                status, comment = self.c_store(d, raw, syntax)
                self.assertEqual(status, NOT_UNDERSTOOD, comment)
        self.assertEqual(self.server.end(), 0)
        said = pathlib.Path(self.folder, "data.log").read_text()
        self.assertEqual(said.count("store.zeros-behind-data-set"), kept)

    def test_a_kept_uid_with_other_pixels(self):
        d = self.view()
        first = file_bytes(d)
        self.assertEqual(self.stow(first)[0], 200)
        self.assertEqual(self.stow(first)[0], 200, "the same again is no conflict")
        d.PixelData = bytes(len(d.PixelData))
        code, answer = self.stow(file_bytes(d))
        self.assertEqual(code, 409)
        self.assertEqual(answer["00081198"]["Value"][0]["00081197"]["Value"][0], DUPLICATE)
        self.assertIn(d.SOPInstanceUID, words_of(answer))
        self.assertEqual(self.c_store(d, body_bytes(d))[0], DUPLICATE)
        url = (f"{self.server.url}/dicom-web/studies/{d.StudyInstanceUID}/series/"
               f"{d.SeriesInstanceUID}/instances/{d.SOPInstanceUID}")
        request = urllib.request.Request(url, headers={"Accept": "application/dicom"})
        with urllib.request.urlopen(request) as kept:
            self.assertEqual(kept.read(), first)
        self.assert_goes_on(1)

    def test_a_study_of_another_patient(self):
        """Two women's images are not read as one exam, by whichever way they come, one at a time or
        at once; an object without a Patient ID is not another's."""
        d = self.view()
        d.PatientID, d.AccessionNumber = "HER-0815", ""
        self.assertEqual(self.stow(file_bytes(d))[0], 200)
        other = self.view()
        other.StudyInstanceUID = d.StudyInstanceUID
        other.PatientID, other.PatientName = "OTHER-4711", "Other^Ann"
        code, answer = self.stow(file_bytes(other))
        self.assertEqual(code, 409)
        reason = answer["00081198"]["Value"][0]["00081197"]["Value"][0]
        self.assertEqual(reason, NOT_UNDERSTOOD)
        self.assertIn("kept under another Patient ID: study " + d.StudyInstanceUID,
                      words_of(answer))
        status, comment = self.c_store(other, body_bytes(other))
        self.assertEqual(status, NOT_UNDERSTOOD)
        self.assertIn("kept under another Patient ID: study " + d.StudyInstanceUID[:16], comment)
        self.assertEqual(self.server.get("/dicom-web/studies?PatientID=OTHER-4711"), [])
        log = pathlib.Path(self.folder, "data.log").read_text(encoding="utf-8")
        self.assertEqual(log.count('"event":"receive.failed"'), 2, "one each")
        for identifier in ("OTHER-4711", "HER-0815", "Ann"):
            self.assertNotIn(identifier, log)

        more = self.view()
        more.StudyInstanceUID, more.SeriesInstanceUID = d.StudyInstanceUID, d.SeriesInstanceUID
        more.PatientID, more.AccessionNumber = "", "ACC-1"
        self.assertEqual(self.c_store(more, body_bytes(more))[0], SUCCESS)
        found = self.server.get("/dicom-web/studies?AccessionNumber=ACC-1")
        self.assertEqual([one["00100020"]["Value"] for one in found], [["HER-0815"]],
                         "what the first left empty a later one fills in")

        both = [self.view(), self.view()]
        both[1].StudyInstanceUID = both[0].StudyInstanceUID
        both[1].PatientID = "OTHER-4711"
        code, answer = self.stow(*map(file_bytes, both))
        self.assertEqual(code, 202, answer)
        self.assertEqual(len(answer["00081198"]["Value"]), 1)
        self.assert_goes_on(3)

    def test_leading_zeros_in_uids(self):
        """As scanners of the nineties write them: kept, found and given out under the same UID."""
        d = self.view()
        d.StudyInstanceUID, d.SeriesInstanceUID = "1.3.46.02.1", "1.3.46.02.1.001"
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = "1.3.46.02.1.001.0004"
        self.assertEqual(self.c_store(d, body_bytes(d)), (SUCCESS, ""))
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = "1.3.46.02.1.001.0005"
        code, answer = self.stow(file_bytes(d))
        self.assertEqual(code, 200, answer)
        path = "/dicom-web/studies/1.3.46.02.1/series/1.3.46.02.1.001/instances"
        found = self.server.get(path)
        self.assertEqual(sorted(one["00080018"]["Value"][0] for one in found),
                         ["1.3.46.02.1.001.0004", "1.3.46.02.1.001.0005"])
        self.assertEqual(len(self.server.get("/dicom-web/studies?StudyInstanceUID=1.3.46.02.1")), 1)
        metadata = self.server.get(path + "/1.3.46.02.1.001.0004/metadata")
        self.assertEqual(metadata[0]["0020000D"]["Value"], ["1.3.46.02.1"])
        asked = Dataset()
        asked.QueryRetrieveLevel, asked.SOPInstanceUID = "IMAGE", ""
        asked.StudyInstanceUID, asked.SeriesInstanceUID = d.StudyInstanceUID, d.SeriesInstanceUID
        ae = AE()
        ae.add_requested_context(STUDY_FIND)
        association = ae.associate("127.0.0.1", int(self.server.dicom_port))
        answers = [one for _, one in association.send_c_find(asked, STUDY_FIND) if one]
        association.release()
        self.assertEqual(len(answers), 2)
        self.assert_goes_on(2)

    def test_paths_for_uids(self):
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            with self.subTest(keyword):
                d = self.view()
                d[keyword]._value = "../../../../tmp/lucerna-was-here"
                if keyword == "SOPInstanceUID":
                    d.file_meta["MediaStorageSOPInstanceUID"]._value = d[keyword].value
                code, answer = self.stow(file_bytes(d))
                self.assertEqual(code, 409, answer)
                self.assertIn("UID", words_of(answer))
                sent = self.view()
                self.assertIn(self.c_store(sent, body_bytes(d))[0], (NOT_UNDERSTOOD, 0xA900))
        self.assertFalse(os.path.exists("/tmp/lucerna-was-here"))
        self.assert_goes_on(0)

    def test_private_elements_by_the_megabyte(self):
        d = self.view()
        for block in range(0x10, 0x90):
            d.add_new((0x0099, block), "LO", f"SENDER {block}")
            for element in range(4):
                d.add_new((0x0099, (block << 8) + element), "OB", os.urandom(65536))
        file = file_bytes(d)
        self.assertGreater(len(file), 32 << 20)
        self.assertEqual(self.stow(file)[0], 200)
        card = self.settled(d)
        self.assertEqual(card["state"], "read", card)
        self.assert_goes_on(1)

    def test_a_peer_that_stalls(self):
        good = pathlib.Path(self.exam[1]).read_bytes()
        with socket.create_connection(("127.0.0.1", int(self.server.dicom_port))) as silent, \
             socket.create_connection(("127.0.0.1", int(self.server.dicom_port))) as halfway:
            silent.settimeout(60)
            halfway.sendall(b"\x01\x00\x00\x00\x01\x00\x00\x01\x00\x00LUCERNA")
            self.assertEqual(self.stow(good)[0], 200)
            self.assertEqual(self.server.store(self.exam[2:3]).returncode, 0)
            # Dropped after 15 s (docs/conformance-statement.md): A-ABORT, then the end.
            while silent.recv(1000):
                pass
        self.assert_goes_on(2)

    def test_a_stow_body_without_boundary(self):
        good = pathlib.Path(self.exam[1]).read_bytes()
        for content_type, code, words in (
                ('multipart/related; type="application/dicom"', 400, "boundary"),
                ('multipart/related; type="application/dicom"; boundary=C', 400, "never comes"),
                ("application/dicom", 415, "multipart/related")):
            with self.subTest(content_type):
                status, answer = self.stow(good, content_type=content_type)
                self.assertEqual(status, code)
                self.assertIn(words, answer["message"])
        self.assert_goes_on(0)

    def test_a_full_disk(self):
        small = os.path.join(self.folder, "small")
        os.mkdir(small)
        mount = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user",
                                                                  "--mount"]
        script = f'mount -t tmpfs -o size=12m tmpfs "{small}" && exec "$@"'
        if subprocess.run([*mount, "sh", "-c", script, "sh", "true"], capture_output=True,
                          check=False).returncode:
            self.skipTest("skipped: cannot mount a small disk here")
        self.server.end()
        self.server = self.serve("--set", "quiet_seconds=86400", data="small/data",
                                 around=[*mount, "sh", "-c", script, "sh"])
        kept, refused = 0, None
        for _ in range(20):
            d = self.view()
            code, answer = self.stow(file_bytes(d))
            if code != 200:
                refused = (code, answer)
                break
            kept += 1
        self.assertIsNotNone(refused, "the disk never filled")
        self.assertEqual(refused[0], 507, refused)
        self.assertIn("space", words_of(refused[1]))
        d = self.view()
        status, comment = self.c_store(d, body_bytes(d))
        self.assertEqual(status, NO_SPACE, comment)
        self.assertEqual(self.server.get("/health"), {"status": "up"})
        self.assertEqual(len(self.server.get("/dicom-web/instances")), kept)

    def test_each_refusal_stands_on_the_worklist(self):
        def modify(d, code):
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "modified"
            d.ViewModifierCodeSequence = Sequence([item])

        def encapsulated(d):
            d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
            d.Modality, d.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
            d.EncapsulatedDocument = b"%PDF-1.4"
            del d.PixelData

        spoiled = {
            "implant-displaced": lambda d: modify(d, "399209000"),
            "spot-or-magnification": lambda d: modify(d, "399055006"),
            "wrong-modality": lambda d: setattr(d, "Modality", "CT"),
            "no-pixel-spacing": lambda d: delattr(d, "ImagerPixelSpacing"),
            "truncated": lambda d: setattr(d, "Rows", d.Rows * 2),
            "missing-view": lambda d: None,
        }
        for reason, spoil in spoiled.items():
            with self.subTest(reason):
                d = self.view()
                for keyword in ("PixelSpacing", "NominalScannedPixelSpacing"):
                    if keyword in d:
                        delattr(d, keyword)
                spoil(d)
                self.assertEqual(self.stow(file_bytes(d))[0], 200)
                card = self.settled(d)
                self.assertEqual(card["state"], "read" if reason == "missing-view" else "refused")
                stated = [each for each in card["refusals"] if each["reason"] == reason]
                self.assertTrue(stated, card["refusals"])
                self.assertTrue(stated[0]["what"] and stated[0]["remedy"], stated)
        with self.subTest("an encapsulated document beside a view"):
            view, document = self.view(), self.view()
            document.StudyInstanceUID = view.StudyInstanceUID
            encapsulated(document)
            self.assertEqual(self.stow(file_bytes(view), file_bytes(document))[0], 200)
            card = self.settled(view)
            about = [each for each in card["refusals"]
                     if each["sop_instance_uid"] == document.SOPInstanceUID]
            # It is kept, and no image that could not be read.
            self.assertEqual(about, [])


if __name__ == "__main__":
    main("BadInput")
