#!/usr/bin/env python3
"""C-FIND, C-GET and C-MOVE against Lucerna, Orthanc and dcmqrscp (Debian's packages), in turns in one
run, by DCMTK's findscu, getscu and movescu.

Each archive holds the same: 400 studies of one small object, one study of 200 objects of a CT slice's
size (0.53 MB) and one of four mammograms (17 MB). Asked for are: all studies, one study by its UID,
the 200 objects of the series by their names, and the objects themselves, which getscu, or storescp as
the destination of the moves, throws away (--ignore). `--large` asks for one object of 420 MB instead.
Prints medians of each peer's time, its ratio to Lucerna's, the CPU time that the peer itself took, and
the most memory that it held meanwhile (of dcmqrscp, which forks, the parent).

Lucerna gives out what it keeps sealed (AES-256-GCM) and checks every byte of it; the others read plain
files.

    apt-get install orthanc dcmtk
    cmake --preset release && cmake --build --preset release --target lucerna
    PYTHONPATH=.deps/python bench/query_dimse.py build/release [--rounds N] [--large] [--folder DIR]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from pydicom import dcmread

from receive_dimse import (Peer, cpu_seconds, forget_peak, free_port, make_objects,
                           most_memory_mb)

os.environ["TCP_NODELAY"] = "1"
SMALL = ("small", 400, 8, 8, "1.2.840.10008.5.1.4.1.1.2", "CT", 1)
SLICES = ("CT size", 200, 512, 512, "1.2.840.10008.5.1.4.1.1.2", "CT", 200)
MAMMOGRAMS = ("mammogram", 4, 3328, 2560, "1.2.840.10008.5.1.4.1.1.1.2", "MG", 4)
LARGE_FRAMES = 50
LARGE = ("one object of 420 MB", 1, 2048, 2048, "1.2.840.10008.5.1.4.1.1.2", "CT", 1)


def lucerna(options, folder, move_port):
    port = free_port()
    return Peer(folder, [options.build / "apps/lucerna/lucerna", "serve", "--data", folder / "data",
                         "--http", "127.0.0.1:0", "--dicom", f"127.0.0.1:{port}", "--aet", "QR",
                         "--set", "quiet_seconds=86400", "--set", "log_level=warning", "--config",
                         with_text(folder / "lucerna.toml",
                                   '[[destination]]\nname = "asker"\naet = "SINK"\n'
                                   f'host = "127.0.0.1"\nport = {move_port}\nresults = false\n')],
                port)


def orthanc(_, folder, move_port):
    port = free_port()
    settings = {"StorageDirectory": str(folder / "data"), "IndexDirectory": str(folder / "data"),
                "DicomAet": "QR", "DicomPort": port, "HttpPort": free_port(), "Plugins": [],
                "DicomAlwaysAllowStore": True, "DicomAlwaysAllowEcho": True,
                "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
                "DicomAlwaysAllowMove": True, "LimitFindResults": 0, "LimitFindInstances": 0,
                "DicomModalities": {"asker": ["SINK", "127.0.0.1", move_port]}}
    return Peer(folder, ["Orthanc", with_text(folder / "orthanc.json", json.dumps(settings))], port)


def dcmqrscp(_, folder, move_port):
    port = free_port()
    (folder / "data").mkdir()
    config = (f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
              f"HostTable BEGIN\nasker = (SINK, 127.0.0.1, {move_port})\nHostTable END\n"
              "VendorTable BEGIN\nVendorTable END\n"
              f"AETable BEGIN\nQR {folder / 'data'} RW (500, 1024mb) ANY\nAETable END\n")
    return Peer(folder, ["dcmqrscp", "-c", with_text(folder / "config", config)],
                port, title="QR")


def with_text(path, text):
    path.write_text(text)
    return path


def client(name, peer, *arguments):
    said = subprocess.run([name, "-v", "-aec", "QR", *arguments, "127.0.0.1", str(peer.port)],
                          capture_output=True, text=True, errors="replace")
    if said.returncode or not re.search(r"Success", said.stdout + said.stderr):
        raise SystemExit(f"{name}: {(said.stdout + said.stderr)[-1500:]}")


def keys(level, **values):
    arguments = ["-S", "-k", f"QueryRetrieveLevel={level}"]
    for keyword, value in values.items():
        arguments += ["-k", f"{keyword}={value}" if value else keyword]
    return arguments


def uids(folder):
    """Study and series of the first object in it."""
    first = dcmread(next(folder.rglob("*.dcm")), stop_before_pixels=True)
    return {"StudyInstanceUID": first.StudyInstanceUID}, {
        "StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}


def make_large(folder):
    """One object of so many frames, which DCMTK's clients know the SOP class of."""
    make_objects(folder, LARGE)
    path = next(folder.rglob("*.dcm"))
    one = dcmread(path)
    one.NumberOfFrames = LARGE_FRAMES
    one.PixelData = one.PixelData * LARGE_FRAMES
    one.save_as(path)


