"""The real-or-fake test: what its page gives away, what its answers add up to, and what a report gets of them."""

import io
import json
import math
import shutil
import statistics
import subprocess
import sys
import zlib
from dataclasses import replace

import human_answers as made
import numpy as np
import pytest
from PIL import Image

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.evaluation.scorer import evaluate
from ganeval.evaluation.survey import survey
from ganeval.human.add_to_report import score_of
from ganeval.human.answers import read_answers
from ganeval.human.image_format import ImageFormat, common_format, convert
from ganeval.human.page import HumanTestOptions, make_page
from ganeval.human.plan import HumanTestPlan, SetIdentity, read_plan
from ganeval.human.tally import Rate, tally
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_report
from ganeval.reports.run_folders import write_run
from ganeval.sources.opening import open_source

SET = SetIdentity("a", 10, "sha256:aa")
PLAN = HumanTestPlan(8, 1.0, 2020, 8, 8, SET, SetIdentity("b", 20, "sha256:bb"), "cc")


def wilson(wrong, answers, z=1.959963984540054):
    """Wilson's interval by hand: the roots of (p - share)² = z² p (1 - p) / n."""
    share = wrong / answers
    centre = (share + z * z / (2 * answers)) / (1 + z * z / answers)
    half = z / (1 + z * z / answers) * math.sqrt(share * (1 - share) / answers + z * z / (4 * answers**2))
    return centre - half, centre + half


