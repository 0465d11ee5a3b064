"""clang-tidy as a Bazel aspect: one cached action for each source file.

    bazel build //... --config=tidy

A file is checked again when it, a header of it or .clang-tidy has changed.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _flags(ctx, context):
    """How the compiler is called for a source of this target."""
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.rule.attr.copts,
    )
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = CPP_COMPILE_ACTION_NAME,
        variables = variables,
    )
    flags = list(flags)
    for folder in context.quote_includes.to_list():
        flags += ["-iquote", folder]
    for folder in context.includes.to_list():
        flags += ["-I", folder]
    for folder in context.system_includes.to_list():
        flags += ["-isystem", folder]
    flags += ["-D" + define for define in context.defines.to_list() + context.local_defines.to_list()]

    # What is an error for the compiler is the compiler's to report.
    return flags + ["-Wno-error", "-Wno-unknown-warning-option"]

def _clang_tidy_impl(target, ctx):
    if CcInfo not in target or target.label.workspace_name or not hasattr(ctx.rule.attr, "srcs"):
        return []
    context = target[CcInfo].compilation_context
    reports = []
    for source in ctx.rule.files.srcs:
        if source.extension != "cc" or not source.is_source:
            continue
        report = ctx.actions.declare_file("%s.%s.clang-tidy" % (target.label.name, source.basename))
        ctx.actions.run_shell(
            inputs = depset([source, ctx.file._config], transitive = [context.headers]),
            outputs = [report],
            # What it prints of warnings that it has left out is not wanted.
            command = """
                config=$1 source=$2 report=$3; shift 3
                clang-tidy --quiet --config-file="$config" "$source" -- "$@" >"$report" 2>"$report.err" && exit
                cat "$report"; grep -v ' warnings\\? generated' "$report.err"; exit 1
            """,
            arguments = [ctx.file._config.path, source.path, report.path] + _flags(ctx, context),
            mnemonic = "ClangTidy",
            progress_message = "clang-tidy %s" % source.short_path,
            use_default_shell_env = True,
        )
        reports.append(report)
    return [OutputGroupInfo(report = depset(reports))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    attrs = {
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
        "_config": attr.label(default = Label("//:.clang-tidy"), allow_single_file = True),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
