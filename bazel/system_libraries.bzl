"""The libraries of the system as Bazel targets: @system//:gtest, @system//:absl_status, ...

Each library is a repository of its own that asks pkg-config for its flags, so that one
that is missing hurts only those who use it, and is looked for again at the next build.
"""

# name of the target: (pkg-config module, Debian package)
_LIBRARIES = {
    "benchmark": ("benchmark", "libbenchmark-dev"),
    "gmock": ("gmock", "libgmock-dev"),
    "gtest": ("gtest", "libgtest-dev"),
    "gtest_main": ("gtest_main", "libgtest-dev"),
    "pq": ("libpq", "libpq-dev"),
    "pqxx": ("libpqxx", "libpqxx-dev"),
    "tbb": ("tbb", "libtbb-dev"),
    "uv": ("libuv", "libuv1-dev"),
    "yaml_cpp": ("yaml-cpp", "libyaml-cpp-dev"),
}

# Header-only, without a pkg-config module in Debian: (header, Debian package)
_HEADER_ONLY = {
    "asio": ("asio.hpp", "libasio-dev"),
}

# May be used by testonly targets alone.
_TESTONLY = ["gmock", "gtest", "gtest_main", "uv"]

# Name of the target and of the pkg-config module alike. A new part is added here.
_ABSL_PARTS = [
    "absl_algorithm_container",
    "absl_any_invocable",
    "absl_base",
    "absl_cleanup",
    "absl_cord",
    "absl_core_headers",
    "absl_flags",
    "absl_flags_parse",
    "absl_flags_usage",
    "absl_flat_hash_map",
    "absl_flat_hash_set",
    "absl_function_ref",
    "absl_hash",
    "absl_inlined_vector",
    "absl_int128",
    "absl_node_hash_map",
    "absl_node_hash_set",
    "absl_random_random",
    "absl_span",
    "absl_status",
    "absl_statusor",
    "absl_str_format",
    "absl_strings",
    "absl_synchronization",
    "absl_time",
]

# Shorter names for some parts.
_ALIASES = {"absl_random": "absl_random_random"}

_ABSL_PACKAGE = "libabsl-dev"

def _missing(what, package):
    fail("\n\ndrydock needs %s, which is not installed. Install it with\n    apt-get install %s\nor, for everything at once,\n    ./bazel/install.sh\n" % (what, package))

def _pkg_config(ctx, module, package):
    """The flags of `module` as a struct of defines, include folders and link flags."""
    tool = ctx.which("pkg-config")
    if not tool:
        _missing("pkg-config", "pkg-config")
    result = ctx.execute([tool, "--cflags", "--libs", module])
    if result.return_code != 0:
        _missing("the library '%s'" % module, package)
    defines, includes, linkopts = [], [], []
    for flag in result.stdout.split(" "):
        flag = flag.strip()
        if flag.startswith("-D"):
            defines.append(flag[2:])
        elif flag.startswith("-I"):
            includes.append(flag[2:])
        elif flag.startswith("-l") or flag.startswith("-L") or flag.startswith("-Wl,") or flag.startswith("/"):
            linkopts.append(flag)

        # What is left (-pthread, -msse4.1, -std=...) is the business of .bazelrc.
    return struct(defines = defines, includes = includes, linkopts = linkopts)

_BUILD_FILE = 'package(default_visibility = ["//visibility:public"])\n'

_CC_LIBRARY = """
cc_library(
    name = "{name}",
    testonly = {testonly},
    hdrs = glob({headers}),
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
)
"""

def _cc_library(ctx, name, flags, testonly = False):
    folders = []
    for folder in flags.includes:
        # The compiler looks into these anyway.
        if folder in ["/usr/include", "/usr/local/include"]:
            continue
        link = "headers/%s/%d" % (name, len(folders))
        ctx.symlink(folder, link)
        folders.append(link)

    # As needed: Abseil's parts name some forty shared libraries, most of them unused.
    linkopts = flags.linkopts
    if linkopts:
        linkopts = ["-Wl,--push-state,--as-needed"] + linkopts + ["-Wl,--pop-state"]
    return _CC_LIBRARY.format(
        name = name,
        testonly = testonly,
        headers = ["%s/%s" % (folder, pattern) for folder in folders for pattern in ["*.h", "*.hpp", "internal/*.h", "libpq/*.h"]],
        defines = flags.defines,
        includes = folders,
        linkopts = linkopts,
    )

def _system_library_impl(ctx):
    if ctx.attr.header:
        if not [d for d in ["/usr/include/", "/usr/local/include/"] if ctx.path(d + ctx.attr.header).exists]:
            _missing("the header <%s>" % ctx.attr.header, ctx.attr.package)
        flags = struct(defines = [], includes = [], linkopts = ["-pthread"])
    else:
        flags = _pkg_config(ctx, ctx.attr.module, ctx.attr.package)
    ctx.file("BUILD", _BUILD_FILE + _cc_library(ctx, ctx.attr.target, flags, ctx.attr.testonly_library))

_PKG_CONFIG_ENVIRON = ["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"]

_system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "header": attr.string(doc = "Instead of `module`, for a library that is only headers."),
        "module": attr.string(doc = "The name that pkg-config knows."),
        "package": attr.string(mandatory = True, doc = "The Debian package that has it."),
        "target": attr.string(mandatory = True),
        "testonly_library": attr.bool(),
    },
    environ = _PKG_CONFIG_ENVIRON,
    local = True,
)

def _system_absl_impl(ctx):
    build = _BUILD_FILE
    for part in _ABSL_PARTS:
        build += _cc_library(ctx, part, _pkg_config(ctx, part, _ABSL_PACKAGE))
    ctx.file("BUILD", build)

_system_absl = repository_rule(
    implementation = _system_absl_impl,
    environ = _PKG_CONFIG_ENVIRON,
    local = True,
)

def _hub_impl(ctx):
    build = _BUILD_FILE
    for name, actual in ctx.attr.targets.items():
        build += 'alias(name = "%s", actual = "%s")\n' % (name, actual)
    ctx.file("BUILD", build)

_hub = repository_rule(
    implementation = _hub_impl,
    attrs = {"targets": attr.string_dict(mandatory = True)},
    doc = "@system: one name for all, without looking at any of them.",
)

def system_libraries():
    """Declares @system and the repositories behind it."""
    known = native.existing_rules()
    if "system" in known:
        return
    targets = {}
    for name, (module, package) in _LIBRARIES.items():
        _system_library(
            name = "system_" + name,
            target = name,
            module = module,
            package = package,
            testonly_library = name in _TESTONLY,
        )
        targets[name] = "@system_%s//:%s" % (name, name)
    for name, (header, package) in _HEADER_ONLY.items():
        _system_library(name = "system_" + name, target = name, header = header, package = package)
        targets[name] = "@system_%s//:%s" % (name, name)
    _system_absl(name = "system_absl")
    for part in _ABSL_PARTS:
        targets[part] = "@system_absl//:" + part
    for alias, part in _ALIASES.items():
        targets[alias] = "@system_absl//:" + part
    _hub(name = "system", targets = targets)