def chunks_of(png):
    """The kinds of a PNG's chunks; their checksums are looked at."""
    kinds, place = [], 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4])
        body = png[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(png[place + 8 + length : place + 12 + length])
        kinds.append(body[:4].decode())
        place += 12 + length
    return kinds


# ---- the page ----


def test_the_place_of_each_picture_says_truly_what_it_is(tmp_path):
    page, plan = made.write_test(tmp_path, n=40)
    assert [made.is_light(png) for png in made.images_in(page)] == list(plan.truth())
    assert sum(plan.truth()) == 20


def test_what_tally_reads_from_the_page_is_enough_to_know_the_truth(tmp_path):
    page, plan = made.write_test(tmp_path)
    assert read_plan(made.data_in(page)["test"], "page") == plan


def test_the_page_holds_no_truth(tmp_path):
    page, _ = made.write_test(tmp_path)
    data = made.data_in(page)
    assert set(data) == {"ganeval_human", "test", "pictures"}
    assert set(data["test"]) == {
        "id", "pictures", "seconds", "seed", "width", "height", "samples", "reference", "shown",
    }  # fmt: skip
    text = page.read_text("utf-8")
    assert str(tmp_path) not in text
    assert ".npz" not in text


def test_no_file_of_the_page_differs_from_another_but_in_its_pixels(tmp_path):
    flat, noise = tmp_path / "flat", tmp_path / "noise"
    for folder in (flat, noise):
        folder.mkdir()
    for index in range(4):  # in the compressed files the flat ones would be the short ones
        Image.new("RGB", (16, 16), (index, 0, 0)).save(flat / f"{index}.jpg", quality=90)
        pixels = np.random.RandomState(index).randint(0, 256, (16, 16, 4), np.uint8)
        Image.fromarray(pixels).save(noise / f"{index}.png", dpi=(72, 72))
    page = tmp_path / "test.html"
    make_page(str(flat), str(noise), page, HumanTestOptions(n=8))
    files = made.images_in(page)
    opened = [Image.open(io.BytesIO(png)) for png in files]
    assert {(one.size, one.mode, one.format) for one in opened} == {((16, 16), "RGB", "PNG")}
    assert {tuple(chunks_of(png)) for png in files} == {("IHDR", "IDAT", "IEND")}
    assert len({len(png) for png in files}) == 1


def test_the_same_wish_is_the_same_file_and_another_seed_another_test(tmp_path):
    page, plan = made.write_test(tmp_path)
    first = page.read_bytes()
    assert made.write_test(tmp_path)[1] == plan
    assert page.read_bytes() == first
    _, other = made.write_test(tmp_path, seed=1)
    assert other.id != plan.id
    assert other.shown != plan.shown
    assert other.samples == plan.samples


@pytest.mark.parametrize(
    "change",
    [{"seconds": 2.0}, {"seed": 1}, {"width": 9}, {"samples": SetIdentity("a", 10, "sha256:ab")}, {"shown": "dd"}],
)
def test_everything_in_a_plan_is_part_of_its_id(change):
    assert replace(PLAN, **change).id != PLAN.id


def test_where_the_reals_stand_follows_no_rule():
    truths = [replace(PLAN, pictures=40, seed=seed).truth() for seed in range(200)]
    assert len(set(truths)) == 200
    shares = np.mean(truths, axis=0)  # of each place: binomial around a half, deviation 0.035
    assert abs(shares - 0.5).max() < 0.15
    assert {sum(truth) for truth in truths} == {20}


def test_alpha_lies_over_white_and_grey_is_grey_only_where_all_is(tmp_path):
    clear, grey = tmp_path / "clear", tmp_path / "grey"
    for folder, image in ((clear, Image.new("RGBA", (8, 8), (0, 0, 0, 0))), (grey, Image.new("L", (8, 8), 7))):
        folder.mkdir()
        image.save(folder / "0.png")
    page = tmp_path / "test.html"
    make_page(str(clear), str(grey), page, HumanTestOptions(n=2))
    opened = [Image.open(io.BytesIO(png)) for png in made.images_in(page)]
    assert {(one.mode, one.getpixel((3, 3))) for one in opened} == {("L", 255), ("L", 7)}
    Image.new("RGB", (8, 8), (9, 0, 0)).save(grey / "0.png")
    make_page(str(clear), str(grey), page, HumanTestOptions(n=2))
    opened = [Image.open(io.BytesIO(png)) for png in made.images_in(page)]
    assert {(one.mode, one.getpixel((3, 3))) for one in opened} == {("RGB", (255, 255, 255)), ("RGB", (9, 0, 0))}


def blank(width, height):
    return np.zeros((3, height, width), np.uint8)


@pytest.mark.parametrize(
    ("sizes", "form"),
    [
        ([(32, 32), (32, 32)], (32, 32, False)),
        ([(32, 32), (64, 64)], (32, 32, False)),
        ([(40, 30), (80, 60), (81, 60)], (40, 30, False)),
        ([(40, 30), (30, 40)], (30, 30, True)),
        ([(600, 300), (600, 300)], (256, 128, False)),
        ([(600, 300), (500, 500)], (256, 256, True)),
        ([(1, 1), (300, 300)], (1, 1, False)),
    ],
)
def test_all_pictures_get_the_smallest_size_and_are_cut_only_where_their_proportions_differ(sizes, form):
    pictures = [blank(*size) for size in sizes]
    width, height, cropped = form
    found = common_format(pictures, 256)
    assert found == ImageFormat(width, height, True, cropped)
    assert {convert(picture, found).size for picture in pictures} == {(width, height)}


def test_a_cut_keeps_the_middle():
    picture = blank(30, 10)
    picture[:, :, 10:20] = 200
    assert np.asarray(convert(picture, ImageFormat(10, 10, True, True))).min() == 200


def test_a_picture_of_the_right_size_is_not_touched():
    pixels = np.random.RandomState(0).randint(0, 256, (3, 12, 9), np.uint8)
    assert (np.asarray(convert(pixels, common_format([pixels], 256))) == pixels.transpose(1, 2, 0)).all()


def test_who_makes_a_test_is_told_what_would_give_it_away(tmp_path):
    page, large = tmp_path / "a.html", tmp_path / "large"
    large.mkdir()
    dark, _ = made.write_sets(tmp_path)
    large_dark, large_light = made.write_sets(large, size=20)
    with pytest.warns(GanevalWarning, match="dark and dark are the same images: this test measures chance"):
        make_page(dark, dark, page, HumanTestOptions(n=2))
    with pytest.warns(GanevalWarning, match="dark is 8 x 8 and light 20 x 20: all are shown at 8 x 8, and people may"):
        make_page(dark, large_light, page, HumanTestOptions(n=2))
    with pytest.warns(GanevalWarning, match="images of 20 x 20 are shown at 10 x 10, which hides flaws; see --size"):
        make_page(large_dark, large_light, page, HumanTestOptions(n=2, size=10))


def test_names_and_titles_are_text_and_no_markup(tmp_path):
    samples, reference = made.write_sets(tmp_path)
    odd = tmp_path / "<b>&\"'.npz"
    shutil.copy(samples, odd)
    page = tmp_path / "test.html"
    title = "</script><script>alert(1)</script>"
    plan = make_page(str(odd), reference, page, HumanTestOptions(n=2, title=title))
    text = page.read_text("utf-8")
    assert title not in text
    assert "<b>&" not in text
    assert made.data_in(page)["test"]["samples"]["name"] == plan.samples.name == "<b>&\"'"


# ---- which pictures: as `score` takes them ----


@pytest.mark.parametrize("limit", [None, 20])
def test_the_fingerprint_is_that_of_a_report_on_the_same_pictures(tmp_path, digits_folder, limit):
    plan = make_page(str(digits_folder), "digits", tmp_path / "a.html", HumanTestOptions(n=4, limit=limit, seed=7))
    report = evaluate(digits_folder, "digits", metrics=["fid"], n=limit)
    assert plan.samples.fingerprint == report.samples.fingerprint
    assert plan.reference.fingerprint == report.reference.fingerprint
    assert plan.samples.count == (limit or 60)


def test_a_generator_makes_as_many_as_are_asked_for(tmp_path, monkeypatch):
    (tmp_path / "a_generator.py").write_text(
        "import numpy as np\n\ndef make(n):\n    return np.random.RandomState(0).randint(0, 256, (n, 8, 8), np.uint8)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plan = make_page("a_generator:make", "digits:test", tmp_path / "a.html", HumanTestOptions(n=6))
    assert (plan.samples.name, plan.samples.count) == ("a_generator:make", 3)
    plan = make_page("a_generator:make", "digits:test", tmp_path / "a.html", HumanTestOptions(n=6, limit=50))
    report = evaluate("a_generator:make", "digits:test", metrics=["fid"], n=50)
    assert (plan.samples.count, plan.samples.fingerprint) == (50, report.samples.fingerprint)


def test_a_run_stands_for_its_pictures(tmp_path, digits_folder):
    report = evaluate(digits_folder, "digits", metrics=["fid"])
    write_run(tmp_path / "run", report, {})
    plan = make_page(str(tmp_path / "run"), "digits", tmp_path / "a.html", HumanTestOptions(n=4))
    assert (plan.samples.name, plan.samples.fingerprint) == ("run", report.samples.fingerprint)


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (["-n", "7"], 2, "-n: found 7, needed an even number from 2 to 1,000: half are real"),
        (["-n", "0"], 2, "-n: found 0, needed an even number from 2 to 1,000: half are real"),
        (["-n", "62"], 1, "{dark}: found 30 images, needed 31 for a test of 62; ask for fewer with -n"),
        (["--limit", "31"], 1, "{dark}: found 30 images, needed 31; lower the limit"),
        (["--seconds", "nan"], 2, "--seconds: found nan, needed 0 (until answered) to 60"),
        (["--seconds", "-1"], 2, "--seconds: found -1, needed 0 (until answered) to 60"),
        (["--seed", "-1"], 2, "--seed: found -1, needed 0 to 4294967295"),
        (["--ref", "ring8"], 2, "ring8:train: found points or statistics, needed images"),
        (["--ref", "digts"], 2, "digts: no such file, folder or data set: did you mean 'digits'?"),
        (["-o", "/"], 2, "-o /: found a folder, needed a file to write"),
        (["-o", "report.json"], 2, "-o report.json: the page is HTML, needed a name that ends in .html"),
    ],
)
def test_a_wrong_wish_is_one_line(run, tmp_path, flags, code, line):
    dark, light = made.write_sets(tmp_path)
    found = run("human", "page", "--samples", dark, "--ref", light, "-o", tmp_path / "a.html", *flags)
    assert found.exit_code == code
    assert found.stderr.splitlines()[-1].startswith(f"Error: {line}".format(dark=dark))
    assert not (tmp_path / "a.html").exists()


