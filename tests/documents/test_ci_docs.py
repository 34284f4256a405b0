"""docs/ci.md and action.yml are so: every command, workflow step and the action itself are run, without a network."""

import json
import math
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from scipy.stats import t

from ganeval.cli import main
from ganeval.gating.limits import read_limits_file
from ganeval.gating.outcomes import EXIT_CODES
from ganeval.reports.report import load_report, load_reports

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL = "pip install 'ganeval @ git+https://github.com/OWNER/ganeval@v0.1.0'"
SOURCES = {"actions/checkout@v4", "actions/setup-python@v5", "actions/upload-artifact@v4", "OWNER/ganeval@v0.1.0"}
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    "OMP_NUM_THREADS": "1",
}
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")  # as a runner calls it


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script as a CI job runs it; outside of Actions unless the environment says so."""
    own = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("GITHUB_")}
    return subprocess.run(
        [*BASH, script], cwd=folder, env={**own, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository: pictures, a file of limits, and the reports of eight seeds (five of them ours)."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "limits.toml").write_text(blocks("toml")[0], encoding="utf-8")
    recorded = [one.to_dict() for one in load_reports(ROOT / ".ci" / "baseline" / "digits-vanilla.json")]
    for number, value in enumerate([None] * 5 + [1.16, 1.05, 1.2]):
        document = json.loads(json.dumps(recorded[number % 5]))
        if value is not None:
            document["scores"]["fid"]["value"] = value
            document["samples"]["fingerprint"] = f"sha256:{number}"
        path = folder / "results" / f"mine-s{number}" / "report.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def printed(workspace: Path) -> list[subprocess.CompletedProcess[str]]:
    """What the page's commands print, run in their order."""
    return [shell(block, workspace) for block in blocks("bash")]


# the page


@pytest.mark.slow
def test_every_command_of_the_page_succeeds(printed) -> None:
    assert len(printed) >= 6
    for ended in printed:
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
def test_the_first_output_is_the_commands_own(printed) -> None:
    shown, found = blocks("text")[0], printed[0].stdout
    found = found[found.index("held  ") :]
    number = r"\d+(?:\.\d+)?"
    assert re.sub(number, "#", shown) == re.sub(number, "#", found)
    assert list(map(float, re.findall(number, shown))) == pytest.approx(
        list(map(float, re.findall(number, found))), rel=0.02
    )


@pytest.mark.slow
def test_the_commands_leave_the_files_that_the_page_goes_on_with(printed, workspace) -> None:
    assert [one.samples.name for one in load_reports(workspace / "seeds.json")] == [
        f"digits-vanilla-s{n}" for n in range(5)
    ]
    assert load_report(workspace / "baseline.json") == load_report(workspace / "results" / "mine")
    assert "the new baseline, digits\n" in "".join(ended.stdout for ended in printed)


@pytest.mark.slow
def test_the_two_ways_to_hold_one_seed_against_five_fail_at_the_same_value(printed, workspace) -> None:
    commands = [line for block in blocks("bash") for line in block.splitlines() if "results/mine-s5 --base" in line]
    assert len(commands) == 2
    path = workspace / "results" / "mine-s5" / "report.json"
    kept = path.read_text(encoding="utf-8")
    try:
        for value, code in ((1.31, 0), (1.33, 1)):  # about the mean + 0.281 = 1.312, and + 0.29 = 1.321
            path.write_text(kept.replace('"value": 1.16', f'"value": {value}'), encoding="utf-8")
            assert [shell(command, workspace).returncode for command in commands] == [code, code]
    finally:
        path.write_text(kept, encoding="utf-8")


