"""drydock's own kinds of target: cc_library, cc_test and cc_binary with its compiler flags.

    drydock_library(
        name = "thread_pool_executor",       # include/drydock/thread_pool_executor.h,
        deps = [":executor"],                # src/thread_pool_executor.cc
    )

    drydock_test(
        name = "thread_pool_executor_test",  # tests/thread_pool_executor_test.cc
        deps = ["//src:thread_pool_executor"],
    )
"""

# With clang, Bazel's toolchain adds -Wthread-safety by itself.
_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",

    # libpqxx 7.10 deprecates what 6.4 has nothing else for: exec_params, exec1.
    "-Wno-deprecated-declarations",
]

def _copts(extra):
    copts = ["-std=c++20"]

    # In another workspace drydock is a dependency: its headers come by `includes`, and
    # the warnings of a compiler that we do not know yet must not break a build.
    if native.repository_name() == "@":
        copts += _WARNINGS + ["-iquote", "include", "-iquote", "mocks"]
    return copts + extra

def _deps(deps):
    if native.repository_name() == "@":
        return deps
    return deps + ["//:include_folders"]

def _public_header(name):
    """include/drydock/<name>.h as a label; src/testing/x.cc belongs to include/drydock/testing/x.h."""
    below_src = native.package_name().split("/")[1:]
    return "//" + "/".join(["include", "drydock"] + below_src) + ":" + name + ".h"

def drydock_library(name, srcs = None, hdrs = None, deps = [], copts = [], testonly = None, visibility = None, **kwargs):
    """A part of drydock.

    Args:
      name: of the target, and of its header and source where those are not given.
      srcs: <name>.cc, where there is one.
      hdrs: <name>.h of this folder where there is one (an internal header), else
        include/drydock/<name>.h.
      deps: as in cc_library.
      copts: after drydock's own.
      testonly: True for the layers that production code must not link (simulation and above).
      visibility: public, unless given.
      **kwargs: as in cc_library.
    """
    if srcs == None:
        srcs = native.glob([name + ".cc"])
    if hdrs == None:
        hdrs = native.glob([name + ".h"]) or [_public_header(name)]
    native.cc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        copts = _copts(copts),
        # Each source is compiled once: for static linking only.
        linkstatic = True,
        testonly = testonly,
        visibility = visibility or ["//visibility:public"],
        deps = _deps(deps),
        **kwargs
    )

def drydock_test(name, srcs = None, deps = [], copts = [], main = "@system//:gtest_main", size = "small", **kwargs):
    """A GoogleTest program. GoogleTest and GoogleMock come with it.

    Args:
      name: of the target, and of its source (<name>.cc) where none is given.
      srcs: as in cc_test.
      deps: as in cc_test.
      copts: after drydock's own.
      main: the library with main(); None where srcs have one.
      size: as in cc_test.
      **kwargs: as in cc_test.
    """
    own_deps = ["//bazel/tsan:defaults", "@system//:gmock", "@system//:gtest"]
    native.cc_test(
        name = name,
        srcs = srcs or [name + ".cc"],
        copts = _copts(copts),
        linkstatic = True,
        size = size,
        deps = _deps(deps + own_deps + ([main] if main else [])),
        **kwargs
    )

def drydock_binary(name, srcs = None, deps = [], copts = [], **kwargs):
    """A program.

    Args:
      name: of the target, and of its source (<name>.cc) where none is given.
      srcs: as in cc_binary.
      deps: as in cc_binary.
      copts: after drydock's own.
      **kwargs: as in cc_binary, testonly among them.
    """
    native.cc_binary(
        name = name,
        srcs = srcs or [name + ".cc"],
        copts = _copts(copts),
        deps = _deps(deps),
        **kwargs
    )