def test_a_picture_that_cannot_be_read_is_named(run, tmp_path, write_digits):
    folder = write_digits(tmp_path / "digits", 10)
    (folder / "004.png").write_bytes(b"")
    found = run("human", "page", "--samples", folder, "--ref", "digits", "-o", tmp_path / "a.html", "-n", "2")
    assert (found.exit_code, found.stderr) == (1, f"Error: {folder}/004.png: the file is empty (0 bytes)\n")


def test_the_command_says_what_comes_next(run, tmp_path):
    dark, light = made.write_sets(tmp_path)
    page = tmp_path / "prüfung 数字.html"
    found = run("human", "page", "--samples", dark, "--ref", light, "-o", page, "-n", "4", "--title", "Echt?")
    name = made.data_in(page)["test"]["id"]
    assert found.stdout.splitlines() == [
        f"{page}: test {name}, 2 fakes of dark, 2 reals of light",
        f"open it in a browser; then ganeval human tally answers-{name[:8]}-*.json",
    ]
    assert "<title>Echt?</title>" in page.read_text("utf-8")


# ---- the tally ----


@pytest.mark.parametrize(
    ("wrong", "answers", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_intervals_are_those_of_newcombe(wrong, answers, low, high):
    """Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3."""
    assert Rate(wrong, answers).interval(0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("wrong", "answers"), [(0, 8), (8, 8), (1, 8), (17, 40), (500, 1000)])
def test_the_interval_is_wilsons_closed_form(wrong, answers):
    assert Rate(wrong, answers).interval(0.95) == pytest.approx(wilson(wrong, answers), abs=1e-12)
    low, high = wilson(wrong, answers, 1.0)
    assert Rate(wrong, answers).error == pytest.approx((high - low) / 2, abs=1e-12)


def test_with_many_answers_the_error_is_the_binomial_one():
    assert Rate(3000, 10_000).error == pytest.approx(math.sqrt(0.3 * 0.7 / 10_000), rel=1e-3)


@pytest.mark.parametrize(
    ("answers", "errors", "fakes", "reals"),
    [
        (made.right(PLAN), 0, 0, 0),
        (["real"] * 8, 4, 4, 0),
        (["fake"] * 8, 4, 0, 4),
        (made.with_errors(PLAN, 4, 4), 8, 4, 4),
        (made.with_errors(PLAN, 1, 2), 3, 1, 2),
    ],
)
def test_errors_are_counted_by_what_the_pictures_were(tmp_path, answers, errors, fakes, reals):
    pooled = tally([made.write_answers(tmp_path / "a.json", PLAN, answers)]).pooled
    assert pooled.errors == Rate(errors, 8)
    assert pooled.fakes_as_real == Rate(fakes, 4)
    assert pooled.reals_as_fake == Rate(reals, 4)


def test_people_are_pooled_and_their_spread_is_given(tmp_path):
    errors = {"Ada": (0, 0), "Ben": (4, 4), "": (1, 2)}
    files = [
        made.write_answers(
            tmp_path / f"{who}.json", PLAN, made.with_errors(PLAN, *some), who, [100.0 + 100 * len(who)] * 8
        )
        for who, some in errors.items()
    ]
    found = tally(files)
    assert [person.name for person in found.people] == ["Ada", "Ben", "anonymous 1"]
    assert found.pooled.errors == Rate(11, 24)
    assert found.spread == pytest.approx(statistics.stdev([0, 1, 3 / 8]))
    assert found.error == pytest.approx(statistics.stdev([0, 1, 3 / 8]) / math.sqrt(3))  # the people differ widely
    assert [person.median for person in found.people] == [400, 400, 100]
    assert found.pooled.median == 400
    assert found.pooled.too_fast == 8
    alike = [made.write_answers(tmp_path / f"{who}.json", PLAN, ["real"] * 8, who) for who in ("a", "b")]
    low, high = wilson(8, 16, 1.0)
    assert tally(alike).error == pytest.approx((high - low) / 2)  # they do not differ at all: the answers' own error


def test_nobody_counts_twice(tmp_path):
    first = made.write_answers(tmp_path / "first.json", PLAN, made.right(PLAN), "Ada")
    late = {**made.answers_of(PLAN, ["real"] * 8, " ADA "), "begun": "2026-01-31T13:00:00.000Z", "sitting": "other"}
    (tmp_path / "late.json").write_text(json.dumps(late))
    shutil.copy(first, tmp_path / "copy.json")
    found = tally([tmp_path / "late.json", first, tmp_path / "copy.json"])
    assert found.pooled.errors == Rate(0, 8)
    assert found.omissions == (
        f"{tmp_path}/copy.json: left out, the same sitting as {first}",
        f"{tmp_path}/late.json: left out, ADA a second time, after {first}",
    )


def test_two_without_a_name_are_two_people(tmp_path):
    files = []
    for name in ("a", "b"):
        document = {**made.answers_of(PLAN, made.right(PLAN)), "sitting": name}
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    assert [person.name for person in tally(files).people] == ["anonymous 1", "anonymous 2"]


def test_answers_to_different_tests_are_refused(tmp_path):
    other = replace(PLAN, seed=1)
    files = [made.write_answers(tmp_path / f"{one.id}.json", one, made.right(one)) for one in (PLAN, other)]
    with pytest.raises(ContentError) as error:
        tally(files)
    assert str(error.value) == (
        f"{files[1]}: found answers to test {other.id} (a and b), needed those to test {PLAN.id} (a and b) "
        f"as in {files[0]}; tally each test separately"
    )


def changed(**changes):
    return {**made.answers_of(PLAN, made.right(PLAN)), **changes}


def first_answer(**changes):
    document = changed()
    document["answers"][0] |= changes
    return document


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found no complete JSON (Expecting value"),
        (json.dumps(changed())[:-20], "found no complete JSON ("),
        ("[1]", "found no answers, needed the JSON file that a page of `ganeval human page` saves"),
        ('{"schema": 1, "scores": {}}', "found no answers, needed the JSON file"),
        ("[" * 100_000, "found no complete JSON ("),
        (changed(ganeval_human=2), "found format 2, needed 1; update ganeval"),
        (changed(test=None), "found no complete test (no object)"),
        (changed(test={**PLAN.to_dict(), "pictures": 8.5}), "found no complete test (pictures is 8.5)"),
        (changed(test={"id": "0"}), "found no complete test (it lacks 'pictures')"),
        (changed(test={**PLAN.to_dict(), "seed": 1}), f"its test was edited (id {PLAN.id}, needed "),
        (changed(answers=None), "found no answers, needed all 8"),
        (changed(answers=changed()["answers"][:5]), "found 5 answers, needed all 8; open its page again to resume"),
        (changed(answers=changed()["answers"] * 2), "found 16 answers, needed all 8"),
        (first_answer(answer="maybe"), ', answer 1: found "maybe", needed real or fake'),
        (first_answer(answer=[]), ", answer 1: found [], needed real or fake"),
        (changed(answers=[None] * 8), ", answer 1: found null, needed real or fake"),
        (first_answer(ms=-1), ", answer 1: found the time -1, needed milliseconds"),
        (first_answer(ms=1e9), ", answer 1: found the time 1000000000.0, needed milliseconds"),
        (first_answer(ms=10**400), ", answer 1: found the time 1000000000"),
        (first_answer(looks=10**400), ", answer 1: found 1000000000"),
        (changed(test={**PLAN.to_dict(), "seconds": 10**400}), "found no complete test ("),
        (first_answer(ms="500"), ', answer 1: found the time "500", needed milliseconds'),
        (first_answer(ms=True), ", answer 1: found the time true, needed milliseconds"),
        (first_answer(ms=math.nan), "found no complete JSON (it holds NaN, which is not a number)"),
        (first_answer(ms=math.inf), "found no complete JSON (it holds Infinity, which is not a number)"),
        (first_answer(looks=0), ", answer 1: found 0 looks, needed 1 or more"),
    ],
)  # fmt: skip
def test_what_is_no_whole_test_is_refused_in_one_line(run, tmp_path, text, reason):
    path = tmp_path / "a.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    found = run("human", "tally", path)
    assert found.exit_code == 1
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert line.startswith(f"Error: {path}")
    assert reason in line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gone.json"], "gone.json: found no such file, needed answers saved by a page of `ganeval human page`"),
        (["."], ".: found no such file, needed answers saved"),
        (["{a}", "--confidence", "1"], "--confidence: found 1, needed more than 0 and less than 1, such as 0.95"),
        (["{a}", "--confidence", "nan"], "--confidence: found nan, needed more than 0"),
        (["{a}", "--report", "gone"], "--report gone: found no such file or folder, needed a run or a report file"),
        (["{a}", "--report", "{folder}"], "--report {folder}: found a folder without report.json, needed a run or"),
    ],
)
def test_a_wrong_path_or_flag_is_exit_2(run, tmp_path, arguments, line):
    words = {"a": made.write_answers(tmp_path / "a.json", PLAN, made.right(PLAN)), "folder": tmp_path}
    found = run("human", "tally", *[one.format(**words) for one in arguments])
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith(f"Error: {line.format(**words)}")