@pytest.mark.slow
def test_the_pages_limits_file_is_one(workspace) -> None:
    plan = read_limits_file(workspace / "limits.toml")
    assert [one.flag for one in plan.limits] == [
        "--max fid=1", "--min recall=0.5", "--max-increase fid=5%", "--max-increase kid=0.005",
        "--max-decrease recall=0.02",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_pages_python_runs(printed, workspace) -> None:
    (workspace / "gate.py").write_text(blocks("python")[0], encoding="utf-8")
    ended = shell("python gate.py", workspace)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("held FID (digits classifier) 0.153")


def test_the_table_of_exit_codes_is_the_codes() -> None:
    rows = dict(re.findall(r"^\| (\d) \| ([a-z ]+) \|", PAGE, flags=re.MULTILINE))
    assert {outcome: int(code) for code, outcome in rows.items()} == {**EXIT_CODES, "usage": 2}


def test_links_lead_somewhere() -> None:
    headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in PAGE.splitlines() if line.startswith("#")}  # fmt: skip
    for path, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]+))?\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
        if anchor and not path:
            assert anchor in headings, anchor


def test_the_figures_of_the_page_are_those_of_the_recorded_seeds() -> None:
    """The table of both recordings row by row, and the arithmetic of the tolerance."""
    recordings = [load_reports(ROOT / ".ci" / "baseline" / f"digits-vanilla{end}.json") for end in ("-1097", "")]
    for label, found in zip(("1,097 (the default)", "10,000 (`-n 10000`)"), recordings, strict=True):
        values = [one.scores["fid"].value for one in found]
        assert {f"{one.samples.count:,}" for one in found} == {label.split()[0]}
        spread = statistics.stdev(values)
        error = math.sqrt(statistics.fmean(one.scores["fid"].error_samples ** 2 for one in found))
        figures = [statistics.fmean(values), spread, error, math.sqrt(spread**2 - error**2)]
        listed = ", ".join(f"{value:.3f}" for value in values)
        assert " | ".join([f"| {label}", listed, *(f"{one:.3f}" for one in figures)]) + " |" in PAGE
    factor, root = float(t.ppf(0.99, 4)), math.sqrt(1.2)
    assert f"{factor:.2f} · {spread:.4f} · {root:.3f} = {factor * spread * root:.3f}\n" in PAGE
    assert f"{factor:.2f} · {figures[-1]:.3f} · {root:.3f} = {factor * figures[-1] * root:.2f}" in PAGE
    wide = factor * root * statistics.stdev(one.scores["fid"].value for one in recordings[0])
    assert f"With 1,097 samples the same calculation gives a tolerance of {wide:.2f}" in PAGE


def test_what_the_page_says_fails_and_passes_does_so() -> None:
    """The FIDs of models trained too little were measured once; which side of the limit they are on is arithmetic."""
    recorded = load_reports(ROOT / ".ci" / "baseline" / "digits-vanilla.json")
    mean = statistics.fmean(one.scores["fid"].value for one in recorded)
    (limit,) = read_limits_file(ROOT / ".ci" / "limits.toml").limits
    text = " ".join(PAGE.split())
    assert f"All ten are beyond {mean:.2f} + {limit.amount:.2f} and fail" in text
    assert f"the tolerance of {limit.amount:.2f} covers" in text
    failed = re.search(r"of their steps have FID (\S+) to (\S+), and trained for half of them (\S+) to (\S+)\. ", text)
    assert min(map(float, failed.groups())) > mean + limit.amount
    passed = re.search(r"trained for two thirds, a seed has FID (\S+) and passes", text)
    assert float(passed[1]) <= mean + limit.amount


def test_both_recordings_are_of_the_same_five_networks() -> None:
    """The training is told in both, to the last bit of what selected the checkpoint; only the samples differ."""
    few, many = [load_reports(ROOT / ".ci" / "baseline" / f"digits-vanilla{end}.json") for end in ("-1097", "")]
    for name in ("config", "data_sha256", "best_step", "selection_fid"):
        assert [one.more["training"][name] for one in few] == [one.more["training"][name] for one in many]


# workflows


def workflows() -> list[dict[str, Any]]:
    return [document for block in blocks("yaml") if "jobs" in (document := yaml.safe_load(block))]


def steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in document["jobs"].values() for step in job["steps"]]


