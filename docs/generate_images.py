"""Draw the pictures of README and docs anew from results/recorded: `python docs/generate_images.py`. Needs Chromium."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
RECORDED = ROOT / "results" / "recorded"
WIDTH, HEIGHT = 1280, 1330  # of the page's first screen


def main() -> None:
    """The first screen of the report page of the digits runs, and the scores of a DCGAN over its training."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("found no Chromium, needed one to draw the report page; install chromium")
    with tempfile.TemporaryDirectory() as folder:
        page, screen, run = Path(folder) / "page.html", Path(folder) / "screen.png", Path(folder) / "run"
        ganeval("report", *sorted(RECORDED.glob("digits-*")), "-o", page)
        flags = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT + 200}")
        subprocess.run([chromium, *flags, f"--screenshot={screen}", page.as_uri()], check=True, capture_output=True)
        first = Image.open(screen).convert("RGB").crop((0, 0, WIDTH, HEIGHT)).resize((960, 960 * HEIGHT // WIDTH))
        first.quantize(128).save(IMAGES / "report-page.png", optimize=True)
        shutil.copytree(RECORDED / "digits-dcgan-s0", run)
        ganeval("plot", run, "--only", "training")
        shutil.copy(run / "plots" / "training.png", IMAGES / "training.png")


def ganeval(*arguments: object) -> None:
    """One command."""
    subprocess.run([sys.executable, "-m", "ganeval", *map(str, arguments)], check=True, capture_output=True, cwd=ROOT)


if __name__ == "__main__":
    main()