def test_a_file_from_a_windows_editor_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(changed(who="Zoë\n\x1b[31m  数")), encoding="utf-8-sig")
    assert read_answers(path).who == "Zoë [31m 数"


def test_a_whole_second_is_the_same_plan_whether_it_is_written_1_or_1_0(tmp_path):
    path = tmp_path / "a.json"
    text = json.dumps(changed())
    assert '"seconds": 1.0' in text
    path.write_text(text.replace('"seconds": 1.0', '"seconds": 1'))  # as JavaScript does
    assert read_answers(path).plan == PLAN
    assert replace(PLAN, seconds=1).id == PLAN.id


def test_the_tally_is_printed(run, tmp_path):
    ada = made.write_answers(tmp_path / "ada.json", PLAN, made.with_errors(PLAN, 1, 2), "Ada", [100.0, *[700.0] * 7])
    eve = made.write_answers(tmp_path / "eve.json", PLAN, made.right(PLAN), "[bold]Eve", [900.0] * 8)
    found = run("human", "tally", ada, eve, "--confidence", "0.9")
    assert found.exit_code == 0
    lines = [line.split("  ") for line in found.stdout.splitlines()]
    rows = {cells[1]: [cell.strip() for cell in cells[2:] if cell.strip()] for cells in lines if len(cells) > 2}
    low, high = (f"{100 * end:.1f}" for end in wilson(3, 16, 1.6448536269514722))
    assert rows["human error rate ↑"] == ["18.8 %", f"{low} … {high} %", "3 of 16"]
    assert rows["fakes taken for real"][::2] == ["12.5 %", "1 of 8"]
    assert rows["reals taken for fake"][::2] == ["25.0 %", "2 of 8"]
    assert [rows["Ada"][place] for place in (0, 2, 3, 4)] == ["37.5 %", "25.0 %", "50.0 %", "700"]
    assert rows["[bold]Eve"][0] == "0.0 %"
    assert "a among b: 8 images, half real, each shown for 1 s" in found.stdout
    assert "2 people, median reaction 800 ms. 50 % is chance" in found.stdout
    assert "over people the rate is 18.8 % ± 26.5 % (standard deviation); 2 people are few." in found.stdout
    assert "1 answer within 150 ms, faster than anybody can react (Ada: 1); included all the same." in found.stdout


