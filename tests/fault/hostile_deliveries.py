#!/usr/bin/env python3
"""Sends a running `lucerna serve`, beside an exam, objects that are small and not simple, and go to a destination
that gets de-identified ones: loops of many frames with text on them, reports nested deep, hundreds of thousands
of private attributes, a color profile of tens of megabytes.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/hostile_deliveries.py [NAME]

A new server for each. Each object is given out, or refused with a reason, and the server does not grow by more than
100 MB.
"""
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys

from pydicom import dcmread

from hostile_crowds import IMPLICIT
from hostile_senders import EXPLICIT, MOST_GROWTH_KIB, RLE, UNDEFINED, Growth, element, image, item, part10, stow, us
from in_turn import in_turn
from query_retrieve import free_port
from whole_program import Server, phantom, wait_for

REPORT_CLASS = "1.2.840.10008.5.1.4.1.1.88.33"
US_CLASS = "1.2.840.10008.5.1.4.1.1.3.1"
IMPLICIT = IMPLICIT.decode()


def implicit(group, number, value=b"", length=None):
    return struct.pack("<HHI", group, number, len(value) if length is None else length) + value


class Whose:
    """The exam that an object comes beside."""

    def __init__(self, path):
        image_ = dcmread(path)
        self.study, self.name, self.patient = (str(image_.StudyInstanceUID), str(image_.PatientName), image_.PatientID)
        self.uid = self.study + ".9"

    def image(self, pixels, **parts):
        whole = image(self.uid, pixels, study=self.study, name=self.name, **parts)
        return whole.replace(element(0x10, 0x20, "LO", "HOSTILE"), element(0x10, 0x20, "LO", self.patient))


def report(whose, *pieces):
    """In implicit VR; the first piece stands before what says whose it is."""
    def text(group, number, value):
        value = value.encode()
        return implicit(group, number, value + (b" " if group == 0x10 else b"\0") * (len(value) % 2))
    return b"".join([text(0x08, 0x16, REPORT_CLASS), text(0x08, 0x18, whose.uid), text(0x08, 0x60, "SR"), *pieces[:1],
                     text(0x10, 0x10, whose.name), text(0x10, 0x20, whose.patient), text(0x20, 0x0D, whose.study),
                     text(0x20, 0x0E, whose.study + ".8"), *pieces[1:]])


def a_loop_of_many_frames(whose, frames=250, side=1024):
    """In RLE: what shows text is blanked, on all of them."""
    run = struct.pack("<16I", 1, 64, *[0] * 14) + (b"\x81\x30" * (side // 128)) * side
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    pixels = element(0x7FE0, 0x10, "OB", item(b"") + item(run) * frames + end, UNDEFINED)
    data_set = whose.image(pixels, sop_class=US_CLASS, frames=str(frames), columns=side,
                           rows=element(0x28, 0x10, "US", us(side))).replace(b"CS\x02\0OT", b"CS\x02\0US")
    return part10(RLE, data_set, US_CLASS)


def a_report_nested_deep(whose, items=120_000):
    innermost = implicit(0x08, 0x1155, b"1.2.345\0")
    inner = implicit(0x08, 0x1140, item(innermost) * items)
    for _ in range(61):
        inner = implicit(0x08, 0x1140, item(inner))
    return part10(IMPLICIT, report(whose, inner), REPORT_CLASS, whose.uid)


def many_private_attributes(whose, count=400_000):
    attributes = b"".join(implicit(group, number) for group in range(0x21, 0x21 + 2 * (count // 60_000 + 1), 2)
                          for number in range(0x1000, 0x1000 + 60_000))
    return part10(IMPLICIT, report(whose, b"", attributes), REPORT_CLASS, whose.uid)


def a_profile_of_colors(whose, points=215):
    cube = b"mft2" + bytes(4) + bytes([3, 3, points, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    curves = struct.pack(">HH", 0, 65535) * 3
    cube += struct.pack(">HH", 2, 2) + curves + bytes(points ** 3 * 6) + curves
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24], head[36:40] = b"\x02\x40\0\0", b"mntr", b"RGB ", b"Lab ", b"acsp"
    profile = bytes(head) + struct.pack(">I", 1) + b"A2B0" + struct.pack(">II", 144, len(cube)) + cube
    profile = struct.pack(">I", len(profile)) + profile[4:] + b"\0" * (len(profile) % 2)
    pixels = element(0x28, 0x2000, "OB", profile) + element(0x7FE0, 0x10, "OB", bytes(64))
    return part10(EXPLICIT, whose.image(pixels))


OBJECTS = (a_loop_of_many_frames, a_report_nested_deep, many_private_attributes, a_profile_of_colors)


def deliver(make, folder):
    """The problems."""
    port, inbox = free_port(), folder / "inbox"
    inbox.mkdir()
    peer = subprocess.Popen(["storescp", "-aet", "RESEARCH", "-od", inbox, str(port)])
    config = folder / "lucerna.toml"
    config.write_text(f"""quiet_seconds = 1
[[destination]]
name = "research"
aet = "RESEARCH"
host = "127.0.0.1"
port = {port}
images = true
deidentify = "screening"
project = "study-a"
""")
    server = Server(folder / "data", "--config", str(config))
    try:
        exam = phantom(str(folder / "exam"), 9)
        first = dcmread(exam[0])
        assert server.store(exam).returncode == 0
        server.read_exam(first.PatientID)
        wait_for(lambda: len(os.listdir(inbox)) >= len(exam) + 2, "the exam")
        report_log = folder / "data" / "deidentified" / "study-a.jsonl"
        lines = len(report_log.read_text().splitlines())
        file = make(Whose(exam[0]))
        growth = Growth(server)
        assert stow(server, file) in (200, 202)
        wait_for(lambda: len(report_log.read_text().splitlines()) > lines, "the report")
        wait_for(lambda: (folder / "data.log").read_text().count('"deliver.sent"') > 1 or
                 '"deliver.given-up"' in (folder / "data.log").read_text(), "the delivery")
        peak = growth.peak()
        said = json.loads(report_log.read_text().splitlines()[lines])
        outcome = "given out" if said["objects"] else "refused, " + said["refused"][0]["what"]
        print(f"{peak >> 10:4} MB, {len(file) >> 10:6} KB  {make.__name__.replace('_', ' ')}: {outcome}", flush=True)
        return [f"{peak >> 10} MB of growth"] * (peak > MOST_GROWTH_KIB) + ["the server ended"] * (
            server.process.poll() is not None)
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        peer.kill()
        peer.wait()


if __name__ == "__main__":
    sys.exit(in_turn(OBJECTS, deliver, "each was given out or refused"))
