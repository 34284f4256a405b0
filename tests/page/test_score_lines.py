"""The lines of a card: the position of each score on its scale."""

from dataclasses import replace

from example_pages import (
    scored,
)

from ganeval.comparison import compare
from ganeval.page.score_lines import score_lines
from ganeval.reports.report import Score


def test_the_dot_of_a_line_is_at_its_value_on_the_scale() -> None:
    names = {"precision": (0.25, 0.05), "inception_score": (5.0, 1.0), "kid": (0.0, 0.5)}
    real = scored("r", {"precision": (0.9, 0.01), "inception_score": (9.0, 0.0), "kid": (-1.0, 0.1)}, "real (train)")
    noise = scored("n", {"precision": (0.0, 0.0), "inception_score": (1.0, 0.0), "kid": (70.0, 0.1)}, "noise")
    group = compare([scored("a", names), real, noise]).groups[0]
    tracks = {name: line.track for name, line in score_lines(group, group.contenders[0]).items()}
    precision, inception, kid = (tracks[name] for name in names)
    assert precision is not None
    assert inception is not None
    assert kid is not None
    assert (precision.at, precision.low, precision.high, precision.real, precision.noise) == (25, 20, 30, 90, 0)
    # from 1 to 1 + 8 · 1.06
    assert (inception.at, inception.real, inception.noise) == (47.17, 94.34, 0)
    # from -1 to -1 + 1.5 · 1.06; noise is far off
    assert (kid.at, kid.real, kid.noise) == (62.89, 0, None)


def test_the_ends_of_a_scale_are_plain_numbers() -> None:
    report = scored("a", {"fid": (1234.5, 0.1), "kid": (-0.0073, 0.001)})
    modes = {"modes_covered": Score(2877, "higher", total=3000)}
    other = scored("b", {"fid": (100.0, 0.1), "kid": (0.05, 0.001)})
    group = compare([replace(report, scores={**report.scores, **modes}), other]).groups[0]
    ends = {name: line.track.ends for name, line in score_lines(group, group.contenders[1]).items() if line.track}
    assert ends["modes_covered"] == ("0", "3,000")
    assert ends["fid"] == ("0", "1,309")  # (1234.5 + 0.1) · 1.06
    assert ends["kid"] == ("−0.007", "0.054")  # (0.051 + 0.0073) · 1.06 - 0.0073