def test_there_are_a_workflow_with_the_action_one_without_and_one_for_gitlab() -> None:
    documents = [yaml.safe_load(block) for block in blocks("yaml")]
    assert len(documents) == 3
    assert [any("OWNER/" in step.get("uses", "") for step in steps(one)) for one in workflows()] == [True, False]
    for document in workflows():
        assert document[True] == ["pull_request"]  # YAML 1.1 reads the key `on` as true
        for step in steps(document):
            assert ("uses" in step) != ("run" in step)
            assert step.get("uses", "actions/checkout@v4") in SOURCES
        uploads = [step for step in steps(document) if "upload-artifact" in step.get("uses", "")]
        assert [step["if"] for step in uploads] == ["${{ !cancelled() }}"]


@pytest.mark.slow
def test_the_workflow_without_the_action_runs_and_leaves_what_it_uploads(printed, workspace, tmp_path) -> None:
    folder = fresh(tmp_path, workspace)
    commands = [step["run"] for step in steps(workflows()[1]) if "run" in step]
    assert commands[0] == INSTALL
    for command in commands[1:]:
        ended = shell(command, folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    (upload,) = [step for step in steps(workflows()[1]) if "upload-artifact" in step.get("uses", "")]
    for path in upload["with"]["path"].split():
        assert (folder / path).exists(), path


@pytest.mark.slow
def test_the_job_for_gitlab_runs_and_leaves_its_artifacts(printed, workspace, tmp_path) -> None:
    folder = fresh(tmp_path, workspace)
    (job,) = [yaml.safe_load(block)["gate"] for block in blocks("yaml") if "artifacts" in block]
    assert job["script"][0] == INSTALL
    ended = shell("\n".join(job["script"][1:]), folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for path in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        assert (folder / path).exists(), path
    assert job["artifacts"]["when"] == "always"
    assert job["allow_failure"] == {"exit_codes": EXIT_CODES["inconclusive"]}


def fresh(folder: Path, workspace: Path) -> Path:
    """A checkout before a job: pictures, limits and baseline."""
    (folder / "examples").symlink_to(ROOT / "examples")
    for name in ("limits.toml", "baseline.json"):
        (folder / name).write_bytes((workspace / name).read_bytes())
    return folder


# the action


@dataclass
class Job:
    """What is left of running the action: the first failure's exit code, outputs, and what was printed."""

    code: int = 0
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""


def lookup(expression: str, inputs: dict[str, str], job: Job) -> str:
    """`inputs.NAME` or `steps.ID.outputs.NAME`."""
    parts = expression.strip().split(".")
    if parts[0] == "inputs":
        return inputs[".".join(parts[1:])]
    assert (parts[0], parts[2]) == ("steps", "outputs"), expression
    return job.outputs.get(parts[1], {}).get(parts[3], "")


def filled(text: str, inputs: dict[str, str], job: Job) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: lookup(found[1], inputs, job), text)


def wanted(step: dict[str, Any], inputs: dict[str, str], job: Job) -> bool:
    """Whether a runner would take the step: its condition, or else that nothing has failed."""
    terms = [one.strip() for one in step.get("if", "").removeprefix("${{").removesuffix("}}").split("&&")]
    if "!cancelled()" not in terms and job.code:
        return False
    compared = [one.removesuffix("!= ''") for one in terms if one.endswith("!= ''")]
    assert len(compared) + ("!cancelled()" in terms) == len([one for one in terms if one])
    return all(lookup(one, inputs, job) for one in compared)


def outputs(file: Path) -> dict[str, str]:
    """What a step wrote to GITHUB_OUTPUT: `name=value`, or `name<<end`, lines, `end`."""
    found = {}
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        if end:
            found[name] = "\n".join(iter(lambda end=end: next(lines), end))
        else:
            name, _, found[line.partition("=")[0]] = line.partition("=")
    return found


def act(folder: Path, given: dict[str, str], path: str = ENVIRONMENT["PATH"]) -> Job:
    """Run the action's shell steps as a runner does: same shell, same files, conditions and expressions filled in."""
    assert set(given) <= set(ACTION["inputs"])
    inputs = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()} | given
    job = Job()
    temporary = folder / "runner"
    temporary.mkdir()
    for number, step in enumerate(ACTION["runs"]["steps"]):
        if "run" not in step or not wanted(step, inputs, job):
            continue
        written = temporary / f"output-{number}"
        written.touch()
        own = {name: filled(text, inputs, job) for name, text in step.get("env", {}).items()}
        runner = {
            "PATH": path, "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(written), "RUNNER_TEMP": str(temporary),
            "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"), "GITHUB_ACTION_PATH": str(ROOT),
        }  # fmt: skip
        ended = shell(step["run"], folder, **runner, **own)
        job.log += ended.stdout + ended.stderr
        job.outputs[step.get("id", str(number))] = outputs(written)
        job.code = job.code or ended.returncode
    return job


