"""A gate as JUnit XML, which GitLab, Jenkins and others show beside the tests. Needs no torch.

A case for each limit: regressed is a failure, not comparable an error, inconclusive skipped, or a failure where it is
taken as one. Elements and attributes are those that both GitLab and Jenkins' JUnit plugin read.
"""

import xml.etree.ElementTree as ElementTree

from ganeval.errors import plain
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate

ELEMENTS = {HELD: "system-out", REGRESSED: "failure", NOT_COMPARABLE: "error", INCONCLUSIVE: "skipped"}
COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(gate: Gate, inconclusive: str = "3", seconds: float = 0.0) -> str:
    """The text of the file: one suite, a case for each limit. (In Jenkins' schema only a suite counts `skipped`.)

    >>> print(junit(Gate(())))
    <?xml version='1.0' encoding='utf-8'?>
    <testsuites tests="0" failures="0" errors="0" time="0.000">
      <testsuite name="ganeval gate" tests="0" failures="0" errors="0" skipped="0" time="0.000" />
    </testsuites>
    <BLANKLINE>
    """
    elements = {**ELEMENTS, INCONCLUSIVE: "failure" if inconclusive == "fail" else "skipped"}
    names = [elements[judgement.outcome] for judgement in gate.judgements]
    counts = {attribute: str(names.count(name)) for attribute, name in COUNTS.items()}
    totals = {"tests": str(len(names)), **counts, "time": f"{seconds:.3f}"}
    suites = ElementTree.Element("testsuites", {key: value for key, value in totals.items() if key != "skipped"})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "ganeval gate", **totals})
    facts = {"classname": "ganeval.gate", "time": f"{seconds / max(1, len(names)):.3f}"}
    for judgement, name in zip(gate.judgements, names, strict=True):
        case = ElementTree.SubElement(suite, "testcase", {**facts, "name": plain(judgement.limit.flag)})
        text = f"{judgement.outcome}: {judgement.sentence}"
        attributes = {} if name == "system-out" else {"message": text}
        if name in ("failure", "error"):
            attributes["type"] = judgement.outcome
        ElementTree.SubElement(case, name, attributes).text = text
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True).replace("'UTF-8'", "'utf-8'") + "\n"
