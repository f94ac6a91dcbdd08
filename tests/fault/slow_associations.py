#!/usr/bin/env python3
"""Takes every association that a running `lucerna serve` has places for, and makes next to no use of them: sends
objects a few kilobytes a second, echoes now and then, has objects moved to a destination that hangs or is slow.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/slow_associations.py [NAME]

Objects of others are taken: of another address at once, of the same after a while. A slow link for which nobody waits
is left alone.
"""
import contextlib
import pathlib
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from hostile_senders import CAPTURE, EXPLICIT, element, image, native, send, us
from whole_program import PATIENCE, Server, wait_for

PLACES = 32
ECHO, STUDY_MOVE = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.2.2.2"
# Some of a crowd are ended for each that comes; these are as many as come.
COMERS = 5
# Less than the two minutes that a destination has for an answer.
OTHERS_PATIENCE = 60


def part(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def pdu(kind, value):
    return struct.pack(">BBI", kind, 0, len(value)) + value


def fragment(value, control):
    return pdu(4, struct.pack(">IBB", len(value) + 2, 1, control) + value)


def command(*elements):
    words = b"".join(struct.pack("<HHI", 0, number, len(value) + len(value) % 2) + value + b"\0" * (len(value) % 2)
                     for number, value in elements)
    return fragment(struct.pack("<HHII", 0, 0, 4, len(words)) + words, 3)


def association_request(sop_class):
    context = part(0x20, b"\1\0\0\0" + part(0x30, sop_class.encode()) + part(0x40, EXPLICIT.encode()))
    return pdu(1, b"\0\1\0\0" + b"LUCERNA".ljust(16) + b"SLOW".ljust(16) + bytes(32) +
               part(0x10, b"1.2.840.10008.3.1.1.1") + context +
               part(0x50, part(0x51, struct.pack(">I", 16384)) + part(0x52, b"2.999")))


def association(server, sop_class, source="127.0.0.1"):
    """A socket with an association by hand, or None where it was rejected."""
    one = socket.create_connection(("127.0.0.1", int(server.dicom_port)), PATIENCE, source_address=(source, 0))
    one.sendall(association_request(sop_class))
    head = receive(one, 6)
    receive(one, struct.unpack(">I", head[2:])[0])
    if head[0] == 2:
        return one
    one.close()
    return None


def receive(one, size):
    got = b""
    while len(got) < size:
        piece = one.recv(size - len(got))
        if not piece:
            raise ConnectionError("closed")
        got += piece
    return got


def store_request(uid):
    return command((2, CAPTURE.encode()), (0x100, us(1)), (0x110, us(1)), (0x700, us(0)), (0x800, us(0)),
                   (0x1000, uid.encode()))


def is_taken_from(source, server, uid, held):
    """A C-STORE of a small object on an association of its own, which stays: its place is not the next one's."""
    try:
        one = association(server, CAPTURE, source)
        if one is None:
            return False
        held.enter_context(one)
        one.sendall(store_request(uid) + fragment(image(uid, native(), study="2.999.77"), 2))
        body = receive(one, struct.unpack(">I", receive(one, 6)[2:])[0])
        return struct.pack("<HHI", 0, 0x900, 2) + us(0) in body
    except OSError:
        return False


class Crowd(contextlib.ExitStack):
    """As many associations as there are places, to each of which something is done every so often."""

    def __init__(self, server, sop_class, do, pause):
        super().__init__()
        # Of the crowd before it some may not have left yet.
        self.inside = [self.enter_context(wait_for(lambda: association(server, sop_class), "a place"))
                       for _ in range(PLACES)]
        self.enter_context(contextlib.closing(self))
        self.over, self.lost, self.do, self.pause = threading.Event(), 0, do, pause
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def go_on(self):
        while not self.over.wait(self.pause):
            for one in list(self.inside):
                try:
                    self.do(one)
                except OSError:
                    self.inside.remove(one)
                    self.lost += 1

    def close(self):
        self.over.set()
        self.thread.join()


def takes_others(server, source, number, held):
    """Whoever comes tries again; how long it took until the last was taken."""
    begun = time.monotonic()
    for comer in range(COMERS):
        while not is_taken_from(source, server, f"2.999.77.{number}.{comer}", held):
            assert time.monotonic() - begun < OTHERS_PATIENCE, f"others from {source} are kept out"
            time.sleep(0.5)
    return time.monotonic() - begun


def senders(server):
    """Of a large object each, a few kilobytes a second."""
    crowd = Crowd(server, CAPTURE, lambda one: one.sendall(fragment(bytes(5000), 0)), 1)
    for number, one in enumerate(crowd.inside):
        uid = f"2.999.66.1.{number}"
        one.sendall(store_request(uid) +
                    fragment(image(uid, element(0x7FE0, 0x10, "OB", b"", 900_000_000), study="2.999.66"), 0))
    return crowd


def echoing(server):
    def echo(one):
        one.sendall(command((2, ECHO.encode()), (0x100, us(0x30)), (0x110, us(1)), (0x800, us(0x101))))
        one.recv(1000)
    return Crowd(server, ECHO, echo, 0.5)


def moving(server, destination, study):
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study
    crowd = Crowd(server, STUDY_MOVE, lambda one: None, 1)
    for one in crowd.inside:
        one.sendall(command((2, STUDY_MOVE.encode()), (0x100, us(0x21)), (0x110, us(1)), (0x600, destination),
                            (0x700, us(0)), (0x800, us(1))) + fragment(encode(identifier, False, True), 2))
    return crowd


class Destination:
    """Accepts associations, by hand, and takes little of what is sent then, or nothing."""

    def __init__(self, bytes_a_second):
        self.bytes_a_second, self.accepted = bytes_a_second, 0
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(PLACES)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            one, _ = self.listening.accept()
            threading.Thread(target=self.take, args=(one,), daemon=True).start()

    def take(self, one):
        """Of each context the first syntax."""
        with contextlib.suppress(OSError), one:
            body = receive(one, struct.unpack(">I", receive(one, 6)[2:])[0])
            answer, at = body[:68], 68
            while at < len(body):
                kind, length = body[at], struct.unpack(">H", body[at + 2:at + 4])[0]
                value, at = body[at + 4:at + 4 + length], at + 4 + length
                if kind == 0x10:
                    answer += part(kind, value)
                elif kind == 0x20:
                    syntax = 8 + struct.unpack(">H", value[6:8])[0]
                    end = syntax + 4 + struct.unpack(">H", value[syntax + 2:syntax + 4])[0]
                    answer += part(0x21, value[:1] + bytes(3) + value[syntax:end])
                elif kind == 0x50:
                    answer += part(0x50, part(0x51, struct.pack(">I", 16384)) + part(0x52, b"2.999"))
            one.sendall(pdu(2, answer))
            self.accepted += 1
            while not self.bytes_a_second or one.recv(self.bytes_a_second // 10):
                time.sleep(0.1)


def who_send_slowly(server, _destinations):
    with senders(server) as crowd:
        return takes_others(server, "127.0.0.2", 1, crowd), takes_others(server, "127.0.0.1", 2, crowd)


def who_echo(server, _destinations):
    with echoing(server) as crowd:
        return takes_others(server, "127.0.0.2", 3, crowd), takes_others(server, "127.0.0.1", 4, crowd)


def who_have_gone_from_moves_that_hang(server, destinations):
    with moving(server, b"HANG", "2.999.8") as crowd:
        wait_for(lambda: destinations["HANG"].accepted == PLACES, "the destination to have all")
    # They were closed, without a word.
    with contextlib.ExitStack() as held:
        return (takes_others(server, "127.0.0.1", 5, held),)


def who_have_objects_moved_slowly(server, destinations):
    with moving(server, b"SLOW", "2.999.8") as crowd:
        wait_for(lambda: destinations["SLOW"].accepted == PLACES, "the destination to have all")
        return takes_others(server, "127.0.0.2", 6, crowd), takes_others(server, "127.0.0.1", 7, crowd)


def one_slow_link(server, _destinations):
    """Slower for longer than those that are ended for others, with nobody else there."""
    uid = "2.999.67.1.1"
    data_set = image(uid, native(300_000), study="2.999.67")
    with association(server, CAPTURE) as one:
        one.sendall(store_request(uid))
        for begin in range(0, len(data_set), 10_000):
            piece = data_set[begin:begin + 10_000]
            one.sendall(fragment(piece, 2 if begin + len(piece) == len(data_set) else 0))
            time.sleep(0.5)
        body = receive(one, struct.unpack(">I", receive(one, 6)[2:])[0])
        assert struct.pack("<HHI", 0, 0x900, 2) + us(0) in body, "a slow object is not taken"
    return (0,)


CROWDS = (who_send_slowly, who_echo, who_have_gone_from_moves_that_hang, who_have_objects_moved_slowly, one_slow_link)


def main():
    wanted, problems = sys.argv[1] if len(sys.argv) > 1 else "", []
    destinations = {"HANG": Destination(0), "SLOW": Destination(20_000)}
    options = [word for name, one in destinations.items()
               for word in ("--destination", f"{name.lower()}={name}@127.0.0.1:{one.port}")]
    folder = tempfile.mkdtemp(prefix="lucerna-slow-")
    server = Server(pathlib.Path(folder) / "data", "--set", "quiet_seconds=86400", *options)
    try:
        assert send(server, EXPLICIT, image("2.999.8.1", native(30_000_000), study="2.999.8")) == "0000"
        for crowd in CROWDS:
            if wanted not in crowd.__name__:
                continue
            try:
                waited = ", ".join(f"{seconds:.1f} s" for seconds in crowd(server, destinations))
                print(f"others after {waited}: {crowd.__name__.replace('_', ' ')}", flush=True)
            except (AssertionError, OSError) as error:
                problems.append(f"{crowd.__name__}: {error}")
        if server.process.poll() is not None:
            problems.append("the server ended")
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "no crowd kept others out")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
