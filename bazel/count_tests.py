"""Counts test cases, for bazel/test.sh.

usage: count_tests.py EVENTS FAILED_CHECKS

EVENTS is what `bazel test --build_event_json_file` wrote. Each test program left an XML
file that lists its test cases; one that was not built, crashed or ran out of time counts
as one failed. The last line printed is "N passed, N failed".
"""

import collections
import json
import sys
import urllib.parse
import xml.etree.ElementTree


def count_result(result):
    """What became of the test cases of one run of a test program."""
    counts = collections.Counter()
    for output in result.get("testActionOutput", []):
        if output["name"] != "test.xml":
            continue
        path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                counts["failed"] += 1
            elif case.get("status") == "notrun" or case.find("skipped") is not None:
                counts["skipped"] += 1
            else:
                counts["passed"] += 1
    if result["status"] not in ("PASSED", "FLAKY") and not counts["failed"]:
        counts["failed"] += 1
    return counts


def count_events(events):
    """What became of all test cases."""
    counts = collections.Counter()
    not_run = set()
    succeeded = False
    for event in events:
        kind, event_id = next(iter(event["id"].items()))
        if kind == "targetConfigured" and "testSize" in event.get("configured", {}):
            not_run.add(event_id["label"])
        elif kind == "testResult" and "testResult" in event:
            not_run.discard(event_id["label"])
            counts += count_result(event["testResult"])
        elif kind == "buildFinished":
            succeeded = event["finished"].get("overallSuccess", False)
    counts["failed"] += len(not_run)
    if not succeeded and not counts["failed"]:
        counts["failed"] = 1
    return counts


def main(path, failed_checks):
    with open(path, encoding="utf-8") as lines:
        counts = count_events(json.loads(line) for line in lines)
    failed = counts["failed"] + failed_checks
    if counts["skipped"]:
        print(f"({counts['skipped']} skipped or disabled)")
    print(f"{counts['passed']} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
