#!/usr/bin/env python3
"""Begins TLS handshakes with a running `lucerna serve`, as many over HTTP as there may be connections and more, and
leaves each before its end: one of a ClientHello as large as it may be, or one of a few bytes. Or one after the other,
over HTTP and DICOM, as fast as they are taken.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/support:tests/fault tests/fault/half_handshakes.py

A new server for each. It does not grow by more than 100 MB, and answers others meanwhile, also as many at once; and
through a flood those of another address, who need 30 ms for each round trip.
"""
import concurrent.futures
import contextlib
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from hostile_senders import MOST_GROWTH_KIB, Growth
from slow_associations import ECHO, association_request
from whole_program import PATIENCE, Server

CONNECTIONS = 1030
# In which a page is to be answered.
OTHERS_SECONDS = 8
ROUND_TRIP_SECONDS = 0.03
# Of another address, one after the other through a flood; and how many are served at least.
COMERS, SERVED = 20, 18


def records(message):
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(part)) + part
                    for part in (message[at:at + 16384] for at in range(0, len(message), 16384)))


def large_hello():
    """All but a hundred bytes of one of 65,534 bytes of cipher suites and an extension of 65,531."""
    body = (b"\x01" + (131_110).to_bytes(3, "big") + b"\x03\x03" + bytes(32) + b"\0" + b"\xff\xfe" +
            b"\x13\x01" * 32_767 + b"\x01\0" + b"\xff\xff" + b"\xfd\xe8\xff\xfb")
    return records(body.ljust(131_000, b"\0"))


def small_hello():
    return records(b"\x01" + (500).to_bytes(3, "big") + b"\x03\x03" + bytes(200))


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def page(url):
    """How long it took, in seconds."""
    begun = time.monotonic()
    with urllib.request.urlopen(url + "/health", timeout=PATIENCE, context=trusting()) as answer:
        assert answer.status == 200
    return time.monotonic() - begun


def meet(server, hello):
    """The problems."""
    page(server.url)
    growth = Growth(server)
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS):
            one = held.enter_context(contextlib.closing(socket.create_connection(address, PATIENCE)))
            with contextlib.suppress(OSError):  # it was given up meanwhile
                one.sendall(hello())
        waited = max(page(server.url) for _ in range(5))
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            waited = max([waited, *pool.map(page, [server.url] * 256)])
        peak = growth.peak()
    print(f"{peak >> 10:4} MB, others after {waited:5.2f} s  {hello.__name__}", flush=True)
    problems = []
    if peak > MOST_GROWTH_KIB:
        problems.append(f"{hello.__name__}: {peak >> 10} MB of growth")
    if waited > OTHERS_SECONDS:
        problems.append(f"{hello.__name__}: others were answered after {waited:.0f} s")
    return problems


def flood(port, is_over):
    held = []
    while not is_over.is_set():
        with contextlib.suppress(OSError):
            held.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
            held[-1].sendall(small_hello())
        if len(held) > CONNECTIONS:
            held.pop(0).close()
    for one in held:
        one.close()


def answer_from_afar(port, request):
    """The beginning of it; empty where the connection was closed before."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing)

    def done(one, step):
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                return step()
            if outgoing.pending:
                one.sendall(outgoing.read())
                time.sleep(ROUND_TRIP_SECONDS)
            came = one.recv(65536)
            if not came:
                raise ConnectionError("closed")
            incoming.write(came)

    with contextlib.suppress(ConnectionError), contextlib.closing(
            socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.2", 0))) as one:
        time.sleep(ROUND_TRIP_SECONDS)
        done(one, tls.do_handshake)
        tls.write(request)
        return done(one, lambda: tls.read(12))
    return b""


def meet_flood(server):
    """The problems."""
    problems = []
    for name, port, request, expected in (
            ("HTTP", int(server.url.rsplit(":", 1)[1]), b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"HTTP/1.1 200"),
            ("DICOM", int(server.dicom_port), association_request(ECHO), b"\x02")):
        is_over = threading.Event()
        crowd = [threading.Thread(target=flood, args=(port, is_over)) for _ in range(2)]
        for one in crowd:
            one.start()
        time.sleep(2)
        served = sum(answer_from_afar(port, request).startswith(expected) for _ in range(COMERS))
        is_over.set()
        for one in crowd:
            one.join()
        print(f"{served:2} of {COMERS} of another address served  {name}", flush=True)
        if served < SERVED:
            problems.append(f"{name}: of another address {served} of {COMERS} were served")
    return problems


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    problems = []
    for crowd in (lambda server: meet(server, large_hello), lambda server: meet(server, small_hello), meet_flood):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-handshakes-"))
        certificate, key = folder / "own.crt", folder / "own.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        options = [word for door in ("http", "dicom") for word in (
            "--set", f"{door}.tls_certificate={certificate}", "--set", f"{door}.tls_key={key}")]
        server = Server(folder / "data", *options)
        try:
            problems += crowd(server)
        finally:
            server.end(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "no handshake kept others out")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
