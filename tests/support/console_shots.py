"""
Takes pictures of every page of the console, to be looked at.

    python -m tests.support.console_shots FOLDER [--only TEXT] [--problems N…]

With nothing, with a few and with many of everything, at two widths, light and dark.
"""

# ruff: noqa: T201

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.steps import server
from tests.support.console_load import FEW, MANY, Load
from tests.support.console_site import ConsoleSite
from tests.support.console_visit import WIDTHS, Visit, chromium

SIZES = {0: Load(), 3: FEW, 10_000: MANY}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="pages whose name has this")
    parser.add_argument("--problems", type=int, nargs="+", choices=SIZES, default=[*SIZES])
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for number in chosen.problems:
            with server() as socket, tempfile.TemporaryDirectory() as folder:
                site = ConsoleSite(Path(folder), str(socket), SIZES[number])
                take(browser, site, chosen, number)
                site.close()


def take(browser, site, chosen, number):
    with site.serve() as url:
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                visit = Visit(browser, url, width, scheme)
                for name, path in site.addresses().items():
                    if chosen.only in name:
                        shoot(visit, name, path, chosen.folder / f"{number}-{width}-{scheme}")
                if number and chosen.only in "confirm":
                    visit.confirm()
                    save(visit, "confirm", chosen.folder / f"{number}-{width}-{scheme}")
                visit.close()


def shoot(visit, name, path, place):
    visit.open(path, login=name != "login")
    save(visit, name, place)


def save(visit, name, place):
    wide, *out = visit.overflow()
    path = place.with_name(f"{name.replace(' ', '-')}-{place.name}.png")
    # Of a long page its beginning: more is not looked at.
    height = min(2600, visit.page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": visit.page.viewport_size["width"], "height": height}
    visit.page.screenshot(path=path, full_page=True, clip=clip)
    said = [*visit.problems, *([f"{wide} px too wide: {out}"] if wide else [])]
    print(path.name, *said)


if __name__ == "__main__":
    main()
