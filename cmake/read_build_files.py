"""Writes the targets of Bazel's BUILD files as calls of CMake functions.

usage: read_build_files.py ROOT > targets.cmake
       read_build_files.py ROOT --sources

The BUILD files are the one list of sources, which serves both builds. They are, as far as drydock
uses them, valid Python: this executes them, with functions that take notes in place of Bazel's
rules.

A component (drydock::executor, ...) is a cc_library of the top-level BUILD file. It consists of the
targets that it depends on, directly or not, and that no component which it depends on has already.
A target that several components use, none of which depends on the others, goes to the highest that
all of them depend on.

With --sources it prints, for bazel/compare_builds.py, "COMPONENT FILE" for each source and header
that a component has itself or by what it depends on.
"""

import builtins
import functools
import os
import pathlib
import sys


class BuildError(Exception):
    """The BUILD files say something that has no counterpart here."""


class Rule:
    """One target."""

    def __init__(self, kind, package, line, attributes):
        self.kind = kind
        self.package = package
        self.place = f"{package + '/' if package else ''}BUILD:{line}"
        self.name = attributes.get("name")
        self.attributes = attributes

    def __getitem__(self, attribute):
        return self.attributes.get(attribute) or []

    @property
    def label(self):
        return f"//{self.package}:{self.name}"


class BuildFile(dict):
    """The names that a BUILD file sees; each rule that it calls is noted in `rules`."""

    def __init__(self, root, package):
        super().__init__()
        self.rules = []
        self._root = root
        self._package = package
        path = root / package / "BUILD"
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), self)

    def __missing__(self, name):
        known = {"glob": self._glob, "select": lambda choices: choices["//conditions:default"]}
        if name in known:
            return known[name]
        return getattr(builtins, name, None) or functools.partial(self._note, name)

    def _note(self, kind, *_, **attributes):
        line = sys._getframe(1).f_lineno
        self.rules.append(Rule(kind, self._package, line, attributes))

    def _glob(self, include, exclude=(), **_):
        folder = self._root / self._package
        found = {path for pattern in include for path in folder.glob(pattern) if path.is_file()}
        found -= {path for pattern in exclude for path in folder.glob(pattern)}
        return sorted(str(path.relative_to(folder)) for path in found)


# What a rule may say. What has no meaning for CMake is named here, too, so that a new attribute is
# not overlooked.
_IGNORED = {"alwayslink", "flaky", "local", "shard_count", "tags", "timeout", "visibility"}
_KNOWN = {
    "drydock_library": {"name", "srcs", "hdrs", "deps", "testonly", "data"} | _IGNORED,
    "drydock_binary": {"name", "srcs", "deps", "testonly", "data"} | _IGNORED,
    "drydock_test": {"name", "srcs", "deps", "data", "env", "copts", "main", "size"} | _IGNORED,
}


