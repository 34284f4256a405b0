"""The report file: schema 1 as the design has it, there and back, with the keys of later versions."""

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ganeval
from ganeval.errors import ContentError
from ganeval.reports.report import ImageSet, Protocol, Report, Score, check_finite, dump, load_report, load_reports
from ganeval.reports.score_names import fid_heading, measured

# the design's section 5, shortened to one score of each shape
SCHEMA_1 = {
    "schema": 1,
    "ganeval": "0.1.0",
    "created": "2026-01-31T12:00:00Z",
    "samples": {
        "name": "dcgan",
        "source": "out/",
        "count": 10000,
        "fingerprint": "sha256:ab",
        "shape": [3, 32, 32],
        "formats": {"png": 10000},
        "converted": {},
        "skipped": [],
        "duplicates": 0,
    },
    "reference": {
        "name": "cifar10:train",
        "source": "cifar10:train",
        "count": 50000,
        "fingerprint": "sha256:cd",
        "shape": None,
        "formats": {"tensor": 50000},
        "converted": {"grey": 3},
        "skipped": ["a.png: empty"],
        "duplicates": 0,
    },
    "protocol": {
        "name": "tf1",
        "extractor": "inception",
        "layer": "2048",
        "weights": "published",
        "weights_sha256": "67",
        "resize": "tf1-bilinear",
        "covariance": "n-1",
        "seed": 2020,
        "k_precision_recall": 3,
        "k_density_coverage": 5,
        "precision": "float32",
        "decoder": "pillow",
    },
    "scores": {
        "fid": {"value": 28.9, "error": 0.2, "error_samples": 0.18, "raw": 28.9, "better": "lower"},
        "modes_covered": {"value": 10, "error": None, "total": 10, "better": "higher"},
    },
    "warnings": ["few images"],
    "environment": {"python": "3.11", "torch": "2.9", "device": "cpu", "seconds": {"extract": 1.0, "metrics": 1.0}},
}


def document(**changes):
    return {**json.loads(json.dumps(SCHEMA_1)), **changes}


def a_report():
    return Report.from_dict(document())


def test_the_designs_example_is_read_and_written_without_a_change():
    assert json.loads(a_report().to_json()) == SCHEMA_1


def test_what_is_read_has_the_values_where_they_belong():
    report = a_report()
    assert report.scores["fid"] == Score(28.9, "lower", error=0.2, error_samples=0.18, raw=28.9)
    assert report.reference.shape is None
    assert report.samples.shape == (3, 32, 32)
    assert report.reference.skipped == ("a.png: empty",)
    assert report.protocol.weights_sha256 == "67"
    assert report.warnings == ("few images",)


def test_a_fresh_report_has_exactly_the_keys_of_schema_1():
    images = ImageSet("a", "a/", 2)
    protocol = Protocol("tf1", "digits", "features", "published", "ab", "tf1-bilinear")
    written = Report("0.1.0", "now", images, images, protocol, {"fid": Score(1.0, "lower")}).to_dict()
    assert set(written) == set(SCHEMA_1)
    for part in ("samples", "reference", "protocol"):
        assert set(written[part]) == set(SCHEMA_1[part])
    assert written["schema"] == 1


def test_a_score_always_has_value_error_and_better_and_the_rest_where_they_apply():
    bare = replace(a_report(), scores={"precision": Score(0.5, "higher")}).to_dict()["scores"]["precision"]
    assert bare == {"value": 0.5, "error": None, "better": "higher"}
    full = Score(1.0, "lower", 0.1, 0.2, 0.3, 0.4, 0.5, 6)
    written = replace(a_report(), scores={"x": full}).to_dict()["scores"]["x"]
    assert written == {
        "value": 1.0, "error": 0.1, "error_samples": 0.2, "std": 0.3, "raw": 0.4, "whole": 0.5, "total": 6,
        "better": "lower",
    }  # fmt: skip


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
maybe = st.none() | numbers
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def later(kind):
    """Keys that this version of a part does not know."""
    known = {item.name for item in fields(kind)}
    return st.dictionaries(st.text(max_size=8).filter(lambda key: key not in known), json_values, max_size=2)


