#!/usr/bin/env python3
"""Asks the running program for what it holds, as other people's DICOM clients do: DCMTK's tools and
pynetdicom, unmodified.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/query_retrieve.py [TEST]
"""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind as PATIENT_FIND,
    StudyRootQueryRetrieveInformationModelFind as STUDY_FIND,
)
from whole_program import Server, main

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


class Association:
    """Of pynetdicom, used in a `with`."""

    def __init__(self, server, *classes, syntaxes=(ImplicitVRLittleEndian,), **options):
        ae = AE(ae_title="PYNETDICOM")
        for sop_class in classes:
            ae.add_requested_context(sop_class, list(syntaxes))
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


class QueryRetrieve(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-query-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def archive(self, objects, *options):
        """A server that holds `objects`."""
        server = Server(self.path("data"), "--set", "quiet_seconds=86400", *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
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
        with Association(server, STUDY_FIND, ext_neg=asking_for(STUDY_FIND, b"\x01\x01")) as one:
            granted = one.acceptor.sop_class_extended[STUDY_FIND]
            self.assertEqual(granted, b"\x01\x01")
            self.assertEqual(len(found(one, relational)[1]), 3)
            moments = keys("STUDY", StudyInstanceUID="", StudyDate="20240101-20240103",
                           StudyTime="1300-1100")
            self.assertEqual(len(found(one, moments)[1]), 1)

    def test_names_are_found_and_told_in_the_askers_characters(self):
        server = self.few()
        with Association(server, PATIENT_FIND) as association:
            for character_set, name, expected in [
                    ("ISO_IR 100", "müller*", "ISO_IR 100"), ("ISO_IR 192", "MÜLLER*", "ISO_IR 192"),
                    ("ISO_IR 192", "*=山田*", "ISO_IR 192"),
                    (["", "ISO 2022 IR 87"], "Yamada*=山田*", "ISO_IR 192")]:
                identifier = keys("PATIENT", PatientName=name, PatientID="")
                identifier.SpecificCharacterSet = character_set
                statuses, answers = found(association, identifier, PATIENT_FIND)
                self.assertEqual(statuses, [0xFF00, 0x0000], name)
                self.assertEqual(answers[0].SpecificCharacterSet, expected)
                told = str(answers[0].PatientName)
                self.assertIn("Müller" if "ller" in name.lower() else "山田", told)

    def test_keys_that_are_not_indexed_are_given_of_images_and_told_of(self):
        server = self.few()
        with Association(server, STUDY_FIND) as association:
            image = keys("IMAGE", StudyInstanceUID="2.999.1", SeriesInstanceUID="2.999.1.1",
                         SOPInstanceUID="", BitsStored=None, PhotometricInterpretation="")
            statuses, answers = found(association, image)
            self.assertEqual(statuses, [0xFF00, 0xFF00, 0x0000])
            self.assertEqual(answers[0].BitsStored, 16)
            image.PhotometricInterpretation = "RGB"
            self.assertEqual(found(association, image)[0], [0xFF01, 0xFF01, 0x0000])

    def test_many_ask_at_once(self):
        server = self.few()
        asking = [subprocess.Popen(["findscu", "-aec", "LUCERNA", "-S", "-k",
                                    "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID",
                                    "127.0.0.1", server.dicom_port], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL) for _ in range(20)]
        self.assertEqual([one.wait() for one in asking], [0] * 20)


if __name__ == "__main__":
    main("QueryRetrieve")
