#!/usr/bin/env python3
"""Asks the running program for what it holds, as other people's DICOM clients do: DCMTK's tools and
pynetdicom, unmodified.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/query_retrieve.py [TEST]
"""
import io
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request

from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    generate_uid,
)
from pynetdicom import AE, build_role, evt
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    StorageCommitmentPushModel as COMMITMENT,
    StorageCommitmentPushModelInstance as COMMITMENT_INSTANCE,
    PatientRootQueryRetrieveInformationModelFind as PATIENT_FIND,
    PatientRootQueryRetrieveInformationModelGet as PATIENT_GET,
    PatientRootQueryRetrieveInformationModelMove as PATIENT_MOVE,
    StudyRootQueryRetrieveInformationModelFind as STUDY_FIND,
    StudyRootQueryRetrieveInformationModelGet as STUDY_GET,
    StudyRootQueryRetrieveInformationModelMove as STUDY_MOVE,
)
from whole_program import PATIENCE, Server, main

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"


def made(study, series, number, **values):
    """A small picture of patient PAT-`study`, its UIDs told by its place."""
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = values.pop("sop_class", CT)
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = f"2.999.{study}.{series}.{number}"
    d.StudyInstanceUID, d.SeriesInstanceUID = f"2.999.{study}", f"2.999.{study}.{series}"
    d.PatientID, d.PatientName = f"PAT-{study}", f"Test^Patient{study}"
    d.StudyDate, d.StudyTime, d.Modality = f"202401{study:02}", "120000", "CT"
    d.SeriesNumber, d.InstanceNumber = series, number
    d.Rows, d.Columns = 16, 16
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 0
    d.PixelData = bytes([study, number]) * 256
    for keyword, value in values.items():
        setattr(d, keyword, value)
    return d


def made_jpeg(study):
    """A picture of 16 x 8 in JPEG, and its gray values as they decode."""
    stream = io.BytesIO()
    Image.frombytes("L", (16, 8), bytes(range(0, 256, 2))).save(stream, "JPEG", quality=90)
    d = made(study, 1, 1, sop_class=SECONDARY_CAPTURE, Rows=8, Columns=16, BitsAllocated=8,
             BitsStored=8, HighBit=7)
    d.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    d.PixelData = encapsulate([stream.getvalue()])
    d["PixelData"].VR = "OB"
    return d, Image.open(stream).tobytes()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Association:
    """Of pynetdicom, used in a `with`. `stored`: SOP classes, and in which syntaxes, that it takes
    as a provider."""

    def __init__(self, server, *classes, stored=(), **options):
        ae = AE(ae_title="PYNETDICOM")
        for sop_class in classes:
            ae.add_requested_context(sop_class, [ImplicitVRLittleEndian])
        for sop_class, syntaxes in stored:
            ae.add_requested_context(sop_class, syntaxes)
        roles = [build_role(sop_class, scp_role=True) for sop_class, _ in stored]
        if roles:
            options["ext_neg"] = roles + options.get("ext_neg", [])
        self.association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA",
                                        **options)
        assert self.association.is_established

    def __enter__(self):
        return self.association

    def __exit__(self, *_):
        if self.association.is_established:
            self.association.release()


def keys(level, **values):
    d = Dataset()
    d.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(d, keyword, value)
    return d


def found(association, identifier, model=STUDY_FIND):
    """Statuses and identifiers of a C-FIND."""
    answers = list(association.send_c_find(identifier, model))
    return [status.Status for status, _ in answers], [d for _, d in answers if d is not None]


def asking_for(sop_class, information):
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = sop_class
    item.service_class_application_information = information
    return [item]


def transaction(*references):
    d = Dataset()
    d.TransactionUID = generate_uid()
    d.ReferencedSOPSequence = []
    for sop_class, sop_instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        d.ReferencedSOPSequence.append(item)
    return d


class Reports:
    """N-EVENT-REPORTs as they come."""

    def __init__(self):
        self.came = []
        self.changed = threading.Condition()
        self.handlers = [(evt.EVT_N_EVENT_REPORT, self.take)]

    def take(self, event):
        with self.changed:
            self.came.append((event.event_type, event.event_information))
            self.changed.notify()
        return 0x0000, None

    def next(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.came, PATIENCE), "no report"
            return self.came.pop(0)