class Workspace:
    """All targets of the workspace at `root`."""

    def __init__(self, root):
        self.root = root
        self.build_files = sorted(
            str(pathlib.Path(folder, "BUILD").relative_to(root))
            for folder, folders, files in os.walk(root)
            if not self._prune(pathlib.Path(folder), folders) and "BUILD" in files
        )
        self._rules = {}
        for path in self.build_files:
            for rule in BuildFile(root, str(pathlib.Path(path).parent).strip(".")).rules:
                if rule.name:
                    self._rules[rule.label] = rule
                unknown = set(rule.attributes) - _KNOWN.get(rule.kind, set(rule.attributes))
                if unknown:
                    raise BuildError(
                        f"{rule.place}: {rule.kind} {rule.name} has {', '.join(sorted(unknown))}, "
                        "which CMake is not told of: teach it to cmake/read_build_files.py"
                    )
        self._read_system_libraries()
        self._find_components()

    @staticmethod
    def _prune(folder, folders):
        """Leaves out what is hidden, Bazel's links, build folders, and workspaces of their own."""
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "bazel-"))
            and name != "build"
            and not (folder / name / "WORKSPACE").exists()
        ]
        return False

    # --- Labels.

    def _absolute(self, label, package):
        if label.startswith("@"):
            return label
        if label.startswith("//"):
            return label if ":" in label else f"{label}:{label.rsplit('/', 1)[-1]}"
        return f"//{package}:{label.lstrip(':')}"

    def _rule(self, label, package=""):
        """The target of a label, or None where it names a file."""
        rule = self._rules.get(self._absolute(label, package))
        if rule and rule.kind == "alias":
            return self._rule(rule["actual"], rule.package)
        return rule

    def _file(self, label, rule):
        package, name = self._absolute(label, rule.package)[2:].split(":")
        path = f"{package}/{name}" if package else name
        if not (self.root / path).is_file():
            raise BuildError(f"{rule.place}: {rule.name} names {label}, and there is no file {path}")
        return path

    def _is_system(self, label):
        return label.startswith("@system//:")

    # --- What a target consists of, as bazel/drydock.bzl has it.

    def sources(self, rule):
        srcs = rule.attributes.get("srcs")
        if srcs is None:
            own = f"{rule.package}/{rule.name}.cc"
            if rule.kind != "drydock_library" or (self.root / own).is_file():
                srcs = [f"{rule.name}.cc"]
        return [self._file(label, rule) for label in srcs or []]

    def headers(self, rule):
        hdrs = rule.attributes.get("hdrs")
        if hdrs is None and rule.kind == "drydock_library":
            if (self.root / rule.package / f"{rule.name}.h").is_file():
                hdrs = [f"{rule.name}.h"]
            else:
                below_src = rule.package.split("/")[1:]
                hdrs = [f"//{'/'.join(['include', 'drydock'] + below_src)}:{rule.name}.h"]
        return [self._file(label, rule) for label in hdrs or []]

    def closure(self, rule):
        """The targets that `rule` depends on, itself among them."""
        found = {rule.label: rule}
        todo = [rule]
        while todo:
            current = todo.pop()
            for label in current["deps"]:
                dependency = self._rule(label, current.package)
                if dependency and dependency.label not in found:
                    found[dependency.label] = dependency
                    todo.append(dependency)
                elif not dependency and not self._is_system(label):
                    raise BuildError(f"{current.place}: {current.name} needs {label}, which is no target")
        return list(found.values())

    def data(self, rules):
        """Files and programs that a test which consists of `rules` finds beside it."""
        files, programs = [], []
        for rule in rules:
            for label in rule["data"]:
                target = self._rule(label, rule.package)
                if target is None:
                    files.append(self._file(label, rule))
                elif target.kind == "filegroup":
                    files += [self._file(source, target) for source in target["srcs"]]
                else:
                    programs.append(target)
        return files, programs

    # --- Libraries of the system.

    def _read_system_libraries(self):
        path = self.root / "bazel/system_libraries.bzl"
        names = _Definitions()
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
        self._libraries = names["_LIBRARIES"]
        self._header_only = names["_HEADER_ONLY"]
        self._aliases = names["_ALIASES"]
        self._absl_package = names["_ABSL_PACKAGE"]

    def system_libraries(self, rules):
        """The names, without @system//:, that `rules` depend on."""
        names = {
            label.split(":")[1]
            for rule in rules
            for label in rule["deps"]
            if self._is_system(label)
        }
        return sorted(self._aliases.get(name, name) for name in names)

    def describe_library(self, name):
        """Kind, what is looked for, Debian package."""
        if name.startswith("absl_"):
            return "ABSL", name, self._absl_package
        if name in self._header_only:
            return ("HEADER",) + self._header_only[name]
        if name not in self._libraries:
            raise BuildError(f"bazel/system_libraries.bzl knows no @system//:{name}")
        module, package = self._libraries[name]
        return ("GTEST" if package in ("libgtest-dev", "libgmock-dev") else "PKG_CONFIG"), module, package

    # --- Components.

    def _find_components(self):
        self.components = {
            rule.name: rule
            for rule in self._rules.values()
            if rule.kind == "cc_library" and not rule.package and rule.name != "include_folders"
        }
        reached = {name: {r.label for r in self.closure(rule)} for name, rule in self.components.items()}
        self.below = {
            name: [other for other in self.components if other != name and f"//:{other}" in reached[name]]
            for name in self.components
        }
        self.owner = {}
        for rule in self._rules.values():
            users = [name for name in self.components if rule.label in reached[name]]
            if rule.kind == "drydock_library" and users:
                self.owner[rule.label] = self._owner(rule, users)
        for name, rule in self.components.items():
            if not self.owned(name):
                raise BuildError(
                    f"{rule.place}: all of //:{name} goes to components below it, since another one "
                    f"uses it, too. Let that one depend on :{name}"
                )

    def _owner(self, rule, users):
        candidates = [
            name
            for name in self.components
            if all(name == user or name in self.below[user] for user in users)
        ]
        highest = [
            name
            for name in candidates
            if all(other == name or other in self.below[name] for other in candidates)
        ]
        if len(highest) != 1:
            raise BuildError(
                f"{rule.place}: {' and '.join(users)} use {rule.label}, and there is no one component "
                "that all of them depend on, for it to be in"
            )
        return highest[0]

    def in_order(self):
        """The components, each after those that it depends on."""
        return sorted(self.components, key=lambda name: (len(self.below[name]), name))

    def owned(self, component):
        return [self._rules[label] for label, owner in self.owner.items() if owner == component]

    def rules_of_kind(self, kind):
        return [rule for rule in self._rules.values() if rule.kind == kind]


