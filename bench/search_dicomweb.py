#!/usr/bin/env python3
"""QIDO-RS of Lucerna and of Orthanc (Debian's packages orthanc and orthanc-dicomweb), in turns in one
run: studies, ten of them, from archives that hold the same 2,060 instances of 206 studies; each
question over one connection, one after the other.

Prints median and 99th percentile of the time a request, how many times Lucerna's it is, and the CPU
time a request that the server took.

    apt-get install orthanc orthanc-dicomweb python3-cryptography
    PYTHONPATH=.deps/python bench/search_dicomweb.py build/release [--requests N] [--rounds N]
"""
import argparse
import http.client
import pathlib
import shutil
import socket
import statistics
import tempfile
import time

import numpy
from pydicom.uid import generate_uid

from receive_dimse import cpu_seconds
from serve_dicomweb import file_of, instance, lucerna, orthanc, post

QUESTIONS = {"studies?limit=10": "/dicom-web/studies?limit=10",
             "of a patient": "/dicom-web/studies?PatientID=BENCH-100&limit=10",
             "by the beginning of a name": "/dicom-web/studies?PatientName=Bench*&limit=10"}


def fill(peers, studies, each):
    pixels = numpy.zeros((16, 16), "<u2")
    for number in range(studies):
        study, series, files = generate_uid(), generate_uid(), []
        for _ in range(each):
            d = instance(pixels, "CT", study, series)
            d.PatientID, d.PatientName = f"BENCH-{number}", f"Bench^Mark-{number}"
            d.StudyDate = f"2020{1 + number % 12:02}{1 + number % 28:02}"
            files.append(file_of(d))
        for peer in peers:
            post(peer, files)


def ask(peer, path, requests):
    """Seconds of each request, and the server's CPU time a request."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.http_port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    cpu, taken = cpu_seconds(peer.process), []
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept": "application/dicom+json"})
        answer = connection.getresponse()
        body = answer.read()
        taken.append(time.perf_counter() - began)
        if answer.status != 200 or len(body) < 100:
            raise SystemExit(f"{path} was answered {answer.status}: {body[:500]!r}")
    return taken, (cpu_seconds(peer.process) - cpu) / requests


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("build", type=pathlib.Path, nargs="?", default="build/release")
    options.add_argument("--requests", type=int, default=300)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--studies", type=int, default=206)
    options = options.parse_args()
    programs = {"Lucerna": (lucerna, options.build / "apps/lucerna/lucerna"),
                "Orthanc": (orthanc, "Orthanc")}
    work = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-bench-"))
    started = {}
    try:
        for name, (start, program) in programs.items():
            started[name] = start(program, pathlib.Path(tempfile.mkdtemp(dir=work)))
            started[name].__enter__()
        fill(started.values(), options.studies, 10)
        for question, path in QUESTIONS.items():
            medians, slowest, spent = ({name: [] for name in started} for _ in range(3))
            for _ in range(options.rounds):
                for name, peer in started.items():
                    taken, cpu = ask(peer, path, options.requests)
                    medians[name].append(statistics.median(taken))
                    slowest[name].append(statistics.quantiles(taken, n=100)[98])
                    spent[name].append(cpu)
            print(f"{question}, median of {options.rounds} rounds of {options.requests}", flush=True)
            for name in started:
                ratio = statistics.median(
                    theirs / ours for theirs, ours in zip(slowest[name], slowest["Lucerna"]))
                print(f"  {name:10s} median {1000 * statistics.median(medians[name]):7.2f} ms  p99 "
                      f"{1000 * statistics.median(slowest[name]):7.2f} ms  p99 against Lucerna's x "
                      f"{ratio:5.2f}  its CPU {1000 * statistics.median(spent[name]):6.2f} ms",
                      flush=True)
    finally:
        for peer in started.values():
            peer.__exit__()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
