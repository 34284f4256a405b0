"""Runs side by side: what may be compared, best, rank, differences, seeds, names, yardsticks, baselines."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from example_reports import PROTOCOL, REFERENCE, as_run, of_set, scored, trained
from scipy import stats

from ganeval.comparison import compare, kind_of, mean_score
from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.comparison.rows import Row, distinct
from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.reports.report import ImageSet, Score
from ganeval.reports.run_folders import StoredReport
from ganeval.tables.terminal import plain_text


def names(group):
    return [row.name for row in group.rows]


def only(comparison):
    (group,) = comparison.groups
    return group


def row_of(group, name):
    return next(row for row in group.rows if row.name == name)


# what may be compared

OTHER_PROTOCOLS = {
    "protocol": ("name", "clean", "tf1"), "extractor": ("extractor", "inception", "digits"),
    "layer": ("layer", "2048", "features"), "weights": ("weights", "custom", "published"),
    "resize": ("resize", "pil", "tf1-bilinear"), "covariance": ("covariance", "n", "n-1"), "seed": ("seed", 1, 2020),
    "k precision recall": ("k_precision_recall", 5, 3), "k density coverage": ("k_density_coverage", 3, 5),
    "precision": ("precision", "bf16", "float32"), "decoder": ("decoder", "nvjpeg", "pillow"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER_PROTOCOLS)
def test_another_protocol_is_a_group_apart_that_says_what_differs(what):
    key, value, usual = OTHER_PROTOCOLS[what]
    other = replace(scored("b", 1.0, recall=0.5), protocol=replace(PROTOCOL, **{key: value}))
    groups = compare([scored("a", 2.0), other]).groups
    assert [names(group) for group in groups] == [["a"], ["b"]]
    assert [group.differs for group in groups] == [(), (f"{what}: {value}, not {usual}",)]


@pytest.mark.parametrize("key", ["k_precision_recall", "k_density_coverage"])
def test_another_k_keeps_apart_only_where_a_score_that_is_compared_depends_on_it(key):
    usual, other = scored("a", 2.0), replace(scored("b", 1.0), protocol=replace(PROTOCOL, **{key: 7}))
    assert names(only(compare([usual, other]))) == ["b", "a"]
    assert [len(group.rows) for group in compare([usual, other, scored("c", 3.0, recall=0.5)]).groups] == [2, 1]
    assert [len(group.rows) for group in compare([usual, other, scored("c", 3.0, of_later=0.5)]).groups] == [2, 1]


def test_other_weights_counts_and_references_are_groups_apart():
    usual = scored("a", 1.0)
    others = {
        f"weights sha256: {'9' * 12}, not {'ab' * 6}": replace(
            usual, protocol=replace(PROTOCOL, weights_sha256="9" * 64)
        ),
        "number of samples: 999, not 1,000": of_set(usual, count=999),
        "number of samples: unknown, not 1,000": of_set(usual, count=None),
        "reference: digits:test (ee), not digits:test (cd)": replace(
            usual, reference=replace(REFERENCE, fingerprint="sha256:ee")
        ),
        "number of reference images: 400, not 500": replace(usual, reference=replace(REFERENCE, count=400)),
        "antialias: True, not none": replace(usual, protocol=replace(PROTOCOL, more={"antialias": True})),
    }
    comparison = compare([usual, *others.values()])
    assert [group.differs for group in comparison.groups] == [(), *[(line,) for line in others]]


def test_names_of_samples_and_of_the_reference_do_not_decide_what_is_comparable():
    other = replace(scored("b", 1.0), reference=replace(REFERENCE, name="my copy", source="elsewhere/"))
    assert reasons_not_comparable(scored("a", 1.0), other) == []
    bare = [replace(scored("a"), reference=ImageSet(name, "", 500)) for name in ("real.npz", "other.npz")]
    assert reasons_not_comparable(*bare) == ["reference: real.npz, not other.npz"]
    assert reasons_not_comparable(bare[0], replace(bare[0], samples=bare[1].samples)) == []


def test_the_largest_group_comes_first_and_that_of_a_baseline_before_it():
    small = [of_set(scored("small", 1.0), count=10)]
    large = [scored("x", 1.0), scored("y", 2.0)]
    assert [names(group) for group in compare([*small, *large]).groups] == [["x", "y"], ["small"]]
    yardsticks = [of_set(scored(name, 9.0), source=name, count=10) for name in ("noise", "real (train)")]
    assert names(compare([*small, *yardsticks, *large]).groups[0]) == ["x", "y"]
    comparison = compare([*small, *large], baseline="small")
    assert [names(group) for group in comparison.groups] == [["small"], ["x", "y"]]
    assert comparison.groups[1].differs == ("number of samples: 1,000, not 10",)
    assert comparison.groups[1].baseline is None
    assert comparison.has_baseline


# sorting, rank and best


def test_rows_are_sorted_by_the_better_direction_of_the_score():
    reports = [scored("a", 3.0, recall=0.1), scored("b", 1.0, recall=0.3), scored("c", 2.0, recall=0.2)]
    assert names(only(compare(reports))) == ["b", "c", "a"]
    assert names(only(compare(reports, sort="recall"))) == ["b", "c", "a"]
    assert names(only(compare(reports, sort="name"))) == ["a", "b", "c"]


def test_names_are_sorted_with_their_numbers_as_numbers():
    reports = [scored(f"run-s{seed}", 1.0) for seed in (10, 9, 1)]
    assert names(only(compare(reports, sort="name"))) == ["run-s1", "run-s9", "run-s10"]


def test_equal_scores_share_a_rank_and_the_next_rank_is_skipped():
    reports = [scored("a", 1.0), scored("b", 1.0), scored("c", 2.0), scored("d", kid=1.0)]
    group = only(compare(reports, sort="fid"))
    assert [group.rank(row) for row in group.rows] == [1, 1, 3, None]
    assert [row.name for row in group.best("fid")] == ["a", "b"]
    assert group.rank(row_of(group, "d"), "kid") == 1
    assert group.best("recall") == ()


def test_the_only_row_with_a_score_is_not_marked_as_best():
    group = only(compare([scored("a", 1.0, recall=0.5), scored("b", 2.0)]))
    marked = [[row.name for row in group.rows if group.is_best(row, name)] for name in ("fid", "recall")]
    assert marked == [["a"], []]
    assert [row.name for row in group.best("recall")] == ["a"]


def test_the_score_of_sorting_is_in_tables_even_if_it_is_no_headline():
    reports = [scored("a", 1.0, psnr=20.0), scored("b", 2.0, psnr=10.0)]
    assert only(compare(reports, sort="psnr")).table_scores == ("psnr", "fid")
    assert only(compare(reports)).table_scores == only(compare(reports, sort="name")).table_scores == ("fid",)
    assert only(compare([scored("a", psnr=20.0)])).table_scores == ("psnr",)


def test_a_higher_score_is_the_best_where_higher_is_better():
    group = only(compare([scored("a", recall=0.2), scored("b", recall=0.9)]))
    assert [row.name for row in group.best("recall")] == ["b"]
    assert [group.rank(row, "recall") for row in group.rows] == [1, 2]


def test_without_fid_the_first_headline_sorts_and_unknown_scores_are_refused():
    group = only(compare([scored("a", recall=0.2, psnr=3.0), scored("b", recall=0.9)]))
    assert (group.sort, names(group)) == ("recall", ["b", "a"])
    with pytest.raises(UsageError, match=r"unknown score to sort by 'fdi': did you mean 'fid'\? \(known: name, fid\)"):
        compare([scored("a", 1.0)], sort="fdi")
    with pytest.raises(UsageError, match="unknown score to sort by 'fid'"):
        compare([scored("a", recall=0.2)], sort="fid")
    assert only(compare([scored("b"), scored("a")])).sort == "name"


def test_a_group_without_the_score_of_sorting_has_no_ranks_and_is_sorted_by_name():
    apart = [of_set(scored(name, kid=value), count=10) for name, value in (("z", 1.0), ("y", 2.0))]
    groups = compare([scored("a", 1.0), *apart], sort="fid").groups
    assert [names(group) for group in groups] == [["y", "z"], ["a"]]
    assert [groups[0].rank(row) for row in groups[0].rows] == [None, None]


def test_scores_are_headlines_first_then_as_the_reports_have_them():
    group = only(compare([scored("a", fid_last=2.0, of_tomorrow=1.0, kid=0.1), scored("b", 1.0)]))
    assert group.names == ("fid", "kid", "fid_last", "of_tomorrow")


# yardsticks


def test_real_data_is_first_and_noise_last_and_neither_is_ranked():
    real, noise = (
        of_set(scored("real (train)", 9.0), source="real (train)"),
        of_set(scored("noise", 0.1), source="noise"),
    )
    group = only(compare([noise, scored("b", 2.0), real, scored("a", 1.0)]))
    assert names(group) == ["real (train)", "a", "b", "noise"]
    assert [row.yardstick for row in group.rows] == ["real", None, None, "noise"]
    assert [group.rank(row) for row in group.rows] == [None, 1, 2, None]
    assert [row.name for row in group.best("fid")] == ["a"]
    assert [row.name for row in group.contenders] == ["a", "b"]


@pytest.mark.parametrize(
    ("samples", "reference", "yardstick"),
    [
        ("digits:train", "digits:test", "real"),
        ("digits", "digits:test", "real"),
        ("mnist:train", "digits:test", None),
        ("out/digits", "out/real", None),
        ("my.module:generate", "my.module:real", None),
        ("C:\\out", "C:\\real", None),
        ("results/noise", "digits:test", None),
    ],
)
def test_samples_of_the_references_own_data_set_are_real(samples, reference, yardstick):
    report = replace(of_set(scored("a", 1.0), source=samples), reference=replace(REFERENCE, source=reference))
    assert Row("a", (report,)).yardstick == yardstick


# differences


def test_a_difference_has_the_errors_of_the_samples_side_and_is_marked_beyond_1_96_of_them():
    def with_errors(name, value, error_samples):
        return scored(name, fid=Score(value, "lower", error=9.0, error_samples=error_samples))

    group = only(compare([with_errors("base", 1.0, 3.0), with_errors("other", 2.5, 4.0)], baseline="base"))
    delta = group.delta(row_of(group, "other"), "fid")
    assert (delta.value, delta.error, delta.outside) == (1.5, 5.0, False)
    assert group.delta(row_of(group, "base"), "fid") is None
    for value, outside in ((1.0 + 9.79, False), (1.0 + 9.81, True), (1.0 - 9.81, True)):
        pair = only(compare([with_errors("base", 1.0, 3.0), with_errors("other", value, 4.0)], baseline="base"))
        assert pair.delta(row_of(pair, "other"), "fid").outside is outside


def test_without_an_error_on_both_sides_a_difference_is_not_marked():
    exact, usual = Score(1.0, "lower"), Score(100.0, "lower", error=0.1)
    for base, other in ((exact, usual), (usual, exact)):
        group = only(compare([scored("base", fid=base), scored("other", fid=other)], baseline="base"))
        delta = group.delta(row_of(group, "other"), "fid")
        assert (delta.value, delta.error, delta.outside) == (other.value - base.value, None, False)
    group = only(compare([scored("base", 1.0), scored("other", kid=1.0)], baseline="base"))
    assert group.delta(row_of(group, "other"), "fid") is None
    assert group.delta(row_of(group, "other"), "kid") is None
    assert only(compare([scored("base", 1.0)])).delta(group.rows[0], "fid") is None


def test_an_error_of_zero_marks_any_difference_and_none_where_there_is_none():
    def zero(name, value):
        return scored(name, fid=Score(value, "lower", error=0.0))

    group = only(compare([zero("a", 1.0), zero("b", 1.0), zero("c", 1.5)], baseline="a"))
    assert [group.delta(row_of(group, name), "fid").outside for name in "bc"] == [False, True]


# baselines


def test_a_baseline_is_a_name_a_path_or_a_report_and_may_be_another_one(tmp_path):
    base, other = scored("base", 1.0), scored("other", 2.0)
    run = as_run(base, tmp_path / "there")
    file = tmp_path / "base.json"
    file.write_text(base.to_json())
    for given in ("base", base, run, str(run), file, StoredReport(base, run)):
        group = only(compare([base, other], baseline=given))
        assert (group.baseline.name, names(group)) == ("base", ["base", "other"])
        group = only(compare([other], baseline=given)) if given != "base" else group
        assert (group.baseline.name, names(group)) == ("base", ["base", "other"])
    assert only(compare([run, other], baseline="there")).baseline.name == "base"


def test_an_unknown_or_ambiguous_baseline_is_refused(tmp_path):
    reports = [scored("dcgan", 1.0), scored("vanilla", 2.0)]
    with pytest.raises(UsageError, match=r"unknown baseline 'dcgna': did you mean 'dcgan'\? \(known: dcgan, vanilla\)"):
        compare(reports, baseline="dcgna")
    twice = [StoredReport(scored("out", fid), tmp_path / name / "out") for name, fid in (("a", 1.0), ("b", 2.0))]
    with pytest.raises(UsageError, match=r"baseline out: found 2 rows of this name \(a/out, b/out\), needed one"):
        compare(twice, baseline="out")
    assert only(compare(twice, baseline="b/out")).baseline.score("fid").value == 2.0


def test_a_translations_run_is_a_baseline_in_both_its_groups(tmp_path):
    there, back = scored("run a→b", 1.0), replace(scored("run b→a", 2.0), reference=replace(REFERENCE, fingerprint="x"))
    as_run(there, tmp_path / "run")
    (tmp_path / "run" / "report-back.json").write_text(back.to_json())
    other = [replace(scored("other a→b", 3.0)), replace(back, samples=scored("other b→a").samples)]
    for given in (tmp_path / "run", "run"):
        groups = compare([tmp_path / "run", *other], baseline=given).groups
        assert [group.baseline.name for group in groups] == ["run a→b", "run b→a"]


def test_seeds_are_one_baseline_by_the_name_of_any():
    reports = [trained(f"d-s{seed}", fid, seed) for seed, fid in enumerate((1.0, 2.0, 6.0))]
    for given in ("d", "d-s1", reports[2]):
        group = only(compare([*reports, scored("x", 4.0)], group=True, baseline=given))
        assert group.baseline.name == "d"
        assert group.delta(row_of(group, "x"), "fid").value == pytest.approx(1.0)


# seeds


def test_seeds_of_one_configuration_are_a_row_of_mean_and_standard_deviation():
    fids = [1.0, 2.0, 4.5]
    reports = [trained(f"digits-dcgan-s{seed}", fid, seed, lr=1) for seed, fid in enumerate(fids)]
    comparison = compare([*reports, trained("digits-dcgan-s9", 9.0, 9, lr=2)], group=True)
    row, other = only(comparison).rows
    assert (row.name, len(row.reports), other.name) == ("digits-dcgan", 3, "digits-dcgan-s9")
    score = row.score("fid")
    assert (score.value, score.error) == pytest.approx((np.mean(fids), np.std(fids, ddof=1)))
    assert row.standard_error("fid") == pytest.approx(np.std(fids, ddof=1) / math.sqrt(3))
    assert comparison.has_seeds
    assert not compare(reports).has_seeds


def marked(new, old):
    """Whether the mean of seeds is marked as different from another, and the difference."""
    reports = [trained(f"{name}-s{seed}", fid, seed, kind=name)
               for name, fids in (("new", new), ("old", old)) for seed, fid in enumerate(fids)]  # fmt: skip
    group = only(compare(reports, group=True, baseline=f"old{'-s0' * (len(old) == 1)}"))
    return group.delta(next(row for row in group.rows if row is not group.baseline), "fid")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ([2.0, 2.2, 2.3], [1.9, 2.05, 1.8]),  # beyond 1.96 standard errors, and within Student's 2.8
        ([2.0, 2.2, 2.3, 2.1], [1.0, 1.2]),
        ([5.0, 2.2], [1.0, 1.2, 1.1, 1.3, 0.9]),
    ],
)
def test_between_seeds_a_difference_is_marked_by_welchs_test(new, old):
    delta = marked(new, old)
    expected = stats.ttest_ind(new, old, equal_var=False)
    assert delta.value / delta.error == pytest.approx(expected.statistic)
    assert delta.outside is bool(expected.pvalue < 0.05)


@pytest.mark.parametrize("lone", [1.3, 1.9])
def test_a_single_run_beside_seeds_is_one_more_draw_from_their_spread(lone):
    seeds = [1.0, 1.2, 0.9, 1.1, 1.05]
    expected = stats.ttest_ind([lone], seeds, equal_var=True)
    for delta, sign in ((marked([lone], seeds), 1), (marked(seeds, [lone]), -1)):
        assert sign * delta.value / delta.error == pytest.approx(expected.statistic)
        assert delta.outside is bool(expected.pvalue < 0.05)


def test_false_alarms_between_few_seeds_of_equal_models_are_at_most_5_per_cent():
    generator = np.random.default_rng(0)
    trials = 400
    outside = [marked(*generator.normal(2.0, 0.3, (2, 3)).tolist()).outside for _ in range(trials)]
    assert 0 < sum(outside) / trials <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


def test_real_images_beside_seeds_keep_their_own_error():
    seeds = [trained(f"d-s{seed}", fid, seed) for seed, fid in enumerate((1.0, 3.0))]
    real = of_set(scored("real (train)", 0.5), source="real (train)")
    group = only(compare([*seeds, real], group=True, baseline="d"))
    assert group.delta(row_of(group, "real (train)"), "fid").error == pytest.approx(math.hypot(1.0, 0.1))


def test_a_score_missing_from_some_seeds_is_the_mean_of_the_others():
    reports = [trained("d-s0", 1.0, 0), trained("d-s1", 2.0, 1), trained("d-s2", 3.0, 2)]
    extra = [
        replace(report, scores={**report.scores, "kid": Score(value, "lower")})
        for report, value in zip(reports[:2], (1.0, 3.0), strict=True)
    ]
    (row,) = only(compare([*extra, reports[2]], group=True)).rows
    assert row.score("kid") == Score(2.0, "lower", error=pytest.approx(math.sqrt(2)))
    assert row.standard_error("kid") == pytest.approx(1.0)
    (row,) = only(compare([extra[0], *reports[1:]], group=True)).rows
    assert (row.score("kid").error, row.standard_error("kid")) == (None, None)


def test_models_with_other_numbers_of_training_images_are_not_seeds_of_one():
    few = trained("d-s1", 2.0, 1)
    few = replace(few, more={"training": {**few.more["training"], "count": 10}})
    assert names(only(compare([trained("d-s0", 1.0), few], group=True))) == ["d-s0", "d-s1"]


def test_the_same_images_twice_are_one_seed():
    report = trained("d-s0", 1.0)
    with pytest.warns(GanevalWarning, match="^d-s0: the same images, counted as one seed$"):
        (row,) = only(compare([report, replace(report, created="later")], group=True)).rows
    assert (row.name, len(row.reports), row.score("fid").error) == ("d-s0", 1, 0.1)


def test_seeds_trained_before_and_after_the_settings_had_their_names_of_today_are_of_one_model():
    earlier = {"model": "dcgan", "critic_moves": 2, "penalty": "r1", "penalty_weight": 5.0, "decay": "none"}
    today = {"model": "dcgan", "n_critic": 2, "r1": 5.0, "lr_decay": "none", "gradient_penalty": 0.0}
    runs = [trained("d-s0", 1.0, 0, **earlier), trained("d-s1", 2.0, 1, **today)]
    (row,) = only(compare(runs, group=True)).rows
    assert (row.name, len(row.reports)) == ("d", 2)
    other = trained("d-s1", 2.0, 1, **{**today, "r1": 4.0})
    assert len(only(compare([runs[0], other], group=True)).rows) == 2


def test_without_a_training_configuration_the_name_without_its_seed_groups_seeds():
    kinds = {name: kind_of(scored(name)) for name in ("mine-s1", "mine_seed2", "mine seed 3", "mine", "classes3", "s1")}
    assert list(kinds.values()) == ["mine", "mine", "mine", "mine", "classes3", "s1"]


def test_the_two_directions_of_a_translation_are_two_rows():
    reports = [trained(f"c-s{seed} {way}", 1.0 + seed, seed) for seed in (0, 1) for way in ("a→b", "b→a")]
    rows = only(compare(reports, group=True)).rows
    assert sorted((row.name, len(row.reports)) for row in rows) == [("c a→b", 2), ("c b→a", 2)]


def test_the_mean_of_one_seed_has_no_error():
    assert mean_score([Score(2.0, "higher", error=0.5, total=10)]) == Score(2.0, "higher", total=10)


# names


def test_runs_of_one_name_get_their_folders_names(tmp_path):
    stored = [
        StoredReport(scored("dcgan", fid), tmp_path / where) for fid, where in ((1.0, "a/dcgan"), (2.0, "b/dcgan"))
    ]
    assert names(only(compare(stored))) == ["a/dcgan", "b/dcgan"]
    deep = [StoredReport(scored("d", fid), tmp_path / where) for fid, where in ((1.0, "x/same/d"), (2.0, "y/same/d"))]
    assert names(only(compare(deep))) == ["x/same/d", "y/same/d"]
    other = [StoredReport(scored("out", fid), tmp_path / where) for fid, where in ((1.0, "first"), (2.0, "second"))]
    assert names(only(compare(other))) == ["first/out", "second/out"]


def test_runs_of_one_name_without_folders_are_numbered():
    assert names(only(compare([scored("a", 1.0), scored("a", 2.0), scored("a", 3.0)]))) == ["a", "a (2)", "a (3)"]
    rows = [Row(name, ()) for name in ("a", "a", "a (2)")]
    assert [row.name for row in distinct(rows)] == ["a", "a (2)", "a (2) (2)"]


# what is given


def test_one_path_or_report_needs_no_list(tmp_path):
    run = as_run(scored("a", 1.0), tmp_path / "results" / "a")
    for given in (str(run), run, run / "report.json", str(tmp_path / "results"), scored("a", 1.0)):
        assert names(only(compare(given))) == ["a"]
    assert only(compare(run)).rows[0].folders == (run,)


def test_no_reports_and_missing_paths_are_refused(tmp_path):
    with pytest.raises(UsageError, match="compare: found no reports, needed at least one"):
        compare([])
    with pytest.raises(UsageError, match="no such file or folder"):
        compare([tmp_path / "gone"])
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ContentError, match="found no ganeval report"):
        compare([tmp_path / "a.json"])


def test_nan_and_infinity_are_left_out_with_a_warning_and_never_the_best():
    reports = [scored("nan", math.nan, recall=0.5), scored("inf", -math.inf), scored("a", 1.0)]
    with pytest.warns(GanevalWarning) as caught:
        group = only(compare(reports))
    assert [str(warning.message) for warning in caught] == [
        "nan: the value of fid is nan, which is no number: left out",
        "inf: the value of fid is -inf, which is no number: left out",
    ]
    assert names(group) == ["a", "inf", "nan"]
    assert [row.name for row in group.best("fid")] == ["a"]
    assert [group.rank(row) for row in group.rows] == [1, None, None]


def test_a_nan_error_bar_is_an_unknown_error():
    with pytest.warns(GanevalWarning, match="a: the error of fid is nan, which is no number: left out"):
        row = only(compare([scored("a", fid=Score(1.0, "lower", error=math.nan, error_samples=0.5))])).rows[0]
    assert row.score("fid") == Score(1.0, "lower", error=None, error_samples=0.5)


def test_a_finite_report_is_kept_as_the_same_object_without_warnings():
    report = scored("a", 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert only(compare([report])).rows[0].report is report


def test_an_unfinished_run_in_a_folder_is_a_warning(tmp_path):
    as_run(scored("a", 1.0), tmp_path / "a")
    (as_run(scored("b", 1.0), tmp_path / "b") / "report.json").unlink()
    with pytest.warns(GanevalWarning, match=r"b: unfinished \(no report\.json\)"):
        assert names(only(compare(tmp_path))) == ["a"]


class CountedRow(Row):
    """Counts how often a row is asked for a score."""

    asked = 0

    def score(self, name):
        CountedRow.asked += 1
        return super().score(name)


def test_the_work_is_linear_in_runs(monkeypatch):
    """No row is looked at again for each other row: in the table of 400 runs as often, a row, as in that of 100."""
    monkeypatch.setattr("ganeval.comparison.comparing.Row", CountedRow)
    asked = []
    for count in (100, 400):
        CountedRow.asked = 0
        text = plain_text(compare([scored(f"run{i}", i % 7) for i in range(count)], baseline="run0"))
        assert len(text.splitlines()) > count
        asked.append(CountedRow.asked / count)
    assert 0 < asked[1] <= 1.01 * asked[0]
