"""All that drydock needs, for its own WORKSPACE and for those that use it.

    load("@drydock//bazel:dependencies.bzl", "drydock_dependencies")
    drydock_dependencies()
"""

load(":local_stubs.bzl", "local_stubs")
load(":system_libraries.bzl", "system_libraries")

def drydock_dependencies():
    """Declares each repository that the calling WORKSPACE has not declared before."""
    local_stubs()
    system_libraries()
