#!/usr/bin/env python3
"""One host asks a running `lucerna serve` for all that it may hold, and goes on as slowly as it may; another host, of
another address, stores and looks at images meanwhile.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/one_host.py [NAME]

A new server for each. The other host is served, and the server does not grow by more than it may: by 100 MB, and where
frames are asked for, by what is set for those beside.
"""
import contextlib
import http.client
import random
import socket
import struct
import sys
import threading
import time

from full_budgets import half_an_object
from hostile_crowds import JSON, meet_each, place
from hostile_senders import EXPLICIT, at_once, element, image, native, part10, send, us
from slow_readers import OCTETS, IdleReader
from whole_program import PATIENCE

OTHER = "127.0.0.2"
HEAD = (b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        b'Content-Type: multipart/related; type="%b"; boundary=b\r\n\r\n')


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def ask_from(host, server, method, path, body=None, headers=None):
    """The status, and how long it took."""
    begun = time.monotonic()
    one = http.client.HTTPConnection(*place(server), timeout=PATIENCE, source_address=(host, 0))
    one.request(method, path, body, headers or {})
    answer = one.getresponse()
    answer.read()
    one.close()
    return answer.status, time.monotonic() - begun


def stored_from(host, server, number, data_set=None):
    """The statuses of one object by C-STORE, and of another by STOW-RS."""
    def one(which):
        return data_set or image(f"2.999.14.1.{number}.{which}", native(), study="2.999.14")
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10(EXPLICIT, one(2)) + b"\r\n--b--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    return [send(server, EXPLICIT, one(1), host=host),
            ask_from(host, server, "POST", "/dicom-web/studies", body, {"Content-Type": kind})[0]]


class Trickle:
    """Uploads that have sent so much and go on by a byte at a time; each that is ended comes again."""

    def __init__(self, server, held, count, said):
        self.address, self.said = place(server), said
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.go_on, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()
        held.callback(self.end)

    def go_on(self):
        while not self.stop.wait(0.1):
            try:
                with socket.create_connection(self.address, PATIENCE) as one:
                    one.sendall(self.said)
                    one.settimeout(0.5)
                    while not self.stop.is_set():
                        one.sendall(chunk(b"x"))
                        try:
                            if not one.recv(4096):
                                break
                        except socket.timeout:
                            pass
            except OSError:
                pass

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def half_of_bulk_data(size):
    return (HEAD % JSON.encode() +
            chunk(b"--b\r\nContent-Type: application/octet-stream\r\nContent-Location: a\r\n\r\n" + bytes(size)))


def small_holdings(server, held):
    """Each as much as needs no turn."""
    Trickle(server, held, 40, half_of_bulk_data(1_900_000))
    time.sleep(3)
    return [status for number in range(5) for status in stored_from(OTHER, server, number)], {"0000", 200}


def objects_that_stop(server, held):
    """By C-STORE, each as much as needs no turn."""
    def begin(number):
        one = half_an_object(server, number, with_text(100 + number, 2_500_000))
        if one is not None:
            held.callback(one.abort)
    at_once(28, begin)
    return [status for number in range(5) for status in stored_from(OTHER, server, number)], {"0000", 200}


def with_text(number, size):
    """An object whose header is of that size."""
    text = element(0x09, 0x10, "LO", "LUCERNA TEST") + element(0x09, 0x1001, "UT", b" " * size)
    return image(f"2.999.14.{number}", native(), before=text, study="2.999.14")


def taken_in_the_end(server):
    """The last status of an object that needs the turn: whoever finds that taken is told to come later."""
    large = with_text(2, 6_000_000)
    begun, statuses = time.monotonic(), []
    while time.monotonic() < begun + PATIENCE and "0000" not in statuses:
        statuses.append(send(server, EXPLICIT, large, host=OTHER))
        time.sleep(0.5)
    print(f"     taken at try {len(statuses)}, after {time.monotonic() - begun:.1f} s")
    return statuses[-1:], {"0000"}


def the_turn_by_stow(server, held):
    """That of large holdings, which one at a time has."""
    Trickle(server, held, 2, half_of_bulk_data(3_000_000))
    time.sleep(3)
    return taken_in_the_end(server)


def the_turn_by_c_store(server, held):
    """The same of an object, a PDU of which comes byte by byte."""
    association = half_an_object(server, 1, with_text(1, 5_000_000))
    held.callback(association.abort)
    wire, stop = association.dul.socket.socket, threading.Event()
    wire.sendall(struct.pack(">BxIIBB", 4, 30_000, 29_996, 1, 0))

    def drip():
        with contextlib.suppress(OSError):
            while not stop.wait(0.05):
                wire.sendall(b"x")
    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    held.callback(dripping.join)
    held.callback(stop.set)
    return taken_in_the_end(server)


def answers_of_many_parts(server, held):
    """Uploads of so many that the answers of all of them are some hundred megabytes, and do not end."""
    refused = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" +
                       part10("1.2.840.10008.1.2.1", image(f"2.999.{random.Random(n).getrandbits(180)}", b"", study="")) +
                       b"\r\n" for n in range(9_000))

    def begin(_):
        one = held.connect(place(server), HEAD % b"application/dicom" + chunk(refused))
        one.sendall(chunk(b"\r\n"))
    at_once(24, begin)
    time.sleep(2)
    return stored_from(OTHER, server, 1), {"0000", 200}


def stack(number, frames=12):
    """Uncompressed frames of eight megabytes each."""
    pixels = element(0x7FE0, 0x10, "OB", random.Random(number).randbytes(8_000_000) * frames)
    return image(f"2.999.15.{number}", pixels, rows=element(0x28, 0x10, "US", us(2_000)), columns=4_000,
                 frames=str(frames), study="2.999.15")


def readers_of_frames(server, held):
    """Of large objects, compressed for each of them; they take nothing of what they asked for."""
    for number in range(4):
        assert send(server, EXPLICIT, stack(number)) == "0000"
    series = "/dicom-web/studies/2.999.15/series/2.999.15.1/instances/"
    path = series + "2.999.15.0/frames/1"
    (status, alone) = ask_from(OTHER, server, "GET", path, headers={"Accept": OCTETS})
    assert status == 200, status
    for n in range(136):
        reader = IdleReader(server.url, f"{series}2.999.15.{n % 4}/frames/{n % 12 + 1}", OCTETS)
        held.callback(reader.socket.close)
    times, statuses = [], []
    for n in range(10):
        status, seconds = ask_from(OTHER, server, "GET", series + f"2.999.15.{n % 4}/frames/{n % 12 + 1}",
                                   headers={"Accept": OCTETS})
        times.append(seconds)
        statuses.append(status)
    print(f"     alone in {alone:.2f} s; beside them in {max(times):.2f} s, the median {sorted(times)[5]:.2f} s")
    return statuses, {200}


# Decoding, and frames of large files, beside.
readers_of_frames.budgets_kib = (256 + 64) << 10


if __name__ == "__main__":
    sys.exit(meet_each((small_holdings, objects_that_stop, the_turn_by_stow, the_turn_by_c_store, answers_of_many_parts, readers_of_frames)))
