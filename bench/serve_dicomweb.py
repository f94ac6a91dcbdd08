#!/usr/bin/env python3
"""DICOMweb of Lucerna and of Orthanc (Debian's packages orthanc and orthanc-dicomweb), in turns in one
run: uncompressed frames and pictures by WADO-RS, over one connection, and ten objects a request by
STOW-RS, each request with new ones. "frame" and "rendered" ask for the same one all the time, which
Orthanc then has in its cache (128 MB); "slices" asks for those of a CT of 400 in turn, 210 MB, as a
viewer does that scrolls through it. The client takes a megabyte at a time, and does no more with it than
to look for the end.

Prints medians of the time a request, how many times Lucerna's it is, the CPU time a request that the
server took, and in the end the most memory that each held. Beside them stands what the work costs bare,
on one core: AES-256-GCM over the bytes that Lucerna decrypts (Orthanc reads plain files), libjpeg over
the picture, and writing and flushing the files that are sent. Both flush each file
(SyncStorageArea = true), Lucerna its index as well.

    apt-get install orthanc orthanc-dicomweb python3-cryptography
    cmake --preset release && cmake --build --preset release --target lucerna
    PYTHONPATH=.deps/python bench/serve_dicomweb.py build/release [--rounds N] [--before PROGRAM] [--only WHAT]

`--before` measures another build of Lucerna as well.
"""
import argparse
import http.client
import io
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import numpy
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from receive_dimse import Peer, cpu_seconds, free_port, most_memory_mb

os.environ["TCP_NODELAY"] = "1"
PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
OCTETS = 'multipart/related; type="application/octet-stream"'
JPEG_QUALITY = 90
SLICES = 400


def pixels_of(rows, columns):
    """12 bits: something bright that falls off to the right, with noise, before nothing."""
    noise = numpy.random.default_rng(1).normal(0, 20, (rows, columns))
    y, x = numpy.mgrid[0:rows, 0:columns]
    breast = 3000 - 4000 * ((x / columns) ** 2 + (2 * y / rows - 1) ** 2)
    return numpy.where(breast > 0, numpy.clip(breast + 500 + noise, 0, 4095), 0).astype("<u2")


def instance(pixels, modality, study=None, series=None):
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    mammogram = modality == "MG"
    d.SOPClassUID = "1.2.840.10008.5.1.4.1.1." + ("1.2" if mammogram else "2")
    d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    d.StudyInstanceUID, d.SeriesInstanceUID = study or generate_uid(), series or generate_uid()
    d.Modality, d.PatientID, d.PatientName = modality, "BENCH", "Bench^Mark"
    d.StudyDate, d.InstanceNumber = "20200101", 1
    if mammogram:
        d.PresentationIntentType = "FOR PRESENTATION"
    d.WindowCenter, d.WindowWidth = 2000, 4000
    d.Rows, d.Columns = pixels.shape
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
    d.PixelData = pixels.tobytes()
    return d


def file_of(data_set):
    out = io.BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    return out.getvalue()


class WebPeer(Peer):
    """A server on an empty folder with the port of its DICOMweb."""

    def __init__(self, folder, command, port, http_port):
        super().__init__(folder, command, port)
        self.http_port = http_port


def lucerna(program, folder):
    port, http_port = free_port(), free_port()
    return WebPeer(folder, [program, "serve", "--data", folder / "data", "--http",
                            f"127.0.0.1:{http_port}", "--dicom", f"127.0.0.1:{port}", "--set",
                            "quiet_seconds=86400", "--set", "log_level=warning"], port, http_port)


def orthanc(program, folder):
    port, http_port = free_port(), free_port()
    settings = {"StorageDirectory": str(folder / "data"), "IndexDirectory": str(folder / "data"),
                "SyncStorageArea": True, "DicomPort": port, "HttpPort": http_port,
                "AuthenticationEnabled": False, "KeepAlive": True, "TcpNoDelay": True,
                "DicomAlwaysAllowStore": True, "DicomAlwaysAllowEcho": True, "Plugins": [PLUGIN]}
    (folder / "orthanc.json").write_text(json.dumps(settings))
    return WebPeer(folder, [program, folder / "orthanc.json"], port, http_port)