counts = st.dictionaries(st.text(max_size=6), st.integers(0, 10**6), max_size=3)
scores = st.builds(
    Score, value=numbers, better=st.sampled_from(["lower", "higher"]), error=maybe, error_samples=maybe, std=maybe,
    raw=maybe, whole=maybe, total=st.none() | st.integers(0, 10**6), more=later(Score),
)  # fmt: skip
image_sets = st.builds(
    ImageSet, name=st.text(max_size=8), source=st.text(max_size=8), count=st.none() | st.integers(0, 10**9),
    fingerprint=st.none() | st.text(max_size=8), shape=st.none() | st.tuples(*[st.integers(1, 999)] * 3),
    formats=counts, converted=counts, skipped=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    duplicates=st.none() | st.integers(0, 99), more=later(ImageSet),
)  # fmt: skip
protocols = st.builds(
    Protocol, name=st.text(max_size=8), extractor=st.text(max_size=8), layer=st.text(max_size=8),
    weights=st.sampled_from(["published", "custom"]), weights_sha256=st.none() | st.text(max_size=8),
    resize=st.text(max_size=8), seed=st.integers(0, 2**32), more=later(Protocol),
)  # fmt: skip
reports = st.builds(
    Report, ganeval=st.text(max_size=8), created=st.text(max_size=8), samples=image_sets, reference=image_sets,
    protocol=protocols, scores=st.dictionaries(st.text(max_size=8), scores, max_size=3),
    warnings=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    environment=st.dictionaries(st.text(max_size=8), json_values, max_size=3), more=later(Report),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_comes_back_from_its_json_as_it_was(report):
    assert Report.from_dict(json.loads(report.to_json())) == report


def test_keys_of_a_later_version_survive_at_every_level():
    later_document = document(schema=2, licence={"by": ["a", "b"]}, more="even this name")
    later_document["samples"]["colour_space"] = "sRGB"
    later_document["reference"]["colour_space"] = ["a"]
    later_document["protocol"]["antialias"] = None
    later_document["scores"]["fid"]["interval"] = [28.5, 29.3]
    later_document["scores"]["new_metric"] = {"value": 1, "error": None, "better": "higher"}
    later_document["environment"]["host"] = {"cores": 2}
    assert json.loads(Report.from_dict(later_document).to_json()) == later_document


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_written(bad, tmp_path):
    for score in (Score(bad, "lower"), Score(1.0, "lower", error=bad), Score(1.0, "lower", more={"x": [bad]})):
        report = replace(a_report(), scores={"fid": score})
        with pytest.raises(ValueError, match="not JSON compliant"):
            report.to_json()
        with pytest.raises(ValueError, match="not JSON compliant"):
            (tmp_path / "report.json").write_text(report.to_json())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump([bad])


@pytest.mark.parametrize("field", ["value", "error", "error_samples", "std", "raw", "whole"])
def test_a_score_that_is_not_finite_is_refused_with_its_name(field):
    with pytest.raises(ContentError, match=r"^kid: came out as nan, which is no score"):
        check_finite("kid", replace(Score(1.0, "lower"), **{field: math.nan}))
    check_finite("kid", Score(1.0, "lower"))


def test_unicode_is_written_as_it_is():
    report = replace(a_report(), warnings=("Bińkowski ± ü",))
    assert "Bińkowski ± ü" in report.to_json()


def test_a_report_is_read_from_its_file_and_from_its_run_folder(tmp_path):
    (tmp_path / "büro").mkdir()
    (tmp_path / "büro" / "report.json").write_text(a_report().to_json())
    assert load_report(tmp_path / "büro" / "report.json") == a_report()
    assert load_report(str(tmp_path / "büro")) == ganeval.load_report(tmp_path / "büro") == a_report()


def without(*path):
    changed = document()
    place = changed
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return changed


NO_REPORT = "found no ganeval report, needed JSON with the keys 'schema' and 'scores'"
BROKEN = {
    "text": ("hello", r"found no JSON \(.*line 1 column 1.*\); needed a ganeval report"),
    "empty": ("", r"found no JSON \(.*\); needed a ganeval report"),
    "truncated": (json.dumps(SCHEMA_1)[:300], r"found no JSON \(.*\); needed a ganeval report"),
    "binary": (b"\xff\xfe\x00", r"found no JSON \(.*\); needed a ganeval report"),
    "foreign": (json.dumps({"name": "other"}), NO_REPORT),
    "list": (json.dumps([SCHEMA_1, SCHEMA_1]), "found a list of 2 reports, needed one; `load_reports` reads them all"),
    "empty list": ("[]", "found an empty list, needed a ganeval report"),
    "schema 0": (json.dumps(document(schema=0)), "found schema 0, needed 1 or later; score the images anew"),
    "schema true": (
        json.dumps(document(schema=True)),
        "found schema True, needed 1 or later; score the images anew",
    ),
    "schema a text": (json.dumps(document(schema="1")), "found schema '1', needed 1 or later; score the images anew"),
    "schema null": (json.dumps(document(schema=None)), "found schema None, needed 1 or later; score the images anew"),
    "no samples": (json.dumps(without("samples")), "not a whole ganeval report: samples is null, needed an object"),
    "no name": (json.dumps(without("samples", "name")), "not a whole ganeval report: samples lacks name"),
    "no value": (json.dumps(without("scores", "fid", "value")), "not a whole ganeval report: score fid lacks value"),
    "no date": (json.dumps(without("created")), "not a whole ganeval report: report lacks created"),
    "scores a list": (
        json.dumps(document(scores=[1])),
        r"not a whole ganeval report: scores is \[1\], needed an object",
    ),
    "score a number": (json.dumps(document(scores={"fid": 3})), "report: score fid is 3, needed an object"),
    "value a text": (
        json.dumps(document(scores={"fid": {"value": "N/A", "better": "lower"}})),
        "report: score fid has the value 'N/A', needed a number",
    ),
    "error a text": (
        json.dumps(document(scores={"fid": {"value": 1.0, "better": "lower", "error": "small"}})),
        "report: score fid has the error 'small', needed a number",
    ),
    "name a number": (
        json.dumps(document(samples={**SCHEMA_1["samples"], "name": 3})),
        "report: samples has the name 3, needed a text",
    ),
    "count a text": (
        json.dumps(document(samples={**SCHEMA_1["samples"], "count": "many"})),
        "report: samples has the count 'many', needed a number",
    ),
    "count beyond all": (
        json.dumps(document(samples={**SCHEMA_1["samples"], "count": 10**400})),
        "report: samples has the count 10+, needed a number of images",
    ),
    "count a truth": (
        json.dumps(document(reference={**SCHEMA_1["reference"], "count": True})),
        "report: reference has the count True, needed a number of images",
    ),
    "fingerprint a number": (
        json.dumps(document(reference={**SCHEMA_1["reference"], "fingerprint": 3})),
        "report: reference has the fingerprint 3, needed a text",
    ),
    "weights a truth": (
        json.dumps(document(protocol={**SCHEMA_1["protocol"], "weights_sha256": True})),
        "report: protocol has the weights_sha256 True, needed a text",
    ),
    "layer a number": (
        json.dumps(document(protocol={**SCHEMA_1["protocol"], "layer": 2048})),
        "report: protocol has the layer 2048, needed a text",
    ),
    "layer null": (
        json.dumps(document(protocol={**SCHEMA_1["protocol"], "layer": None})),
        "report: protocol has the layer None, needed a text",
    ),
    "seed not a number": (
        json.dumps(document(protocol={**SCHEMA_1["protocol"], "seed": math.nan})),
        "report: protocol has the seed nan, needed a whole number",
    ),
    "value beyond all": (
        json.dumps(document(scores={"fid": {"value": 10**400, "better": "lower"}})),
        "report: score fid has the value 10+, needed a number",
    ),
    "value a truth": (
        json.dumps(document(scores={"fid": {"value": True, "better": "lower"}})),
        "report: score fid has the value True, needed a number",
    ),
    "warnings a number": (
        json.dumps(document(warnings=3)),
        "not a whole ganeval report: report has the warnings 3, needed a list",
    ),
    "formats a list": (
        json.dumps(document(samples={**SCHEMA_1["samples"], "formats": ["png"]})),
        r"report: samples has the formats \['png'\], needed an object",
    ),
    "direction unknown": (
        json.dumps(document(scores={"fid": {"value": 1.0, "better": "up"}})),
        "report: score fid has the better 'up', needed lower or higher",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_report_file_is_one_line_that_names_it(kind, tmp_path):
    content, line = BROKEN[kind]
    file = tmp_path / "report.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for given_path in (file, tmp_path):
        with pytest.raises(ContentError, match=line) as caught:
            load_report(given_path)
        assert str(caught.value).startswith(f"{file}: ")
        assert "\n" not in str(caught.value)


def test_a_file_with_several_reports_is_read_whole_and_a_broken_one_is_told_by_its_number(tmp_path):
    file = tmp_path / "reports.json"
    file.write_text(json.dumps([SCHEMA_1, document(created="later")]))
    assert [report.created for report in load_reports(file)] == [SCHEMA_1["created"], "later"]
    file.write_text(json.dumps([SCHEMA_1]))
    assert load_report(file) == a_report()
    file.write_text(json.dumps([SCHEMA_1, {"name": "other"}]))
    with pytest.raises(ContentError) as caught:
        load_reports(file)
    assert str(caught.value) == f"{file}, report 2: {NO_REPORT}"


def test_a_report_that_is_not_there_is_one_line(tmp_path):
    for path, file in ((tmp_path / "a.json", tmp_path / "a.json"), (tmp_path, tmp_path / "report.json")):
        with pytest.raises(ContentError) as caught:
            load_report(path)
        assert str(caught.value) == f"{file}: cannot be read (No such file or directory); needed a report.json"


@pytest.mark.parametrize(
    ("score", "printed"),
    [
        (Score(28.9341, "lower", error=0.2042), ("28.93", "0.20")),
        (Score(28.9341, "lower", error=2.042), ("28.9", "2.0")),
        (Score(2893.41, "lower", error=20.42), ("2893", "20")),
        (Score(2893.41, "lower", error=204.2), ("2893", "204")),
        (Score(-0.000123, "lower", error=0.000045), ("-0.000123", "0.000045")),
        (Score(0.5, "higher"), ("0.5", "")),
        (Score(1234.5678, "lower"), ("1235", "")),
        (Score(1.0, "higher", error=0.0), ("1", "0")),
        (Score(10, "higher", total=10), ("10 of 10", "")),
        (Score(0.04, "lower", total=100), ("0.04", "")),
    ],
)
def test_an_error_is_printed_to_two_digits_and_its_value_to_the_same_place(score, printed):
    assert measured(score) == printed


def test_only_inceptions_frechet_distance_is_called_fid_alone():
    headings = {
        ("inception", "2048"): "FID",
        ("digits", "features"): "FID (digits classifier)",
        ("stacked-mnist", "features of each channel"): "FID (stacked-mnist classifier)",
        ("cats", "features"): "FID (cats classifier)",
        ("mine:features", "features"): "FID (mine:features)",
        ("dinov2-vit-b-14", "dinov2"): "FD-DINOv2",
        ("vgg16", "fc2_relu"): "FID (vgg16)",
        ("points", "coordinates"): "FID (points)",
    }
    protocols = {key: Protocol("tf1", *key, "published", None, "tf1-bilinear") for key in headings}
    assert {key: fid_heading(protocol) for key, protocol in protocols.items()} == headings


def test_the_protocol_in_one_line_says_all_that_decides_a_number():
    line = replace(a_report().protocol, weights_sha256="0123456789abcdef", weights="custom").line()
    for part in ("tf1", "inception", "2048", "custom", "01234567", "tf1-bilinear", "float32", "seed 2020", "3 and 5"):
        assert part in line
    assert "weights)" in replace(a_report().protocol, weights_sha256=None).line()
