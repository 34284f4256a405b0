"""A gate as JUnit XML, which GitLab, Jenkins and others show beside the tests. Needs no torch.

A case for each limit: regressed is a failure, not comparable an error, inconclusive skipped, or a failure where it is
taken as one. A proof is a second suite, where real data that fails and a bad set that is missed are failures. Elements
and attributes are those that both GitLab and Jenkins' JUnit plugin read.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

from ganeval.errors import plain
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate
from ganeval.gating.proving import CAUGHT, FAILED, MISSED, NOT_POSSIBLE, PASSED, Proof

ELEMENTS = {HELD: "system-out", REGRESSED: "failure", NOT_COMPARABLE: "error", INCONCLUSIVE: "skipped"}
RESULTS = {PASSED: "system-out", CAUGHT: "system-out", FAILED: "failure", MISSED: "failure", NOT_POSSIBLE: "skipped"}
COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class JUnitCase:
    """One test of a suite: the element that it holds, the outcome that made it so, and the text that people read."""

    name: str
    element: str
    outcome: str
    text: str


def junit(gate: Gate, inconclusive: str = "3", seconds: float = 0.0, proof: Proof | None = None) -> str:
    """The text of the file: a suite with a case for each limit, and one with a case for each trial of a proof.

    (In Jenkins' schema only a suite counts `skipped`.)

    >>> print(junit(Gate(())))
    <?xml version='1.0' encoding='utf-8'?>
    <testsuites tests="0" failures="0" errors="0" time="0.000">
      <testsuite name="ganeval gate" tests="0" failures="0" errors="0" skipped="0" time="0.000" />
    </testsuites>
    <BLANKLINE>
    """
    elements = {**ELEMENTS, INCONCLUSIVE: "failure" if inconclusive == "fail" else "skipped"}
    limits = [
        JUnitCase(judgement.limit.flag, elements[judgement.outcome], judgement.outcome, judgement.sentence)
        for judgement in gate.judgements
    ]
    trials = [] if proof is None else _proof_cases(gate, proof)
    totals = _totals([*limits, *trials], seconds)
    suites = ElementTree.Element("testsuites", {key: value for key, value in totals.items() if key != "skipped"})
    _add_suite(suites, "ganeval gate", limits, seconds)
    if proof is not None:
        _add_suite(suites, "ganeval gate --prove", trials, 0.0)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True).replace("'UTF-8'", "'utf-8'") + "\n"


def _proof_cases(gate: Gate, proof: Proof) -> list[JUnitCase]:
    """A case for each trial, and one for the smallest regression that each limit catches, which never fails."""
    trials = [JUnitCase(trial.name, RESULTS[trial.result], trial.result, trial.finding) for trial in proof.trials]
    powers = [(case.limit.flag, case.sensitivity) for case in gate.judgements if case.sensitivity]
    return [*trials, *(JUnitCase(f"power of {flag}", "system-out", "power", text) for flag, text in powers)]


def _totals(cases: Sequence[JUnitCase], seconds: float) -> dict[str, str]:
    elements = [case.element for case in cases]
    counts = {attribute: str(elements.count(element)) for attribute, element in COUNTS.items()}
    return {"tests": str(len(cases)), **counts, "time": f"{seconds:.3f}"}


def _add_suite(suites: ElementTree.Element, name: str, cases: Sequence[JUnitCase], seconds: float) -> None:
    suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **_totals(cases, seconds)})
    facts = {"classname": name.replace(" --", ".").replace(" ", "."), "time": f"{seconds / max(1, len(cases)):.3f}"}
    for case in cases:
        test = ElementTree.SubElement(suite, "testcase", {**facts, "name": plain(case.name)})
        text = f"{case.outcome}: {case.text}"
        attributes = {} if case.element == "system-out" else {"message": text}
        if case.element in ("failure", "error"):
            attributes["type"] = case.outcome
        ElementTree.SubElement(test, case.element, attributes).text = text
