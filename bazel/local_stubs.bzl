"""Stand-ins for the rule sets that Bazel 4.2 would otherwise download.

The rules themselves are part of Bazel ("native"); the repositories that it asks for
only forward to them. Debian packages most of them; @rules_cc and
@remote_coverage_tools are small enough to be written here.
"""

_RULES_CC = """
# Forwards to the rules that Bazel has built in.
{forwards}
"""

_CC_RULES = [
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_proto_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_suite",
    "fdo_prefetch_hints",
    "fdo_profile",
    "objc_import",
    "objc_library",
]

def _rules_cc_impl(ctx):
    ctx.file("WORKSPACE", 'workspace(name = "rules_cc")\n')
    ctx.file("BUILD", "")
    ctx.file("cc/BUILD", "")
    ctx.file("cc/defs.bzl", _RULES_CC.format(
        forwards = "\n".join(["%s = native.%s" % (rule, rule) for rule in _CC_RULES]),
    ))

_rules_cc = repository_rule(
    implementation = _rules_cc_impl,
    doc = "@rules_cc, as a forward to the native rules.",
)

def _coverage_tools_impl(ctx):
    ctx.file("WORKSPACE", 'workspace(name = "remote_coverage_tools")\n')
    ctx.file("BUILD", """
filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)
""")

_coverage_tools = repository_rule(
    implementation = _coverage_tools_impl,
    doc = "@remote_coverage_tools, empty: every cc_test names it, coverage runs alone use it.",
)

def _debian_rules_impl(ctx):
    if not ctx.path(ctx.attr.path).exists:
        fail("\n\n%s is not there. Install it with\n    apt-get install %s\nor, for everything at once,\n    ./bazel/install.sh\n" % (
            ctx.attr.path,
            ctx.attr.package,
        ))
    for entry in ctx.path(ctx.attr.path).readdir():
        ctx.symlink(entry, entry.basename)

_debian_rules = repository_rule(
    implementation = _debian_rules_impl,
    attrs = {
        "package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
    },
    doc = "A rule set from a Debian package.",
)

def local_stubs():
    """Declares those stand-ins whose names are still free."""
    known = native.existing_rules()
    if "rules_cc" not in known:
        _rules_cc(name = "rules_cc")
    if "remote_coverage_tools" not in known:
        _coverage_tools(name = "remote_coverage_tools")
    for name, package, path in [
        ("rules_java", "bazel-rules-java", "/usr/share/bazel/rules/java"),
        ("rules_proto", "bazel-rules-proto", "/usr/share/bazel/rules/proto"),
        ("bazel_skylib", "bazel-skylib", "/usr/share/bazel/tools/skylib"),
        ("platforms", "bazel-platforms", "/usr/share/bazel/tools/platforms"),
    ]:
        if name not in known:
            _debian_rules(name = name, package = package, path = path)
