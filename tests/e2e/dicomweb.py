#!/usr/bin/env python3
"""Asks the running program over DICOMweb, by Python's urllib and curl, for what it holds.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/dicomweb.py [TEST]
"""
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
from email import message_from_bytes
from email.policy import HTTP
from xml.etree import ElementTree

import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian as EXPLICIT, JPEG2000Lossless

from query_retrieve import STUDY_FIND, Association, found, keys, made
from whole_program import LUCERNA, PATIENCE, Server, main


class Dicomweb(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-dicomweb-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options):
        server = Server(os.path.join(self.folder, "data"), *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def keep(self, server, *objects):
        files = []
        for number, made_object in enumerate(objects):
            files.append(str(self.folder / f"{number}.dcm"))
            made_object.save_as(files[-1], enforce_file_format=True)
        stored = server.store(files)
        self.assertEqual(stored.returncode, 0, stored.stderr)

    def ask(self, server, path, method="GET", body=None, **headers):
        """Status, headers and body; names of headers with _ for -."""
        request = urllib.request.Request(
            server.url + path, method=method, data=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    def test_ranges_join_to_the_whole(self):
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        instance = "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1"
        for path, accept in ((instance, "application/dicom"),
                             (instance + "/frames/1", "application/octet-stream"),
                             (instance + "/bulkdata/7FE00010", "application/octet-stream"),
                             (instance + "/rendered", "image/png")):
            _, headers, whole = self.ask(server, path, Accept=accept)
            self.assertEqual(headers["Accept-Ranges"], "bytes", path)
            joined = b""
            while len(joined) < len(whole):
                status, part, body = self.ask(
                    server, path, Accept=accept, If_Range=headers["ETag"],
                    Range=f"bytes={len(joined)}-{len(joined) + 199}")
                self.assertEqual(status, 206, path)
                self.assertEqual(part["Content-Range"],
                                 f"bytes {len(joined)}-{len(joined) + len(body) - 1}/{len(whole)}")
                joined += body
            self.assertEqual(joined, whole, path)
            status, beyond, _ = self.ask(server, path, Accept=accept, Range=f"bytes={len(whole)}-")
            self.assertEqual((status, beyond["Content-Range"]), (416, f"bytes */{len(whole)}"))
            status, _, body = self.ask(server, path, Accept=accept, Range="bytes=0-1",
                                       If_Range='"another"')
            self.assertEqual((status, body), (200, whole), path)

    def test_curl_resumes_a_download(self):
        if not shutil.which("curl"):
            self.skipTest("skipped: no curl")
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        url = server.url + "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1"
        _, _, whole = self.ask(server, url.removeprefix(server.url), Accept="application/dicom")
        got = self.folder / "got.dcm"
        got.write_bytes(whole[:300])
        subprocess.run(["curl", "-sSf", "-C", "-", "-H", "Accept: application/dicom", "-o", got, url],
                       check=True)
        self.assertEqual(got.read_bytes(), whole)


    def compressed(self):
        """Pictures of gray, each in another transfer syntax and written by another program than
        the server, with what they were before."""
        gray = bytes((x * 7 + y * 31 + x * y) % 256 for y in range(16) for x in range(32))
        tools = {"big": ["dcmconv", "+tb"], "deflated": ["dcmconv", "+td"],
                 "implicit": ["dcmconv", "+ti"], "jpeg": ["dcmcjpeg", "+e1"],
                 "jls": ["dcmcjpls", "+el"], "rle": ["dcmcrle"]}
        for number, (name, command) in enumerate(tools.items(), 1):
            plain, coded = self.folder / f"{name}.dcm", self.folder / f"{name}-coded.dcm"
            d = made(3, 1, number, PixelData=gray)
            d.save_as(plain, enforce_file_format=True)
            subprocess.run([*command, plain, coded], check=True)
            yield name, d, coded
        for number, (name, syntax) in enumerate((("j2k", JPEG2000Lossless),), len(tools) + 1):
            d = made(3, 1, number, PixelData=gray)
            stream = io.BytesIO()
            Image.frombytes("I;16", (16, 16), gray).save(stream, "JPEG2000", irreversible=False,
                                                         no_jp2=True)
            coded = self.folder / f"{name}-coded.dcm"
            encoded = made(3, 1, number, PixelData=encapsulate([stream.getvalue()]))
            encoded.file_meta.TransferSyntaxUID = syntax
            encoded["PixelData"].VR = "OB"
            encoded.save_as(coded, enforce_file_format=True)
            yield name, d, coded

    def test_transcodes_without_a_loss(self):
        server = self.serve()
        series = "/dicom-web/studies/2.999.3/series/2.999.3.1"
        for name, plain, coded in self.compressed():
            status, _, answer = self.ask(
                server, "/dicom-web/studies", "POST",
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + coded.read_bytes() +
                b"\r\n--b--\r\n",
                Content_Type='multipart/related; type="application/dicom"; boundary=b')
            self.assertEqual(status, 200, name + answer.decode())
            instance = f"{series}/instances/{plain.SOPInstanceUID}"
            syntax = dcmread(coded).file_meta.TransferSyntaxUID
            status, headers, body = self.ask(
                server, instance, Accept=f"application/dicom; transfer-syntax={EXPLICIT}")
            self.assertEqual(status, 200, name)
            self.assertIn(EXPLICIT, headers["Content-Type"])
            given = dcmread(io.BytesIO(body))
            self.assertEqual(given.file_meta.TransferSyntaxUID, EXPLICIT, name)
            self.assertEqual(given.PixelData, plain.PixelData, name)
            self.assertEqual((given.PatientName, given.Rows), (plain.PatientName, 16), name)
            for wanted in ("", f"; transfer-syntax={EXPLICIT}"):
                _, _, frame = self.ask(server, instance + "/frames/1",
                                       Accept="application/octet-stream" + wanted)
                self.assertEqual(frame, plain.PixelData, name)
            _, _, kept = self.ask(server, instance, Accept="application/dicom; transfer-syntax=*")
            again = dcmread(io.BytesIO(kept))
            self.assertEqual(again.file_meta.TransferSyntaxUID, syntax, name)
            self.assertEqual(again.PixelData, dcmread(coded).PixelData, name)
            status, _, body = self.ask(server, instance,
                                       Accept="application/dicom; transfer-syntax=1.2.840.10008.1.2.4.203")
            self.assertEqual(status, 406, name)
            self.assertIn(EXPLICIT.encode(), body)
        for level in (series, "/dicom-web/studies/2.999.3"):
            for accept in ("*/*", "multipart/related; type=\"application/dicom\""):
                _, headers, body = self.ask(server, level, Accept=accept)
                parts = message_from_bytes(
                    b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body,
                    policy=HTTP).get_payload()
                self.assertEqual(len(parts), 7)

    def parts(self, headers, body):
        return message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" +
                                  body, policy=HTTP).get_payload()

    def test_what_cannot_be_decoded_comes_as_it_is_stored(self):
        server = self.serve()
        broken = made(4, 1, 2, PixelData=encapsulate([b"\xff\x4f\xff\x51no JPEG 2000 at all"]))
        broken.file_meta.TransferSyntaxUID = JPEG2000Lossless
        broken["PixelData"].VR = "OB"
        self.keep(server, made(4, 1, 1), made(4, 1, 3))
        broken.save_as(self.folder / "broken.dcm", enforce_file_format=True)
        status, _, answer = self.ask(
            server, "/dicom-web/studies", "POST",
            b"--b\r\nContent-Type: application/dicom\r\n\r\n" +
            (self.folder / "broken.dcm").read_bytes() + b"\r\n--b--\r\n",
            Content_Type='multipart/related; type="application/dicom"; boundary=b')
        self.assertEqual(status, 200, answer)
        study = "/dicom-web/studies/2.999.4"
        status, headers, body = self.ask(server, study)
        syntaxes = [dcmread(io.BytesIO(part.get_payload(decode=True))).file_meta.TransferSyntaxUID
                    for part in self.parts(headers, body)]
        self.assertEqual((status, syntaxes), (200, [EXPLICIT, JPEG2000Lossless, EXPLICIT]))
        status, headers, body = self.ask(
            server, study, Accept=f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}')
        self.assertEqual((status, len(self.parts(headers, body))), (206, 2))
        self.assertIn("2.999.4.1.2", headers["Warning"])
        status, headers, body = self.ask(server, study + "/rendered",
                                         Accept='multipart/related; type="image/png"')
        self.assertEqual((status, len(self.parts(headers, body))), (206, 2))
        self.assertEqual(self.ask(server, study + "/series/2.999.4.1/instances/2.999.4.1.2/rendered")[0], 409)

    def test_says_what_it_can_do(self):
        """Retrieve Capabilities (PS3.18 8.9): the methods that are named are those that are allowed."""
        server = self.serve()
        for base in ("/dicom-web", "/dicom-web/"):
            status, headers, body = self.ask(server, base, "OPTIONS")
            self.assertEqual((status, headers["Content-Type"]),
                             (200, "application/vnd.sun.wadl+xml"))
        names = {"w": "http://wadl.dev.java.net/2009/02"}
        resources = ElementTree.fromstring(body).find("w:resources", names)
        self.assertEqual(resources.get("base"), server.url + "/dicom-web/")
        methods = {one.get("path"): {method.get("name") for method in one.findall("w:method", names)}
                   for one in resources.findall("w:resource", names)}
        self.assertEqual(methods["studies"], {"GET", "POST"})
        self.assertGreater(len(methods), 30)
        for path, of_path in methods.items():
            _, headers, _ = self.ask(
                server, "/dicom-web/" + path.replace("{", "").replace("}", ""), "OPTIONS")
            self.assertEqual(set(headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}, of_path, path)

    def test_unknown_transfer_syntaxes_are_kept_however_they_encode_data_sets(self):
        server = self.serve()

        def encoded(number, implicit, little, deflated=False):
            body = io.BytesIO()
            d = made(5, 1, number)
            del d.file_meta
            dcmwrite(body, d, implicit_vr=implicit, little_endian=little, force_encoding=True)
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
            return squeeze.compress(body.getvalue()) + squeeze.flush() if deflated else body.getvalue()
        for number, (syntax, body) in enumerate((
                ("1.2.3.10", encoded(1, False, True)), ("1.2.3.11", encoded(2, True, True)),
                ("1.2.3.12", encoded(3, False, False)), ("1.2.3.13", encoded(4, False, True, True)),
                ("1.2.840.10008.1.2.4.95", encoded(5, False, True, True)),
                ("1.2.840.10008.1.2.4.205", encoded(6, False, True, True)),
                ("1.2.840.113619.5.2", encoded(7, True, True))), 1):
            meta = made(5, 1, number).file_meta
            meta.TransferSyntaxUID = syntax
            head = io.BytesIO()
            write_file_meta_info(head, meta)
            file = bytes(128) + b"DICM" + head.getvalue() + body
            status, _, answer = self.ask(
                server, "/dicom-web/studies", "POST",
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--b--\r\n",
                Content_Type='multipart/related; type="application/dicom"; boundary=b')
            self.assertEqual(status, 200, (syntax, answer))
            instance = f"/dicom-web/studies/2.999.5/series/2.999.5.1/instances/2.999.5.1.{number}"
            status, _, kept = self.ask(server, instance, Accept="application/dicom; transfer-syntax=*")
            self.assertEqual((status, kept), (200, file), syntax)
            status, _, kept = self.ask(server, instance + "/metadata", Accept="application/dicom+json")
            self.assertEqual(json.loads(kept)[0]["00100020"]["Value"], ["PAT-5"], syntax)
        garbled = file.replace(b"1.2.840.113619.5.2", b"1.2.840.113619.5.9").replace(body, bytes(1000))
        status, headers, _ = self.ask(
            server, "/dicom-web/studies", "POST",
            b"--b\r\nContent-Type: application/dicom\r\n\r\n" + garbled + b"\r\n--b--\r\n",
            Content_Type='multipart/related; type="application/dicom"; boundary=b')
        self.assertEqual(status, 409)
        self.assertIn("1.2.840.113619.5.9 is not known", headers["Warning"])

    def test_addresses_are_those_behind_the_proxy(self):
        outside = "https://pacs.example/archive"
        server = self.serve("--set", f"http.base_url={outside}/")
        one = self.folder / "one.dcm"
        made(1, 1, 1).save_as(one, enforce_file_format=True)
        status, _, stored = self.ask(
            server, "/dicom-web/studies", "POST",
            b"--b\r\nContent-Type: application/dicom\r\n\r\n" + one.read_bytes() + b"\r\n--b--\r\n",
            Content_Type='multipart/related; type="application/dicom"; boundary=b', Host="pacs.example",
            Origin="https://pacs.example")
        self.assertEqual(status, 200, stored)
        instance = outside + "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1"
        self.assertIn(instance.encode(), stored)
        # Whether the proxy hands Host on or not.
        for host in ("pacs.example", "127.0.0.1"):
            _, _, found = self.ask(server, "/dicom-web/instances", Host=host)
            self.assertEqual(json.loads(found)[0]["00081190"]["Value"], [instance])
            _, _, metadata = self.ask(server, "/dicom-web/studies/2.999.1/metadata", Host=host)
            self.assertEqual(json.loads(metadata)[0]["7FE00010"]["BulkDataURI"],
                             instance + "/bulkdata/7FE00010")
        made_item = self.send(server, "?2.999.7", self.workitem())
        self.assertEqual(made_item[2]["Location"], outside + "/dicom-web/workitems/2.999.7")
        self.assertEqual(self.ask(server, "/dicom-web/studies", Host="evil.example")[0], 421)
        server.end(signal.SIGTERM)
        server = self.serve("--set", "http.allowed_hosts=pacs.example,127.0.0.1")
        made(1, 1, 2).save_as(one, enforce_file_format=True)
        _, _, stored = self.ask(
            server, "/dicom-web/studies", "POST",
            b"--b\r\nContent-Type: application/dicom\r\n\r\n" + one.read_bytes() + b"\r\n--b--\r\n",
            Content_Type='multipart/related; type="application/dicom"; boundary=b')
        stored = json.loads(stored)
        study = server.url + "/dicom-web/studies/2.999.1"
        self.assertEqual(stored["00081190"]["Value"], [study], "as the client sees it")
        self.assertEqual(stored["00081199"]["Value"][0]["00081190"]["Value"],
                         [study + "/series/2.999.1.1/instances/2.999.1.1.2"])
        self.assertEqual(self.ask(server, "/dicom-web/studies", Host="pacs.example")[0], 200)
        self.assertEqual(self.ask(server, "/dicom-web/studies", Host="localhost")[0], 421)

    def test_instances_are_found_by_what_is_in_their_sequences(self):
        server = self.serve()
        objects = []
        for number, names in (("1", ("MLO", "Möller")), ("2", ("CC", "Moller")), ("3", ())):
            one = made(1, 1, int(number))
            one.ReferencedImageSequence = []
            for name in names:
                item = Dataset()
                item.ReferencedSOPInstanceUID, code = f"2.999.5.{number}", Dataset()
                code.CodeValue, code.CodeMeaning = name[:3], name
                item.PurposeOfReferenceCodeSequence = [code]
                one.ReferencedImageSequence.append(item)
            one.SpecificCharacterSet = "ISO_IR 100"
            objects.append(one)
        self.keep(server, *objects)
        client = DICOMwebClient(server.url + "/dicom-web")

        def search(**filters):
            """UIDs' last numbers, by dicomweb-client."""
            matches = client.search_for_instances(
                "2.999.1", search_filters={name.replace("__", "."): value for name, value in filters.items()})
            return [match["00080018"]["Value"][0].rsplit(".", 1)[1] for match in matches]

        of = "ReferencedImageSequence__"
        self.assertEqual(search(**{of + "ReferencedSOPInstanceUID": "2.999.5.2"}), ["2"])
        self.assertEqual(search(**{of + "PurposeOfReferenceCodeSequence__CodeMeaning": "Mö*"}), ["1"])
        self.assertEqual(search(**{of + "PurposeOfReferenceCodeSequence__CodeMeaning": "Mö*",
                                   of + "PurposeOfReferenceCodeSequence__CodeValue": "MLO"}), [])
        status, headers, _ = self.ask(
            server, "/dicom-web/instances?ReferencedImageSequence.ReferencedSOPInstanceUID=2.999.5.2")
        self.assertEqual(status, 200)
        self.assertIn("ReferencedImageSequence", headers["Warning"])

    def test_studies_and_series_say_their_offset_from_utc(self):
        server = self.serve()
        objects = [made(1, 1, 1), made(1, 2, 1), made(2, 1, 1)]
        objects[0].TimezoneOffsetFromUTC, objects[1].TimezoneOffsetFromUTC = "+0100", "-0500"
        self.keep(server, *objects)
        client = DICOMwebClient(server.url + "/dicom-web")

        def offsets(matches, uid):
            return {match[uid]["Value"][0]: match.get("00080201", {}).get("Value") for match in matches}

        studies = offsets(client.search_for_studies(), "0020000D")
        self.assertEqual(set(studies), {"2.999.1", "2.999.2"})
        self.assertIn(studies["2.999.1"], (["+0100"], ["-0500"]))
        self.assertIsNone(studies["2.999.2"])
        self.assertEqual(offsets(client.search_for_series(), "0020000E"),
                         {"2.999.1.1": ["+0100"], "2.999.1.2": ["-0500"], "2.999.2.1": None})

    def workitem(self):
        item = Dataset()
        item.ScheduledProcedureStepPriority = "HIGH"
        item.ProcedureStepLabel = "Read mammograms"
        item.ScheduledProcedureStepStartDateTime = "20260301083000"
        item.InputReadinessState = "READY"
        item.ProcedureStepState = "SCHEDULED"
        item.PatientName = "Müller^Eva"
        item.PatientID = "PAT-1"
        return item

    def send(self, server, path, dataset, method="POST"):
        status, headers, body = self.ask(server, "/dicom-web/workitems" + path, method,
                                         dataset.to_json().encode(),
                                         Content_Type="application/dicom+json")
        return status, headers["Warning"] or "", headers, body

    def test_a_workitem_is_made_taken_and_finished_across_a_crash(self):
        server = self.serve()
        status, warning, headers, _ = self.send(server, "?2.999.7", self.workitem())
        self.assertEqual(status, 201)
        self.assertIn("created with modifications", warning)
        self.assertTrue(headers["Location"].endswith("/dicom-web/workitems/2.999.7"))
        server.end(signal.SIGKILL)
        server = self.serve()
        self.assertEqual(self.send(server, "?2.999.7", self.workitem())[0], 409)
        change = Dataset()
        change.ProcedureStepState = "IN PROGRESS"
        self.assertIn("UID is missing", self.send(server, "/2.999.7/state", change, "PUT")[1])
        change.TransactionUID = "2.999.8"
        self.assertEqual(self.send(server, "/2.999.7/state", change, "PUT")[0], 200)
        done = Dataset()
        done.PerformedProcedureStepStartDateTime = "20260301083100"
        done.PerformedProcedureStepEndDateTime = "20260301083200"
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator = "110005", "DCM"
        code.CodeMeaning = "Interpretation"
        done.PerformedWorkitemCodeSequence = [code]
        done.PerformedStationNameCodeSequence = [code]
        done.OutputInformationSequence = []
        update = Dataset()
        update.UnifiedProcedureStepPerformedProcedureSequence = [done]
        self.assertEqual(self.send(server, "/2.999.7?2.999.9", update)[0], 400)
        self.assertEqual(self.send(server, "/2.999.7?2.999.8", update)[0], 200)
        change.ProcedureStepState = "COMPLETED"
        self.assertEqual(self.send(server, "/2.999.7/state", change, "PUT")[0], 200)
        status, _, body = self.ask(
            server, "/dicom-web/workitems?PatientName=m%C3%BCller*&ProcedureStepState=COMPLETED")
        items = [Dataset.from_json(one) for one in json.loads(body)]
        self.assertEqual([item.SOPInstanceUID for item in items], ["2.999.7"])
        self.assertEqual(items[0].UnifiedProcedureStepPerformedProcedureSequence[0], done)
        self.assertNotIn(b"2.999.8", body, "the Transaction UID is given out")

    def test_a_workitem_comes_as_the_xml_that_dcm2xml_writes(self):
        server = self.serve()
        item = self.workitem()
        item.StudyDate = "20260301"
        item.Rows = 512
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1<2", "99X", "Read & sign"
        item.ScheduledWorkitemCodeSequence = [code]
        item.SpecificCharacterSet = "ISO_IR 192"
        file = self.folder / "item.dcm"
        item.save_as(file, implicit_vr=False, little_endian=True, enforce_file_format=False)
        written = subprocess.run(["dcm2xml", "-f", "-t=", "--native-format", file], capture_output=True,
                                 check=True).stdout
        self.assertIn(b"NativeDicomModel", written)
        status, _, body = self.ask(server, "/dicom-web/workitems?2.999.7", "POST", written,
                                   Content_Type="application/dicom+xml")
        self.assertEqual(status, 201, body)
        _, _, body = self.ask(server, "/dicom-web/workitems/2.999.7")
        kept = Dataset.from_json(json.loads(body)[0])
        self.assertEqual((str(kept.PatientName), kept.Rows, kept.StudyDate),
                         ("Müller^Eva", 512, "20260301"))
        self.assertEqual(kept.ScheduledWorkitemCodeSequence[0], code)
        status, headers, body = self.ask(server, "/dicom-web/workitems",
                                         Accept='multipart/related; type="application/dicom+xml"')
        self.assertEqual(status, 200)
        (part,) = message_from_bytes(
            b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body,
            policy=HTTP).get_payload()
        tree = ElementTree.fromstring(part.get_payload(decode=True))
        space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
        self.assertEqual(tree.tag, space + "NativeDicomModel")
        named = {one.get("keyword"): one for one in tree}
        self.assertEqual(named["PatientName"].find(f".//{space}FamilyName").text, "Müller")
        self.assertEqual(
            named["ScheduledWorkitemCodeSequence"].find(
                f"{space}Item/{space}DicomAttribute[@keyword='CodeMeaning']/{space}Value").text,
            "Read & sign")

    def test_metadata_comes_as_the_xml_that_dcm2xml_writes(self):
        server = self.serve()
        d = made(1, 1, 1, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jürgen",
                 PatientComments="a < b & c", WindowCenter=["1.5", "-2"], WindowWidth=["10", "20"])
        self.keep(server, d)
        place = "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1/metadata"
        status, headers, body = self.ask(
            server, place, Accept='multipart/related; type="application/dicom+xml"')
        self.assertEqual(status, 200, body)
        message = message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() +
                                     b"\r\n\r\n" + body, policy=HTTP)
        (part,) = message.iter_parts()
        self.assertEqual(part.get_content_type(), "application/dicom+xml")
        written = subprocess.run(["dcm2xml", "--native-format", "+U8", self.folder / "0.dcm"],
                                 capture_output=True, check=True).stdout

        def texts(document):
            found = {}
            for attribute in ElementTree.fromstring(document).iter():
                if attribute.tag.rpartition("}")[2] == "DicomAttribute":
                    found[attribute.get("tag"), attribute.get("vr"), attribute.get("keyword")] = [
                        text.strip() for text in attribute.itertext() if text.strip()]
            return found

        ours, theirs = texts(part.get_payload(decode=True)), texts(written)
        # The encoding of the answer, what it was kept in, and pixels, which are elsewhere.
        for only in ("00080005", "00083002", "7FE00010"):
            for document in (ours, theirs):
                for key in [key for key in document if key[0] == only]:
                    del document[key]
        theirs = {key: text for key, text in theirs.items() if not key[0].startswith("0002")}
        self.assertEqual(ours, theirs)
        self.assertGreater(len(ours), 15)

    def test_stow_answers_in_xml(self):
        server = self.serve()

        def file_of(made_object):
            made_object.save_as(file := io.BytesIO(), enforce_file_format=True)
            return file.getvalue()

        client = DICOMwebClient(server.url + "/dicom-web", headers={"Accept": "application/dicom+xml"})
        answer = client.store_instances(
            [dcmread(io.BytesIO(file_of(made(1, 1, number)))) for number in (1, 2)])
        self.assertEqual([one.ReferencedSOPInstanceUID for one in answer.ReferencedSOPSequence],
                         ["2.999.1.1.1", "2.999.1.1.2"])
        self.assertTrue(answer.RetrieveURL.endswith("/dicom-web/studies/2.999.1"))
        self.assertNotIn("FailedSOPSequence", answer)

        def posted(*parts):
            return requests.post(
                server.url + "/dicom-web/studies", timeout=PATIENCE,
                data=b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n"
                              for part in parts) + b"--b--\r\n",
                headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
                         "Accept": "application/dicom+json;q=0.5, application/dicom+xml"})

        space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
        other = file_of(made(1, 1, 1, PatientComments="not what is kept"))
        for parts, status, sequences in (
                ([file_of(made(1, 1, 3)), other, b"no object"], 202,
                 ["FailedSOPSequence", "ReferencedSOPSequence", "OtherFailuresSequence"]),
                ([other, b"no object"], 409, ["FailedSOPSequence", "OtherFailuresSequence"])):
            answer = posted(*parts)
            self.assertEqual(answer.status_code, status)
            self.assertEqual(answer.headers["Content-Type"], "application/dicom+xml")
            root = ElementTree.fromstring(answer.content)
            self.assertEqual(root.tag, space + "NativeDicomModel")
            self.assertEqual([one.get("keyword") for one in root if one.get("vr") == "SQ"], sequences)
            failed = root.find(f"{space}DicomAttribute[@keyword='FailedSOPSequence']/{space}Item")
            said = {one.get("keyword") or one.get("privateCreator"): one.findtext(space + "Value")
                    for one in failed}
            self.assertEqual((said["ReferencedSOPInstanceUID"], said["FailureReason"]),
                             ("2.999.1.1.1", str(0x0111)))
            self.assertIn("with other content", said["LUCERNA"])

    def stow(self, server, kind, *parts):
        """Posts parts of (headers, body); the answer to requests."""
        body = b"".join(b"--b\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() +
                        b"\r\n" + content + b"\r\n" for headers, content in parts)
        return requests.post(server.url + "/dicom-web/studies", data=body + b"--b--\r\n", timeout=PATIENCE,
                             headers={"Content-Type": f'multipart/related; type="{kind}"; boundary=b'})

    def kept(self, server, d):
        """What the server has for `d`, as it is kept."""
        status, _, body = self.ask(
            server, f"/dicom-web/studies/{d.StudyInstanceUID}/series/{d.SeriesInstanceUID}"
            f"/instances/{d.SOPInstanceUID}", Accept="application/dicom; transfer-syntax=*")
        self.assertEqual(status, 200, body)
        return dcmread(io.BytesIO(body))

    def test_stow_takes_the_xml_that_dcm2xml_writes(self):
        server = self.serve()
        d = made(1, 1, 1, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jürgen",
                 PatientComments="a < b & c", WindowCenter=["1.5", "-2"], WindowWidth=["10", "20"])
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1<2", "99X", "Read & sign"
        d.ProcedureCodeSequence = [code]
        for creator in ("ONE", "TWO"):
            d.private_block(0x0029, creator, create=True).add_new(1, "LO", "of " + creator)
        file = self.folder / "object.dcm"
        d.save_as(file, enforce_file_format=True)
        written = subprocess.run(["dcm2xml", "--native-format", "+U8", "+Eb", "+M", file],
                                 capture_output=True, check=True).stdout
        answer = self.stow(server, "application/dicom+xml",
                           ({"Content-Type": "application/dicom+xml"}, written))
        self.assertEqual(answer.status_code, 200, answer.text)
        got = self.kept(server, d)
        d.SpecificCharacterSet = "ISO_IR 192"
        self.assertEqual(got, d)

    def test_stow_joins_the_json_that_pydicom_writes_with_bulk_data(self):
        server = self.serve()
        objects = [made(1, 1, 1, PatientName="Müller^Jürgen", SliceThickness="2.50"), made(1, 1, 2)]
        document = made(1, 2, 1, MIMETypeOfEncapsulatedDocument="application/pdf",
                        EncapsulatedDocument=b"%PDF-1.4 not really one")
        del document.PixelData
        for d in objects:
            d["PixelData"].VR = "OW"
        bulk = {}

        def apart(element):
            uri = f"https://elsewhere.example/{len(bulk)}"
            bulk[uri] = element.value
            return uri

        sets = [d.to_json_dict(bulk_data_threshold=16, bulk_data_element_handler=apart)
                for d in [*objects, document]]
        self.assertEqual(len(bulk), 3)
        parts = [({"Content-Type": "application/octet-stream", "Content-Location": uri}, value)
                 for uri, value in bulk.items()]
        metadata = {"Content-Type": "application/dicom+json"}, json.dumps(sets).encode()
        for order in ([metadata, *parts], [*parts, metadata]):
            answer = self.stow(server, "application/dicom+json", *order)
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(len(Dataset.from_json(answer.json()).ReferencedSOPSequence), 3)
        for d in objects:
            self.assertEqual(self.kept(server, d), d)
        got = self.kept(server, document)
        self.assertEqual(got.EncapsulatedDocument.rstrip(b"\0"), document.EncapsulatedDocument)
        answer = self.stow(server, "application/dicom+json",
                           ({"Content-Type": "application/dicom+json"},
                            json.dumps(objects[0].to_json_dict(16, lambda _: "nowhere")).encode()))
        self.assertEqual(answer.status_code, 409)
        self.assertIn("no bulk data came", answer.text)
        self.assertEqual(server.end(), 0)
        verified = subprocess.run([LUCERNA, "verify", "--data", self.folder / "data"], capture_output=True)
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_whole_numbers_of_64_bits_are_exact(self):
        """As pydicom reads them, and gives them back as numbers or as texts (PS3.18 F.2.3.1)."""
        server = self.serve()
        values = {"SelectorUVValue": [2**64 - 1, 2**63 + 1, 2**63, 2**53 + 1, 0],
                  "SelectorSVValue": [-2**63, 2**63 - 1, -(2**53 + 1)]}
        d = made(1, 1, 1, **values)
        d["PixelData"].VR = "OW"
        self.keep(server, d)
        place = "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1/metadata"
        (model,) = json.loads(self.ask(server, place)[2])
        read = Dataset.from_json(model)
        _, headers, body = self.ask(server, place, Accept='multipart/related; type="application/dicom+xml"')
        (part,) = message_from_bytes(
            b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body,
            policy=HTTP).get_payload()
        tree = ElementTree.fromstring(part.get_payload(decode=True))
        space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
        for keyword, numbers in values.items():
            self.assertEqual(read[keyword].value, numbers)
            (element,) = (one for one in tree if one.get("keyword") == keyword)
            self.assertEqual([one.text for one in element.findall(space + "Value")],
                             [str(number) for number in numbers])
        for number, form in ((2, int), (3, str)):
            again = made(1, 1, number, PixelData=d.PixelData, **values)
            again["PixelData"].VR = "OW"
            sent = again.to_json_dict()
            for tag in ("00720082", "00720083"):
                sent[tag]["Value"] = [form(value) for value in sent[tag]["Value"]]
            answer = self.stow(server, "application/dicom+json",
                               ({"Content-Type": "application/dicom+json"}, json.dumps([sent]).encode()))
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(self.kept(server, again), again)

    def test_who_names_no_host_is_answered_unless_hosts_are_said(self):
        """As plain checks of health ask, in HTTP/1.0; DNS rebinding needs a browser, which names one."""
        def status_of(server, *lines):
            port = int(server.url.rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
                connection.sendall("\r\n".join([*lines, "", ""]).encode())
                return int(connection.makefile("rb").readline().split()[1])
        server = self.serve()
        search = "GET /dicom-web/studies HTTP/1."
        self.assertEqual(status_of(server, search + "0"), 200)
        self.assertEqual(status_of(server, search + "0", "Host: evil.example"), 421)
        self.assertEqual(status_of(server, search + "1"), 400)
        self.assertEqual(server.end(), 0)
        named = self.serve("--set", "http.allowed_hosts=archive.internal")
        self.assertEqual(status_of(named, search + "0"), 421)
        self.assertEqual(status_of(named, search + "0", "Host: archive.internal"), 200)

    def test_stow_describes_compressed_pixels_that_come_apart(self):
        server = self.serve()
        gray = Image.frombytes("L", (16, 8), bytes(range(0, 256, 2)))
        color = Image.merge("RGB", [gray, gray.rotate(180), gray.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
        kinds = (("image/jpeg", "JPEG", {"quality": 95}, "1.2.840.10008.1.2.4.50", "YBR_FULL_422"),
                 ("image/jp2", "JPEG2000", {"mct": 1}, "1.2.840.10008.1.2.4.90", "YBR_RCT"),
                 ("image/jp2", "JPEG2000", {"mct": 1, "irreversible": True}, "1.2.840.10008.1.2.4.91", "YBR_ICT"),
                 ("image/jp2", "JPEG2000", {"mct": 0}, "1.2.840.10008.1.2.4.90", "RGB"))
        for number, (kind, name, options, syntax, colors) in enumerate(kinds, 1):
            for series, picture in enumerate((gray, color), 1):
                picture.save(stream := io.BytesIO(), name, **options)
                d = made(1, series, number, sop_class="1.2.840.10008.5.1.4.1.1.7")
                for keyword in ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
                                "BitsStored", "HighBit", "PixelRepresentation"):
                    delattr(d, keyword)
                d["PixelData"].VR = "OB"
                answer = self.stow(
                    server, "application/dicom+json",
                    ({"Content-Type": "application/dicom+json"}, json.dumps(d.to_json_dict(16, lambda _: "p")).encode()),
                    ({"Content-Type": kind, "Content-Location": "p"}, stream.getvalue()))
                self.assertEqual(answer.status_code, 200, answer.text)
                got = self.kept(server, d)
                self.assertEqual(got.file_meta.TransferSyntaxUID, syntax)
                self.assertEqual((got.Rows, got.Columns, got.BitsStored), (8, 16, 8))
                self.assertEqual(got.PhotometricInterpretation, "MONOCHROME2" if series == 1 else colors)
                pixels = got.pixel_array
                self.assertEqual(pixels.shape, (8, 16) if series == 1 else (8, 16, 3))
                status, _, shown = self.ask(
                    server, f"/dicom-web/studies/2.999.1/series/2.999.1.{series}/instances/{d.SOPInstanceUID}"
                    "/rendered", Accept="image/png")
                self.assertEqual(status, 200, shown)

    def tokens(self):
        """A file of three tokens, and what each sends."""
        names = ("read", "write", "delete")
        path = self.folder / "tokens"
        path.write_text("".join(f"{name}-er {name * 8} {name}\n" for name in names))
        return str(path), {name: f"Bearer {name * 8}" for name in names}

    def test_deletes_for_those_who_may(self):
        path, token = self.tokens()
        server = self.serve("--set", "http.deletion=true", "--set", f"http.tokens={path}")
        self.keep(server, made(1, 1, 1), made(1, 1, 2), made(1, 2, 1), made(2, 1, 1))
        study = "/dicom-web/studies/2.999.1"
        instance = study + "/series/2.999.1.1/instances/2.999.1.1.1"
        for asked, status in (({}, 401), ({"Authorization": token["read"]}, 403),
                              ({"Authorization": token["write"]}, 403)):
            self.assertEqual(self.ask(server, instance, "DELETE", **asked)[0], status)
        may = {"Authorization": token["delete"]}
        self.assertEqual(self.ask(server, instance, **may)[0], 200)
        self.assertEqual(self.ask(server, instance, "DELETE", **may)[0], 204)
        for method in ("GET", "DELETE"):
            self.assertEqual(self.ask(server, instance, method, **may)[0], 404)
        self.assertEqual(self.ask(server, study + "/series/2.999.1.1", "DELETE", **may)[0], 204)
        with Association(server, STUDY_FIND) as association:
            _, left = found(association, keys("SERIES", StudyInstanceUID="2.999.1",
                                              SeriesInstanceUID=""))
            self.assertEqual([d.SeriesInstanceUID for d in left], ["2.999.1.2"])
        self.assertEqual(self.ask(server, study, "DELETE", **may)[0], 204)
        self.assertEqual(self.ask(server, study, **may)[0], 404)
        status, _, left = self.ask(server, "/dicom-web/studies", **may)
        self.assertIn(b"2.999.2", left)
        self.assertNotIn(b"2.999.1", left)
        self.assertEqual(server.end(), 0)
        verified = subprocess.run([LUCERNA, "verify", "--data", self.folder / "data"],
                                  capture_output=True, text=True)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        trail = (self.folder / "data" / "audit.log").read_text()
        for act in ("erase-instance", "erase-series", "erase-study"):
            self.assertIn(f'"act":"{act}","by":"delete-er"', trail)
        self.assertNotIn("2.999", trail)

    def test_deletes_nothing_unless_configured(self):
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        status, headers, _ = self.ask(server, "/dicom-web/studies/2.999.1", "DELETE")
        self.assertEqual(status, 405)
        self.assertNotIn("DELETE", headers["Allow"])
        self.assertEqual(self.ask(server, "/dicom-web/studies/2.999.1")[0], 200)


if __name__ == "__main__":
    main("Dicomweb")
