#!/usr/bin/env python3
"""How much of `lucerna read` is the network?

Makes one four-view phantom exam of full size (2560 x 3328, 16 bit), then times, in turns in one
run: the whole of `lucerna read`, and `bench_inference`, which runs the same networks bare in ONNX
Runtime on the same prepared pictures: warm, with the threads, the memory and as many pictures at once
as the reading has. Prints medians, their ratio, the share of each stage and the peak memory.

    cmake --preset release -DLUCERNA_BENCH=ON && cmake --build --preset release
    bench/read.py build/release [ROUNDS]
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def timed(command):
    """Runs a command; returns (seconds, its standard output, peak RSS in MiB of that child)."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{command[0]} ended with {status}")
    return seconds, output.decode(), usage.ru_maxrss / 1024


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    lucerna = build / "apps/lucerna/lucerna"
    with tempfile.TemporaryDirectory() as folder:
        exam, out = f"{folder}/exam", f"{folder}/out"
        subprocess.run([lucerna, "phantom", "--seed", "1", "--full-size", "--out", exam],
                       check=True, stdout=subprocess.DEVNULL)
        whole, bare, memory, stages = [], [], [], []
        for _ in range(rounds):
            seconds, _, peak = timed([lucerna, "read", exam, "--out", out, "--quiet"])
            shutil.rmtree(out)
            whole.append(seconds)
            memory.append(peak)
            _, report, _ = timed([build / "bench/bench_inference", exam])
            stages.append(json.loads(report))
            bare.append(stages[-1]["inference_seconds"])
    one_by_one = [stage["one_by_one_seconds"] for stage in stages]
    ratio = statistics.median(w / b for w, b in zip(whole, bare))
    against = statistics.median(w / b for w, b in zip(whole, one_by_one))
    print(f"whole `lucerna read`, 4 views      median {statistics.median(whole):.3f} s of {rounds}")
    print(f"bare ONNX Runtime, side by side    median {statistics.median(bare):.3f} s")
    print(f"bare, all cores on one picture     median {statistics.median(one_by_one):.3f} s")
    print(f"whole / bare side by side          median {ratio:.2f}")
    print(f"whole / bare one after another     median {against:.2f}")
    print(f"peak memory                        median {statistics.median(memory):.0f} MiB")
    for stage in stages[0]:
        share = statistics.median(s[stage] for s in stages)
        print(f"  {stage:32s} {share:.3f} s")


if __name__ == "__main__":
    main()
