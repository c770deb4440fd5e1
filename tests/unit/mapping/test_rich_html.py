"""HTML and Markdown as a rich text keeps them."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.mapping import RichText
from service.mapping.rich_html import LONGEST, cleaned, from_markdown
from workers.fields.html_content import content, is_same
from workers.fields.html_pieces import attribute, pieces

COMPONENT = (
    '<wf-component data-w-id="8b" component-id="54" name="Callout" prop-2c="Heads up">'
    '<wf-prop name="18" label="Body" type="richtext"><p class="x">Towel</p></wf-prop>'
    "</wf-component>"
)
EMBED = (
    "<div data-rt-embed-type='true'><style>.a{color:red}</style><div class='a' onclick='b()'>"
    "<table><tr><td>1</td></tr></table></div><script>if (1 < 2) '</div>'</script></div>"
)
FIGURE = (
    '<figure class="w-richtext-align-center w-richtext-figure-type-image" style="max-width:400px">'
    '<div><img src="https://cdn.example/a.png" alt="A"></div><figcaption>A</figcaption></figure>'
)
VIDEO = (
    '<figure class="w-richtext-figure-type-video" style="padding-bottom:56%">'
    '<div><iframe src="https://video.example/1"></iframe></div></figure>'
)
KEPT = '<h1>1</h1><h6>6</h6><p>a<br>b</p><ul><li>c</li></ul><ol><li>d</li></ol><blockquote>e</blockquote><p><strong>f</strong><em>g</em><b>h</b><i>i</i><u>j</u><s>k</s><sub>l</sub><sup>m</sup><code>n</code></p><pre><code>o</code></pre><figure><img src="/p.png"><figcaption>q</figcaption></figure><hr>'  # noqa: E501


TWO = f'<figure class="w-richtext-figure-type-image"><div>{FIGURE}</div></figure>'


@pytest.mark.parametrize(
    "html", [COMPONENT, EMBED, FIGURE, VIDEO, KEPT, TWO, f"<p>a</p>{EMBED}{FIGURE}"]
)
def test_what_is_kept_passes_as_it_is(html):
    assert cleaned(html) == html


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>a<script>x()</script>b<style>p{}</style>c</p>", "<p>abc</p>"),
        ('<p class="x" style="y" onclick="z()" id="w">a</p>', "<p>a</p>"),
        ("<p>a<!-- <b>secret</b> -->b</p>", "<p>ab</p>"),
        ('<a href="javascript:x()" onmouseover="y()">a</a>', "<a>a</a>"),
        ('<a href=" JaVa&#10;Script:x()">a</a>', "<a>a</a>"),
        ('<img src="data:image/png;base64,xx" onerror="x()" alt="a">', '<img alt="a">'),
        (
            '<a href="/a" target="_blank" rel="nofollow" class="x">a</a>',
            '<a href="/a" target="_blank" rel="nofollow">a</a>',
        ),
        (
            '<img src="/a.png" alt="b" width="1" height="2" loading="lazy">',
            '<img src="/a.png" alt="b" width="1" height="2">',
        ),
        ("<div>one</div><div>two</div>", "\none\n\ntwo\n"),  # not "onetwo"
        ("<p><font color=red>a</font><custom-tag>b</custom-tag></p>", "<p>ab</p>"),
        (
            '<figure class="mine w-richtext-figure-type-image" style="max-width:1px;color:red"><img src="/a"></figure>',  # noqa: E501
            '<figure class="w-richtext-figure-type-image" style="max-width:1px"><img src="/a"></figure>',  # noqa: E501
        ),
        (
            '<table class="x"><tr><td onclick="y()" colspan="2">1<script>z()</script></table>',
            "<div data-rt-embed-type='true'><table><tbody><tr><td colspan=\"2\">1</td></tr></tbody>"
            "</table></div>",
        ),
        (
            '<p>a <iframe src="https://v.example/1" onload="x()"></iframe></p><p>b</p>',
            "<p>a </p><div data-rt-embed-type='true'>"
            '<iframe src="https://v.example/1"></iframe></div><p>b</p>',
        ),
        ('<iframe src="javascript:x()"></iframe>a', "a"),
        (
            '<iframe src="/a"><p>no frames</p></iframe><i>b</i>',
            "<div data-rt-embed-type='true'><iframe src=\"/a\"></iframe></div><i>b</i>",
        ),
        (
            '<iframe src="/a"><i>b</i>',
            "<div data-rt-embed-type='true'><iframe src=\"/a\"></iframe></div><i>b</i>",
        ),
        (f"<textarea>{EMBED}</textarea>", f"\n{EMBED}\n"),
        ("<div data-rt-embed-type='true'><script>x()</script>", "\n"),  # never closed: none
        (f"<table><tr><td>{EMBED}</td></tr></table>", None),
        ("<div data-rt-embed-type='false'><i>a</i></div>", "\n<i>a</i>\n"),
        (
            '<wf-component component-id="5"/><p id="x">a</p>',
            '<wf-component component-id="5"/><p>a</p>',
        ),
        ('<hr data-aside="0-0"><hr class="x">', "<hr><hr>"),
        ('<!--><hr data-aside="0-0">-->', ""),
        ("<pre>\n\na</pre>", "<pre>a</pre>"),
        ("<pre><div><div><textarea><textarea><option><p>", "<pre><p></p></pre>"),
        ("<pre>" + "\n&#10;" * 20 + "a</pre>", "<pre>a</pre>"),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
def test_the_rest_goes(html, kept):
    if kept is not None:
        assert cleaned(html) == kept
    assert cleaned(cleaned(html)) == cleaned(html)


def test_an_embed_in_a_table_is_kept_with_it():
    kept = cleaned(f"<table><tr><td>{EMBED}</td></tr></table>")
    assert kept.startswith("<div data-rt-embed-type='true'><table>")
    assert EMBED in kept


def test_nothing_of_a_frame_is_left_beside_its_embed():
    html = '<p><iframe src="https://v.example/1"></iframe></p>'
    assert cleaned(html).startswith("<div data-rt")
    assert cleaned(html).endswith("</iframe></div>")


BITS = [
    "<p>", "</p>", "<b>", "</b>", "<a href='/x'>", "</a>", "<ul><li>", "</li></ul>", "<pre>",
    "</pre>", "\n", "text ", "<table><tr><td>", "</table>", "<td>", "<iframe src='/y'>",
    "</iframe>", "<div>", "</div>", "<div data-rt-embed-type='true'>", "<wf-component>", "&lt;",
    "</wf-component>", "<figure class='w-richtext-figure-type-image'>", "</figure>", "<!--",
    "-->", "<script>", "</script>", "<hr>", "<h2>", "</h2>", "<", ">", '"', "<img src='/z'>",
    "&amp", "<i>", "<style>", "<li>", "<blockquote>", "</blockquote>", "<code>", "<svg>",
    "<textarea>", "<select>", "<title>", "<xmp>", "<plaintext>", "<noscript>", "<math>", "<b",
    "<tr>", "<option>", "<template>",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(BITS), max_size=14).map("".join))
def test_what_is_cleaned_is_stable(html):
    kept = cleaned(html)
    assert cleaned(kept) == kept


OWN = ("<div data-rt-embed-type='true'>", "<wf-component>", "</wf-component>")
BAD = [
    "<img src=x onerror=y()>", "<a href='javascript:x()'>", "<svg onload=x()>", "<p style=x:y>",
    "<iframe src='javascript:x()'>", "<img src='data:text/html,x'>", "<b onclick", "=x()>",
    "<math><mtext>", "<style><!--", "<noscript><p title='</noscript>", "<svg><p><style>", "'>",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*BITS, *BAD, *BAD]), max_size=14))
@example(["<noscript><p title='</noscript>", "<iframe src='/y'>", "</script>"])
@example(["<noscript><p title='</noscript>", "<iframe src='/y'>", "<script>", "x()"])
@example(["<svg><p><style>", "<iframe src='/y'>", "</style>", "<b>", "<svg onload=x()>"])
def test_nothing_that_runs_is_left(bits):
    kept = cleaned("".join(bit for bit in bits if bit not in OWN))
    for piece in pieces(kept):
        assert piece.tag not in ("script", "style", "svg", "math", "template", "object", "form")
        names = re.findall(r"""([^\s=]+)=(?:"[^"]*"|'[^']*')""", piece.attributes)
        assert not any(name.startswith("on") or name == "style" for name in names)
        for name in ("href", "src"):
            assert not attribute(piece.attributes, name).startswith(("javascript", "data"))


