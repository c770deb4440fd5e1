"""A mapping that writes the draft flag of an item which is live."""


def shown(way, n):
    """Draft, the stock of the staged copy, and that of the live one; None: it has none."""
    item = way.products.items[way.id(n)]
    live = item.live.fields["stock"] if item.live else None
    return item.staged.draft, item.staged.fields["stock"], live


def test_a_draft_stays_on_the_site_and_is_written_there(way):
    way.change(1, stock=5, _draft=False)
    way.run()
    assert shown(way, 1) == (False, 5, 5)
    for stock in (6, 7):
        way.change(1, stock=stock, _draft=True)
        way.run()
        assert shown(way, 1) == (True, stock, stock)
    assert way.counts("pending", "dead") == (0, 0)


def test_it_goes_on_and_off_again_like_the_archived_flag(way):
    for number, flags in enumerate(
        [{"_draft": True}, {"_draft": False}, {"_archived": True}, {"_archived": False}]
    ):
        way.change(1, stock=number, **flags)
        way.run()
        item = way.products.items[way.id(1)].staged
        assert {"_draft": item.draft, "_archived": item.archived} == {
            "_draft": False,
            "_archived": False,
            **flags,
        }
    assert way.counts("pending", "dead") == (0, 0)


def test_a_reconcile_finds_nothing_that_differs(reconciling):
    way = reconciling(items=1)
    way.change(1, stock=7, _draft=True, version=1)
    way.run()
    told = way.reconcile({way.record(1): ({"stock": 7, "_draft": True}, 1)})
    assert told.by_cause() == {}
    assert [call.method for call in told.calls] == ["GET"]