def test_a_reload_is_said(run, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(first_answer(looks=2)))
    found = run("human", "tally", tmp_path / "a.json")
    assert (
        "1 answer to images that were shown more than once, because the page was reloaded (anonymous 1: 1)."
        in found.stdout
    )


# ---- the report ----


def report_on(samples=PLAN.samples, reference=PLAN.reference):
    sets = [ImageSet(side.name, side.name, side.count, side.fingerprint) for side in (samples, reference)]
    how = Protocol(
        "tf1", "digits", "features", "published", "ab", "tf1-bilinear", more={"of a later version": [1, 2.50]}
    )
    return Report(
        "0.1.0", "2026-01-31T12:00:00Z", *sets, how, {"fid": Score(1.5, "lower")}, more={"training": {"ü": None}}
    )


@pytest.fixture
def answers(tmp_path):
    return made.write_answers(tmp_path / "answers.json", PLAN, made.with_errors(PLAN, 1, 2), "Ada")


def test_the_report_gets_the_score_and_nothing_else_changes(run, tmp_path, answers):
    folder = tmp_path / "läufe 数字"
    write_run(folder, report_on(), {})
    before = json.loads((folder / "report.json").read_text("utf-8"))
    found = run("human", "tally", answers, "--report", folder)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.splitlines()[-1] == f"{folder}/report.json: a: human_error_rate 37.5 %"
    after = json.loads((folder / "report.json").read_text("utf-8"))
    score = after["scores"].pop("human_error_rate")
    assert json.dumps(after) == json.dumps(before)  # the order of keys too
    low, high = wilson(3, 8, 1.0)
    assert score.pop("interval") == pytest.approx(wilson(3, 8), abs=1e-12)
    assert [score.pop(key) for key in ("error", "error_samples")] == [pytest.approx((high - low) / 2)] * 2
    assert score == {
        "value": 0.375, "better": "higher", "confidence": 0.95, "answers": 8, "people": 1, "fakes_as_real": 0.25,
        "reals_as_fake": 0.5, "median_ms": 500.0, "seconds": 1.0, "test": PLAN.id, "real_pictures": "b",
    }  # fmt: skip
    assert load_report(folder).scores["human_error_rate"].more["people"] == 1


