#!/usr/bin/env python3
"""Sends a running `lucerna serve` deflated objects that inflate to hundreds of times as much, in texts, values
and frames, and asks for them in every way: a few at once, or by who reads nothing.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/inflated.py [NAME]

A new server for each. It does not grow by more than 100 MB, and takes and answers others meanwhile and after.
"""
import random
import sys
import time
import zlib

from pydicom.dataset import Dataset

from hostile_crowds import JSON, STUDY_GET, XML, asks_and_reads_nothing, meet_each
from hostile_senders import CAPTURE, DEFLATED, at_once, element, image, native, send, us
from large_values import IN_IMPLICIT, get, where
from slow_readers import IdleReader
from whole_program import wait_for

OCTETS = 'multipart/related; type="application/octet-stream"'
SIDE = 2048


def deflated(*pieces):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(squeeze.compress(piece) for piece in pieces) + squeeze.flush()


def pixels(frames):
    """The arguments of an image of so many frames of 4 MB."""
    return {"pixels": native(frames * SIDE * SIDE), "frames": str(frames), "columns": SIDE,
            "rows": element(0x28, 0x10, "US", us(SIDE))}


def keep(server, study, number, **parts):
    status = send(server, DEFLATED, deflated(image(f"{study}.1.{number}", study=study, **parts)))
    assert status == "0000", status


def every_way(server, study, bulk, count=4):
    """What so many at once are answered who ask for the object's attributes, for it and for its parts."""
    path = where(study)
    return [status for tail, kind in (
        ("/metadata", JSON), ("/metadata", f'multipart/related; type="{XML}"'), ("/rendered", "image/jpeg"),
        ("/thumbnail", "image/jpeg"), ("/bulkdata/" + bulk, "*/*"), ("/bulkdata", OCTETS),
        ("/frames/1", OCTETS), ("", 'multipart/related; type="application/dicom"'), ("", IN_IMPLICIT))
            for status in at_once(count, lambda _: get(server, path + tail, kind))]


def text(server, _held):
    keep(server, "2.999.50", 1, pixels=native(), before=element(0x0010, 0x4000, "UT", b"x" * 50_000_000))
    return every_way(server, "2.999.50", "00104000"), {200, 404, 501, 503}


def value(server, _held):
    keep(server, "2.999.51", 1, pixels=native(),
         before=element(0x0009, 0x0010, "LO", "MINE") + element(0x0009, 0x1001, "OB", bytes(60_000_000)))
    return every_way(server, "2.999.51", "00091001"), {200, 404, 501, 503}


def value_behind_pixels(server, _held):
    """Of noise pixels, so that it may inflate to much more: a quarter of a gigabyte."""
    keep(server, "2.999.52", 1, pixels=element(0x7FE0, 0x10, "OB", random.Random(1).randbytes(2 << 20)), frames="2",
         columns=1024, rows=element(0x28, 0x10, "US", us(1024)),
         after=element(0x7FE1, 0x0010, "LO", "MINE") + element(0x7FE1, 0x1001, "OB", bytes(250_000_000)))
    return every_way(server, "2.999.52", "7FE11001"), {200, 404, 409, 501, 503}


def read_nothing(server, held, count, path, accept):
    assert get(server, path, accept) == 200
    readers = []
    for _ in range(count):
        readers.append(IdleReader(server.url, path, accept))
        held.callback(readers[-1].socket.close)
    time.sleep(5)
    wait_for(lambda: all(one.is_answered() for one in readers), "answers")


def frames_that_nobody_reads(server, held):
    keep(server, "2.999.53", 1, **pixels(3))
    read_nothing(server, held, 60, where("2.999.53") + "/frames/1,2,3", OCTETS)


def frames_beside_a_value_that_nobody_reads(server, held):
    keep(server, "2.999.54", 1, **pixels(3),
         before=element(0x0009, 0x0010, "LO", "MINE") + element(0x0009, 0x1001, "OB", bytes(50_000_000)))
    read_nothing(server, held, 40, where("2.999.54") + "/frames/1,2,3", OCTETS)


def pictures_that_nobody_reads(server, held):
    keep(server, "2.999.55", 1, **pixels(8),
         before=element(0x0009, 0x0010, "LO", "MINE") + element(0x0009, 0x1001, "OB", bytes(30_000_000)))
    read_nothing(server, held, 40, where("2.999.55") + "/rendered", 'multipart/related; type="image/jpeg"')


def objects_by_c_get(server, held):
    for number in range(1, 5):
        keep(server, "2.999.56", number, **pixels(3),
             before=element(0x0009, 0x0010, "LO", "MINE") + element(0x0009, 0x1001, "OB", bytes(30_000_000)))
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", "2.999.56"
    for _ in range(24):
        asks_and_reads_nothing(server, held, query, sop_class=STUDY_GET, command_field=0x10, taking=CAPTURE)
    time.sleep(10)


CROWDS = (text, value, value_behind_pixels, frames_that_nobody_reads, frames_beside_a_value_that_nobody_reads,
          pictures_that_nobody_reads, objects_by_c_get)

if __name__ == "__main__":
    # Decoded frames have room of their own.
    sys.exit(meet_each(CROWDS, "--set", "decoding_mib=16"))
