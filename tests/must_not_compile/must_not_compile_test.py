#!/usr/bin/env python3
"""Misuse that does not compile is told in one readable line.

usage: must_not_compile_test.py SOURCE...

Each source opens with the comment "// error: TEXT". Both compilers have to report one error for it,
with all of that text.
"""

import concurrent.futures
import itertools
import os
import shlex
import subprocess
import sys

COMPILERS = ("clang++", "g++")
INCLUDES = ["-Iinclude"] + shlex.split(
    subprocess.run(
        ["pkg-config", "--cflags", "libpqxx", "libpq"], check=True, capture_output=True, text=True
    ).stdout
)


def expected_error(source):
    """The text that the comment at the top of `source` announces."""
    with open(source, encoding="utf-8") as lines:
        comment = itertools.takewhile(lambda line: line.startswith("//"), lines)
        text = " ".join(line[2:].strip() for line in comment)
    if not text.startswith("error: drydock: "):
        sys.exit(f"{source} does not begin with: // error: drydock: TEXT")
    return text[len("error: ") :]


def complaint(compiler, source):
    """What is wrong with what `compiler` says of `source`; empty where it is as it should be."""
    text = expected_error(source)
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wno-deprecated-declarations", *INCLUDES]
    run = subprocess.run(
        command + [source], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    errors = [line for line in run.stderr.splitlines() if " error: " in line]
    if run.returncode == 0:
        return f"{source} compiles with {compiler}. It should say: {text}"
    # clang 14 prints the text as a string literal.
    if len(errors) != 1 or text not in errors[0].replace('\\"', '"'):
        return f"{source} with {compiler} should have this one error: {text}\n{run.stderr}"
    return ""


def main(sources):
    cases = [(compiler, source) for source in sources for compiler in COMPILERS]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        complaints = [text for text in pool.map(lambda case: complaint(*case), cases) if text]
    print("\n".join(complaints) or f"{len(cases)} compilations fail as they should")
    return 1 if complaints or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
