#!/usr/bin/env python3
"""C-STORE into Lucerna and into Orthanc (Debian's package), in turns in one run.

Sends 60 objects of a mammogram's size (17 MB) and 2,000 of a CT slice's size (0.53 MB) by DCMTK's
storescu, over one association and over four at a time, each time into an empty archive. Prints
medians and ratios, the CPU time that the server took for each object, and the most memory that it held
from the first object on.

Both answer success after the object's file is flushed to the device: Lucerna always, Orthanc with
SyncStorageArea = true. Lucerna's index row is flushed by then too (SQLite synchronous = FULL);
Orthanc's is not (WAL with synchronous = NORMAL, which can't be configured). With `--full`, a copy of
Orthanc's program in which that one pragma says FULL is measured as well: the like-for-like peer.
Lucerna seals each object (AES-256-GCM), Orthanc keeps it as it is. The mammograms make no complete
exam, so that no reading takes part.

    apt-get install orthanc
    cmake --preset release && cmake --build --preset release --target lucerna
    PYTHONPATH=.deps/python bench/receive_dimse.py build/release [--rounds N] [--full] [--folder DIR]
"""
import argparse
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

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

os.environ["TCP_NODELAY"] = "1"
# name, count, rows, columns, SOP class, modality, objects a study
LOADS = [
    ("mammogram, 17 MB", 60, 3328, 2560, "1.2.840.10008.5.1.4.1.1.1.2", "MG", 2),
    ("CT size, 0.53 MB", 2000, 512, 512, "1.2.840.10008.5.1.4.1.1.2", "CT", 200),
]
ASSOCIATIONS = (1, 4)
PRAGMA = (b"PRAGMA SYNCHRONOUS=NORMAL;", b"PRAGMA SYNCHRONOUS=FULL;  ")


def make_objects(folder, load):
    """Writes the objects into as many folders as there are senders, each with the same number."""
    _, count, rows, columns, sop_class, modality, in_study = load
    for number in range(count):
        if number % in_study == 0:
            study, series = generate_uid(), generate_uid()
        d = Dataset()
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = sop_class
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        d.StudyInstanceUID, d.SeriesInstanceUID, d.Modality = study, series, modality
        d.PatientID, d.PatientName = f"BENCH-{number // in_study}", "Bench^Mark"
        d.StudyDate, d.InstanceNumber = "20200101", number % in_study + 1
        if modality == "MG":
            d.ImageLaterality, d.ViewPosition = "RL"[number % 2], "CC"
            d.PresentationIntentType = "FOR PRESENTATION"
        d.Rows, d.Columns = rows, columns
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 0
        d.PixelData = os.urandom(rows * columns * 2)
        part = folder / str(number % max(ASSOCIATIONS))
        part.mkdir(parents=True, exist_ok=True)
        d.save_as(part / f"{number:05}.dcm", enforce_file_format=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A server on an empty folder; used in a `with`."""

    def __init__(self, folder, command, port, environment=None, title="ANY-SCP"):
        self.folder, self.port, self.title = folder, port, title
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def __enter__(self):
        end = time.monotonic() + 60
        while subprocess.run(["echoscu", "-aec", self.title, "127.0.0.1", str(self.port)],
                             capture_output=True, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        empty_files(self.folder)


def empty_files(folder):
    """Gives their space back, not their names: who makes a file soon after many were removed pays for
    them (ext4 without a journal passes over inodes that were freed within the last minute)."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def cpu_seconds(process):
    """Of the process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def forget_peak(process):
    """What the start took is not asked here."""
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="utf-8")


def most_memory_mb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def lucerna(binary, folder):
    port = free_port()
    return Peer(folder, [binary, "serve", "--data", folder / "data", "--http", "127.0.0.1:0",
                         "--dicom", f"127.0.0.1:{port}", "--set", "quiet_seconds=86400"], port)


def orthanc(binary, folder):
    port = free_port()
    settings = {"StorageDirectory": str(folder / "data"), "IndexDirectory": str(folder / "data"),
                "SyncStorageArea": True, "DicomPort": port, "HttpPort": free_port(),
                "DicomAlwaysAllowStore": True, "DicomAlwaysAllowEcho": True, "Plugins": []}
    (folder / "orthanc.json").write_text(json.dumps(settings))
    return Peer(folder, [binary, folder / "orthanc.json"], port)


def with_full_flush(folder):
    """A copy of Orthanc's program whose index is flushed with each commit."""
    program = pathlib.Path(shutil.which("Orthanc") or "/usr/sbin/Orthanc").read_bytes()
    if program.count(PRAGMA[0]) != 1:
        raise SystemExit("this Orthanc holds the pragma in another form")
    copy = folder / "Orthanc-full"
    copy.write_bytes(program.replace(*PRAGMA))
    copy.chmod(0o755)
    return copy


def seconds_to_send(objects, port, associations):
    parts = sorted(str(p) for p in objects.iterdir())
    shares = [parts[i::associations] for i in range(associations)]
    start = time.monotonic()
    senders = [subprocess.Popen(["storescu", "+sd", "127.0.0.1", str(port), *share],
                                stdout=subprocess.DEVNULL) for share in shares]
    if any([sender.wait() for sender in senders]):
        raise SystemExit("storescu could not send all")
    return time.monotonic() - start


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("build", type=pathlib.Path, nargs="?", default="build/release")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--full", action="store_true")
    options.add_argument("--folder", help="on the device that is to be measured")
    options = options.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-bench-", dir=options.folder))
    try:
        peers = {"Lucerna": (lucerna, options.build / "apps/lucerna/lucerna"),
                 "Orthanc": (orthanc, "Orthanc")}
        if options.full:
            peers["Orthanc, index flushed"] = (orthanc, with_full_flush(work))
        for load in LOADS:
            objects = work / "objects"
            make_objects(objects, load)
            for associations in ASSOCIATIONS:
                measure(load, objects, associations, peers, work, options.rounds)
            objects.rename(work / f"sent of {load[1]}")
            empty_files(work / f"sent of {load[1]}")
    finally:
        shutil.rmtree(work)


def measure(load, objects, associations, peers, work, rounds):
    name, count = load[0], load[1]
    taken, spent, held = ({peer: [] for peer in peers} for _ in range(3))
    for _ in range(rounds):
        for peer, (start, binary) in peers.items():
            with start(binary, pathlib.Path(tempfile.mkdtemp(dir=work))) as server:
                forget_peak(server.process)
                cpu = cpu_seconds(server.process)
                taken[peer].append(seconds_to_send(objects, server.port, associations))
                spent[peer].append(cpu_seconds(server.process) - cpu)
                held[peer].append(most_memory_mb(server.process))
    print(f"{count} x {name}, {associations} association(s), median of {rounds}:", flush=True)
    for peer, seconds in taken.items():
        ratio = statistics.median(s / l for s, l in zip(seconds, taken["Lucerna"]))
        middle = statistics.median(seconds)
        print(f"  {peer:24s} {middle:7.2f} s  {count / middle:7.1f} objects/s"
              f"  time against Lucerna's x {ratio:.2f}"
              f"  CPU an object {1000 * statistics.median(spent[peer]) / count:.1f} ms"
              f"  held {max(held[peer]):.0f} MB", flush=True)


if __name__ == "__main__":
    main()
