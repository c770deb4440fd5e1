"""What the CMS shows already is not sent again, unless somebody else wrote it since."""


def test_the_same_value_again_costs_no_call(way):
    way.change(1, stock=7)
    way.run()
    for _ in range(5):
        way.change(1, stock=7)
        way.run()
    assert len(way.requests) == 1
    assert way.counts("written", "unchanged") == (1, 5)


def test_only_what_is_new_is_sent(way):
    way.change(1, stock=7, supplier="Oak Ltd")
    way.run()
    way.change(1, stock=8, supplier="Oak Ltd")
    way.run()
    assert way.sent_to(1)[1] == {"stock": 8}
    assert way.counts("written", "unchanged") == (3, 1)


def test_values_that_overtake_each_other_are_sent_once(way):
    for stock in range(50):
        way.change(1, stock=stock)
    way.run()
    assert way.live(1)["stock"] == 49
    assert way.counts("written", "superseded") == (1, 49)
    assert len(way.requests) == 1


def test_an_older_version_is_stale_and_not_sent(way):
    way.change(1, stock=7, version=2)
    way.run()
    way.change(1, stock=6, version=1)
    way.run()
    assert way.live(1)["stock"] == 7
    assert way.counts("written", "stale") == (1, 1)
    assert len(way.requests) == 1


def test_what_an_editor_changed_is_written_again_once_a_listing_shows_it(open_way, api):
    way = open_way(api=api, by="key")
    way.change(1, stock=7)
    way.run()
    way.pass_time(3600)
    way.edit(1, stock=99)
    way.change(1, stock=7)
    way.run()
    assert way.live(1)["stock"] == 99  # nobody has told us
    way.change("P-9999", stock=1)
    way.run()
    if api == "v2":  # lists what is new only: whole once an item is gone
        way.remove(2)
        way.change(2, stock=1)
        way.run()
    way.change(1, stock=7)
    way.run()
    assert way.live(1)["stock"] == 7
    assert way.counts("unchanged") == (1,)


def test_another_collection_under_the_same_name_knows_nothing_of_the_old_one(way):
    way.change(1, stock=7)
    way.run()
    way.begin(live=False)
    way.change(1, stock=7)
    way.run()
    assert way.counts("written", "unchanged") == (2, 0)


def test_what_arrives_while_a_request_is_under_way_is_sent_too(way):
    way.on_request = lambda: way.change(1, stock=8)
    way.change(1, stock=7)
    way.run()
    assert way.live(1)["stock"] == 8
    assert [sent["stock"] for sent in way.sent_to(1)] == [7, 8]
