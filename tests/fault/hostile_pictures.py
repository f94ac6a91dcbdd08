#!/usr/bin/env python3
"""Sends a running `lucerna serve` objects of a few kilobytes that can be decoded, to pictures of
hundreds of megabytes, and data sets that can be read, to millions of items; several at once; and asks
for their pictures, or has them read.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/hostile_pictures.py [NAME]

The largest mammograms that there are (film of 24 x 30 cm at 43 um: 5600 x 7100 pixels of 16 bits, 39.8
millions) are stored, looked at and read first, and must be, every one. What is hostile then makes the server grow by at most 100 MB; where
a whole picture is asked for, by at most 100 MB more than such a mammogram took; of what is not compressed, by
little more than decoding_mib. Nobody is left without an
answer. Prints how far it grew, and how long the slowest answer to a C-STORE took.
"""
import concurrent.futures
import pathlib
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
import urllib.request

from hostile_senders import (CAPTURE, EXPLICIT, JPEG2000, MOST_GROWTH_KIB, RLE, Growth, element,
                             encapsulated, good_one_is_taken, image, item, native, send, status_of, us)
from whole_program import Server, wait_for

MAMMOGRAM = "1.2.840.10008.5.1.4.1.1.1.2"
AT_ONCE = 8
FILM = 5600, 7100
DECODING_KIB = 256 << 10  # the setting decoding_mib, if it is not given


def jpeg2000(width, height, bits, levels=5, block=4, comments=0):
    """All of one gray: every packet of it is empty (T.800 B.10). `block` 0 is a code-block of 4 x 4. Beside that, so many
    comments of 64 KiB."""
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, width, height, 0, 0, 1) + bytes([bits - 1, 1, 1])
    style = bytes([0, 0, 0, 1, 0, levels, block, block, 0, 1])
    exponents = bytes([0x40]) + bytes([(bits + 1) << 3] * (3 * levels + 1))
    packets = bytes(levels + 1)
    return (b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size +
            b"\xff\x52" + struct.pack(">H", len(style) + 2) + style +
            b"\xff\x5c" + struct.pack(">H", len(exponents) + 2) + exponents +
            (b"\xff\x64\xff\xff" + bytes(0xFFFD)) * comments +
            b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14 + len(packets), 0, 1) + b"\xff\x93" + packets +
            b"\xff\xd9")


def rle(width, height, bits):
    """PS3.5 Annex G: rows of runs, as long as they may be."""
    runs, rest = divmod(width, 128)
    row = b"\x81\x07" * runs + (bytes([257 - rest, 7]) if rest > 1 else b"\0\x07" * rest)
    segment = row * height
    segment += b"\0" * (len(segment) % 2)
    count = bits // 8
    offsets = [64 + n * len(segment) for n in range(count)] + [0] * (15 - count)
    return struct.pack("<16I", count, *offsets) + segment * count


def picture(number, frame, width, height, bits, *, mammogram=False, frames=1, samples=1, is_native=False):
    """A data set of `frames` such frames, compressed or not."""
    uid = f"2.999.8.1.{number}"
    kind = [element(0x08, 0x16, "UI", MAMMOGRAM if mammogram else CAPTURE), element(0x08, 0x18, "UI", uid),
            element(0x08, 0x60, "CS", "MG" if mammogram else "OT")]
    if mammogram:
        kind.append(element(0x08, 0x68, "CS", "FOR PRESENTATION"))
    patient = [element(0x10, 0x10, "PN", "Doe^Jane"), element(0x10, 0x20, "LO", f"PICTURE-{number}"),
               element(0x10, 0x30, "DA"), element(0x10, 0x40, "CS", "F")]
    view = [element(0x18, 0x1164, "DS", "0.05\\0.05"), element(0x18, 0x5101, "CS", "CC")] if mammogram else []
    study = [element(0x20, 0x0D, "UI", f"2.999.8.{number}"), element(0x20, 0x0E, "UI", f"2.999.8.{number}.1"),
             element(0x20, 0x20, "CS", "P\\L"), element(0x20, 0x62, "CS", "R")]
    pixels = [element(0x28, 0x02, "US", us(samples)),
              element(0x28, 0x04, "CS", "RGB" if samples == 3 else "MONOCHROME2"),
              element(0x28, 0x06, "US", us(0)) if samples == 3 else b"",
              element(0x28, 0x08, "IS", str(frames)) if frames > 1 else b"",
              element(0x28, 0x10, "US", us(height)), element(0x28, 0x11, "US", us(width)),
              element(0x28, 0x100, "US", us(bits)), element(0x28, 0x101, "US", us(bits)),
              element(0x28, 0x102, "US", us(bits - 1)), element(0x28, 0x103, "US", us(0)),
              element(0x28, 0x1050, "DS", str(1 << bits - 1)), element(0x28, 0x1051, "DS", str(1 << bits))]
    value = element(0x7FE0, 0x10, "OB", frame) if is_native else encapsulated(*[frame] * frames)
    return b"".join([*kind, *patient, *view, *study, *pixels, value])