@pytest.fixture
def checkout(printed, workspace, tmp_path) -> Path:
    folder = fresh(tmp_path, workspace)
    (folder / "results").symlink_to(workspace / "results")
    (folder / "seeds.json").write_bytes((workspace / "seeds.json").read_bytes())
    return folder


def test_the_action_is_whole_and_lets_no_input_into_a_script() -> None:
    assert ACTION["runs"]["using"] == "composite"
    text = json.dumps(ACTION["runs"])
    for name, one in ACTION["inputs"].items():
        assert one["description"]
        assert f"inputs.{name} " in text, f"{name} is not used"
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == (step.get("shell") == "bash")
        assert step.get("uses", "actions/setup-python@v5") in SOURCES
    flags = {flag for one in main.commands["gate"].params for flag in one.opts}
    assert (
        set(
            re.findall(r'"(--[a-z-]+)=', next(one["run"] for one in ACTION["runs"]["steps"] if one.get("id") == "gate"))
        )
        < flags
    )
    for value in ACTION["outputs"].values():
        step, name = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", value["value"]).groups()
        assert any(one.get("id") == step and name in one["run"] for one in ACTION["runs"]["steps"])


@pytest.mark.slow
def test_the_pages_workflow_with_the_action_scores_gates_and_writes_its_page(checkout) -> None:
    (step,) = [step for step in steps(workflows()[0]) if "OWNER/" in step.get("uses", "")]
    job = act(checkout, step["with"])
    assert job.code == 0, job.log
    assert job.outputs["gate"] == {"exit-code": "0", "outcome": "passed"}
    run = Path(job.outputs["score"]["report"])
    assert load_report(run).samples.count == 500
    assert (checkout / "gate.xml").read_text(encoding="utf-8").count("<testcase ") == 5
    assert "<html" in (checkout / "report.html").read_text(encoding="utf-8")
    assert "::notice title=ganeval gate%3A held::" in job.log
    assert "✅ **gate: held (5 limits), exit code 0**" in (checkout / "runner" / "summary.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "code", "outcome"),
    [
        ({"report": "results/mine", "max": "fid=1 kid=0.1", "min": "recall=0.5\nprecision=0.5"}, 0, "passed"),
        ({"report": "results/mine", "max": "fid=0.01"}, 1, "regressed"),
        ({"report": "results/mine", "max": "fdi=1"}, 2, "usage"),
        ({"report": "results/mine"}, 2, "usage"),
        ({"report": "lost.json", "max": "fid=1"}, 2, "usage"),
        ({"report": "results/mine", "max": "fid=0.15"}, 3, "inconclusive"),
        ({"report": "results/mine", "max": "fid=0.15", "inconclusive": "pass"}, 0, "passed"),
        ({"report": "results/mine", "max": "fid=0.15", "inconclusive": "fail"}, 1, "regressed"),
        ({"report": "results/mine", "max": "fid=0.1", "confidence": "0.999"}, 3, "inconclusive"),
        ({"report": "results/mine", "baseline": "results/mine-s0", "max-increase": "fid=1"}, 4, "not-comparable"),
        ({"report": "results/mine", "baseline": "baseline.json", "max-increase": "fid=5%",
          "max-decrease": "recall=0.02"}, 0, "passed"),
        ({"report": "results/mine-s5\nresults/mine-s6\n", "baseline": "results/mine-s0\nresults/mine-s1\n",
          "max-increase": "fid=1"}, 0, "passed"),
        ({"report": "results/mine", "limits": "limits.toml", "max": "fid=0.01"}, 1, "regressed"),
    ],
)  # fmt: skip
def test_the_action_gates_reports_and_says_the_outcome(checkout, given, code, outcome) -> None:
    job = act(checkout, given)
    assert job.code == code, job.log
    assert job.outputs["gate"] == {"exit-code": str(code), "outcome": outcome}
    assert job.outputs["score"]["report"].split() == given["report"].split()


