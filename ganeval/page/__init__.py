"""The report page: a comparison, its runs, their images and plots as one self-contained HTML file.

It loads nothing: styles, script, images and plots are in the file, and its content security policy forbids anything
else. It can be read without JavaScript, which only sorts tables, switches to dark and copies.
"""

import base64
import hashlib
import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ganeval.comparison import OUTSIDE, Comparison
from ganeval.page.document import document_of, runs_of
from ganeval.page.galleries import COPY, OPEN_CLASSES
from ganeval.progress import Tick, silent
from ganeval.reports.score_names import NOTHING
from ganeval.reports.score_names import title as title_of_score
from ganeval.reports.scores import ARROWS


def page_of(
    comparison: Comparison, *, notices: Sequence[str] = (), title: str | None = None, tick: Tick = silent
) -> str:
    """The page's HTML; equal input gives equal bytes. All names are escaped.

    It shows the images, plots and configuration in the folders of the rows. `notices` are lines about runs that were
    left out. `title` defaults to the number of runs and the reference.
    """
    loader = PackageLoader("ganeval.page", ".")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["breakable"] = breakable
    environment.globals |= {
        "arrows": ARROWS,
        "copy_limit": COPY,
        "nothing": NOTHING,
        "open_classes": OPEN_CLASSES,
        "outside": OUTSIDE,
        "title_of_score": title_of_score,
    }
    script, style = (loader.get_source(environment, name)[0] for name in ("page.js", "page.css"))
    text = environment.get_template("page.html.j2").render(
        page=document_of(comparison, notices, title, tick),
        style=Markup(style),  # noqa: S704  # both are files of this package
        script=Markup(script),  # noqa: S704
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # names of files may be no UTF-8


def breakable(name: str) -> Markup:
    """A name that may be wrapped after its hyphens, underscores, slashes and arrows, and not within words.

    >>> breakable("a-b <i>")
    Markup('a-<wbr>b &lt;i&gt;')
    """
    return Markup(re.sub(r"(?<=[-_/→])", "<wbr>", str(escape(name))))  # noqa: S704  # it is escaped


__all__ = ["page_of", "runs_of"]
