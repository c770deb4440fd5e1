"""Whatever is wrong with a configuration, each problem of it says what to do."""

import pytest

from service.config.build import build
from service.senders import SENDERS
from workers.errors import ConfigurationInvalid

SITE = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f0"
key = "sku"
"""
ERP = '[sources.erp]\nsender = "bearer"\nsecrets = ["s3cret"]\n'
MAPPING = """
from marshmallow import fields
from service.mapping import Mapping
class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"
        {meta}
    {field}
"""
STOCK = "stock = fields.Integer()"
RIGHT = MAPPING.format(meta="", field=STOCK)

FILES = {
    "no TOML": "[",
    "an unknown section": "[source.erp]",
    "no table": "sources = 5",
    "a name with a blank": '[sources."a b"]\nsender = "bearer"',
    "a bad store": '[store]\ndurability = "some"\nmemory_mb = 1\nhistory = true',
    "a bad destination": '[destinations.site]\napi = "v3"\nbase_url = "x"\nlinger = -1\nlive = 1',
    "a bad collection": '[collections.products]\nmissing = "create"\nkey = "a b"\nkeys = 1',
    "a variable that is not set": '[destinations.site]\ntoken = "${NOBODY_SETS_THIS}"',
    "half a variable": '[destinations.site]\ntoken = "${A"',
    "a bad public_url": 'public_url = "hooks"',
    "mappings that are no list": 'mappings = "mappings.py"',
    "mappings that are not there": 'mappings = ["nowhere.py", "nowhere_at_all"]',
    "the same collection twice": SITE + '[collections.again]\ndestination = "site"\nid = "65f0"',
    "a collection called like a destination": SITE
    + '[collections.site]\ndestination = "site"\nid = "65f1"',
}
SOURCES = {
    "an unknown sender": 'sender = "shoppify"\nsecrets = ["s"]',
    "a sender like no other": 'sender = "zzz"\nsecrets = ["s"]',
    "no sender": 'secrets = ["s"]',
    "an empty secret": 'sender = "bearer"\nsecrets = [""]',
    "a secret without a colon": 'sender = "basic"\nsecrets = ["s"]',
    "a secret that is no base64": 'sender = "standard-webhooks"\nsecrets = ["whsec_!"]',
    "a public key that is too short": 'sender = "standard-webhooks"\nsecrets = ["whpk_AAAA"]',
    "a key that is no hex": 'sender = "hmac"\nheader = "X"\nkey_encoding = "hex"\nsecrets = ["z"]',
    "no header": 'sender = "header"\nsecrets = ["s"]',
    "no name for the scheme": 'sender = "hasura"\nscheme = "query"\nsecrets = ["s"]',
    "a scheme of another sender": 'sender = "hasura"\nscheme = "hmac"\nsecrets = ["s"]',
    "no time to sign": 'sender = "hmac"\nheader = "X"\nsigned = "{id}{body}"\nsecrets = ["s"]',
    "no body to sign": 'sender = "hmac"\nheader = "X"\nsigned = "{id}"\nsecrets = ["s"]',
    "an unknown key": 'sender = "bearer"\nsecrets = ["s"]\ntopics = "x"',
    "a bad JMESPath": 'sender = "bearer"\nsecrets = ["s"]\nid = "a["\noccurred_at = "!"\ntopic = 1',
    "a place that is the proof": 'sender = "bearer"\nsecrets = ["s"]\nid = "header:Authorization"',
    "a header without a name": 'sender = "bearer"\nsecrets = ["s"]\nid = "header:"',
    "no address to sign": 'sender = "square"\nsecrets = ["s"]',
    "a bad generation": 'sender = "hubspot"\naccept = "v4"\nurl = "http://a"\nsecrets = ["s"]',
    "a tolerance of nothing": 'sender = "stripe"\ntolerance = 0\nsecrets = ["s"]',
    "an organisation of another form": 'sender = "salesforce"\norganization_id = "5"',
    "a secret that nobody reads": 'sender = "salesforce"\norganization_id = "00D000000000000"\n'
    'path_token = "x"\nsecrets = ["s"]',
    "common keys of other kinds": 'sender = "bearer"\nsecrets = ["s"]\nmax_body = 0\nurl = "x"\n'
    'dedupe_hours = -1\nchallenge = "x"\npath_token = "a b"',
    "a token without its challenge": 'sender = "bearer"\nsecrets = ["s"]\nverify_token = "t0ken"',
    "a token of nothing": 'sender = "bearer"\nsecrets = ["s"]\nverify_token = ""',
}
MAPPINGS = {
    "no Python": "class",
    "no mapping": "x = 1",
    "an error": "1 / 0",
    "no fields": MAPPING.format(meta="", field="pass"),
    "an unknown option": MAPPING.format(meta="tpoics = ()", field=STOCK),
    "an option like no other": MAPPING.format(meta="zzz = 1", field=STOCK),
    "two ways to address": MAPPING.format(meta="item = 'id'", field=STOCK),
    "an unknown source": MAPPING.replace('"erp"', '"crm"').format(meta="", field=STOCK),
    "a topic that is a text": MAPPING.format(meta="topics = 'a'", field=STOCK),
    "a flag that is a text": MAPPING.format(meta="allow_slug = 'yes'", field=STOCK),
    "a bad path": MAPPING.format(meta="when = 'a['", field="a = fields.Integer(data_key='!a.b')"),
    "a bad slug": MAPPING.format(meta="", field="a = fields.Integer(attribute='a b')"),
    "the slug": MAPPING.format(meta="", field="slug = fields.String()"),
    "no slug": MAPPING.format(meta="", field="a = fields.Integer(attribute=5)"),
    "one slug twice": MAPPING.format(
        meta="", field="a_b = fields.Integer()\n    c = fields.Integer(attribute='a-b')"
    ),
    "a field that is not loaded": MAPPING.format(meta="", field="a = fields.Integer(dump_only=1)"),
    "a default": MAPPING.format(meta="", field="a = fields.Integer(load_default=1)"),
    "a field that holds many": MAPPING.format(meta="", field="a = fields.Dict()"),
    "a flag that is a number": MAPPING.format(meta="", field="_draft = fields.Integer()"),
    "a version in one of two": MAPPING.format(meta="", field=STOCK)
    + MAPPING.format(meta="version = 'n'", field=STOCK).replace("Stock", "Other"),
}


@pytest.fixture
def told(tmp_path):
    def _told(text, mappings=RIGHT):
        (tmp_path / "mappings.py").write_text(mappings)
        path = tmp_path / "instep.toml"
        path.write_text(text)
        with pytest.raises(ConfigurationInvalid) as caught:
            build({"INSTEP_CONFIG": str(path)})
        return caught.value.problems

    return _told


def check(problems):
    assert problems
    for problem in problems:
        for part in (problem.where, problem.found, problem.expected, problem.do):
            assert part.strip(), problem
        assert "t0ken" not in str(problem)


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_that_is_wrong(told, text):
    check(told(text))


def test_a_table_that_stands_twice_is_told_by_its_name(told):
    (problem,) = told(f"{SITE}{ERP}{ERP}")
    assert (problem.found, problem.do) == ("[sources.erp] twice", "merge them")


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES)
def test_a_source_that_is_wrong(told, text):
    problems = told(f"{SITE}{ERP}[sources.shop]\n{text}")
    check(problems)
    assert all("sources.shop" in problem.where for problem in problems)


@pytest.mark.parametrize("sender", SENDERS)
def test_a_source_of_which_nothing_stands_but_its_sender(told, sender):
    check(told(f'{SITE}{ERP}[sources.shop]\nsender = "{sender}"'))


@pytest.mark.parametrize("sender", SENDERS)
def test_a_source_whose_keys_all_hold_a_table(told, sender):
    keys = [*SENDERS[sender].options().fields, "url", "challenge", "secrets", "max_body"]
    text = "\n".join(f"{key} = {{}}" for key in dict.fromkeys(keys))
    check(told(f'{SITE}{ERP}[sources.shop]\nsender = "{sender}"\n{text}'))


@pytest.mark.parametrize("text", MAPPINGS.values(), ids=MAPPINGS)
def test_a_mapping_that_is_wrong(told, text):
    check(told(SITE + ERP, text))


def test_an_environment_that_is_wrong(tmp_path):
    (tmp_path / "instep.toml").write_text(SITE)
    (tmp_path / ".env").write_text("no equals sign")
    environ = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "REDIS_URL": "localhost"}
    with pytest.raises(ConfigurationInvalid) as caught:
        build(environ)
    check(caught.value.problems)


def test_no_file_at_all(tmp_path):
    with pytest.raises(ConfigurationInvalid) as caught:
        build({"INSTEP_CONFIG": str(tmp_path / "nothing.toml")})
    check(caught.value.problems)
