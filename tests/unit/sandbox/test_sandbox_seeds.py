"""Seeds: a site's export, a file written by hand, and what is wrong with one."""

import json

import pytest

from service.sandbox.options import SandboxOptions, open_site
from service.sandbox.seeds.csv_file import guess
from service.sandbox.seeds.seed_files import SeedRefused

CID = "65a000000000000000000001"
MAKERS = "65a000000000000000000002"
IID = "65b000000000000000000001"
RED = "0123456789abcdef0123456789abcdef"
FIELDS = [
    {"id": "f1", "slug": "name", "type": "PlainText", "displayName": "Name", "isRequired": True},
    {"slug": "slug", "type": "PlainText", "displayName": "Slug", "isRequired": True},
    {"slug": "price", "type": "Number", "displayName": "Price", "validations": {"minValue": 10}},
    {"slug": "color", "type": "Option", "validations": {"options": [{"id": RED, "name": "Red"}]}},
    {"slug": "photo", "type": "Image", "displayName": "Photo", "validations": None},
    {"slug": "maker", "type": "Reference", "validations": {"collectionId": MAKERS}},
    {"slug": "plan", "type": "MembershipPlan"},
]
PHOTO = {"fileId": "65c000000000000000000001", "url": "https://cdn.example.com/a.png", "alt": None}
ITEM = {
    "id": IID,
    "cmsLocaleId": "653ad57de882f528b32e810e",
    "lastPublished": "2025-02-03T09:10:11.123Z",
    "lastUpdated": "2025-02-04T09:10:11.123Z",
    "createdOn": "2025-01-03T09:10:11.123Z",
    "isArchived": False,
    "isDraft": True,
    "fieldData": {
        "name": "Oak desk",
        "slug": "oak-desk",
        "price": 5,  # below what the field allows today: a real site may hold it
        "color": RED,
        "photo": PHOTO,
        "maker": "ann",
        "plan": "gold",
    },
}
LIVE = ITEM | {"fieldData": {"name": "Old desk", "slug": "oak-desk", "price": 4}}
EXPORT = {
    "collections": [
        {"id": CID, "displayName": "Desks", "singularName": "Desk", "slug": "desks"}
        | {"createdOn": "2024-01-01T00:00:00Z", "lastUpdated": "2024-01-01T00:00:00Z"}
        | {"fields": FIELDS, "items": [ITEM], "liveItems": [LIVE]},
        {
            "id": MAKERS,
            "displayName": "Makers",
            "fields": [],
            "items": [{"fieldData": {"name": "Ann"}}],
        },
    ]
}
HEADER = (
    "Name,Slug,Collection ID,Locale ID,Item ID,Archived,Draft,Created On,Updated On,Published On"
)
ZONE = "GMT+0000 (Coordinated Universal Time)"
ROW = (
    f"Oak desk,oak-desk,{CID},689adff1e8bb4da83b60751d,{IID},false,true,"
    f"Tue Aug 12 2025 07:53:00 {ZONE},Tue Aug 12 2025 14:47:46 {ZONE},"
)


@pytest.fixture
def plant(tmp_path):
    """Return the site of files, given as name and content."""

    def _plant(**files):
        paths = []
        for name, content in files.items():
            stem, _, ending = name.rpartition("_")
            path = tmp_path / f"{stem}.{ending}"
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return open_site(SandboxOptions(seeds=tuple(paths)))

    return _plant


def test_what_the_api_answers_is_a_seed(plant):
    site = plant(site_json=EXPORT)
    assert list(site.collections) == [CID, MAKERS]
    desks = site.collection(CID)
    assert (desks.name, desks.singular, desks.slug) == ("Desks", "Desk", "desks")
    item = desks.item(IID)
    (maker,) = site.collection(MAKERS).items
    fields = {"name": "Oak desk", "slug": "oak-desk", "price": 5, "color": RED, "photo": PHOTO}
    assert item.staged.fields == fields | {"maker": maker}
    assert (item.staged.draft, item.staged.archived) == (True, False)
    assert item.staged.updated.isoformat() == "2025-02-04T09:10:11.123000+00:00"
    assert item.published.isoformat() == "2025-02-03T09:10:11.123000+00:00"
    assert item.live.fields == {"name": "Old desk", "slug": "oak-desk", "price": 4}
    assert site.files.find(PHOTO["fileId"]).url == PHOTO["url"]


