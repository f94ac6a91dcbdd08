#!/usr/bin/env python3
"""Asks a running `lucerna serve` for what comes to many times what was sent, or takes long to make: reports for
people, answers to thousands of parts of which none is an object, pictures for hundreds.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/large_answers.py [NAME]

A new server for each. It does not grow by more than 100 MB, and takes and answers others meanwhile and after.
"""
import struct
import sys
import urllib.parse
import urllib.request
import zlib

from hostile_crowds import JSON, XML, meet_each, place
from hostile_pictures import Attack, picture, resource
from hostile_senders import EXPLICIT, RLE, at_once, element, item, part10, send, status_of, stow
from large_values import get, where
from slow_readers import noise

REPORT_CLASS = "1.2.840.10008.5.1.4.1.1.88.33"
DEFLATED = "1.2.840.10008.1.2.1.99"
FORMS = ("text/html", "text/plain", "text/xml")


def code(tag, value, meaning):
    return element(tag >> 16, tag & 0xFFFF, "SQ", item(
        element(8, 0x100, "SH", value) + element(8, 0x102, "SH", "99X") + element(8, 0x104, "LO", meaning)))


def said(text):
    return item(element(0x40, 0xA010, "CS", "CONTAINS") + element(0x40, 0xA040, "CS", "TEXT") +
                code(0x0040A043, "1", "Text") + element(0x40, 0xA160, "UT", text))


def referred():
    return item(element(0x40, 0xA010, "CS", "INFERRED FROM") + element(0x40, 0xDB73, "UL", struct.pack("<II", 1, 1)))


def report(number, items):
    return b"".join([
        element(8, 0x16, "UI", REPORT_CLASS), element(8, 0x18, "UI", f"2.999.95.1.{number}"),
        element(8, 0x60, "CS", "SR"), element(0x10, 0x10, "PN", "A^B"), element(0x10, 0x20, "LO", "SR1"),
        element(0x20, 0x0D, "UI", "2.999.95"), element(0x20, 0x0E, "UI", "2.999.95.1"),
        element(0x40, 0xA040, "CS", "CONTAINER"), code(0x0040A043, "1", "Root"),
        element(0x40, 0xA050, "CS", "SEPARATE"), element(0x40, 0xA491, "CS", "COMPLETE"),
        element(0x40, 0xA493, "CS", "UNVERIFIED"), element(0x40, 0xA730, "SQ", items)])


def renderings(server, kinds):
    statuses = []
    for number, items in enumerate(kinds, 1):
        assert send(server, EXPLICIT, report(number, items), sop_class=REPORT_CLASS) == "0000", number
    for number in range(1, len(kinds) + 1):
        for form in FORMS:
            statuses += at_once(12, lambda _: get(server, where("2.999.95", number) + "/rendered", form))
    return statuses


def reports_of_many_megabytes(server, _held):
    return renderings(server, (said("<" * 1_000_000) * 20, referred() * 80_000)), {406}


def reports_of_two_megabytes(server, _held):
    """As large as is rendered: texts that grow, items, references, items of nothing."""
    return renderings(server, (said("<" * 50_000) * 20, said("\"" * 100_000) * 20, said("x") * 13_000,
                               referred() * 40_000, item(b"") * 120_000)), {200, 406, 503}


def small_reports(server, _held):
    """As large as may be beside a large one."""
    return renderings(server, (said("<" * 60_000), said("x") * 600, referred() * 1_300)), {200}


def a_study_of_reports(server, _held):
    for number in range(1, 21):
        assert send(server, EXPLICIT, report(number, said("<" * 50_000) * 20), sop_class=REPORT_CLASS) == "0000"
    kind = 'multipart/related; type="text/html"'
    return at_once(12, lambda _: get(server, "/dicom-web/studies/2.999.95/rendered", kind)), {200, 503}


def reports_that_inflate(server, _held):
    whole = report(1, said(" " * 1_000_000) * 60)
    deflater = zlib.compressobj(wbits=-15)
    assert stow(server, part10(DEFLATED, deflater.compress(whole) + deflater.flush(), REPORT_CLASS,
                                uid="2.999.95.1.1")) == 200
    return at_once(12, lambda _: get(server, where("2.999.95") + "/rendered", "text/html")), {406}


def parts_that_fail(server, part, count, senders, form):
    body = (b"--b\r\nContent-Type: application/dicom\r\n" + part + b"\r\n\r\nx\r\n") * count + b"--b--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    headers = {"Content-Type": kind, "Accept": form}
    return at_once(senders, lambda _: status_of(urllib.request.Request(
        server.url + "/dicom-web/studies", data=body, headers=headers)))


def small_parts_that_fail(server, _held):
    return [status for form in (JSON, XML)
            for status in parts_that_fail(server, b"X: 1", 9_990, 24, form)], {409, 503}


def parts_that_fail_for_long_reasons(server, _held):
    return [status for form in (JSON, XML) for status in parts_that_fail(
        server, b"Content-Encoding: " + b'"' * 16_000, 2_000, 8, form)], {409, 503}


def bulk_data_that_nobody_names(server, _held):
    part = b"--b\r\nContent-Type: application/octet-stream\r\nContent-Location: http://a/%06d%s\r\n\r\nx\r\n"
    statuses = []
    for length in (1, 300):
        body = b"".join(part % (number, b'"' * length) for number in range(9_980)) + b"--b--\r\n"
        headers = {"Content-Type": f'multipart/related; type="{JSON}"; boundary=b', "Accept": JSON}
        statuses += at_once(24, lambda _: status_of(urllib.request.Request(
            server.url + "/dicom-web/studies", data=body, headers=headers)))
    return statuses, {409, 503}


def pictures_for_hundreds(server, held):
    """Each takes some hundredths of a second, all of them many: who asks for something else does not wait so long."""
    assert Attack(server, "").store(RLE, picture(1, noise(1536, 2048), 1536, 2048, 8)) == "0000"
    address = urllib.parse.urlsplit(server.url).netloc
    for path in (resource(1) + "/rendered", resource(1) + "/frames/1/rendered"):
        for _ in range(450):
            held.connect(place(server), f"GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: image/png\r\n\r\n".encode())


CROWDS = (pictures_for_hundreds, reports_of_many_megabytes, reports_of_two_megabytes, small_reports, a_study_of_reports,
          reports_that_inflate, small_parts_that_fail, parts_that_fail_for_long_reasons,
          bulk_data_that_nobody_names)

if __name__ == "__main__":
    sys.exit(meet_each(CROWDS))
