"""Runs what a test meets one after another, each in a folder of its own."""
import pathlib
import shutil
import sys
import tempfile


def in_turn(makers, meet, fine):
    """Of those whose names have in them what the program was told, or of all: prints the problems that `meet`
    says of each, or `fine` where there are none, and gives the program's status."""
    wanted, problems = sys.argv[1] if len(sys.argv) > 1 else "", []
    for make in makers:
        if wanted not in make.__name__:
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-in-turn-"))
        try:
            problems += [f"{make.__name__}: {problem}" for problem in meet(make, folder)]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or fine)
    return 1 if problems else 0
