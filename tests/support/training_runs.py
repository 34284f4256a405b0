"""A training request as a worker prepares it, in one call."""

from ganeval.progress import silent
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
