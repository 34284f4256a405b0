"""Settings: what cannot be meant is refused at once, in one line."""

from typing import Any

import numpy as np
import pytest

from ganeval import Settings, UsageError


@pytest.mark.parametrize(
    ("name", "value"), [("n", "5"), ("seed", 1.5), ("batch_size", 2.0), ("k_precision_recall", "3")]
)
def test_a_number_that_is_not_whole_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^-.*: found {value!r}, needed a whole number$"):
        Settings(**{name: value})


def test_whole_numbers_of_numpy_are_taken() -> None:
    assert Settings(seed=np.int64(7), n=np.int32(5)).seed == 7  # type: ignore[arg-type]
