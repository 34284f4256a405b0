"""A gate as JUnit XML, which GitLab, Jenkins and others show beside the tests. Needs no torch.

A case for each limit: regressed is a failure, not comparable an error, inconclusive skipped, or a failure where it is
taken as one. Elements and attributes are those that both GitLab and Jenkins' JUnit plugin read.
"""

import xml.etree.ElementTree as ElementTree

from ganeval.errors import plain
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement

ELEMENTS = {REGRESSED: "failure", NOT_COMPARABLE: "error", INCONCLUSIVE: "skipped"}
COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def junit(gate: Gate, inconclusive: str = "3", seconds: float = 0.0) -> str:
    """The text of the file: one suite, a case for each limit. (In Jenkins' schema only a suite counts `skipped`.)

    >>> print(junit(Gate(())))
    <?xml version='1.0' encoding='utf-8'?>
    <testsuites tests="0" failures="0" errors="0" time="0.000">
      <testsuite name="ganeval gate" tests="0" failures="0" errors="0" skipped="0" time="0.000" />
    </testsuites>
    <BLANKLINE>
    """
    elements = [_element(judgement, inconclusive) for judgement in gate.judgements]
    counts = {attribute: str(elements.count(name)) for name, attribute in COUNTED.items()}
    totals = {"tests": str(len(elements)), **counts, "time": f"{seconds:.3f}"}
    suites = ElementTree.Element("testsuites", {key: value for key, value in totals.items() if key != "skipped"})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "ganeval gate", **totals})
    each = f"{seconds / max(1, len(elements)):.3f}"
    for judgement, element in zip(gate.judgements, elements, strict=True):
        _case(suite, judgement, element, each)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True).replace("'UTF-8'", "'utf-8'") + "\n"


def _element(judgement: Judgement, inconclusive: str) -> str:
    """The element in a case: none where it passed."""
    if judgement.outcome == HELD:
        return ""
    taken_as_failure = judgement.outcome == INCONCLUSIVE and inconclusive == "fail"
    return "failure" if taken_as_failure else ELEMENTS[judgement.outcome]


def _case(suite: ElementTree.Element, judgement: Judgement, element: str, seconds: str) -> None:
    name = plain(judgement.limit.flag)
    case = ElementTree.SubElement(suite, "testcase", {"classname": "ganeval.gate", "name": name, "time": seconds})
    text = f"{judgement.outcome}: {judgement.sentence}"
    if element:
        attributes = {"message": text} if element == "skipped" else {"message": text, "type": judgement.outcome}
        ElementTree.SubElement(case, element, attributes).text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text