def test_a_single_collection_is_a_seed_too(plant):
    site = plant(one_json={"fields": [], "items": [{"fieldData": {"name": "One"}}]})
    (collection,) = site.collections.values()
    (item,) = collection.items.values()
    assert (item.staged.fields["slug"], item.live) == ("one", None)


def test_ids_that_are_not_given_are_the_same_on_every_start(plant):
    seed = {"fields": [], "items": [{"fieldData": {"name": "One"}}]}
    first, second = plant(one_json=seed), plant(one_json=seed)
    assert list(first.collections) == list(second.collections)
    (one,), (two,) = (list(c.items) for s in (first, second) for c in s.collections.values())
    assert one == two


def test_an_option_may_go_by_its_label(plant):
    item = {"fieldData": {"name": "One", "color": "Red"}}
    site = plant(one_json={"fields": FIELDS, "items": [item]})
    (collection,) = site.collections.values()
    assert next(iter(collection.items.values())).staged.fields["color"] == RED


def test_an_item_of_a_known_locale_is_a_variant(plant, site):
    german = site.locales.secondary[0].cms_id
    items = [ITEM, ITEM | {"cmsLocaleId": german, "fieldData": {"name": "Tisch", "slug": "tisch"}}]
    made = plant(one_json={"id": CID, "fields": FIELDS, "items": items}).collection(CID)
    assert made.item(IID).staged.fields["name"] == "Oak desk"
    assert made.item(IID, german).staged.fields["name"] == "Tisch"