class QueryRetrieve(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-query-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, *options):
        server = Server(self.path("data"), "--set", "quiet_seconds=86400", *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def archive(self, objects, *options):
        """A server that holds `objects`."""
        server = self.serve(*options)
        files = []
        for number, one in enumerate(objects):
            files.append(self.path(f"{number}.dcm"))
            one.save_as(files[-1], enforce_file_format=True)
        if files:
            self.assertEqual(server.store(files).returncode, 0)
        return server

    def few(self, *options):
        """Three studies: 1 of two series and three objects, 2, and 3 with names beyond ASCII."""
        return self.archive(
            [made(1, 1, 1), made(1, 1, 2), made(1, 2, 1, Modality="SR"), made(2, 1, 1),
             made(3, 1, 1, PatientName="Müller^Änne"),
             made(4, 1, 1, PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")], *options)

    def listen(self, title, port, handlers, *context, **roles):
        ae = AE(ae_title=title)
        ae.add_supported_context(*context, **roles)
        peer = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.addCleanup(peer.shutdown)

    def erase(self, server, study):
        path = f"{server.url}/dicom-web/studies/{study}"
        with urllib.request.urlopen(urllib.request.Request(path, method="DELETE"), timeout=PATIENCE) as answer:
            self.assertEqual(answer.status, 204)

    def findscu(self, server, *arguments):
        run = subprocess.run(["findscu", "-aec", "LUCERNA", *arguments, "127.0.0.1",
                              server.dicom_port], capture_output=True, text=True, errors="replace")
        return run.returncode, run.stdout + run.stderr

    def test_findscu_asks_every_level_of_both_roots(self):
        server = self.few()
        for model, level, more, count in [
                ("-P", "PATIENT", ["PatientID"], 4),
                ("-P", "STUDY", ["PatientID=PAT-1", "StudyInstanceUID"], 1),
                ("-P", "SERIES", ["PatientID=PAT-1", "StudyInstanceUID=2.999.1",
                                  "SeriesInstanceUID"], 2),
                ("-P", "IMAGE", ["PatientID=PAT-1", "StudyInstanceUID=2.999.1",
                                 "SeriesInstanceUID=2.999.1.1", "SOPInstanceUID"], 2),
                ("-S", "STUDY", ["StudyInstanceUID"], 4),
                ("-S", "STUDY", ["StudyInstanceUID=2.999.1\\2.999.3"], 2),
                ("-S", "STUDY", ["StudyInstanceUID", "PatientID=PAT-?"], 4),
                ("-S", "STUDY", ["StudyInstanceUID", "StudyDate=20240102-20240103"], 2),
                ("-S", "STUDY", ["StudyInstanceUID", "StudyTime=115959-"], 4),
                ("-S", "SERIES", ["StudyInstanceUID=2.999.1", "SeriesInstanceUID",
                                  "Modality=SR"], 1),
                ("-S", "IMAGE", ["StudyInstanceUID=2.999.1", "SeriesInstanceUID=2.999.1.1",
                                 "SOPInstanceUID"], 2)]:
            arguments = [model, "-k", f"QueryRetrieveLevel={level}"]
            for key in more:
                arguments += ["-k", key]
            code, said = self.findscu(server, *arguments)
            self.assertEqual(code, 0, said)
            self.assertEqual(len(re.findall(r"Find Response: \d+ \(Pending\)", said)), count,
                             f"{arguments}\n{said}")

    def test_findscu_is_told_what_is_wrong(self):
        server = self.few()
        _, said = self.findscu(server, "-v", "-S", "-k", "QueryRetrieveLevel=SERIES", "-k",
                               "SeriesInstanceUID")
        self.assertRegex(said, "DoesNotMatchSOPClass|0xa900")
        _, said = self.findscu(server, "-v", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k",
                               "StudyInstanceUID", "-k", "StudyDate=soon")
        self.assertRegex(said, "UnableToProcess|0xc000")

    def test_findscu_stops_when_it_has_enough(self):
        server = self.archive([made(1, 1, number) for number in range(1, 200)])
        code, said = self.findscu(server, "-v", "-S", "--cancel", "3", "-k",
                                  "QueryRetrieveLevel=IMAGE", "-k", "StudyInstanceUID=2.999.1",
                                  "-k", "SeriesInstanceUID=2.999.1.1", "-k", "SOPInstanceUID")
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"Cancel: MatchingTerminated|\(Success\)|Success: ")

    def test_relational_queries_and_moments_where_they_are_negotiated(self):
        server = self.few()
        relational = keys("IMAGE", PatientID="PAT-1", SOPInstanceUID="")
        with Association(server, STUDY_FIND) as association:
            self.assertEqual(found(association, relational)[0], [0xA900])
        with Association(server, STUDY_FIND, ext_neg=asking_for(STUDY_FIND, b"\x01\x01\x01")) as one:
            granted = one.acceptor.sop_class_extended[STUDY_FIND]
            self.assertEqual(granted, b"\x01\x01\x01")
            self.assertEqual(len(found(one, relational)[1]), 3)
            moments = keys("STUDY", StudyInstanceUID="", StudyDate="20240101-20240103",
                           StudyTime="1300-1100")
            self.assertEqual(len(found(one, moments)[1]), 1)
            for name, count in [("Mueller", 1), ("miller anne", 1), ("yamata", 1), ("Schmidt", 0)]:
                fuzzy = keys("STUDY", StudyInstanceUID="", PatientName=name)
                self.assertEqual(len(found(one, fuzzy)[1]), count, name)

    def test_names_are_found_and_told_in_the_askers_characters(self):
        server = self.few()
        with Association(server, PATIENT_FIND) as association:
            for character_set, name, expected in [
                    ("ISO_IR 100", "müller*", "ISO_IR 100"), ("ISO_IR 192", "MÜLLER*", "ISO_IR 192"),
                    ("ISO_IR 192", "*=山田*", "ISO_IR 192"),
                    (["", "ISO 2022 IR 87"], "Yamada*=山田*", ["", "ISO 2022 IR 87"]),
                    ("ISO 2022 IR 87", "Yamada*", ["", "ISO 2022 IR 87"]),
                    ("ISO_IR 13", "Yamada*", "ISO_IR 192")]:
                identifier = keys("PATIENT", PatientName=name, PatientID="")
                identifier.SpecificCharacterSet = character_set
                statuses, answers = found(association, identifier, PATIENT_FIND)
                self.assertEqual(statuses, [0xFF00, 0x0000], name)
                told = answers[0].SpecificCharacterSet
                self.assertEqual(told if isinstance(told, str) else list(told), expected)
                told = str(answers[0].PatientName)
                self.assertIn("Müller" if "ller" in name.lower() else "山田", told)

    def test_others_read_names_in_the_character_sets_that_they_ask_in(self):
        names = {"ISO 2022 IR 13\\ISO 2022 IR 87": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
                 "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
                 "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
                 "\\ISO 2022 IR 58": "Zhang^XiaoDong=张^小东",
                 "ISO 2022 IR 6\\ISO 2022 IR 100\\ISO 2022 IR 144": "Jörg^Ä=Лю^кс",
                 "GB18030": "Wang^XiaoDong=王^小东"}
        server = self.archive([made(10 + number, 1, 1, PatientName=name, StudyDescription=name.split("^")[-1])
                               for number, name in enumerate(names.values())])
        for number, (character_set, name) in enumerate(names.items()):
            folder = pathlib.Path(self.path(f"answers-{number}"))
            folder.mkdir()
            code, said = self.findscu(
                server, "-S", "-X", "-od", str(folder), "-k", f"SpecificCharacterSet={character_set}",
                "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID=2.999.{10 + number}",
                "-k", "PatientName", "-k", "StudyDescription")
            self.assertEqual(code, 0, said)
            answer = next(folder.glob("*.dcm"))
            if "IR 87" not in character_set:  # over the C library's iconv DCMTK knows no Japanese one
                shown = subprocess.run(["dcmdump", "-q", "+U8", "+L", str(answer)], capture_output=True)
                self.assertIn(f"[{name}]", shown.stdout.decode(), character_set)
                self.assertIn(f"[{name.split('^')[-1]}]", shown.stdout.decode(), character_set)
            read = dcmread(answer, force=True)
            if "IR 58" not in character_set:  # pydicom leaves its escapes in, those of PS3.5 K.2 too
                self.assertEqual(read.PatientName, name, character_set)
                self.assertEqual(read.StudyDescription, name.split("^")[-1], character_set)
            raw = read.get("SpecificCharacterSet")
            self.assertEqual(raw if isinstance(raw, str) else "\\".join(raw), character_set)

    def test_keys_that_are_not_indexed_are_given_of_images_and_told_of(self):
        server = self.few()
        with Association(server, STUDY_FIND) as association:
            image = keys("IMAGE", StudyInstanceUID="2.999.1", SeriesInstanceUID="2.999.1.1",
                         SOPInstanceUID="", BitsStored=None, PhotometricInterpretation="")
            statuses, answers = found(association, image)
            self.assertEqual(statuses, [0xFF00, 0xFF00, 0x0000])
            self.assertEqual(answers[0].BitsStored, 16)
            image.PhotometricInterpretation = "RGB"
            self.assertEqual(found(association, image)[0], [0x0000], "each object is asked")
            study = keys("STUDY", StudyInstanceUID="2.999.1", PhotometricInterpretation="RGB")
            self.assertEqual(found(association, study)[0], [0xFF01, 0x0000])

    def test_sequences_of_the_object_are_given_at_every_level_and_matched_of_images(self):
        def code(value, *inner):
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator = value, "99T"
            if inner:
                item.EquivalentCodeSequence = list(inner)
            return item

        sequences = {"PATIENT": "OtherPatientIDsSequence", "STUDY": "ProcedureCodeSequence",
                     "IMAGE": "ViewCodeSequence"}
        server = self.archive([made(number, 1, 1, **{
            keyword: [code(f"{keyword}-{number}", code("INNER"))] for keyword in sequences.values()})
            for number in (1, 2)])
        unique = {"PATIENT": {"PatientID": ""}, "STUDY": {"StudyInstanceUID": ""}, "IMAGE": {
            "StudyInstanceUID": "2.999.2", "SeriesInstanceUID": "2.999.2.1", "SOPInstanceUID": ""}}
        for level, keyword in sequences.items():
            model = PATIENT_FIND if level == "PATIENT" else STUDY_FIND
            with Association(server, model) as association:
                for asked, images in (([], [2]), ([code(f"{keyword}-2")], [2]), ([code("none")], [])):
                    _, answers = found(association, keys(level, **unique[level], **{keyword: asked}), model)
                    given = {one[keyword][0].CodeValue: one[keyword][0].EquivalentCodeSequence[0].CodeValue
                             for one in answers}
                    # Above IMAGE nothing is matched by them.
                    numbers = images if level == "IMAGE" else [1, 2]
                    self.assertEqual(given, {f"{keyword}-{number}": "INNER" for number in numbers}, level)

    def test_images_are_matched_by_when_they_were_made(self):
        server = self.archive([
            made(1, 1, number, AcquisitionDateTime=when, AcquisitionDate=when[:8],
                 ContentDate=when[:8], ContentTime="100000")
            for number, when in ((1, "20240115103000.5"), (2, "20250102110000+0100"))])
        with Association(server, STUDY_FIND) as association:
            for key, value, numbers in [("AcquisitionDateTime", "20240101-20250101", [1]),
                                        ("AcquisitionDateTime", "20250102100000+0000", [2]),
                                        ("AcquisitionDate", "20240115-", [1, 2]),
                                        ("ContentDate", "20250101-20250131", [2]),
                                        ("ContentTime", "11-12", [])]:
                asked = keys("IMAGE", StudyInstanceUID="2.999.1", SeriesInstanceUID="2.999.1.1",
                             SOPInstanceUID="", InstanceNumber=None, **{key: value})
                statuses, answers = found(association, asked)
                self.assertEqual([answer.InstanceNumber for answer in answers], numbers, value)
                self.assertNotIn(0xFF01, statuses)

    def getscu(self, server, *arguments):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        run = subprocess.run(["getscu", "-v", "-aec", "LUCERNA", "-od", out, *arguments,
                              "127.0.0.1", server.dicom_port], capture_output=True, text=True,
                             errors="replace")
        return run.stdout + run.stderr, sorted(out.iterdir())

    def test_getscu_gets_every_level_of_both_roots(self):
        server = self.few()
        for model, level, more, count in [
                ("-P", "PATIENT", ["PatientID=PAT-1"], 3),
                ("-P", "STUDY", ["PatientID=PAT-1", "StudyInstanceUID=2.999.1"], 3),
                ("-S", "STUDY", ["StudyInstanceUID=2.999.1\\2.999.2"], 4),
                ("-S", "SERIES", ["StudyInstanceUID=2.999.1", "SeriesInstanceUID=2.999.1.1"], 2),
                ("-S", "IMAGE", ["StudyInstanceUID=2.999.1", "SeriesInstanceUID=2.999.1.1",
                                 "SOPInstanceUID=2.999.1.1.2"], 1)]:
            arguments = [model, "-k", f"QueryRetrieveLevel={level}"]
            for key in more:
                arguments += ["-k", key]
            said, files = self.getscu(server, *arguments)
            self.assertEqual(len(files), count, said)
        self.assertEqual(dcmread(files[0]).PixelData, made(1, 1, 2).PixelData)

    def test_objects_come_as_kept_where_taken_so_and_decoded_where_not(self):
        picture, gray = made_jpeg(5)
        server = self.archive([])
        picture.save_as(self.path("picture.dcm"), enforce_file_format=True)
        subprocess.run(["storescu", "-xy", "-aec", "LUCERNA", "127.0.0.1", server.dicom_port,
                        self.path("picture.dcm")], check=True)
        level = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.999.5"]
        decoded = dcmread(self.getscu(server, *level)[1][0])
        self.assertEqual(decoded.file_meta.TransferSyntaxUID, ExplicitVRLittleEndian)
        self.assertLessEqual(max(abs(a - b) for a, b in zip(decoded.PixelData, gray)), 1)
        came = []
        identifier = keys("STUDY", StudyInstanceUID="2.999.5")
        for syntaxes in ([JPEGBaseline8Bit], [ImplicitVRLittleEndian]):
            def store(event):
                came.append((event.context.transfer_syntax, event.dataset.PixelData))
                return 0x0000
            with Association(server, STUDY_GET, stored=[(SECONDARY_CAPTURE, syntaxes)],
                             evt_handlers=[(evt.EVT_C_STORE, store)]) as association:
                statuses = [s.Status for s, _ in association.send_c_get(identifier, STUDY_GET)]
            self.assertEqual(statuses, [0x0000])
        self.assertEqual(came[0], (JPEGBaseline8Bit, picture.PixelData))
        self.assertEqual(came[1], (ImplicitVRLittleEndian, decoded.PixelData))

    def test_a_get_names_what_the_peer_did_not_take(self):
        server = self.archive([made(1, 1, 1), made(1, 1, 2), made(1, 1, 3),
                               made(1, 2, 1, sop_class=SECONDARY_CAPTURE)])
        answers = iter([0x0000, 0xA700, 0xB000])
        with Association(server, PATIENT_GET, stored=[(CT, [ExplicitVRLittleEndian])],
                         evt_handlers=[(evt.EVT_C_STORE, lambda _: next(answers))]) as association:
            identifier = keys("PATIENT", PatientID="PAT-1")
            *pending, (last, failed) = association.send_c_get(identifier, PATIENT_GET)
        self.assertEqual([status.Status for status, _ in pending], [0xFF00] * 3)
        self.assertEqual([status.NumberOfRemainingSuboperations for status, _ in pending], [3, 2, 1])
        self.assertEqual((last.Status, last.NumberOfCompletedSuboperations,
                          last.NumberOfFailedSuboperations, last.NumberOfWarningSuboperations),
                         (0xB000, 1, 2, 1))
        self.assertEqual(failed.FailedSOPInstanceUIDList, ["2.999.1.1.2", "2.999.1.2.1"])

    def test_a_get_that_is_cancelled_stops(self):
        server = self.archive([made(1, 1, number) for number in range(1, 41)])
        came = []

        def store(event):
            came.append(event)
            if len(came) == 3:
                event.assoc.send_c_cancel(7, None, STUDY_GET)
            return 0x0000

        with Association(server, STUDY_GET, stored=[(CT, [ExplicitVRLittleEndian])],
                         evt_handlers=[(evt.EVT_C_STORE, store)]) as association:
            identifier = keys("STUDY", StudyInstanceUID="2.999.1")
            *_, (last, _) = association.send_c_get(identifier, STUDY_GET, msg_id=7)
        self.assertEqual(last.Status, 0xFE00)
        self.assertEqual(last.NumberOfCompletedSuboperations, len(came))
        self.assertEqual(last.NumberOfRemainingSuboperations, 40 - len(came))
        self.assertLess(len(came), 40)

    def test_a_get_sends_nothing_that_was_erased_since_it_was_read(self):
        server = self.archive([made(1, 1, number) for number in range(1, 21)],
                              "--set", "http.deletion=true")
        came = []

        def store(event):
            if not came:
                self.erase(server, "2.999.1")
            came.append(event.request.AffectedSOPInstanceUID)
            return 0x0000

        with Association(server, STUDY_GET, stored=[(CT, [ExplicitVRLittleEndian])],
                         evt_handlers=[(evt.EVT_C_STORE, store)]) as association:
            identifier = keys("STUDY", StudyInstanceUID="2.999.1")
            *_, (last, failed) = association.send_c_get(identifier, STUDY_GET)
        self.assertEqual(came, ["2.999.1.1.1"])
        self.assertEqual((last.Status, last.NumberOfCompletedSuboperations), (0xB000, 1))
        self.assertEqual(last.ErrorComment, "it was erased meanwhile")
        self.assertEqual(len(failed.FailedSOPInstanceUIDList), 19)

    def pacs(self, port, *options):
        """storescp as the destination PACS; the folder it writes to."""
        inbox = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        peer = subprocess.Popen(["storescp", "-aet", "PACS", "-od", inbox, *options, str(port)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        while subprocess.run(["echoscu", "127.0.0.1", str(port)], capture_output=True,
                             check=False).returncode:
            self.assertIsNone(peer.poll())
        return inbox

    def movescu(self, server, destination, *arguments):
        run = subprocess.run(["movescu", "-v", "-aec", "LUCERNA", "-aem", destination, *arguments,
                              "127.0.0.1", server.dicom_port], capture_output=True, text=True,
                             errors="replace")
        return run.stdout + run.stderr

    def test_movescu_moves_to_a_configured_destination_and_to_no_other(self):
        port = free_port()
        inbox = self.pacs(port)
        server = self.few("--destination", f"pacs=PACS@127.0.0.1:{port}")
        said = self.movescu(server, "PACS", "-P", "-k", "QueryRetrieveLevel=PATIENT", "-k",
                            "PatientID=PAT-1")
        self.assertRegex(said, r"Received Final Move Response \(Success\)")
        self.assertEqual(len(list(inbox.iterdir())), 3, said)
        said = self.movescu(server, "PACS", "-S", "-k", "QueryRetrieveLevel=SERIES", "-k",
                            "StudyInstanceUID=2.999.2", "-k", "SeriesInstanceUID=2.999.2.1")
        self.assertEqual(len(list(inbox.iterdir())), 4, said)
        said = self.movescu(server, "ELSEWHERE", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k",
                            "StudyInstanceUID=2.999.1")
        self.assertRegex(said, "MoveDestinationUnknown")

    def test_movescu_moves_to_itself(self):
        port = free_port()
        server = self.few("--destination", f"asker=MOVESCU@127.0.0.1:{port}")
        inbox = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        said = self.movescu(server, "MOVESCU", "-S", "+P", str(port), "-od", inbox, "-k",
                            "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.999.1")
        self.assertRegex(said, r"Received Final Move Response \(Success\)")
        self.assertEqual(len(list(inbox.iterdir())), 3, said)

    def test_a_move_counts_names_its_originator_and_tells_a_dead_destination(self):
        port, originators = free_port(), []
        server = self.few("--destination", f"pacs=PACS@127.0.0.1:{port}")
        identifier = keys("IMAGE", PatientID="PAT-1", SOPInstanceUID=["2.999.1.1.1", "2.999.1.2.1"])

        def moved(**options):
            with Association(server, PATIENT_MOVE, **options) as association:
                return list(association.send_c_move(identifier, "PACS", PATIENT_MOVE, msg_id=9, priority=1))

        relational = asking_for(PATIENT_MOVE, b"\x01")
        self.assertEqual(moved()[-1][0].Status, 0xA900)
        (last, failed), = moved(ext_neg=relational)[-1:]
        self.assertEqual((last.Status, last.NumberOfFailedSuboperations), (0xA702, 2))
        self.assertIn("connect", last.ErrorComment)
        self.assertEqual(failed.FailedSOPInstanceUIDList, identifier.SOPInstanceUID)

        def store(event):
            originators.append((event.request.MoveOriginatorApplicationEntityTitle,
                                event.request.MoveOriginatorMessageID, event.request.Priority))
            return 0x0000

        self.listen("PACS", port, [(evt.EVT_C_STORE, store)], CT, ImplicitVRLittleEndian)
        (first, _), (last, _) = moved(ext_neg=relational)
        self.assertEqual((first.Status, first.NumberOfRemainingSuboperations), (0xFF00, 1))
        self.assertEqual((last.Status, last.NumberOfCompletedSuboperations), (0x0000, 2))
        self.assertEqual(originators, [("PYNETDICOM", 9, 1)] * 2)

    def test_a_move_goes_on_after_a_destination_that_aborts_over_one_object(self):
        port, came, aborts = free_port(), [], {"2.999.1.1.2"}
        server = self.archive([made(1, 1, number) for number in range(1, 6)],
                              "--destination", f"pacs=PACS@127.0.0.1:{port}")

        def store(event):
            uid = event.request.AffectedSOPInstanceUID
            if uid in aborts:
                event.assoc.abort()
            else:
                came.append(uid)
            return 0x0000

        self.listen("PACS", port, [(evt.EVT_C_STORE, store)], CT, ExplicitVRLittleEndian)

        def moved():
            with Association(server, STUDY_MOVE) as association:
                identifier = keys("STUDY", StudyInstanceUID="2.999.1")
                *_, (last, failed) = association.send_c_move(identifier, "PACS", STUDY_MOVE)
            self.assertEqual(last.Status, 0xB000)
            return failed.FailedSOPInstanceUIDList

        self.assertEqual(moved(), "2.999.1.1.2")
        self.assertEqual(came, [f"2.999.1.1.{number}" for number in (1, 3, 4, 5)])
        # Two in a row are the destination's, not the object's.
        came.clear()
        aborts.update(["2.999.1.1.3", "2.999.1.1.5"])
        self.assertEqual(moved(), [f"2.999.1.1.{number}" for number in (2, 3, 4, 5)])
        self.assertEqual(came, ["2.999.1.1.1"])

    def test_a_move_sends_nothing_that_is_erased_while_another_association_is_opened(self):
        port, came, asked = free_port(), [], []
        server = self.archive([made(1, 1, number) for number in range(1, 6)], "--set", "http.deletion=true",
                              "--destination", f"pacs=PACS@127.0.0.1:{port}")

        def store(event):
            came.append(event.request.AffectedSOPInstanceUID)
            if len(came) == 2:
                event.assoc.abort()
            return 0x0000

        def requested(_):
            asked.append(len(came))
            if len(asked) == 2:
                self.erase(server, "2.999.1")

        self.listen("PACS", port, [(evt.EVT_C_STORE, store), (evt.EVT_REQUESTED, requested)], CT,
                    ExplicitVRLittleEndian)
        with Association(server, STUDY_MOVE) as association:
            identifier = keys("STUDY", StudyInstanceUID="2.999.1")
            *_, (last, failed) = association.send_c_move(identifier, "PACS", STUDY_MOVE)
        self.assertEqual((came, asked), (["2.999.1.1.1", "2.999.1.1.2"], [0, 2]))
        self.assertEqual((last.Status, last.NumberOfCompletedSuboperations), (0xB000, 1))
        self.assertEqual(len(failed.FailedSOPInstanceUIDList), 4)

    def test_commitment_is_reported_on_the_same_association(self):
        server = self.few()
        came = Reports()
        with Association(server, COMMITMENT, evt_handlers=came.handlers) as association:
            request = transaction((CT, "2.999.1.1.1"), (CT, "2.999.2.1.1"))
            status, _ = association.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
            self.assertEqual(status.Status, 0x0000)
            event_type, report = came.next()
            self.assertEqual(event_type, 1)
            self.assertEqual(report.TransactionUID, request.TransactionUID)
            self.assertEqual(len(report.ReferencedSOPSequence), 2)
            request = transaction((CT, "2.999.1.1.1"), (CT, "2.999.9"),
                                  (SECONDARY_CAPTURE, "2.999.2.1.1"))
            association.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
            event_type, report = came.next()
        self.assertEqual(event_type, 2)
        self.assertEqual([item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence],
                         ["2.999.1.1.1"])
        self.assertEqual([(item.ReferencedSOPInstanceUID, item.FailureReason)
                          for item in report.FailedSOPSequence],
                         [("2.999.9", 0x0112), ("2.999.2.1.1", 0x0119)])

    def test_commitment_is_asked_for_while_reports_are_not_answered_yet(self):
        server = self.serve()
        came = Reports()
        everything_is_sent = threading.Event()

        def take(event):
            everything_is_sent.wait(PATIENCE)
            return came.take(event)

        asked = []
        kept = [made(1, 1, number) for number in range(1, 9)]
        with Association(server, COMMITMENT, CT,
                         evt_handlers=[(evt.EVT_N_EVENT_REPORT, take)]) as association:
            others = set(threading.enumerate())
            for one in kept:
                one.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
                self.assertEqual(association.send_c_store(one).Status, 0x0000)
                asked.append(transaction((CT, one.SOPInstanceUID)))
                status, _ = association.send_n_action(asked[-1], 1, COMMITMENT,
                                                      COMMITMENT_INSTANCE)
                self.assertEqual(status.Status, 0x0000)
            everything_is_sent.set()
            reports = [came.next() for _ in kept]
            # pynetdicom takes each report in a thread, and must have done so to be able to release.
            for thread in set(threading.enumerate()) - others:
                thread.join(PATIENCE)
        self.assertEqual([(event_type, report.TransactionUID) for event_type, report in reports],
                         [(1, one.TransactionUID) for one in asked])
        self.assertEqual(len(server.get("/dicom-web/instances")), len(kept))

    def test_commitment_is_reported_on_a_new_association_even_after_a_kill(self):
        port = free_port()
        options = ("--destination", f"asker=PYNETDICOM@127.0.0.1:{port}")
        server = self.few(*options)
        request = transaction((CT, "2.999.1.1.1"))
        # Without a handler pynetdicom refuses the report on this association.
        with Association(server, COMMITMENT) as association:
            status, _ = association.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
            self.assertEqual(status.Status, 0x0000)
        server.end(signal.SIGKILL)
        came = Reports()
        self.listen("PYNETDICOM", port, came.handlers, COMMITMENT, scu_role=False, scp_role=True)
        self.serve(*options)
        event_type, report = came.next()
        self.assertEqual((event_type, report.TransactionUID), (1, request.TransactionUID))

    def test_commitment_is_not_said_of_what_is_erased_before_the_report_can_go_out(self):
        port = free_port()
        server = self.few("--destination", f"asker=PYNETDICOM@127.0.0.1:{port}", "--set", "http.deletion=true")
        came = Reports()
        asked = [(evt.EVT_REQUESTED, lambda event: self.erase(server, "2.999.1"))]
        self.listen("PYNETDICOM", port, came.handlers + asked, COMMITMENT, scu_role=False, scp_role=True)
        # Without a handler pynetdicom refuses the report on this association.
        with Association(server, COMMITMENT) as association:
            request = transaction((CT, "2.999.1.1.1"), (CT, "2.999.2.1.1"))
            status, _ = association.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
            self.assertEqual(status.Status, 0x0000)
        event_type, report = came.next()
        self.assertEqual(event_type, 2)
        self.assertEqual([item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence], ["2.999.2.1.1"])
        self.assertEqual([(item.ReferencedSOPInstanceUID, item.FailureReason) for item in report.FailedSOPSequence],
                         [("2.999.1.1.1", 0x0112)])

    def test_requests_are_matched_within_one_item_of_their_sequence(self):
        def request(step, procedure):
            item = Dataset()
            item.ScheduledProcedureStepID, item.RequestedProcedureID = step, procedure
            return item

        server = self.archive(
            [made(1, 1, 1, RequestAttributesSequence=[request("S1", "R1"), request("S2", "R2")]),
             made(2, 1, 1, RequestAttributesSequence=[request("S3", "R1")])])
        with Association(server, STUDY_FIND) as association:
            for step, procedure, studies in [
                    ("S1", "R1", ["2.999.1"]), ("S1", "R2", []), ("S?", "R1", ["2.999.2", "2.999.1"])]:
                identifier = keys("STUDY", StudyInstanceUID="",
                                  RequestAttributesSequence=[request(step, procedure)])
                _, answers = found(association, identifier)
                self.assertEqual([one.StudyInstanceUID for one in answers], studies)
            identifier = keys("SERIES", StudyInstanceUID="2.999.1", SeriesInstanceUID="",
                              RequestAttributesSequence=[request("S2", "")])
            statuses, answers = found(association, identifier)
        self.assertEqual(statuses, [0xFF00, 0x0000])
        self.assertEqual([item.RequestedProcedureID
                          for item in answers[0].RequestAttributesSequence], ["R1", "R2"])
        code, said = self.findscu(server, "-S", "-k", "QueryRetrieveLevel=SERIES", "-k",
                                  "StudyInstanceUID=2.999.2", "-k", "SeriesInstanceUID", "-k",
                                  "RequestAttributesSequence[0].RequestedProcedureID=R1")
        self.assertEqual((code, len(re.findall(r"\(Pending\)", said))), (0, 1), said)
        path = "/dicom-web/series?RequestAttributesSequence.ScheduledProcedureStepID=S3"
        self.assertEqual([one["0020000D"]["Value"] for one in server.get(path)], [["2.999.2"]])

    def test_many_ask_at_once(self):
        server = self.few()
        asking = [subprocess.Popen(["findscu", "-aec", "LUCERNA", "-S", "-k",
                                    "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID",
                                    "127.0.0.1", server.dicom_port], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL) for _ in range(20)]
        self.assertEqual([one.wait() for one in asking], [0] * 20)


if __name__ == "__main__":
    main("QueryRetrieve")