def post(peer, files):
    """Stores the files by one request of STOW-RS. Returns seconds."""
    boundary = "boundary-of-the-benchmark"
    body = b"".join(b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (boundary.encode(), f)
                    for f in files) + b"--%s--\r\n" % boundary.encode()
    connection = http.client.HTTPConnection("127.0.0.1", peer.http_port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    connection.request("POST", "/dicom-web/studies", body, {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json"})
    answer = connection.getresponse()
    said = answer.read()
    taken = time.monotonic() - began
    if answer.status != 200:
        raise SystemExit(f"STOW was answered {answer.status}: {said[:500]!r}")
    return taken


class Client:
    """One connection that asks for one thing after another, and keeps nothing."""

    AT_ONCE = 1 << 20

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f"127.0.0.1:{port}"
        self.bytes = bytearray(64 << 20)
        self.count = 0

    def more(self):
        into = memoryview(self.bytes)[self.count:self.count + self.AT_ONCE]
        count = self.socket.recv_into(into)
        if count == 0:
            raise SystemExit("a server ended the connection")
        self.count += count

    def up_to(self, what, begin):
        """Where it ends."""
        while (at := self.bytes.find(what, begin, self.count)) < 0:
            self.more()
        return at + len(what)

    def get(self, path, accept):
        self.count = 0
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n"
                            f"Accept: {accept}\r\n\r\n".encode())
        at = self.up_to(b"\r\n\r\n", 0)
        head = bytes(self.bytes[:at])
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"{path} was answered\n{head.decode()}")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else None
        while size != 0:
            if length is None:
                line = at
                at = self.up_to(b"\r\n", line)
                size = int(bytes(self.bytes[line:at]), 16)
            end = at + size + (0 if length else 2)
            while self.count < end:
                self.more()
            at, size = end, 0 if length else size


def get_seconds(peer, paths, accept, seconds):
    """Time a request, and the server's CPU time a request; asked for in turn."""
    client = Client(peer.http_port)
    client.get(paths[0], accept)
    cpu, count, began = cpu_seconds(peer.process), 0, time.monotonic()
    while (taken := time.monotonic() - began) < seconds:
        client.get(paths[count % len(paths)], accept)
        count += 1
    client.socket.close()
    return taken / count, (cpu_seconds(peer.process) - cpu) / count


def stow_seconds(peer, pixels, requests):
    """As get_seconds, of requests with ten new objects."""
    study, series = generate_uid(), generate_uid()
    bodies = [[file_of(instance(pixels, "CT", study, series)) for _ in range(10)]
              for _ in range(requests)]
    cpu = cpu_seconds(peer.process)
    taken = [post(peer, files) for files in bodies]
    return statistics.median(taken), (cpu_seconds(peer.process) - cpu) / requests


def bare(work):
    """Seconds of the best of five."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        work()
        times.append(time.monotonic() - began)
    return min(times)


def ceilings(slice_pixels, mammogram_pixels, folder):
    cipher, nonce = AESGCM(bytes(32)), bytes(12)
    slice_bytes, mammogram_bytes = slice_pixels.tobytes(), mammogram_pixels.tobytes()
    picture = Image.fromarray((mammogram_pixels >> 4).astype("u1"))

    def write_ten():
        for number in range(10):
            with open(folder / f"flushed-{number}", "wb") as file:
                file.write(slice_bytes)
                file.flush()
                os.fsync(file.fileno())

    return {"frame, CT": ("AES-256-GCM", bare(lambda: cipher.encrypt(nonce, slice_bytes, None))),
            "slices, CT": ("AES-256-GCM", bare(lambda: cipher.encrypt(nonce, slice_bytes, None))),
            "frame, MG": ("AES-256-GCM", bare(lambda: cipher.encrypt(nonce, mammogram_bytes, None))),
            "rendered, MG": ("libjpeg", bare(lambda: picture.save(
                io.BytesIO(), "JPEG", quality=JPEG_QUALITY))),
            "STOW-RS, 10 CT": ("ten files flushed", bare(write_ten))}


def path_of(data_set):
    return (f"/dicom-web/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
            f"/instances/{data_set.SOPInstanceUID}")


def show(name, taken, spent, ceiling, rounds):
    print(f"{name}, median of {rounds}; bare {ceiling[0]} {1000 * ceiling[1]:.2f} ms", flush=True)
    for peer, seconds in taken.items():
        ratio = statistics.median(s / l for s, l in zip(seconds, taken["Lucerna"]))
        print(f"  {peer:10s} {1000 * statistics.median(seconds):8.2f} ms a request  time against "
              f"Lucerna's x {ratio:5.2f}  its CPU {1000 * statistics.median(spent[peer]):8.2f} ms",
              flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("build", type=pathlib.Path, nargs="?", default="build/release")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=3, help="of asking, each time")
    options.add_argument("--before", type=pathlib.Path)
    options.add_argument("--only", help="what begins so: \"STOW\"", default="")
    options.add_argument("--folder", help="on the device that is to be measured")
    options = options.parse_args()
    slice_pixels, mammogram_pixels = pixels_of(512, 512), pixels_of(3328, 2560)
    ct, mg = instance(slice_pixels, "CT"), instance(mammogram_pixels, "MG")
    slices = [instance(slice_pixels, "CT", ct.StudyInstanceUID, ct.SeriesInstanceUID)
              for _ in range(SLICES)]

    def frames_of(*data_sets):
        paths = [path_of(one) + "/frames/1" for one in data_sets]
        return lambda p: get_seconds(p, paths, OCTETS, options.seconds)

    questions = {
        "frame, CT": frames_of(ct),
        "slices, CT": frames_of(*slices),
        "frame, MG": frames_of(mg),
        "rendered, MG": lambda p: get_seconds(
            p, [path_of(mg) + f"/rendered?quality={JPEG_QUALITY}"], "image/jpeg", options.seconds),
        "STOW-RS, 10 CT": lambda p: stow_seconds(p, slice_pixels, 5)}
    programs = {"Lucerna": (lucerna, options.build / "apps/lucerna/lucerna"),
                "Orthanc": (orthanc, "Orthanc")}
    if options.before:
        programs["before"] = (lucerna, options.before)
    work = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-bench-", dir=options.folder))
    started = {}
    try:
        bounds = ceilings(slice_pixels, mammogram_pixels, work)
        for name, (start, program) in programs.items():
            started[name] = start(program, pathlib.Path(tempfile.mkdtemp(dir=work)))
            started[name].__enter__()
            for data_set in (ct, mg):
                post(started[name], [file_of(data_set)])
            for at in range(0, SLICES, 10):
                post(started[name], [file_of(one) for one in slices[at:at + 10]])
        for question, ask in questions.items():
            if not question.startswith(options.only):
                continue
            taken, spent = ({name: [] for name in started} for _ in range(2))
            for _ in range(options.rounds):
                for name, peer in started.items():
                    seconds, cpu = ask(peer)
                    taken[name].append(seconds)
                    spent[name].append(cpu)
            show(question, taken, spent, bounds[question], options.rounds)
        for name, peer in started.items():
            print(f"{name} held {most_memory_mb(peer.process):.0f} MB at most", flush=True)
    finally:
        for peer in started.values():
            peer.__exit__()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
