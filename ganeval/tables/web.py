"""A comparison as a fragment of HTML: a table for each group whose cells say what they sort by. All of it is ASCII."""

from jinja2 import Environment

from ganeval.comparison import Comparison
from ganeval.tables.group_table import group_tables, remarks

TEMPLATE = """\
<div class="ganeval-comparison">
<style>
.ganeval-comparison { overflow-x: auto; }
.ganeval-comparison table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-bottom: 2em; }
.ganeval-comparison caption { text-align: left; padding-bottom: 0.5em; }
.ganeval-comparison th, .ganeval-comparison td { padding: 0.2em 0.7em; text-align: right; white-space: nowrap; }
.ganeval-comparison thead th { border-bottom: 1px solid; vertical-align: bottom; }
.ganeval-comparison .run { text-align: left; }
.ganeval-comparison .yardstick { font-style: italic; }
.ganeval-comparison tbody th { font-weight: normal; }
</style>
{% for table in tables %}
<table>
<caption>{{ ((table.caption, table.differs) + table.notes) | select | join("<br>" | safe) }}</caption>
<thead>
<tr>
{%- for column in table.columns %}<th scope="col" class="{{ column.kind }}">{{ column.heading }}</th>{% endfor %}
</tr>
</thead>
<tbody>
{% for row in table.rows %}
<tr{% if table.yardsticks[loop.index0] %} class="yardstick"{% endif %}>
{%- for cell in row %}
{%- set kind = table.columns[loop.index0].kind %}
{%- if kind == "run" %}
<th scope="row" class="run" data-sort="{{ cell.text }}">{{ cell.text }}</th>
{%- else %}
<td class="{{ kind }}{% if cell.best %} best{% endif %}"
{%- if cell.value is not none %} data-sort="{{ cell.value }}"{% endif %}>
{%- if cell.best %}<strong>{{ cell.text }}</strong>{% else %}{{ cell.text }}{% endif %}</td>
{%- endif %}
{%- endfor %}
</tr>
{% endfor %}
</tbody>
</table>
{% endfor %}
<p class="remarks">{{ remarks | join("<br>\n" | safe) }}</p>
</div>
"""


def html_text(comparison: Comparison) -> str:
    """The tables of all groups, then what the signs mean; it reads the same whatever encoding its page has."""
    template = Environment(autoescape=True, trim_blocks=True).from_string(TEMPLATE)
    text = template.render(tables=group_tables(comparison), remarks=remarks(comparison)) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
