#!/usr/bin/env python3
"""Measures the HTTP server: requests a second for a small JSON answer at several numbers of
connections (by wrk), and speed and peak memory of one streamed upload. Run as

    cmake --preset release -DLUCERNA_BENCH=ON && ninja -C build/release bench_http
    python3 bench/serve_http.py build/release/bench/bench_http [gibibytes]
"""
import http.client
import re
import statistics
import subprocess
import sys
import time
import urllib.parse


def peak_memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024


def requests_a_second(url, connections):
    rates = []
    for _ in range(3):
        said = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d5s", "--latency", url],
                              check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"wrk saw errors:\n{said}")
        rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)))
    return statistics.median(rates)


def upload(url, gibibytes):
    piece = bytes(1 << 20)
    connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc)
    began = time.monotonic()
    connection.request("POST", "/sink", body=(piece for _ in range(int(gibibytes * 1024))),
                       headers={"Content-Length": str(int(gibibytes * 1024) << 20)})
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"the upload was answered {answer.status}: {answer.read()!r}")
    answer.read()
    return gibibytes * 1024 / (time.monotonic() - began)


def main():
    gibibytes = float(sys.argv[2]) if len(sys.argv) > 2 else 1
    with subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        url = server.stdout.readline().strip()
        print(f"memory at the start: {peak_memory_mb(server.pid):.1f} MB")
        speed = upload(url, gibibytes)
        print(f"upload of {gibibytes:g} GiB, hashed: {speed:.0f} MB/s, "
              f"peak memory {peak_memory_mb(server.pid):.1f} MB")
        for connections in (1, 32, 256):
            rate = requests_a_second(f"{url}/json", connections)
            print(f"{connections} connections: {rate:.0f} requests/s (median of 3)")
        print(f"peak memory at the end: {peak_memory_mb(server.pid):.1f} MB")
        server.stdin.close()


if __name__ == "__main__":
    main()
