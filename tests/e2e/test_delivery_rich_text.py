"""Rich text as it is cleaned reads back as it was sent."""

import pytest

from service.mapping.rich_html import cleaned, from_markdown

TEXTS = [
    '<div class="x"><p style="a">One</p><p>two <b onclick="x()">three</b></p></div>',
    "<table><tr><td>1</td></tr></table><p>a</p>",
    '<p><iframe src="https://video.example/1"></iframe></p>',
    '<wf-component component-id="5" prop-2c="b"><wf-prop name="1">c</wf-prop></wf-component>',
    '<figure class="w-richtext-figure-type-image"><div><img src="https://shop.example/a.png"></div></figure>',
    from_markdown("# One\n\n- two\n- ~~three~~\n\n|a|b|\n|-|-|\n|1|2|\n\n```\ncode\n```\n"),
]


@pytest.mark.parametrize("html", TEXTS)
def test_it_is_written_and_the_same_again_costs_no_call(way, html):
    way.change(1, description=cleaned(html), version=1)
    way.run()
    assert way.counts("written") == (1,)
    way.forget_requests()
    way.change(1, description=cleaned(cleaned(html)), version=2)
    way.run()
    assert (way.patches(), way.counts("unchanged")) == ([], (1,))
