"""What a snapshot and the outbox say of one version, and when the snapshot was taken."""

import pytest

from service.reconcile.plan import causes

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def way(reconciling):
    """Product 1 got 5 by an event an hour ago, and shows it."""
    way = reconciling(items=3)
    way.version = way.at()
    way.change(1, stock=5, version=way.version)
    way.run()
    way.pass_time(HOUR)
    return way


def told_by(way, stock, version=None, **options):
    records = {way.record(1): ({"stock": stock}, version)}
    return way.reconcile(records, partial=True, **options)


def found_by(way, stock, version=None, **options):
    """The causes of the differences, what is told beside them, and what the item shows."""
    told = told_by(way, stock, version, **options)
    return [*told.by_cause()], told.told(), way.shown("stock", [1])[0]


IN_STEP = ([], set())


def test_a_row_whose_time_was_forgotten_is_a_missed_event(way):
    assert found_by(way, 7, way.version) == ([causes.MISSED], set(), 7)
    assert found_by(way, 7, way.version) == (*IN_STEP, 7)


def test_of_two_changes_of_one_second_the_snapshot_has_the_last(way):
    second = way.version[:-6] + "000000"
    assert found_by(way, 7, second) == ([causes.MISSED], set(), 7)


def test_a_row_of_an_earlier_second_is_older_and_nothing_is_put_back(way):
    assert found_by(way, 7, way.at(-HOUR - 1)) == ([], {causes.OLDER}, 5)


def test_what_somebody_has_put_right_by_hand_stays_right(way):
    way.edit(1, stock=7)
    way.publish(1)
    calls = []
    for _ in range(3):
        told = told_by(way, 7, way.version)
        assert (told.by_cause(), way.shown("stock", [1])) == ({}, [7])
        calls += [call.method for call in told.calls]
        way.pass_time(HOUR)
    assert set(calls) == {"GET"}
    assert way.counts("pending", "dead") == (0, 0)


def test_what_was_put_right_by_hand_is_taken_as_confirmed(way):
    way.edit(1, stock=7)
    told_by(way, 7, way.version)
    way.forget_requests()
    way.change(1, stock=7, version=way.at())
    way.run()
    assert way.patches() == []


def test_a_live_event_goes_over_what_was_put_right_by_hand(way):
    way.edit(1, stock=7)
    told_by(way, 7, way.version, before=lambda: way.change(1, stock=8, version=way.at()))
    way.run()
    assert way.shown("stock", [1]) == [8]
    assert found_by(way, 8) == (*IN_STEP, 8)


def test_a_pending_live_value_goes_out_though_the_cms_shows_the_snapshots(way):
    way.change(1, stock=8, version=way.at())
    way.edit(1, stock=7)
    assert told_by(way, 7, way.version).told() == {causes.ON_ITS_WAY}
    way.run()
    assert way.shown("stock", [1]) == [8]


def test_an_edit_after_it_was_taken_as_confirmed_is_an_edit(way):
    way.edit(1, stock=7)
    told_by(way, 7, way.version)
    way.pass_time(1)
    way.edit(1, stock=9)
    assert found_by(way, 7, way.version) == ([causes.EDITED], set(), 7)


def test_what_an_event_said_of_the_same_version_shortly_before_is_a_difference_of_its_own(
    reconciling,
):
    way = reconciling(items=1)
    version = way.at()
    way.change(1, stock=5, version=version)
    way.run()
    assert found_by(way, 7, version) == ([causes.UNDECIDED], set(), 5)
    way.pass_time(61)
    assert found_by(way, 7, version) == ([causes.MISSED], set(), 7)


def test_what_came_after_the_snapshot_is_not_called_older(way):
    assert found_by(way, 7, way.version, ago=2 * HOUR) == ([], {causes.LATER}, 5)


# when the snapshot was taken -------------------------------------------------------------------


def test_a_transaction_that_was_open_wins_though_its_time_is_before_the_run(way):
    begun = way.at(-5)
    assert found_by(way, 7) == ([causes.MISSED], set(), 7)  # an event of before was lost
    way.change(1, stock=8, version=begun)
    way.run()
    assert way.shown("stock", [1]) == [8]


def test_an_event_of_a_clock_that_is_behind_wins_over_the_snapshot_before_it(way):
    told_by(way, 7)
    way.pass_time(1)
    way.change(1, stock=8, version=way.at(-6))
    way.run()
    assert way.shown("stock", [1]) == [8]


def test_what_a_replica_has_not_got_yet_is_not_put_back(way):
    way.change(1, stock=8, version=way.at())
    way.run()
    way.pass_time(2)
    assert found_by(way, 5) == ([causes.UNDECIDED], set(), 8)


def test_a_file_that_was_copied_after_its_export_puts_nothing_back(way):
    way.change(1, stock=8, version=way.at())  # at 05:00; exported at 02:00, copied at 09:00
    way.run()
    way.pass_time(4 * HOUR)
    assert found_by(way, 5, margin=DAY) == ([causes.UNDECIDED], set(), 8)
    assert found_by(way, 5, ago=7 * HOUR) == ([], {causes.OLDER}, 8)  # by --as-of


def test_a_file_mends_what_was_missed_more_than_a_day_before(way):
    way.pass_time(DAY)
    assert found_by(way, 7, margin=DAY) == ([causes.MISSED], set(), 7)


def test_yesterdays_file_puts_nothing_back(reconciling):
    way = reconciling(items=3, policy={"orphans": "archive"})
    whole = {way.record(n): ({"stock": 4}, None) for n in (1, 2, 3)}
    way.reconcile(whole)
    way.pass_time(DAY)
    way.reconcile({**whole, way.record(1): ({"stock": 9}, None)})
    old = {way.record(1): ({"stock": 4}, None), way.record(2): ({"stock": 3}, None)}
    told = way.reconcile(old, ago=DAY / 2)
    assert way.shown("stock", [1, 2, 3]) == [9, 4, 4]
    assert (told.by_cause(), told.outcomes()) == ({}, set())
    assert told.told() == {causes.OLDER, causes.LATER}
    assert not way.the(way.record(3)).staged.archived


def test_a_late_event_of_long_before_the_snapshot_does_not_go_over_it(way):
    told_by(way, 7)
    way.change(1, stock=6, version=way.at(-HOUR / 2))
    way.run()
    assert way.shown("stock", [1]) == [7]


def test_a_run_beside_live_events_warns_of_a_mapping_without_a_version(reconciling):
    way = reconciling(items=1)
    assert told_by(way, 5).warnings == []
    way.change(1, stock=6)
    assert "Stock has no Meta.version" in told_by(way, 6).warnings[0]


def test_what_an_editor_has_staged_alone_is_not_on_the_site_yet(way):
    item = way.products.items[way.id(1)]
    copy = item.staged.__class__({**item.staged.fields, "stock": 7}, False, False, way.site.now())
    way.products.store(item, copy)
    assert found_by(way, 7, way.version) == ([causes.MISSED], set(), 7)
    assert found_by(way, 7, way.version) == (*IN_STEP, 7)
