"""A gate in GitHub Actions: annotations for the run's page, and a table for its step summary. Needs no torch.

The workflow commands `::error title=…::…` and their escapes are those of actions/toolkit's `command.ts`.
"""

from collections.abc import Mapping

from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate
from ganeval.gating.proving import CAUGHT, FAILED, FAULTS, MISSED, NOT_POSSIBLE, PASSED, Proof
from ganeval.tables.markdown import escaped, pipe_table

LEVELS = {"pass": "notice", "fail": "error", "3": "warning"}  # of an inconclusive limit
MARKS = {HELD: "✅", REGRESSED: "❌", INCONCLUSIVE: "❔", NOT_COMPARABLE: "⛔"}
RESULT_MARKS = {PASSED: "✅", CAUGHT: "✅", FAILED: "❌", MISSED: "❌", NOT_POSSIBLE: "❔"}


def in_actions(environment: Mapping[str, str]) -> bool:
    """Whether this is a step of a workflow."""
    return environment.get("GITHUB_ACTIONS") == "true"


def annotation(level: str, title: str, text: str) -> str:
    """A workflow command that puts a line on the run's page; `level` is error, warning or notice.

    >>> annotation("error", "a: b, c", "50% of\\nall")
    '::error title=a%3A b%2C c::50%25 of%0Aall'
    """
    return f"::{level} title={_escaped(title).replace(':', '%3A').replace(',', '%2C')}::{_escaped(text)}"


def annotations(gate: Gate, inconclusive: str = "3") -> list[str]:
    """A line for each limit that does not hold; one notice where all hold."""
    levels = {REGRESSED: "error", NOT_COMPARABLE: "error", INCONCLUSIVE: LEVELS[inconclusive]}
    lines = [
        annotation(levels[judgement.outcome], f"ganeval gate: {judgement.outcome}", judgement.sentence)
        for judgement in gate.judgements
        if judgement.outcome != HELD
    ]
    sentences = "; ".join(judgement.sentence for judgement in gate.judgements)
    return lines or [annotation("notice", "ganeval gate: held", sentences)]


def summary(gate: Gate, inconclusive: str = "3") -> str:
    """The step summary in Markdown: the verdict, a table of the limits, and the warnings."""
    rows = [
        (f"{MARKS[case.outcome]} {case.outcome}", case.heading, case.value_text, case.limit_text, case.finding)
        for case in gate.judgements
    ]
    headings, rules = ("outcome", "score", "value", "limit", "finding"), ("---", "---", "---:", "---", "---")
    table = pipe_table(headings, rules, [[*map(escaped, row)] for row in rows])
    verdict = f"{MARKS[gate.outcome]} **{escaped(gate.verdict(inconclusive))}**"
    warnings = [f"- warning: {escaped(text)}" for text in gate.warnings]
    return "\n".join(["### ganeval gate", "", verdict, "", table, "", *warnings, ""])


def proof_annotations(proof: Proof) -> list[str]:
    """A line for each trial that shows a fault of the gate; one notice where none does."""
    faults = [trial for trial in proof.trials if trial.result in FAULTS]
    lines = [annotation("error", f"ganeval gate --prove: {trial.result}", trial.sentence) for trial in faults]
    return lines or [annotation("notice", "ganeval gate --prove", proof.verdict)]


def proof_summary(gate: Gate, proof: Proof) -> str:
    """The proof in Markdown: its verdict, a table of the trials, and the smallest regressions."""
    rows = [(f"{RESULT_MARKS[trial.result]} {trial.result}", trial.name, trial.finding) for trial in proof.trials]
    table = pipe_table(("result", "images", "finding"), ("---", "---", "---"), [[*map(escaped, row)] for row in rows])
    verdict = f"{'❌' if proof.exit_code else '✅'} **{escaped(proof.verdict)}**"
    lines = [*gate.sensitivities, *(f"warning: {text}" for text in proof.warnings)]
    items = [f"- {escaped(line)}" for line in lines]
    return "\n".join(["### ganeval gate --prove", "", verdict, "", table, "", *items, ""])


def append_summary(environment: Mapping[str, str], text: str) -> str:
    """Write to the step summary that the runner names; the reason where that fails, else nothing."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return ""
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as reason:
        return f"GITHUB_STEP_SUMMARY {path}: cannot be written ({reason.strerror}); the outcome stands"
    return ""


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