def questions(objects):
    """Name, how many answers or objects, and the client's call."""
    if (objects / "large").exists():
        large, _ = uids(objects / "large")
        return [(f"{what}, {LARGE[0]}", 1, client, [*more, *keys("STUDY", **large)])
                for what, client, more in (("C-GET", "getscu", ["--ignore"]),
                                           ("C-MOVE", "movescu", ["-aem", "SINK"]))]
    one_study, _ = uids(objects / "small")
    slices, series = uids(objects / "slices")
    mammograms, _ = uids(objects / "mammograms")
    move = ["-aem", "SINK"]
    return [
        ("C-FIND, all studies, 20 times", 20 * 402, "findscu", ["--repeat", "20", *keys(
            "STUDY", StudyInstanceUID="", PatientName="", PatientID="", StudyDate="")]),
        ("C-FIND, one study, 100 times", 100, "findscu", ["--repeat", "100", *keys(
            "STUDY", **one_study, PatientName="", PatientID="", StudyDate="")]),
        ("C-FIND, 200 images, 20 times", 20 * 200, "findscu", ["--repeat", "20", *keys(
            "IMAGE", **series, SOPInstanceUID="", InstanceNumber="")]),
        ("C-GET, 200 slices", 200, "getscu", ["--ignore", *keys("STUDY", **slices)]),
        ("C-GET, 4 mammograms", 4, "getscu", ["--ignore", *keys("STUDY", **mammograms)]),
        ("C-MOVE, 200 slices", 200, "movescu", [*move, *keys("STUDY", **slices)]),
        ("C-MOVE, 4 mammograms", 4, "movescu", [*move, *keys("STUDY", **mammograms)])]


def measure(question, peers, rounds):
    name, count, program, arguments = question
    taken = {peer: [] for peer in peers}
    spent = {peer: [] for peer in peers}
    held = {}
    for server in peers.values():
        forget_peak(server.process)
    for _ in range(rounds):
        for peer, server in peers.items():
            cpu, start = cpu_seconds(server.process), time.monotonic()
            client(program, server, *arguments)
            taken[peer].append(time.monotonic() - start)
            spent[peer].append(cpu_seconds(server.process) - cpu)
    for peer, server in peers.items():
        held[peer] = most_memory_mb(server.process)
    print(f"{name}, median of {rounds}:", flush=True)
    for peer, seconds in taken.items():
        middle = statistics.median(seconds)
        ratio = statistics.median(s / l for s, l in zip(seconds, taken["Lucerna"]))
        print(f"  {peer:10s} {middle:7.3f} s  {count / middle:8.1f} /s  time against Lucerna's "
              f"x {ratio:5.2f}  its CPU {statistics.median(spent[peer]):6.2f} s  held "
              f"{held[peer]:.0f} MB", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("build", type=pathlib.Path, nargs="?", default="build/release")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--large", action="store_true",
                         help="one object of 420 MB in place of all others")
    options.add_argument("--folder", help="on the device that is to be measured")
    options = options.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-bench-", dir=options.folder))
    started, sink = {}, None
    try:
        objects, move_port = work / "objects", free_port()
        if options.large:
            make_large(objects / "large")
        else:
            for name, load in (("small", SMALL), ("slices", SLICES), ("mammograms", MAMMOGRAMS)):
                make_objects(objects / name, load)
        sink = subprocess.Popen(["storescp", "--ignore", "--fork", "-aet", "SINK", str(move_port)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, start in (("Lucerna", lucerna), ("Orthanc", orthanc), ("dcmqrscp", dcmqrscp)):
            folder = pathlib.Path(tempfile.mkdtemp(dir=work))
            started[name] = start(options, folder, move_port)
            started[name].__enter__()
            subprocess.run(["storescu", "-aec", "QR", "+sd", "+r", "127.0.0.1",
                            str(started[name].port), objects], check=True,
                           stdout=subprocess.DEVNULL)
        for question in questions(objects):
            measure(question, started, options.rounds)
    finally:
        for peer in started.values():
            peer.__exit__()
        if sink:
            sink.terminate()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
