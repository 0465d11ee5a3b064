"""Whether Bazel and CMake build each component from the same files, for bazel/test.sh.

usage: compare_builds.py

CMake's list is what cmake/read_build_files.py makes of the BUILD files. Besides, every public header
has to be in a component: what is in none is not installed.
"""

import pathlib
import subprocess
import sys


def lines_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def cmake_lists():
    lists = {}
    for line in lines_of(sys.executable, "-B", "cmake/read_build_files.py", ".", "--sources"):
        component, path = line.split(" ")
        lists.setdefault(component, set()).add(path)
    return lists


def bazel_list(component):
    labels = lines_of(
        "bazel", "query", "--noshow_progress", "--ui_event_filters=-info", "--output=label",
        f"kind('source file', deps(//:{component}))",
    )
    paths = {label[2:].replace(":", "/") for label in labels if label.startswith("//")}
    return {path for path in paths if path.endswith((".cc", ".h"))}


def main():
    complaints = []
    everything = set()
    lists = cmake_lists()
    for component, cmake in lists.items():
        bazel = bazel_list(component)
        everything |= cmake
        for path in sorted(bazel ^ cmake):
            has, lacks = ("Bazel", "CMake") if path in bazel else ("CMake", "Bazel")
            complaints.append(
                f"{path} is in {component} for {has}, not for {lacks}: cmake/read_build_files.py reads "
                "the BUILD file of its folder, or bazel/drydock.bzl, otherwise than Bazel does"
            )
    for folder in ("include", "mocks"):
        for path in sorted(map(str, pathlib.Path(folder).rglob("*.h"))):
            if path not in everything:
                complaints.append(
                    f"{path} is in no component, so that it is not installed: add the target that has "
                    "it to the deps of its component in BUILD, at the root"
                )
    print("\n".join(complaints) or f"{len(everything)} files in {len(lists)} components")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