def test_a_later_tally_takes_the_place_of_the_earlier_one(run, tmp_path, answers):
    write_run(tmp_path / "run", report_on(), {})
    run("human", "tally", answers, "--report", tmp_path / "run")
    more = made.write_answers(tmp_path / "more.json", PLAN, made.right(PLAN), "Ben")
    found = run("human", "tally", answers, more, "--report", tmp_path / "run" / "report.json")
    assert "human_error_rate 18.8 % (was 37.5 %)" in found.stdout
    score = load_report(tmp_path / "run").scores["human_error_rate"]
    assert (score.value, score.more["people"]) == (3 / 16, 2)
    assert score.more["std_people"] == pytest.approx(statistics.stdev([0, 3 / 8]))


def test_of_several_reports_those_on_the_samples_get_it(run, tmp_path, answers):
    other = report_on(samples=SetIdentity("other", 10, "sha256:dd"))
    write_run(tmp_path / "run", other, {})
    (tmp_path / "run" / "report-back.json").write_text(report_on().to_json())
    assert run("human", "tally", answers, "--report", tmp_path / "run").exit_code == 0
    assert "human_error_rate" not in load_report(tmp_path / "run").scores
    assert "human_error_rate" in load_report(tmp_path / "run" / "report-back.json").scores
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([other.to_dict(), report_on().to_dict()]))
    assert run("human", "tally", answers, "--report", listed).exit_code == 0
    assert ["human_error_rate" in one["scores"] for one in json.loads(listed.read_text())] == [False, True]