class _Anything:
    """Stands for Bazel's functions where a .bzl file is read for its constants alone."""

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        return self


class _Definitions(dict):
    """The names that a .bzl file sees and defines."""

    def __missing__(self, name):
        return getattr(builtins, name, None) or _Anything()


def _unique(items):
    return list(dict.fromkeys(items))


def _call(function, name, **lists):
    """A call of a CMake function, with a line for each argument that is not empty."""
    lines = [f"{function}({name}"]
    for keyword, values in lists.items():
        if values:
            lines.append(f"  {keyword} " + " ".join(f'"{value}"' for value in values))
    return "\n".join(lines) + ")"


def _target_name(rule):
    return f"{rule.package.replace('/', '_')}_{rule.name}".lstrip("_")


def _executable(workspace, rule, function, **more):
    """A program or a test, with what it is linked from."""
    rules = workspace.closure(rule)
    helpers = [r for r in rules[1:] if r.label not in workspace.owner and workspace.sources(r)]
    files, programs = workspace.data(rules)
    return _call(
        function,
        _target_name(rule),
        FOLDER=[rule.package],
        PROGRAM=[rule.name],
        SOURCES=[f for f in workspace.sources(rule) if not f.endswith(".h")],
        COMPONENTS=_unique(workspace.owner[r.label] for r in rules if r.label in workspace.owner),
        HELPERS=[_target_name(helper) for helper in helpers],
        LIBRARIES=workspace.system_libraries(r for r in rules if r.label not in workspace.owner),
        DATA=files,
        PROGRAMS=[_target_name(program) for program in programs],
        **more,
    )


def write_cmake(workspace):
    """All targets as calls of the functions in cmake/DrydockTargets.cmake."""
    everything = [r for kind in _KNOWN for r in workspace.rules_of_kind(kind)]
    calls = [f"set(DRYDOCK_BUILD_FILES {' '.join(workspace.build_files)})"]
    for name in workspace.system_libraries(everything) + ["gmock", "gtest", "gtest_main"]:
        kind, module, package = workspace.describe_library(name)
        calls.append(_call("drydock_system_library", name, KIND=[kind], MODULE=[module], PACKAGE=[package]))
    for name in workspace.in_order():
        rules = workspace.owned(name)
        files = _unique(f for r in rules for f in workspace.sources(r) + workspace.headers(r))
        calls.append(
            _call(
                "drydock_component",
                name,
                TESTONLY=["ON" if workspace.components[name]["testonly"] else "OFF"],
                SOURCES=[f for f in files if f.endswith(".cc")],
                HEADERS=[f for f in files if f.startswith(("include/", "mocks/"))],
                COMPONENTS=workspace.below[name],
                LIBRARIES=workspace.system_libraries(rules),
            )
        )
    for rule in workspace.rules_of_kind("drydock_library"):
        if rule.label not in workspace.owner and workspace.sources(rule):
            calls.append(_executable(workspace, rule, "drydock_helper"))
    for rule in workspace.rules_of_kind("drydock_binary"):
        calls.append(_executable(workspace, rule, "drydock_program"))
    for rule in workspace.rules_of_kind("drydock_test"):
        main = rule.attributes.get("main", "@system//:gtest_main")
        if main and main.startswith("//"):
            rule.attributes["deps"] = [*rule["deps"], main]
            main = None
        calls.append(
            _executable(
                workspace,
                rule,
                "drydock_test",
                MAIN=[main.split(":")[1]] if main else [],
                OPTIONS=rule["copts"],
                ENVIRONMENT=[f"{key}={value}" for key, value in dict(rule["env"] or {}).items()],
                SIZE=[rule.attributes.get("size", "small")],
            )
        )
    return "\n".join(calls)


def write_sources(workspace):
    lines = set()
    for name, component in workspace.components.items():
        for rule in workspace.closure(component):
            if rule.kind == "drydock_library":
                lines |= {f"{name} {f}" for f in workspace.sources(rule) + workspace.headers(rule)}
    return "\n".join(sorted(lines))


def main(root, *options):
    try:
        workspace = Workspace(pathlib.Path(root).resolve())
        print(write_sources(workspace) if "--sources" in options else write_cmake(workspace))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
