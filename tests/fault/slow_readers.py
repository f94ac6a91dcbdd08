#!/usr/bin/env python3
"""Has clients read large frames and objects from a running `lucerna serve` as slowly as they may, more of
them than the memory for decoding has room for, or not at all; others ask meanwhile.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/slow_readers.py

Whoever else asks gets an answer; the server does not grow beyond what decoding may take and 100 MB; and
each of the slow ones has, in the end, what it asked for, whole. Who takes nothing may be disconnected.
"""
import pathlib
import random
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import urllib.parse

from hostile_pictures import Attack, WHOLE, picture, resource, rle
from hostile_senders import EXPLICIT, MOST_GROWTH_KIB, RLE, Growth, element
from whole_program import PATIENCE, Server

DECODING_MIB = 64
WIDTH, HEIGHT = 3000, 4000
FRAME = bytes([7]) * (2 * WIDTH * HEIGHT)
OCTETS = 'multipart/related; type="application/octet-stream"'
SLOW = 6
MANY_SLOW, FRAMES = 16, 12
IDLE = 200
KEPT_KIB = 64 << 10  # retrieve::kept_files
CROWD, LARGE_FRAMES = 100, 17  # of 2 MB: two of such objects are more than kept_files


class SlowReader:
    """Asks, and takes no more than it is told to."""

    def __init__(self, url, path, accept):
        address = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.socket.settimeout(2 * PATIENCE)
        self.socket.connect((address.hostname, address.port))
        self.socket.sendall(f"GET {path} HTTP/1.0\r\nHost: {address.netloc}\r\nAccept: {accept}\r\n\r\n".encode())

        self.parts, self.in_a_hurry = [], threading.Event()
        self.begun = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        """What is not taken for half a minute the server need not hold: some half a megabyte a second."""
        while part := self.socket.recv(1 << 16):
            self.parts.append(part)
            self.begun.set()
            self.in_a_hurry.wait(0.1)
        self.begun.set()

    def head(self):
        self.begun.wait(120)
        return b"".join(self.parts[:1])

    def all(self):
        self.in_a_hurry.set()
        self.thread.join()
        return b"".join(self.parts)


