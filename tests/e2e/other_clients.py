#!/usr/bin/env python3
"""The archive under the libraries that other people write their programs with, unmodified:
dicomweb-client for DICOMweb, dcmjs-dimse for DIMSE. (DCMTK and pynetdicom: query_retrieve.py; OHIF:
ohif.test.mjs.)

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/other_clients.py [TEST]
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from requests import HTTPError

from query_retrieve import free_port, made
from whole_program import PATIENCE, Server, main

HERE = pathlib.Path(__file__).resolve().parent
NODE_PEERS = HERE.parent.parent / ".deps" / "node"


class OtherClients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-clients-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.objects = [made(1, 1, 1), made(1, 1, 2), made(1, 2, 1),
                        made(2, 1, 1, PatientName="Müller^Änne")]
        self.files = []
        for number, one in enumerate(self.objects):
            self.files.append(os.path.join(self.folder, f"{number}.dcm"))
            one.save_as(self.files[-1], enforce_file_format=True)

    def serve(self, *options):
        server = Server(os.path.join(self.folder, "data"), "--set", "quiet_seconds=86400", *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def dcmjs(self, server, *arguments):
        run = subprocess.run(["node", str(HERE / "dcmjs_dimse.mjs"), str(NODE_PEERS), server.dicom_port,
                              *arguments], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return json.loads(run.stdout)

    def test_dicomweb_client_stores_and_finds_and_fetches(self):
        server = self.serve()
        client = DICOMwebClient(server.url + "/dicom-web")
        answer = client.store_instances([dcmread(file) for file in self.files])
        self.assertEqual(len(answer.ReferencedSOPSequence), 4)
        self.assertNotIn("FailedSOPSequence", answer)

        studies = client.search_for_studies(search_filters={"PatientName": "M*"})
        self.assertEqual([Dataset.from_json(one).PatientName for one in studies], ["Müller^Änne"])
        self.assertEqual(len(client.search_for_series("2.999.1")), 2)
        found = client.search_for_instances("2.999.1", "2.999.1.1", fields=["Rows"])
        self.assertEqual({Dataset.from_json(one).SOPInstanceUID for one in found},
                         {"2.999.1.1.1", "2.999.1.1.2"})

        for one in self.objects:
            place = one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID
            fetched = client.retrieve_instance(*place)
            self.assertEqual(fetched, one, "the same elements")
            self.assertEqual(fetched.file_meta.TransferSyntaxUID, ExplicitVRLittleEndian)
            self.assertEqual(client.retrieve_instance_frames(*place, frame_numbers=[1]), [one.PixelData])
            metadata = Dataset.from_json(client.retrieve_instance_metadata(*place))
            self.assertEqual(metadata.PatientName, one.PatientName)
            # A picture of one kind or another; what it shows is for tests of rendering.
            self.assertTrue(client.retrieve_instance_rendered(*place, media_types=("image/png",))
                            .startswith(b"\x89PNG"))
        whole = client.retrieve_study("2.999.1")
        self.assertEqual(sorted(one.SOPInstanceUID for one in whole),
                         ["2.999.1.1.1", "2.999.1.1.2", "2.999.1.2.1"])
        self.assertEqual(len(client.retrieve_series_metadata("2.999.1", "2.999.1.1")), 2)
        self.assertEqual(len(list(client.iter_series("2.999.1", "2.999.1.1"))), 2)

    def test_dicomweb_client_fetches_bulk_data_where_the_metadata_says(self):
        server = self.serve()
        client = DICOMwebClient(server.url + "/dicom-web")
        client.store_instances([dcmread(self.files[0])])
        one = self.objects[0]
        metadata = client.retrieve_instance_metadata(one.StudyInstanceUID, one.SeriesInstanceUID,
                                                     one.SOPInstanceUID)
        # The client leaves its port out of Host.
        place = metadata["7FE00010"]["BulkDataURI"]
        self.assertTrue(place.startswith(server.url + "/"), place)
        self.assertEqual(client.retrieve_bulkdata(place), [one.PixelData])
        self.assertEqual(list(client.iter_bulkdata(place)), [one.PixelData])
        octets = ("application/octet-stream",)
        self.assertEqual(client.retrieve_bulkdata(place, media_types=octets), [one.PixelData])
        for first, last in ((0, 9), (100, 299), (500, 511)):
            wanted = [one.PixelData[first:last + 1]]
            self.assertEqual(client.retrieve_bulkdata(place, byte_range=(first, last)), wanted)
            self.assertEqual(list(client.iter_bulkdata(place, octets, byte_range=(first, last))), wanted)
        client.store_instances([dcmread(file) for file in self.files[1:3]])
        for resource in ("bulkdata", "pixeldata"):
            all_of_study = f"{server.url}/dicom-web/studies/2.999.1/{resource}"
            self.assertEqual(list(client.iter_bulkdata(all_of_study)),
                             [made_object.PixelData for made_object in self.objects[:3]])

    def test_dicomweb_client_gets_what_is_left_of_a_damaged_study(self):
        server = self.serve()
        client = DICOMwebClient(server.url + "/dicom-web")
        sealed = pathlib.Path(self.folder, "data", "objects")
        kept = set()
        for number, file in enumerate(self.files[:3]):
            client.store_instances([dcmread(file)])
            new = {path for path in sealed.rglob("*") if path.is_file()} - kept
            kept |= new
            if number == 1:
                damaged = new.pop()
        content = bytearray(damaged.read_bytes())
        content[-20] ^= 1
        damaged.write_bytes(content)
        left = ["2.999.1.1.1", "2.999.1.2.1"]
        self.assertEqual([one.SOPInstanceUID for one in client.retrieve_study("2.999.1")], left)
        metadata = client.retrieve_study_metadata("2.999.1")
        self.assertEqual([Dataset.from_json(one).SOPInstanceUID for one in metadata], left)
        found = client.search_for_instances("2.999.1", fields=["BitsStored"])
        self.assertEqual(len(found), 3, "the index has them all")
        with self.assertRaises(HTTPError) as refused:
            client.retrieve_instance("2.999.1", "2.999.1.1", "2.999.1.1.2")
        self.assertEqual(refused.exception.response.status_code, 500)
        self.assertIn("instance 2.999.1.1.2: object", refused.exception.response.text)

    def test_dcmjs_dimse_stores_and_finds_and_fetches(self):
        port = free_port()
        server = self.serve("--destination", f"viewer=DCMJS@127.0.0.1:{port}")
        self.assertEqual(self.dcmjs(server, "echo")["statuses"], [0])
        self.assertEqual(self.dcmjs(server, "store", *self.files)["statuses"], [0, 0, 0, 0])

        found = self.dcmjs(server, "find", "PAT-2")
        self.assertEqual([one["study"] for one in found["found"]], ["2.999.2"])
        self.assertIn("Müller^Änne", json.dumps(found["found"][0]["name"], ensure_ascii=False))
        self.assertEqual(found["statuses"][-1], 0)

        wanted = sorted((one.SOPInstanceUID, len(one.PixelData)) for one in self.objects[:3])
        for verb in (("get", "2.999.1"), ("move", "2.999.1", str(port))):
            came = self.dcmjs(server, *verb)
            self.assertEqual(came["statuses"][-1], 0, verb)
            self.assertEqual(sorted((one["sop"], one["bytes"]) for one in came["stored"]), wanted, verb)


if __name__ == "__main__":
    main("OtherClients")