def test_another_reference_is_said_and_other_samples_are_refused(run, tmp_path, answers):
    write_run(tmp_path / "run", report_on(reference=SetIdentity("train", 90, "sha256:ee")), {})
    found = run("human", "tally", answers, "--report", tmp_path / "run")
    assert found.stdout.endswith("the real images were of b, the report's reference is train\n")
    write_run(tmp_path / "run", report_on(samples=SetIdentity("other", 10, "sha256:dd")), {})
    before = (tmp_path / "run" / "report.json").read_bytes()
    found = run("human", "tally", answers, "--report", tmp_path / "run")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "is on other (dd), the answers are on a (aa, 10 images); needed a report on the same" in found.stderr
    assert (tmp_path / "run" / "report.json").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["config.json", "report.json"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "found no JSON ("),
        ("{}", "found no ganeval report, needed JSON with the keys 'schema' and 'scores'"),
        (report_on().to_json().replace("1.5", "NaN"), "NaN"),
        (report_on().to_json().replace('"ü": null', '"ü": NaN'), "holds NaN or infinity"),
    ],
)
def test_a_report_that_is_none_is_left_as_it_is(run, tmp_path, answers, text, reason):
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    found = run("human", "tally", answers, "--report", path)
    assert found.exit_code == 1
    assert reason in found.stderr
    assert path.read_text("utf-8") == text