class IdleReader:
    """Asks, and takes nothing."""

    def __init__(self, url, path, accept):
        address = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((address.hostname, address.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: {accept}\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.answered = False

    def is_answered(self):
        """Or disconnected: its answer is begun, refused or given up."""
        if not self.answered:
            try:
                self.socket.recv(1, socket.MSG_PEEK)
                self.answered = True
            except BlockingIOError:
                pass
            except ConnectionError:
                self.answered = True
        return self.answered


def noise(width, height):
    """A frame of 8 bits in RLE that is no smaller for it: literal runs of 128."""
    row = b"".join(b"\x7f" + random.Random(n).randbytes(128) for n in range(width // 128))
    segment = row * height
    return struct.pack("<16I", 1, 64, *[0] * 14) + segment


def read_many_frames(server):
    """By more clients than there is room for files of that size. The problems."""
    attack, problems = Attack(server, ""), []
    frame = noise(1024, 2048)
    assert attack.store(RLE, picture(2, frame, 1024, 2048, 8, frames=FRAMES)) == "0000"
    path = resource(2) + "/frames/" + ",".join(str(n + 1) for n in range(FRAMES))
    growth = Growth(server)
    slow = [SlowReader(server.url, path, f"{OCTETS}; transfer-syntax={RLE}") for _ in range(MANY_SLOW)]
    for reader in slow:
        if not reader.head().startswith(b"HTTP/1.1 200 "):
            problems.append(f"a slow reader of frames was answered {reader.head()[:80]}")
    if (status := attack.get(path, f"{OCTETS}; transfer-syntax={RLE}")) != 200:
        problems.append(f"a quick reader of frames was answered {status} while others read slowly")
    for number, reader in enumerate(slow):
        if (taken := reader.all()).count(frame) != FRAMES:
            problems.append(f"slow reader {number} of frames has {len(taken)} bytes, not all")
    peak = growth.peak()
    print(f"{MANY_SLOW} slow readers of {FRAMES} frames in {FRAMES * len(frame) >> 20} MB each: "
          f"{peak >> 10} MB of growth")
    if peak > KEPT_KIB + MOST_GROWTH_KIB:
        problems.append(f"it grew by {peak >> 10} MB by frames")
    return problems


def read_large_ones(server):
    """By more clients than decoding has room for. The problems."""
    attack, problems = Attack(server, ""), []
    assert attack.store(RLE, picture(1, rle(WIDTH, HEIGHT, 16), WIDTH, HEIGHT, 16)) == "0000"
    growth = Growth(server)
    asked = [(resource(1) + "/frames/1", OCTETS), (resource(1) + "/frames/1", "application/octet-stream"),
             (resource(1), f"{WHOLE}; transfer-syntax=1.2.840.10008.1.2.1")]
    slow = [SlowReader(server.url, *asked[n % len(asked)]) for n in range(SLOW)]
    for reader in slow:
        if not reader.head().startswith(b"HTTP/1.1 200 "):
            problems.append(f"a slow reader was answered {reader.head()[:80]}")
    for path, accept in ((resource(1) + "/rendered", "image/jpeg"), asked[0], asked[2]):
        if (status := attack.get(path, accept)) != 200:
            problems.append(f"{path} was answered {status} while others read slowly")
    for number, reader in enumerate(slow):
        if (taken := reader.all()).count(FRAME) != 1:
            problems.append(f"slow reader {number} has {len(taken)} bytes, not all")
    peak = growth.peak()
    print(f"{SLOW} slow readers of {len(FRAME) >> 20} MB each: {peak >> 10} MB of growth")
    if peak > (DECODING_MIB << 10) + MOST_GROWTH_KIB:
        problems.append(f"it grew by {peak >> 10} MB")
    return problems


def take_nothing(server):
    """Of objects as they are kept and in another transfer syntax, of a series, of frames, of pictures and of
    other values, by hundreds of clients that read nothing at all. The problems."""
    attack, problems = Attack(server, ""), []
    assert attack.store(RLE, picture(3, noise(2048, 2048), 2048, 2048, 8)) == "0000"
    assert attack.store(RLE, picture(4, noise(1024, 2048), 1024, 2048, 8, frames=FRAMES)) == "0000"
    for number in range(FRAMES):
        one = picture(5, noise(1024, 896), 1024, 896, 8)
        one = one.replace(element(0x08, 0x18, "UI", "2.999.8.1.5"), element(0x08, 0x18, "UI", f"2.999.8.1.5.{number}"))
        assert attack.store(RLE, one) == "0000"
    document = element(0x42, 0x11, "OB", random.Random(6).randbytes(4_000_000))
    one = picture(6, noise(1024, 896), 1024, 896, 8)
    pixels = one.index(struct.pack("<HH", 0x7FE0, 0x10))
    assert attack.store(RLE, one[:pixels] + document + one[pixels:]) == "0000"
    series = "/dicom-web/studies/2.999.8.5/series/2.999.8.5.1"
    frames = resource(4) + "/frames/" + ",".join(str(n + 1) for n in range(FRAMES))
    for path, accept in ((resource(3), f"{WHOLE}; transfer-syntax={EXPLICIT}"),
                         (frames, f"{OCTETS}; transfer-syntax={RLE}"),
                         (resource(3), WHOLE + "; transfer-syntax=*"), (resource(3) + "/rendered", "image/jpeg"),
                         (resource(6) + "/bulkdata/00420011", "application/octet-stream"),
                         (resource(6) + "/bulkdata", OCTETS), (series + "/rendered", 'multipart/related; type="image/png"'),
                         (series, WHOLE + "; transfer-syntax=*"), (series, f"{WHOLE}; transfer-syntax={EXPLICIT}")):
        assert attack.get(path, accept) == 200
        growth = Growth(server)
        idle = [IdleReader(server.url, path, accept) for _ in range(IDLE)]
        end = time.monotonic() + PATIENCE
        while not all(reader.is_answered() for reader in idle) and time.monotonic() < end:
            time.sleep(0.1)
        answered = sum(reader.is_answered() for reader in idle)
        if answered < IDLE:
            problems.append(f"{IDLE - answered} idle readers of {path} got no answer")
        end = time.monotonic() + PATIENCE
        while (status := attack.get(path, accept)) == 503 and time.monotonic() < end:
            time.sleep(0.2)
        if status != 200:
            problems.append(f"{path} was answered {status} while others read nothing")
        peak = growth.peak()
        print(f"{IDLE} that take nothing of {path.rsplit('/', 1)[-1]} as {accept}: {peak >> 10} MB of growth")
        # Of a value of 4 MB the head that it is read from is such a file, too.
        files = KEPT_KIB if path.endswith("/bulkdata") else 0
        if peak > (DECODING_MIB << 10) + files + MOST_GROWTH_KIB:
            problems.append(f"it grew by {peak >> 10} MB by who takes nothing of {path}")
        for reader in idle:
            reader.socket.close()
    return problems


def ask_at_once(server):
    """By a crowd, each for a frame of an object that is held alone, as a viewer behind a proxy of many
    connections does. The problems."""
    attack, problems = Attack(server, ""), []
    frame = noise(1024, 2048)
    assert attack.store(RLE, picture(2, frame, 1024, 2048, 8, frames=LARGE_FRAMES)) == "0000"
    growth = Growth(server)
    accept = f"{OCTETS}; transfer-syntax={RLE}"
    crowd = [SlowReader(server.url, f"{resource(2)}/frames/{number % LARGE_FRAMES + 1}", accept)
             for number in range(CROWD)]
    for reader in crowd:
        reader.in_a_hurry.set()
    if (status := attack.get("/dicom-web/studies?limit=1", "application/dicom+json")) != 200:
        problems.append(f"a search was answered {status} while others wait for memory")
    answers = [reader.all() for reader in crowd]
    refused = [answer[:80] for answer in answers if answer.count(frame) != 1]
    if refused:
        problems.append(f"{len(refused)} of {CROWD} that asked at once were not served: {refused[0]}")
    peak = growth.peak()
    print(f"{CROWD} that ask at once for a frame of {LARGE_FRAMES * len(frame) >> 20} MB: {peak >> 10} MB of growth")
    if peak > KEPT_KIB + (DECODING_MIB << 10) + MOST_GROWTH_KIB:
        problems.append(f"it grew by {peak >> 10} MB by a crowd")
    return problems


def main():
    problems = []
    for read in (read_large_ones, read_many_frames, ask_at_once, take_nothing):
        folder = tempfile.mkdtemp(prefix="lucerna-slow-readers-")
        server = Server(pathlib.Path(folder) / "data", "--set", f"decoding_mib={DECODING_MIB}")
        try:
            problems += read(server)
        finally:
            server.end(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "nobody was kept from reading")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
