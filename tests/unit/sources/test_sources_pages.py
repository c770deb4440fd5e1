"""One page of several, by the envelopes of the systems that send it, and what is whole."""

import json

import pytest

from tests.support.snapshot_files import read
from workers.errors import SnapshotInvalid

RECORDS = [{"sku": "A"}, {"sku": "B"}]
LINK = "https://shop.example/products?page=2"

PAGES = {
    "BigCommerce": {
        "data": RECORDS,
        "meta": {
            "pagination": {
                "total": 3,
                "count": 2,
                "per_page": 2,
                "current_page": 1,
                "total_pages": 2,
                "links": {"next": "?page=2&limit=2", "current": "?page=1&limit=2"},
            }
        },
    },
    "BigCommerce, its cursor": {
        "data": RECORDS,
        "meta": {"cursor_pagination": {"count": 2, "per_page": 2, "end_cursor": "e"}},
    },
    "BigCommerce, the last": {
        "data": RECORDS,
        "meta": {"pagination": {"total": 4, "count": 2, "per_page": 2, "current_page": 2}},
    },
    "Square": {"objects": RECORDS, "cursor": "CAASEwoR"},
    "HubSpot": {"results": RECORDS, "paging": {"next": {"after": "NTI1", "link": "?after=NTI1"}}},
    "Salesforce": {
        "totalSize": 2000,
        "done": False,
        "nextRecordsUrl": "/services/data/v62.0/query/01g-2000",
        "records": RECORDS,
    },
    "Salesforce, the last": {"totalSize": 2002, "done": True, "records": RECORDS},
    "Zoho": {
        "data": RECORDS,
        "info": {"per_page": 200, "count": 2, "page": 1, "more_records": True},
    },
    "Zoho, the second": {"data": RECORDS, "info": {"count": 2, "page": 2, "more_records": False}},
    "OData": {"@odata.context": "$metadata#p", "value": RECORDS, "@odata.nextLink": LINK},
    "OData, the last": {"@odata.count": 5000, "value": RECORDS},
    "Dataverse": {"value": RECORDS, "@Microsoft.Dynamics.CRM.morerecords": True},
    "Strapi": {
        "data": RECORDS,
        "meta": {"pagination": {"page": 1, "pageSize": 2, "pageCount": 2, "total": 3}},
    },
    "Strapi 3": {"data": RECORDS, "meta": {"pagination": {"start": 2, "limit": 25, "total": 4}}},
    "count beside limit": {"items": RECORDS, "count": 2, "limit": 2},
    "count beside limit, in words": {"items": RECORDS, "count": "2", "limit": "2", "offset": "0"},
    "a later offset": {"items": RECORDS, "count": 2, "limit": 100, "offset": 100},
    "Django": {"count": 3, "next": LINK, "previous": None, "results": RECORDS},
    "Django, the last": {"count": 3, "next": None, "previous": LINK, "results": RECORDS},
    "Stripe": {"object": "list", "has_more": True, "data": RECORDS},
    "Airtable": {"records": RECORDS, "offset": "itr/rec"},
    "Pipedrive": {
        "data": RECORDS,
        "additional_data": {"pagination": {"start": 0, "more_items_in_collection": True}},
    },
    "Magento": {"items": RECORDS, "search_criteria": {"page_size": 2}, "total_count": 9},
    "Spring": {"content": RECORDS, "last": False, "totalElements": 3, "totalPages": 2, "number": 0},
    "JSON:API": {"links": {"self": LINK, "next": {"href": LINK}}, "data": RECORDS},
    "a count of all": {"items": RECORDS, "count": 250},
    "a count of all, in words": {"items": RECORDS, "count": "250"},
    "a count of all, beside": {"items": RECORDS, "pagination": {"count": 250}},
    "a count of all, deeper": {"items": RECORDS, "meta": {"paging": {"recordCount": 250}}},
    "an offset of the first": {"items": RECORDS, "count": 250, "offset": 0},
    "WooCommerce's header": {"items": RECORDS, "headers": {"X-WP-Total": 3, "X-Total-Count": 3}},
    "Google": {"items": RECORDS, "totalResults": 3},
    "GitHub": {"items": RECORDS, "total_count": 3, "incomplete_results": False},
    "Algolia": {"hits": RECORDS, "nbHits": 3},
    "a page of many": {"page": 1, "pages": 4, "items": RECORDS},
}
WHOLE = {
    "BigCommerce": {
        "data": RECORDS,
        "meta": {
            "pagination": {
                "total": 2,
                "count": 2,
                "per_page": 2,
                "current_page": 1,
                "total_pages": 1,
                "links": {"current": "?page=1"},
            }
        },
    },
    "HubSpot": {"results": RECORDS},
    "Salesforce": {"totalSize": 2, "done": True, "records": RECORDS},
    "Zoho": {
        "data": RECORDS,
        "info": {"per_page": 200, "count": 2, "page": 1, "more_records": False},
    },
    "Dataverse": {
        "value": RECORDS,
        "@odata.count": 2,
        "@Microsoft.Dynamics.CRM.totalrecordcount": -1,
        "@Microsoft.Dynamics.CRM.morerecords": False,
    },
    "Strapi": {
        "data": RECORDS,
        "meta": {"pagination": {"page": 1, "pageSize": 25, "pageCount": 1, "total": 2}},
    },
    "count below limit": {"items": RECORDS, "count": 2, "limit": 100, "offset": 0},
    "a full page that is the last": {"items": RECORDS, "limit": 2, "has_more": False},
    "a full page of all": {"items": RECORDS, "limit": 2, "total": 2},
    "a cursor of the end": {"items": RECORDS, "cursor": "z", "has_more": False},
    "Django": {"count": 2, "next": None, "previous": None, "results": RECORDS},
    "a number of something else": {"items": RECORDS, "views": 70, "facets": {"count": 70}},
    "a count of fewer": {"items": RECORDS, "count": 1},
    "a count of these": {"items": RECORDS, "meta": {"count": 2}},
    "counts of each brand": {
        "items": RECORDS,
        "meta": {"brands": {"acme": {"count": 9}}},
        "item_counts": {"sold": 9},
        "account": 9,
    },
    "a token of a later sync": {"items": RECORDS, "nextSyncToken": "x", "next_run": "2026-05-12"},
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_one_page_of_several_is_refused_with_the_way_to_give_the_whole(page):
    with pytest.raises(SnapshotInvalid) as caught:
        read(json.dumps(page), "json")
    said = str(caught.value)
    assert "beside 2 records, expected all records, not one page of them" in said
    assert "put the records of all pages into one list" in said


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_what_says_that_it_is_all_is_read(whole):
    assert read(json.dumps(whole), "json") == RECORDS


def test_a_page_deep_in_an_answer_is_refused():
    around = {"pageInfo": {"hasNextPage": True, "endCursor": "e"}, "nodes": RECORDS}
    answer = {"data": {"products": around}, "extensions": {"cost": 7}}
    with pytest.raises(SnapshotInvalid, match="hasNextPage = true beside 2 records"):
        read(json.dumps(answer), "json", list="data.products.nodes")


def test_a_total_that_is_an_object_is_that_of_its_value():
    answer = {"hits": {"total": {"value": 3, "relation": "eq"}, "hits": RECORDS}}
    with pytest.raises(SnapshotInvalid, match="value = 3 beside 2 records"):
        read(json.dumps(answer), "json", list="hits.hits")
    answer["hits"]["total"]["value"] = 2
    assert read(json.dumps(answer), "json", list="hits.hits") == RECORDS


def test_a_link_to_the_next_page_in_a_list_of_links_is_seen():
    answer = {"items": RECORDS, "links": [{"rel": "self"}, {"rel": "next", "href": LINK}]}
    with pytest.raises(SnapshotInvalid, match="found next = "):
        read(json.dumps(answer), "json", list="items")


def test_the_same_is_seen_in_front_of_the_records():
    page = {"d": {"__count": "3", "results": RECORDS}}
    with pytest.raises(SnapshotInvalid, match="found __count = "):
        read(json.dumps(page), "json", list="d.results")