def seed_with(**changes):
    return {
        "id": CID,
        "fields": FIELDS,
        "items": [ITEM | {"fieldData": ITEM["fieldData"] | changes}],
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", r"x\.json: found .*, expected JSON"),
        ("[" * 100_000, r"x\.json: found maximum recursion depth .*, expected JSON"),
        ("[]", r"x\.json: found \[\], expected an object"),
        ({"things": []}, r"found \[.things.\], expected 'collections', or a collection"),
        ({"collections": [5]}, r"x\.json: collections\[0\]: found 5, expected an object"),
        ({"fields": {}}, r"x\.json\.fields: found \{\}, expected an array"),
        (
            {"fields": [{"slug": "a", "type": "Txt"}]},
            r"fields\[0\]\.type: found .Txt., expected one",
        ),
        ({"fields": [], "items": [{}]}, r"items\[0\]\.fieldData: found null, expected an object"),
        ({"fields": [], "items": [{"fieldData": {}}]}, r"items\[0\]\.fieldData: .*expected a name"),
        ({"id": "x", "fields": []}, r"\.id: found .x., expected 24 hex digits"),
        (seed_with(price="5"), r'fieldData\.price: found "5", expected a number \(Number\)'),
        (seed_with(color="Blue"), r'fieldData\.color: found "Blue", expected .* label, one of Red'),
        (seed_with(photo=5), r"fieldData\.photo: found 5, expected a URL"),
        (seed_with(weight=5), r"fieldData: found .weight., expected one of name, slug, price"),
        (
            {"fields": [], "items": [{"createdOn": "soon", "fieldData": {"name": "One"}}]},
            r"items\[0\]\.createdOn: found .soon., expected a time",
        ),
        (
            {"fields": [], "items": [{"id": IID, "fieldData": {"name": "One"}}] * 2},
            r"items\[1\]: found .*, expected an id that no other item has",
        ),
        (
            {
                "fields": [],
                "items": [
                    {"id": IID, "fieldData": {"name": "One", "slug": "a"}},
                    {"id": CID, "fieldData": {"name": "Two", "slug": "a"}},
                ],
            },
            r"items\[1\]\.fieldData: found .a., expected a slug that no other item has",
        ),
        (
            {"fields": [], "items": [{"fieldData": {"name": "One", "slug": "a"}}] * 2},
            r"items\[1\]\.fieldData: found .a., expected a slug that no other item has",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_place(plant, content, told):
    with pytest.raises(SeedRefused, match=told):
        plant(x_json=content)


def test_a_collection_that_is_there_twice_is_refused(plant):
    with pytest.raises(SeedRefused, match="an id that no other collection has"):
        plant(a_json={"id": CID, "fields": []}, b_json={"id": CID, "fields": []})


def test_an_export_of_the_designer_is_a_seed(plant):
    text = (
        f"{HEADER},Price,In stock,Tint,Photo,Zip,Made on,Tags:Option\n"
        f'{ROW},12.50,true,#ff0000,https://x.example.com/a.jpg,007,2025-02-03,"Big, red"\n'
        f"Lamp,lamp,{CID},,,true,false,,,Tue Aug 12 2025 14:47:46 {ZONE},7,false,,,,,\n"
    )
    site = plant(**{"My site - Desks - 65a000000000000000000001_csv": text})
    desks = site.collection(CID)
    assert (desks.name, desks.slug) == ("Desks", "desks")
    types = {one.slug: one.type for one in desks.fields.values()}
    assert types == {
        "name": "PlainText",
        "slug": "PlainText",
        "price": "Number",
        "in-stock": "Switch",
        "tint": "Color",
        "photo": "Image",
        "zip": "PlainText",
        "made-on": "DateTime",
        "tags": "Option",
    }
    oak, lamp = desks.items.values()
    assert (oak.id, oak.staged.draft, oak.live) == (IID, True, None)
    assert oak.created.isoformat() == "2025-08-12T07:53:00+00:00"
    assert (oak.staged.fields["price"], oak.staged.fields["in-stock"]) == (12.5, True)
    assert oak.staged.fields["made-on"] == "2025-02-03T00:00:00.000Z"
    assert desks.fields["tags"].options[oak.staged.fields["tags"]] == "Big, red"
    assert (lamp.staged.archived, lamp.published.minute, "zip" in lamp.staged.fields) == (
        True,
        47,
        False,
    )


def test_references_of_a_csv_go_by_slug(plant):
    makers = f"Name,Slug,Collection ID\nAnn,ann,{MAKERS}\nBo,bo,{MAKERS}\n"
    desks = {
        "id": CID,
        "fields": [
            {"slug": "by", "type": "MultiReference", "validations": {"collectionId": MAKERS}}
        ],
        "items": [{"fieldData": {"name": "Desk", "by": ["ann", "bo", "gone"]}}],
    }
    site = plant(desks_json=desks, makers_csv=makers)
    (item,) = site.collection(CID).items.values()
    assert item.staged.fields["by"] == [*site.collection(MAKERS).items, "gone"]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["true", "", "false"], "Switch"),
        (["1", "-2.5"], "Number"),
        (["1", "007"], "PlainText"),
        (["1", "two"], "PlainText"),
        (["2025-02-03", f"Tue Aug 12 2025 07:53:00 {ZONE}"], "DateTime"),
        (["2025"], "Number"),
        (["#fff", "rgb(1,2,3)"], "Color"),
        (["red"], "PlainText"),
        (["https://a.example.com/x.PNG?v=1"], "Image"),
        (["https://a.example.com/x"], "Link"),
        (["<p>One</p>\n<p>two</p>"], "RichText"),
        (["a@example.com"], "Email"),
        (["", ""], "PlainText"),
    ],
)
def test_a_type_is_guessed_only_where_all_values_are_of_it(texts, kind):
    assert guess(texts) == kind


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found no line, expected a header row"),
        ("Name,Price\nOak\n", r"x\.csv, line 2: found 1 values, expected 2, as in the header"),
        ('Name\n"a\n\nb"\n"c\n', r"x\.csv: found .*, expected CSV"),
        ("Name,Price:Number\nOak,\nElm,five\n", r"line 3, Price: found .five., expected a number"),
        (
            'Name,On:Switch\n"O\nak",true\nElm,yes\n',
            r"line 4, On: found .yes., expected true or false",
        ),
        ("Name,Day:DateTime\nOak,soon\n", r"line 2, Day: found .soon., expected a time"),
        ("Slug,Name\noak,Oak\n", r"line 1: found \[.Slug.\], expected the column of the names"),
        ("Name,A b,A-b\nOak,1,2\n", r"line 1: found .a-b., expected a name of its own"),
        ("Name,Item ID\nOak,7\n", r"line 2, Item ID: found .7., expected 24 hex digits"),
    ],
)
def test_what_is_wrong_with_a_csv_is_told_by_its_line(plant, text, told):
    with pytest.raises(SeedRefused, match=told):
        plant(x_csv=text)


@pytest.mark.parametrize("name", ["x_txt", "x_xlsx"])
def test_other_files_are_refused(plant, name):
    with pytest.raises(SeedRefused, match=r"expected a name that ends in \.json or \.csv"):
        plant(**{name: "x"})


def test_seeds_stand_alone_unless_products_are_asked_for(tmp_path):
    seed = tmp_path / "one.json"
    seed.write_text('{"fields": []}', encoding="utf-8")
    assert len(open_site(SandboxOptions(seeds=(seed,))).collections) == 1
    assert len(open_site(SandboxOptions(seeds=(seed,), products=3)).collections) == 2
