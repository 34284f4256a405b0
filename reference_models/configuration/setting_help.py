"""What each setting of `--set` means, with its values, its defaults, and what it is for."""

from dataclasses import fields
from typing import Any

from reference_models.configuration.config import CHOICES, FIXED, JOINED, RANGES, Config
from reference_models.configuration.validation import (
    OF_CLASSES,
    OF_NOISE,
    OF_TRANSLATION,
    WITHOUT_EFFECT,
)
from reference_models.models import MODELS


def explained() -> dict[str, str]:
    """Every setting: its meaning, and below it its values, defaults by model (presets have more), and what it is for.

    >>> print(explained()["pack"])
    samples that D judges jointly (PacGAN: Lin 2018); divides batch_size; not for conditional models
    whole number, 1 to 64; default: 1; not for models that translate
    """
    texts = {}
    for item in fields(Config):
        if item.name not in FIXED:
            facts = filter(None, (_values(item.name, item.type), _default(item.name), _scope(item.name)))
            texts[item.name] = f"{item.metadata['meaning']}\n{'; '.join(facts)}"
    return texts


def _values(key: str, kind: Any) -> str:
    if kind is bool:
        return "true or false"
    if key in CHOICES:
        return ", ".join(CHOICES[key]) + (" (several joined by +), or nothing" if key in JOINED else "")
    low, high = (f"{bound:,.10g}" for bound in RANGES[key])
    return f"{'whole number' if kind is int else 'number'}, {low} to {high}"


def _default(key: str) -> str:
    """The default, and those of the models that have another."""
    common = getattr(Config, key)
    defaults = {name: recipe.defaults.get(key, common) for name, recipe in MODELS.items()}
    others = [f"{name}: {_as_text(value)}" for name, value in defaults.items() if value != common]
    return f"default: {_as_text(common)}" + (f" ({', '.join(others)})" if others else "")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value or "nothing"


def _scope(key: str) -> str:
    """The models that a setting is for, and with what it has no effect."""
    scopes = {
        "for conditional models": OF_CLASSES,
        "for models that translate": OF_TRANSLATION,
        "not for models that translate": OF_NOISE,
    }
    scope = next((text for text, keys in scopes.items() if key in keys), "")
    unused = f"no effect {WITHOUT_EFFECT[key][1]}" if key in WITHOUT_EFFECT else ""
    return "; ".join(filter(None, (scope, unused)))
