"""ganeval scores generated images: IS, FID, KID, precision/recall, density/coverage and mode coverage.

Every number comes with an error bar and with all that is needed to repeat it. The names below are loaded when first
used: `import ganeval` imports no torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganeval.comparison import compare
    from ganeval.errors import BadImage, ContentError, GanevalError, GanevalWarning, MissingWeights, UsageError
    from ganeval.evaluation import evaluate
    from ganeval.evaluator import Evaluator
    from ganeval.gating import gate
    from ganeval.metrics.modes import js_divergence, kl_divergence
    from ganeval.report import Report, Score, load_report, load_reports
    from ganeval.scoring import score_features

__version__ = "0.1.0"

_HOMES = {
    "BadImage": "errors",
    "ContentError": "errors",
    "Evaluator": "evaluator",
    "GanevalError": "errors",
    "GanevalWarning": "errors",
    "MissingWeights": "errors",
    "Report": "report",
    "Score": "report",
    "UsageError": "errors",
    "compare": "comparison",
    "evaluate": "evaluation",
    "gate": "gating",
    "js_divergence": "metrics.modes",
    "kl_divergence": "metrics.modes",
    "load_report": "report",
    "load_reports": "report",
    "score_features": "scoring",
}
__all__ = [
    "BadImage",
    "ContentError",
    "Evaluator",
    "GanevalError",
    "GanevalWarning",
    "MissingWeights",
    "Report",
    "Score",
    "UsageError",
    "compare",
    "evaluate",
    "gate",
    "js_divergence",
    "kl_divergence",
    "load_report",
    "load_reports",
    "score_features",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganeval' has no attribute '{name}'")
    return getattr(importlib.import_module(f"ganeval.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
