"""The colours of the console: readable in both schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from service.console.static_files import known

SHEET = known()["console.css"].content.decode()
SCHEMES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{([^}]*)\}", SHEET)
]
TEXT = [
    *((ink, ground) for ink in ("text", "quiet", "link") for ground in ("page", "panel", "raised")),
    *((tone, f"{tone}-soft") for tone in ("good", "info", "warn", "bad")),
    *(("text", "accent-soft"), ("link", "accent-soft"), ("quiet", "accent-soft")),
    *(("on-accent", "accent"), ("page", "bad"), ("bad", "raised"), ("bad", "panel")),
]
SHAPES = [("strong-line", "page"), ("strong-line", "raised"), ("accent", "page")]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme):
    colours = SCHEMES[0] | SCHEMES[scheme]
    for pairs, least in ((TEXT, 4.5), (SHAPES, 3)):
        for ink, ground in pairs:
            assert contrast(colours[ink], colours[ground]) >= least, (ink, ground)
    assert set(SCHEMES[1]) == {name for name, value in SCHEMES[0].items() if value}
