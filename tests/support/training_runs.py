"""A training request as a worker prepares it, and its data alone, in one call."""

from typing import Any

from ganeval.progress import Tick, silent
from ganeval.sources.opening import Opening
from ganeval.training.data.dataset import Splits, open_splits
from ganeval.training.data.domains import Domains, open_domains
from ganeval.training.plan import validate
from ganeval.training.run import Prepared, load, open_extraction
from ganeval.training.run_request import RunRequest


def prepare(request: RunRequest) -> Prepared:
    """The data and the extractor of a request."""
    plan = validate(request)
    return load(plan, open_extraction(plan, silent), silent)


def prepare_unscored(request: RunRequest) -> Prepared:
    """The data of a request, without an extractor."""
    return load(validate(request), None, silent)


def load_splits(source: str, *, size: int | None = None, tick: Tick = silent, **opening: Any) -> Splits:
    """The three splits of a source."""
    return open_splits(source, Opening(**opening), size=size).read(tick)


def load_domains(source: str, other: str | None = None, *, size: int | None = None) -> Domains:
    """The two domains of a source, or of two."""
    return open_domains(source, other, Opening(), size=size).read()