def test_a_run_that_is_not_finished_is_said(run, tmp_path, answers):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text('{"ganeval": "0.1.0", "config": {"steps": 100}}')
    found = run("human", "tally", answers, "--report", folder)
    assert (found.exit_code, "unfinished" in found.stderr) == (1, True)


def test_the_score_of_a_tally_is_a_report_score(tmp_path, answers):
    document = report_on().to_dict()
    document["scores"]["human_error_rate"] = score_of(tally([answers]))
    assert (
        Report.from_dict(json.loads(json.dumps(document, allow_nan=False))).scores["human_error_rate"].better
        == "higher"
    )


def test_from_a_page_to_a_report(run, tmp_path, digits_folder):
    """The whole way, but for the person."""
    report = evaluate(digits_folder, "digits:test", metrics=["fid"])
    write_run(tmp_path / "run", report, {})
    page = tmp_path / "test.html"
    made_page = run("human", "page", "--samples", tmp_path / "run", "--ref", "digits:test", "-o", page, "-n", "10")
    assert made_page.exit_code == 0, made_page.stderr
    plan = read_plan(made.data_in(page)["test"], "page")
    file = made.write_answers(tmp_path / "a.json", plan, ["real"] * 10, "Ada")
    assert run("human", "tally", file, "--report", tmp_path / "run").exit_code == 0
    assert load_report(tmp_path / "run").scores["human_error_rate"].value == 0.5


def test_a_tally_needs_no_torch(tmp_path, answers):
    code = (
        f"import sys; from ganeval.cli import main; main(['human', 'tally', {str(answers)!r}], standalone_mode=False)"
    )
    checked = f"{code}; assert not {{'torch', 'pandas', 'matplotlib', 'jinja2'}} & set(sys.modules), 'heavy'"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_whole_set_is_looked_at_once_and_its_fingerprint_is_that_of_check(tmp_path):
    dark, light = made.write_sets(tmp_path)
    plan = make_page(dark, light, tmp_path / "a.html", HumanTestOptions(n=4))
    assert plan.reference == SetIdentity("light", 30, survey(open_source(light), lambda *_: None).facts.fingerprint)


def test_the_api_refuses_what_the_command_does(tmp_path):
    with pytest.raises(UsageError, match="tally: found no answers, needed at least one file"):
        tally([])
