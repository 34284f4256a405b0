"""ganeval scores generated images: IS, FID, KID, precision/recall, density/coverage and mode coverage.

Every number comes with an error bar and with all that is needed to repeat it. The names below are loaded when first
used: `import ganeval` imports no torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ganeval.version import __version__

if TYPE_CHECKING:
    from ganeval.comparison import compare
    from ganeval.errors import BadImage, ContentError, GanevalError, GanevalWarning, MissingWeights, UsageError
    from ganeval.evaluation.evaluator import Evaluator, evaluate
    from ganeval.evaluation.families import score_features
    from ganeval.evaluation.settings import Settings
    from ganeval.gating import gate
    from ganeval.metrics.modes import js_divergence, kl_divergence
    from ganeval.reports.report import Report, Score, load_report, load_reports
    from ganeval.runtime.distributed import own_device, ranks_of_torchrun
    from ganeval.sources.datasets import open_dataset

_NAMES = {
    "comparison": ("compare",),
    "errors": ("BadImage", "ContentError", "GanevalError", "GanevalWarning", "MissingWeights", "UsageError"),
    "evaluation.evaluator": ("Evaluator", "evaluate"),
    "evaluation.families": ("score_features",),
    "evaluation.settings": ("Settings",),
    "gating": ("gate",),
    "metrics.modes": ("js_divergence", "kl_divergence"),
    "reports.report": ("Report", "Score", "load_report", "load_reports"),
    "runtime.distributed": ("own_device", "ranks_of_torchrun"),
    "sources.datasets": ("open_dataset",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = [
    "BadImage",
    "ContentError",
    "Evaluator",
    "GanevalError",
    "GanevalWarning",
    "MissingWeights",
    "Report",
    "Score",
    "Settings",
    "UsageError",
    "__version__",
    "compare",
    "evaluate",
    "gate",
    "js_divergence",
    "kl_divergence",
    "load_report",
    "load_reports",
    "open_dataset",
    "own_device",
    "ranks_of_torchrun",
    "score_features",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganeval' has no attribute '{name}'")
    return getattr(importlib.import_module(f"ganeval.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
