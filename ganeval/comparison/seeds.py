"""The seeds of one model: what they share, and one line for all of them. Told from the reports alone."""

import json
import re
import warnings
from collections.abc import Sequence

from ganeval.comparison.rows import Row
from ganeval.errors import GanevalWarning
from ganeval.reports.report import Report
from ganeval.reports.run_folders import StoredReport

SEED = re.compile(r"(?:[-_ ]s|[-_ ]?seed)[-_ ]?\d+$")


def kind_of(report: Report) -> str:
    """What the seeds of one model share: its configuration but for the seed, else its name without a seed's number.

    >>> from ganeval.reports.report import ImageSet, Protocol
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> kind_of(Report("0.1.0", "", ImageSet("mine-seed3", "", 1), ImageSet("real", "", 1), how, {}))
    'mine'
    """
    training = report.more.get("training")
    if not isinstance(training, dict) or not isinstance(config := training.get("config"), dict):
        return without_seed(report.samples.name)
    direction = report.samples.name.rpartition(" ")[2] if "→" in report.samples.name else ""
    shared = {key: value for key, value in config.items() if key != "seed"}
    return json.dumps([training.get("data"), training.get("count"), direction, shared], sort_keys=True)


def without_seed(name: str) -> str:
    """A name without the number of its seed.

    >>> without_seed("digits-dcgan-s0"), without_seed("digits-cyclegan-s0 digit→outline"), without_seed("classes3")
    ('digits-dcgan', 'digits-cyclegan digit→outline', 'classes3')
    """
    head, space, arrow = name.partition(" ") if "→" in name else (name, "", "")
    return (SEED.sub("", head) or head) + space + arrow


def rows_by_kind(found: Sequence[StoredReport]) -> list[Row]:
    """One row for each kind of run; the same pictures given twice are one seed, not two."""
    kinds: dict[str, dict[object, StoredReport]] = {}
    for one in found:
        seeds = kinds.setdefault(kind_of(one.report), {})
        known = seeds.setdefault(one.report.samples.fingerprint or id(one), one)
        if known is not one:
            names = " and ".join(dict.fromkeys(str(twin.folder or twin.report.samples.name) for twin in (known, one)))
            warnings.warn(f"{names}: the same pictures, taken for one seed", GanevalWarning, stacklevel=4)
    return [_row(list(seeds.values())) for seeds in kinds.values()]


def _row(seeds: Sequence[StoredReport]) -> Row:
    """Called by its name without the seed, where that leaves one name, else by the first."""
    names = [one.report.samples.name for one in seeds]
    bare = {without_seed(name) for name in names}
    name = bare.pop() if len(bare) == 1 and len(names) > 1 else names[0]
    return Row(name, tuple(one.report for one in seeds), folders=tuple(one.folder for one in seeds))