WORDS = st.text("ab &<", max_size=8).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)
TEXTS = st.recursive(
    WORDS,
    lambda inner: st.tuples(st.sampled_from(["b", "em", "u", "code"]), inner).map(
        lambda each: f"<{each[0]}>{each[1]}</{each[0]}>"
    ),
    max_leaves=4,
)
PARAGRAPHS = st.tuples(st.sampled_from(["p", "h2", "blockquote"]), TEXTS).map(
    lambda each: f'<{each[0]} class="x" onclick="y()">{each[1]}</{each[0]}><!-- z -->'
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PARAGRAPHS, max_size=4).map("".join))
def test_words_links_and_pictures_stay(html):
    assert is_same(html, cleaned(html))


@settings(max_examples=100, deadline=None)
@given(st.text("ab*_#>|-` \n[]()<~!", max_size=40))
def test_markdown_is_stable_and_holds_no_tag_of_its_own(text):
    kept = cleaned(from_markdown(f"{text}\n\n<script>x()</script><b onclick='y()'>z</b>"))
    assert cleaned(kept) == kept
    assert "<script" not in kept
    assert "<b " not in kept


def test_markdown_has_tables_and_strikethrough():
    kept = cleaned(from_markdown("# A\n\n~~b~~ [c](https://d.example)\n\n|e|f|\n|-|-|\n|g|h|\n"))
    assert '<h1>A</h1>\n<p><s>b</s> <a href="https://d.example">c</a></p>' in kept
    assert "<div data-rt-embed-type='true'><table>" in kept
    assert content(kept).text == "Abcefgh"


