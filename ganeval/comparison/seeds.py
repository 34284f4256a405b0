"""The seeds of one model: what they share, and one row for all of them. Known from the reports alone."""

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

    A configuration that an earlier version recorded under other names is the same.

    >>> from ganeval.reports.report import ImageSet, Protocol
    >>> protocol = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> kind_of(Report("0.1.0", "", ImageSet("mine-seed3", "", 1), ImageSet("real", "", 1), protocol, {}))
    'mine'
    """
    training = report.more.get("training")
    if not isinstance(training, dict) or not isinstance(config := training.get("config"), dict):
        return without_seed(report.samples.name)
    from reference_models.configuration.config import as_of_today  # without torch

    direction = report.samples.name.rpartition(" ")[2] if "→" in report.samples.name else ""
    shared = {key: value for key, value in as_of_today(config).items() if key != "seed"}
    return json.dumps([training.get("data"), training.get("count"), direction, shared], sort_keys=True)


def without_seed(name: str) -> str:
    """A name without the number of its seed.

    >>> without_seed("digits-dcgan-s0"), without_seed("digits-cyclegan-s0 digit→outline"), without_seed("classes3")
    ('digits-dcgan', 'digits-cyclegan digit→outline', 'classes3')
    """
    head, space, arrow = name.partition(" ") if "→" in name else (name, "", "")
    return (SEED.sub("", head) or head) + space + arrow


def rows_of_seeds(stored: Sequence[StoredReport]) -> list[Row]:
    """One row for all seeds of a model, by their name without the seed; the same images given twice are one seed."""
    kinds: dict[str, dict[object, StoredReport]] = {}
    for part in stored:
        seeds = kinds.setdefault(kind_of(part.report), {})
        twin = seeds.setdefault(part.report.samples.fingerprint or id(part), part)
        if twin is not part:
            names = " and ".join(dict.fromkeys(str(run.folder or run.report.samples.name) for run in (twin, part)))
            warnings.warn(f"{names}: the same images, counted as one seed", GanevalWarning, stacklevel=4)
    rows = []
    for seeds in kinds.values():
        seed_names = [part.report.samples.name for part in seeds.values()]
        bare = {without_seed(name) for name in seed_names}
        rows.append(Row.of(bare.pop() if len(bare) == 1 < len(seed_names) else seed_names[0], list(seeds.values())))
    return rows