def items(number, count):
    """A data set with a sequence of so many items without anything in them."""
    return image(f"2.999.8.2.{number}", native(), study=f"2.999.8.2.{number}.9",
                 after=element(0x7FE1, 0x1010, "SQ", item(b"") * count))


def sequences(number, count):
    """So many sequences of one item with one element."""
    one = item(element(0x08, 0x104, "LO", ""))
    return image(f"2.999.8.2.{number}", native(), study=f"2.999.8.2.{number}.9", after=b"".join(
        element(0x7FE1 + 2 * (n >> 15), 0x1000 + (n & 0x7FFF), "SQ", one) for n in range(count)))


def resource(number):
    return f"/dicom-web/studies/2.999.8.{number}/series/2.999.8.{number}.1/instances/2.999.8.1.{number}"


class Attack:
    """One server, what was sent to it, and what gave way."""

    def __init__(self, server, wanted):
        self.server, self.wanted = server, wanted
        self.problems, self.slowest = [], 0.0

    def store(self, syntax, data_set, sop_class=CAPTURE):
        begun = time.monotonic()
        status = send(self.server, syntax, data_set, sop_class)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        return status

    def get(self, path, accept):
        return status_of(urllib.request.Request(self.server.url + path, headers={"Accept": accept}))

    def at_once(self, work, count=AT_ONCE):
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda n: work(n), range(count)))

    def hold(self, name, work, most_kib, allowed):
        """`work` gives statuses, each of which has to be `allowed`. Returns how far the server grew."""
        if self.wanted and self.wanted not in name:
            return 0
        self.server.get("/api/worklist")  # it runs
        growth, begun = Growth(self.server), time.monotonic()
        statuses = work()
        if self.server.process.poll() is not None:
            raise SystemExit(f"the server ended at: {name}")
        peak = growth.peak()
        print(f"{peak >> 10:5} MB {time.monotonic() - begun:7.2f} s  {name}: "
              f"{', '.join(sorted(set(map(str, statuses))))}", flush=True)
        if peak > most_kib:
            self.problems.append(f"{name}: {peak >> 10} MB of growth, more than {most_kib >> 10}")
        self.problems += [f"{name}: answered {status}" for status in set(statuses) - set(allowed)]
        wait_for(lambda: growth.left() < MOST_GROWTH_KIB // 2, "memory that was freed to be given back")
        return peak


LOOKED_AT = (("/thumbnail", "image/jpeg"), ("/rendered", "image/jpeg"),
             ("/frames/1", 'multipart/related; type="application/octet-stream"'))
WHOLE = 'multipart/related; type="application/dicom"'
REFUSED = (400, 406, 501)


def largest_mammograms(attack):
    """They work. Returns the most that one took."""
    most = 0
    for number, (name, syntax, frame) in enumerate((
            ("JPEG 2000", JPEG2000, jpeg2000(*FILM, 16)), ("RLE", RLE, rle(*FILM, 16))), 1):
        data_set = picture(number, frame, *FILM, 16, mammogram=True)
        attack.hold(f"the largest mammogram, {name}: stored and read", lambda: [
            attack.store(syntax, data_set, MAMMOGRAM),
            attack.server.read_exam(f"PICTURE-{number}")["state"]], 1 << 30, ("0000", "refused"))
        for path, accept in LOOKED_AT:
            most = max(most, attack.hold(
                f"the largest mammogram, {name}: {path}", lambda: [attack.get(resource(number) + path, accept)],
                MOST_GROWTH_KIB if path == "/thumbnail" else 1 << 30, (200,)))
    return most


def pictures(attack, honest):
    """Of each: what it is called, its syntax and frame, its sides and bits, and what its thumbnail may be."""
    huge = (
        ("JPEG 2000 of 12000 x 12000", JPEG2000, jpeg2000(12000, 12000, 16), 12000, 16, REFUSED),
        ("JPEG 2000 of 12000 x 12000, 8 bits, no lower resolution", JPEG2000, jpeg2000(12000, 12000, 8, 0), 12000, 8,
         REFUSED),
        ("JPEG 2000 of 6500 x 6500", JPEG2000, jpeg2000(6500, 6500, 16), 6500, 16, (200,)),
        ("JPEG 2000 of 3000 x 3000, a million code-blocks", JPEG2000, jpeg2000(3000, 3000, 16, 5, 0), 3000, 16,
         REFUSED),
        ("RLE of 20000 x 20000", RLE, rle(20000, 20000, 8), 20000, 8, (200,)),
        ("RLE of 11000 x 11000", RLE, rle(11000, 11000, 8), 11000, 8, (200,)),
    )
    for number, (name, syntax, frame, side, bits, thumbnail) in enumerate(huge, 10):
        data_set = picture(number, frame, side, side, bits, mammogram=True)
        attack.hold(f"{name}: stored and read", lambda: [
            attack.store(syntax, data_set, MAMMOGRAM),
            attack.server.read_exam(f"PICTURE-{number}")["state"]], MOST_GROWTH_KIB, ("0000", "refused"))
        for path, accept in LOOKED_AT:
            allowed = thumbnail if path == "/thumbnail" else (200, 503, *REFUSED)
            attack.hold(f"{name}: {path}, {AT_ONCE} at once",
                        lambda: attack.at_once(lambda _: attack.get(resource(number) + path, accept)),
                        MOST_GROWTH_KIB + (0 if path == "/thumbnail" else honest), allowed)
    number, frames = 30, 900
    data_set = picture(number, jpeg2000(4000, 4000, 16), 4000, 4000, 16, frames=frames)
    # Whoever leaves it open gets it as it is stored, whoever insists on pixels is refused.
    for accept, answer in ((WHOLE, 200), (f"{WHOLE}; transfer-syntax={EXPLICIT}", 406)):
        attack.hold(f"{frames} frames of 32 MB in {len(data_set) >> 10} KB, asked for as {accept}", lambda: [
            int(attack.store(JPEG2000, data_set), 16), attack.get(resource(number), accept)],
            MOST_GROWTH_KIB, (0, answer))


def frames_of_large_files(attack, honest):
    """Compressed frames of some megabytes, of which one is read without the others; one after the other while they are
    sent, too."""
    number, side = 31, 3600
    data_set = picture(number, jpeg2000(side, side, 16, comments=160), side, side, 16, frames=2)
    attack.hold(f"two frames of {side} x {side} in {len(data_set) >> 20} MB: stored",
                lambda: [attack.store(JPEG2000, data_set)], MOST_GROWTH_KIB, ("0000",))
    for path, accept in (*LOOKED_AT, ("", f"{WHOLE}; transfer-syntax={EXPLICIT}")):
        attack.hold(f"two frames of {side} x {side}: {path or 'all of it, not compressed'}, {AT_ONCE} at once",
                    lambda: attack.at_once(lambda _: attack.get(resource(number) + path, accept)),
                    MOST_GROWTH_KIB + honest, (200, 503))


def plain_pictures(attack):
    """Not compressed: of noise, which no encoder makes smaller, and such as are enlarged. Of each: what it is called,
    its side, samples and query, and what it may be."""
    plain = (
        ("32 x 32 in color, enlarged", 32, 3, "?viewport=4096,4096", (200,)),
        ("900 x 900, enlarged", 900, 1, "?viewport=4096,4096", (200,)),
        ("a part of 900 x 900, enlarged", 900, 1, "?viewport=4096,4096,10,10,80,-80", (200,)),
        ("3000 x 3000 in color", 3000, 3, "", (200,)),
        ("4096 x 4096 in color", 4096, 3, "", (200,)),
        ("6000 x 6000", 6000, 1, "", (200,)),
        ("12000 x 12000", 12000, 1, "", (200, *REFUSED)),
    )
    noise = random.Random(1).randbytes(1 << 20)
    for number, (name, side, samples, query, allowed) in enumerate(plain, 40):
        size = side * side * samples
        data_set = picture(number, (noise * (size // len(noise) + 1))[:size], side, side, 8, samples=samples,
                           is_native=True)
        attack.hold(f"{name}, not compressed: stored", lambda: [attack.store(EXPLICIT, data_set)],
                    MOST_GROWTH_KIB, ("0000",))
        for accept in ("image/jpeg", "image/png", "image/gif"):
            path = resource(number) + "/rendered" + query
            attack.hold(f"{name}, not compressed: as {accept}, {AT_ONCE} at once",
                        lambda: attack.at_once(lambda _: attack.get(path, accept)),
                        DECODING_KIB + MOST_GROWTH_KIB // 2, (503, *allowed))


def data_sets(attack):
    """Those that are too much are refused (C000), or told to come again (A700)."""
    for name, made in (("1.9 million items without anything", lambda n: items(n, 1_900_000)),
                       ("400,000 items without anything", lambda n: items(n, 400_000)),
                       ("300,000 sequences of one item", lambda n: sequences(n, 300_000))):
        for count in (1, 4):
            sent = [made(100 * count + n) for n in range(count)]
            attack.hold(f"{name}, {count} at once",
                        lambda: attack.at_once(lambda n: attack.store(EXPLICIT, sent[n]), count),
                        MOST_GROWTH_KIB, ("0000", "C000", "A700"))


def main():
    folder = tempfile.mkdtemp(prefix="lucerna-hostile-pictures-")
    server = Server(pathlib.Path(folder) / "data", "--set", "quiet_seconds=2")
    attack = Attack(server, sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        assert good_one_is_taken(server)
        data_sets(attack)
        honest = largest_mammograms(attack)
        pictures(attack, honest)
        frames_of_large_files(attack, honest)
        plain_pictures(attack)
        if not good_one_is_taken(server):
            attack.problems.append("no good object is taken after all of it")
        print(f"slowest answer to a C-STORE {attack.slowest:.2f} s")
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(attack.problems) or "nothing gave way")
    return 1 if attack.problems else 0


if __name__ == "__main__":
    sys.exit(main())
