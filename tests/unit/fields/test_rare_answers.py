"""What hardly any CMS answers, and hardly any source sends."""

from workers.fields import addresses, cms_forms, equality, files, key_forms
from workers.fields.validators import Asked, image


def test_a_video_in_a_player_is_known_by_its_host():
    player = "https://cdn.embedly.com/widgets/media.html?src=https%3A%2F%2Fvideo.example%2F1"
    assert addresses.is_same_source("https://video.example/1", player)
    assert not addresses.is_same_source("https://elsewhere.example/1", player)


def test_what_is_no_text_has_no_form_of_the_cms():
    assert cms_forms.canonical("richtext", 5) is None


def test_a_text_that_is_no_number_is_not_the_number_sent():
    assert not cms_forms.akin("plain", 5, "five")
    assert not cms_forms.akin("plain", 5, "5" * 101)


def test_a_time_beside_what_is_none_is_compared_as_it_stands():
    assert not equality.instant("2026-05-12T00:00:00Z", "soon")
    assert equality.instant("soon", "soon")


def test_pictures_are_compared_without_their_queries():
    one = {"fileId": "f", "url": "https://cdn.example/a.jpg?v=1"}
    bare = {"fileId": "f", "url": "https://cdn.example/a.jpg"}
    assert files.without_query([one, "text"]) == [bare, "text"]


def test_a_part_of_a_key_that_is_a_link_is_kept_as_one():
    assert key_forms.kept("HTTPS://Shop.Example/a/", "Link") == "https://shop.example/a"


def test_an_address_whose_brackets_hold_none_is_no_picture():
    assert image("http://[nowhere/a.jpg", Asked("photo", {}, (), "v2"))