def field(**options):
    return RichText(**options).deserialize


def test_without_an_option_nothing_is_cleaned():
    assert field()("<p class='x'>a</p>") == "<p class='x'>a</p>"


def test_a_field_reads_html_or_markdown():
    assert field(clean=True)("<p class='x'>a</p>") == "<p>a</p>"
    assert field(markdown=True)("*a* <b>") == "<p><em>a</em> &lt;b&gt;</p>\n"


@pytest.mark.parametrize(
    "html", ["", " ", "<p></p>", "<div> </div>", "<script>x()</script>", "<!-- a -->"]
)
def test_what_shows_nothing_is_empty(html):
    assert field(clean=True)(html) == ""


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ('<video src="/a.mp4"></video>', {"clean": True}, "Nothing is left"),
        ("<svg><text>a</text></svg>", {"clean": True}, "Nothing is left"),
        ("<b>" * 300, {"clean": True}, "more than 200 tags"),
        ("a" * (LONGEST + 1), {"clean": True}, f"at most {LONGEST}"),
        ("a" * (LONGEST + 1), {"markdown": True}, f"at most {LONGEST}"),
    ],
)
def test_what_cannot_be_kept_is_a_problem(text, options, message):
    with pytest.raises(ValidationError, match=message):
        field(**options)(text)


def test_html_that_never_settles_is_a_problem(monkeypatch):
    monkeypatch.setattr("service.mapping.rich_html._cleaned_once", lambda html: f"{html}a")
    with pytest.raises(ValueError, match="changes each time"):
        cleaned("a")


@pytest.mark.parametrize(
    "bit", ["<", "<p>", "</p>", "<a <a ", "<table><td></table>", "<!--", '="', "<p> </p>"]
)
def test_time_is_linear(bit):
    """A quadratic reading of these takes minutes."""
    assert isinstance(cleaned(bit * (100_000 // len(bit))), str)