@pytest.mark.slow
@pytest.mark.parametrize(
    "given", [{}, {"samples": "examples/digits"}, {"ref": "digits"}, {"samples": "a", "ref": "b", "report": "c"}]
)
def test_the_action_says_what_it_lacks(checkout, given) -> None:
    job = act(checkout, {**given, "max": "fid=1", "report-page": "report.html"})
    assert job.code == 2
    assert "::error title=ganeval gate::" in job.log
    assert "gate" not in job.outputs
    assert not (checkout / "report.html").exists()


def test_the_action_taken_twice_in_one_job_keeps_both_reports(tmp_path) -> None:
    (tmp_path / "ganeval").write_text("#!/bin/sh\n")
    (tmp_path / "ganeval").chmod(0o755)
    (step,) = [one for one in ACTION["runs"]["steps"] if one.get("id") == "score"]
    given = {"SAMPLES": "a", "REF": "b", "REPORT": "", "EXTRACTOR": "auto", "RUNNER_TEMP": str(tmp_path)}
    found = []
    for name in ("first", "second"):
        (tmp_path / name).touch()
        path = f"{tmp_path}:{ENVIRONMENT['PATH']}"
        assert shell(step["run"], tmp_path, PATH=path, GITHUB_OUTPUT=str(tmp_path / name), **given).returncode == 0
        found.append(outputs(tmp_path / name)["report"])
    assert found[0] != found[1]
    assert all(one.startswith(str(tmp_path)) for one in found)


@pytest.mark.slow
def test_the_page_is_written_also_where_the_gate_fails(checkout) -> None:
    job = act(checkout, {"report": "results/mine", "max": "fid=0.01", "report-page": "page/report.html"})
    assert job.code == 1
    assert (checkout / "page" / "report.html").is_file()


HOSTILE = """$(touch pwned)`touch pwned`; touch pwned' && touch pwned #" && touch pwned # \ntouch pwned\n*"""


SCORED = ("samples", "ref", "extractor")
GATED = [name for name in ACTION["inputs"] if name not in (*SCORED, "python-version")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [*((name, HOSTILE) for name in (*SCORED, *GATED)), *((name, "--help") for name in ("samples", *GATED))],
)
def test_no_input_is_run_or_taken_for_a_flag(checkout, name, text) -> None:
    gated = {"report": "results/mine", "max": "fid=1", "max-increase": "fid=1", "baseline": "baseline.json"}
    scored = {"samples": "examples/digits", "ref": "digits", "max": "fid=1"}
    text += ".html" * (name == "report-page")
    job = act(checkout, {**(scored if name in SCORED else gated), name: text})
    assert "Show this message and exit" not in job.log  # --help, obeyed
    assert not (checkout / "pwned").exists()
    if name in ("junit", "report-page"):
        assert job.code == 0, job.log  # odd, and a file name like any other
        assert (checkout / text).is_file()
    else:
        assert job.code in (1, 2)
        assert job.outputs.get("gate", {}).get("outcome", "usage") == "usage"


@pytest.mark.slow
def test_a_ganeval_of_the_jobs_own_is_taken_and_else_the_actions_is_installed(checkout) -> None:
    tools = checkout / "tools"
    tools.mkdir()
    (tools / "python").write_text('#!/bin/sh\necho "python $*"\n')
    (tools / "python").chmod(0o755)
    (step,) = [one for one in ACTION["runs"]["steps"] if one["name"] == "Install"]
    ended = shell(step["run"], checkout, PATH=f"{tools}:/usr/bin:/bin", GITHUB_ACTION_PATH="/the action")
    assert ended.stdout == "python -m pip install /the action\n"
    assert shell(step["run"], checkout, GITHUB_ACTION_PATH="/the action").stdout == ""
