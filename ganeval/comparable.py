"""Whether two reports' numbers may stand side by side: same protocol, same weights, same reference, same counts."""

from dataclasses import asdict

from ganeval.report import Protocol, Report


def differences(one: Report, other: Report) -> list[str]:
    """What keeps two reports from being compared, each as `what: the first's, not the second's`; empty where nothing.

    The seed of a training is no part of it, nor what the samples are called. An extractor's own keys in a protocol
    count as the known ones do.

    >>> from ganeval.report import ImageSet
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> report = Report("0.1.0", "", ImageSet("a", "a/", 500), ImageSet("real", "real/", 500), how, {})
    >>> fewer = Report("0.1.0", "", ImageSet("b", "b/", 400), ImageSet("real", "real/", 500), how, {})
    >>> differences(report, fewer)
    ['number of samples: 500, not 400']
    """
    found = _protocols(one.protocol, other.protocol)
    if one.reference.fingerprint != other.reference.fingerprint or _only_names(one, other):
        found.append(f"reference: {_reference(one)}, not {_reference(other)}")
    elif one.reference.count != other.reference.count:
        found.append(f"number of reference images: {_count(one.reference.count)}, not {_count(other.reference.count)}")
    if one.samples.count != other.samples.count:
        found.append(f"number of samples: {_count(one.samples.count)}, not {_count(other.samples.count)}")
    return found


def _protocols(one: Protocol, other: Protocol) -> list[str]:
    mine, theirs = _settings(one), _settings(other)
    keys = [*mine, *[key for key in theirs if key not in mine]]
    return [
        f"{key}: {_short(mine.get(key))}, not {_short(theirs.get(key))}"
        for key in keys
        if mine.get(key) != theirs.get(key)
    ]


def _settings(protocol: Protocol) -> dict[str, object]:
    document = asdict(protocol)
    more = document.pop("more")
    document.pop("precision_effect")  # measured, not chosen
    settings = {"protocol": document.pop("name"), **document, **more}
    return {key.replace("_", " "): value for key, value in settings.items()}


def _only_names(one: Report, other: Report) -> bool:
    """Whether two references without fingerprints, as reports of early versions have, go by different names."""
    return one.reference.fingerprint is None and one.reference.name != other.reference.name


def _reference(report: Report) -> str:
    mark = report.reference.fingerprint
    return report.reference.name + (f" ({mark.removeprefix('sha256:')[:8]})" if mark else "")


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 else text  # a sha256


def _count(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"
