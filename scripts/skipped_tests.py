#!/usr/bin/env python3
"""Names every test that ctest skipped, with its reason: skipped_tests.py JUNIT_FILE. Ends with status 1 where a runtime that
the set-up installed could not be used (tests/support/needs.h begins its reasons so), since then next to nothing was tested."""
import re
import sys
import xml.etree.ElementTree


def reason_of(case):
    """The lines behind GoogleTest's "FILE:LINE: Skipped"; else what ctest says."""
    output = case.findtext("system-out") or ""
    said = re.search(r": Skipped\n(.*?)(?:\n\s*\n|\n\[|\Z)", output, re.S)
    if said and said.group(1).strip():
        return " ".join(said.group(1).split())
    skipped = case.find("skipped")
    return (skipped.get("message") if skipped is not None else None) or "disabled"


def main(junit):
    cases = xml.etree.ElementTree.parse(junit).getroot().iter("testcase")
    skipped = [(case.get("name"), reason_of(case)) for case in cases
               if case.get("status") == "disabled" or case.find("skipped") is not None]
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}")
    without_runtime = sum("runtime missing:" in reason for _, reason in skipped)
    if without_runtime:
        print(f"test: {without_runtime} tests could not use a runtime that scripts/setup.sh installed; "
              "build/release/tamis doctor says why")
    return 1 if without_runtime else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
