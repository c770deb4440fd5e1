"""instep.toml and the environment become one value, or one error with every problem in it."""

from pathlib import Path

import pytest

from workers.config.loader import fill, load, read
from workers.errors import ConfigurationInvalid

DESTINATION = '[destinations.site]\napi = "v2"\ntoken = "t0ken"\n'
COLLECTION = '[collections.products]\ndestination = "site"\nid = "65f000000000000000000001"\n'
SOURCE = '[sources.erp]\nsender = "hmac"\nsecrets = ["s3cret"]\n'
WHOLE = DESTINATION + COLLECTION + SOURCE


@pytest.fixture
def write(tmp_path):
    """Write instep.toml (and .env) and return the environment that names it."""

    def _write(text, *, env=None, **environ):
        path = tmp_path / "instep.toml"
        path.write_text(text, encoding="utf-8")
        if env is not None:
            (tmp_path / ".env").write_text(env, encoding="utf-8")
        return {"INSTEP_CONFIG": str(path), **environ}

    return _write


@pytest.fixture
def problems(write):
    """Load a text and return its problems by key: the file's name left out."""

    def _problems(text, **kwargs):
        environ = write(text, **kwargs)
        with pytest.raises(ConfigurationInvalid) as caught:
            load(environ)
        prefix = f"{environ['INSTEP_CONFIG']}: "
        return {each.where.removeprefix(prefix): each for each in caught.value.problems}

    return _problems


def test_a_small_file_gets_the_documented_defaults(write):
    settings = load(write(WHOLE))
    site = settings.destinations["site"]
    assert (site.base_url, site.requests_per_minute) == ("https://api.webflow.com", 60)
    assert (site.live, site.linger, site.attempts, site.give_up_hours) == (True, 1.0, 12, 24)
    assert settings.collections["products"].missing == "dead-letter"
    source = settings.sources["erp"]
    assert (source.max_body, source.options) == (None, {})
    assert (source.dedupe_hours, source.challenge, source.ends) == (None, None, ())
    assert settings.store.durability == "always"
    assert (settings.store.url, settings.admin_token, settings.public_url) == (None, None, None)


def test_every_key_of_the_file_is_read(write):
    settings = load(
        write(
            """
            mappings = ["mappings.py", "shop.more"]
            public_url = "https://hooks.example.com/"
            store = {durability = "everysec", memory_mb = 64, history_mb = 16, history_days = 7}
            [destinations.site]
            api = "v1"
            token = "t"
            base_url = "http://127.0.0.1:8900/"
            requests_per_minute = 120
            live = false
            linger = 0
            attempts = 3
            give_up_hours = 0.5
            [collections.products]
            destination = "site"
            id = "c1"
            key = "sku"
            missing = "ignore"
            [sources.erp]
            sender = "hmac"
            secrets = ["new", "old"]
            max_body = 10
            dedupe_hours = 2
            url = "https://hooks.example.com/x?y=1"
            path_token = "p-1"
            header = "X-Signature"
            tolerance = 10
            """
        )
    )
    site, source = settings.destinations["site"], settings.sources["erp"]
    assert settings.mappings == ("mappings.py", "shop.more")
    assert settings.public_url == "https://hooks.example.com"
    assert (settings.store.durability, settings.store.memory_mb) == ("everysec", 64)
    assert settings.store.lives == {"bytes": 16 * 2**20, "ms": 7 * 86_400_000}
    assert (site.api, site.base_url, site.live) == ("v1", "http://127.0.0.1:8900", False)
    assert (site.requests_per_minute, site.linger) == (120, 0)
    assert (site.attempts, site.give_up_hours) == (3, 0.5)
    assert settings.collections["products"].key == "sku"
    assert settings.collections["products"].missing == "ignore"
    assert source.secrets == ("new", "old")
    assert (source.max_body, source.dedupe_hours, source.path_token) == (10, 2, "p-1")
    assert source.url == "https://hooks.example.com/x?y=1"
    assert source.options == {"header": "X-Signature", "tolerance": 10}


def test_the_key_that_counted_entries_of_the_history_is_read_and_told(write):
    settings = load(write(WHOLE + "[store]\nhistory = 500\n"))
    (warning,) = settings.warnings
    assert warning.where.endswith("store.history")
    assert "history_mb" in warning.expected


def test_the_environment_gives_store_data_and_admin_token(write, tmp_path):
    settings = load(
        write(WHOLE, REDIS_URL="redis://h", INSTEP_DATA=str(tmp_path), INSTEP_ADMIN_TOKEN="adm")
    )
    assert settings.store.url == "redis://h"
    assert settings.store.data == tmp_path
    assert settings.admin_token == "adm"


def test_the_file_is_instep_toml_here_unless_named(write, monkeypatch, tmp_path):
    write(WHOLE)
    monkeypatch.chdir(tmp_path)
    assert load({}).path == Path("instep.toml")
    assert load({}).store.data == tmp_path / ".instep"


def test_a_folder_as_the_configuration_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(environ := {"INSTEP_CONFIG": "."})
    with pytest.raises(ConfigurationInvalid, match="is a directory, expected a configuration file"):
        load(environ)


def test_variables_are_filled_in_everywhere(write):
    settings = load(
        write(
            WHOLE.replace("t0ken", "a-${ONE}").replace('"s3cret"', '"${TWO}", "${TWO}-${ONE}"')
            + 'lists = [{deep = "${ONE}"}]\n',
            ONE="1",
            TWO="zwei",
        )
    )
    assert settings.destinations["site"].token == "a-1"
    assert settings.sources["erp"].secrets == ("zwei", "zwei-1")
    assert settings.sources["erp"].options == {"lists": [{"deep": "1"}]}


def test_the_env_file_adds_what_the_environment_lacks(write):
    env = "# a comment\n\nexport A='x # y'\nB=from-file # why\nINSTEP_ADMIN_TOKEN=adm\n"
    text = WHOLE.replace("t0ken", "${B}").replace("s3cret", "${A}")
    settings = load(write(text, env=env, B="from-environment"))
    assert settings.destinations["site"].token == "from-environment"
    assert settings.sources["erp"].secrets == ("x # y",)
    assert settings.admin_token == "adm"


def test_a_line_of_the_env_file_that_sets_nothing_is_an_error_without_its_text(problems):
    (problem,) = problems(WHOLE, env="A=1\nhunter2\n").values()
    assert problem.where.endswith(".env: line 2")
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("line", "value"),
    [('"x # y" # why', "x # y"), ("'it\"s'", 'it"s'), ('"a"b"', 'a"b'), ('a"b', 'a"b'), ("''", "")],
)
def test_a_value_of_the_env_file_may_stand_in_quotes(write, line, value):
    settings = load(write(WHOLE.replace("s3cret", "s${B}"), env=f"B={line}\n"))
    assert settings.sources["erp"].secrets == (f"s{value}",)


def test_a_quote_of_the_env_file_that_is_not_closed_is_an_error_without_its_text(problems):
    (problem,) = problems(WHOLE.replace("t0ken", "${B}"), env='\nB="hunter2\n').values()
    assert problem.where.endswith(".env: line 2")
    assert "hunter2" not in str(problem)


def test_files_of_windows_begin_with_a_mark_and_end_their_lines_otherwise(write):
    mark, text = "\ufeff", WHOLE.replace("t0ken", "${B}").replace("\n", "\r\n")
    settings = load(write(mark + text, env=f"{mark}B=1\r\n"))
    assert settings.destinations["site"].token == "1"


def test_a_missing_variable_is_named_once_per_place(problems):
    found = problems(WHOLE.replace("t0ken", "${NOPE}").replace("s3cret", "${NOPE}"))
    assert list(found) == ["destinations.site.token", "sources.erp.secrets[0]"]
    assert all("NOPE" in problem.expected for problem in found.values())


@pytest.mark.parametrize("text", ["${", "${}", "${A-B}", "${A B}"])
def test_a_reference_that_names_no_variable_is_an_error(problems, text):
    assert list(problems(WHOLE.replace("t0ken", text))) == ["destinations.site.token"]


def test_all_problems_come_at_once(problems):
    found = problems('bogus = 1\n[destinations.site]\nlive = "yes"\n[collections.p]\n[sources.s]\n')
    assert set(found) == {
        "bogus",
        "destinations.site.live",
        "destinations.site.token",
        "collections.p.destination",
        "collections.p.id",
        "sources.s.sender",
    }


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('mappings = "mappings.py"', "mappings"),
        ("mappings = [1]", "mappings"),
        ('public_url = "hooks.example.com"', "public_url"),
        ('public_url = "https://h/?a=b"', "public_url"),
        ("store = 1", "store"),
        ("sources = []", "sources"),
        ('store = {durability = "sometimes"}', "store.durability"),
        ("store = {memory_mb = 64.0}", "store.memory_mb"),
        ("store = {memory_mb = true}", "store.memory_mb"),
        ("store = {history = -1}", "store.history"),
        ("store = {history_mb = 0}", "store.history_mb"),
        ("store = {history_days = 0}", "store.history_days"),
        ("store = {url = 'redis://h'}", "store.url"),
        ("destinations = {site = 1}", "destinations.site"),
        ("destinations = {Site = {token = 't'}}", "destinations.Site"),
        ("destinations = {_site = {token = 't'}}", "destinations._site"),
        ("destinations = {s = {token = 't', api = 'v3'}}", "destinations.s.api"),
        ("destinations = {s = {token = 'a b'}}", "destinations.s.token"),
        ("destinations = {s = {token = ''}}", "destinations.s.token"),
        ("destinations = {s = {token = 't', base_url = 'x.y'}}", "destinations.s.base_url"),
        ("destinations = {s = {token = 't', base_url = 'http://'}}", "destinations.s.base_url"),
        ("destinations = {s = {token = 't', base_url = 'http://h:x'}}", "destinations.s.base_url"),
        ("destinations = {s = {token = 't', base_url = 'http://h/v2'}}", "destinations.s.base_url"),
        (
            "destinations = {s = {token = 't', requests_per_minute = 1}}",
            "destinations.s.requests_per_minute",
        ),
        ("destinations = {s = {token = 't', live = 1}}", "destinations.s.live"),
        ("destinations = {s = {token = 't', linger = -0.1}}", "destinations.s.linger"),
        ("destinations = {s = {token = 't', linger = nan}}", "destinations.s.linger"),
        ("destinations = {s = {token = 't', attempts = 0}}", "destinations.s.attempts"),
        ("destinations = {s = {token = 't', give_up_hours = 0}}", "destinations.s.give_up_hours"),
        ("sources = {s = {sender = ''}}", "sources.s.sender"),
        ("sources = {s = {sender = 'hmac', secrets = 'x'}}", "sources.s.secrets"),
        ("sources = {s = {sender = 'hmac', secrets = []}}", "sources.s.secrets"),
        ("sources = {s = {sender = 'hmac', secrets = ['a', '']}}", "sources.s.secrets"),
        ("sources = {s = {sender = 'hmac', max_body = 0}}", "sources.s.max_body"),
        ("sources = {s = {sender = 'hmac', dedupe_hours = 0}}", "sources.s.dedupe_hours"),
        ("sources = {s = {sender = 'hmac', timezone = 'Berlin'}}", "sources.s.timezone"),
        ("sources = {s = {sender = 'hmac', timezone = ''}}", "sources.s.timezone"),
        ("sources = {s = {sender = 'hmac', timezone = 'Europe'}}", "sources.s.timezone"),
        ("sources = {s = {sender = 'hmac', timezone = '../UTC'}}", "sources.s.timezone"),
        ("sources = {s = {sender = 'hmac', timezone = 1}}", "sources.s.timezone"),
        ("sources = {s = {sender = 'hmac', url = '/x'}}", "sources.s.url"),
        ("sources = {s = {sender = 'hmac', path_token = 'a/b'}}", "sources.s.path_token"),
    ],
)
def test_what_does_not_fit_is_refused_by_key(problems, line, key):
    found = problems(line + "\n")
    assert list(found) == [key]
    assert found[key].found
    assert found[key].expected
    assert found[key].do


def test_an_unknown_key_is_named_with_the_nearest_known_one(problems):
    found = problems(WHOLE.replace("token =", "tokens =") + 'public_key = "x"\n')
    assert found["destinations.site.tokens"].do == 'write "token"'


def test_a_collection_names_a_destination_that_there_is(problems):
    problem = problems(WHOLE.replace('= "site"', '= "sites"'))["collections.products.destination"]
    assert problem.found == '"sites"'
    assert "site" in problem.expected


def test_creating_items_needs_the_field_that_holds_their_keys(problems):
    text = DESTINATION + COLLECTION + 'missing = "create"\n'
    problem = problems(text)["collections.products.key"]
    assert problem.found == "nothing"
    assert 'missing = "create"' in problem.expected


def test_items_can_be_created_where_a_field_holds_their_keys(write):
    text = DESTINATION + COLLECTION + 'missing = "create"\nkey = "sku"\n'
    assert load(write(text)).collections["products"].missing == "create"


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("t0ken", "hunter2 hunter2"),
        WHOLE.replace('"t0ken"', "['hunter2']"),
        WHOLE.replace("t0ken", "${HUNTER}"),
        WHOLE.replace('["s3cret"]', '"hunter2"'),
        WHOLE.replace('"s3cret"', '"hunter2", 2'),
        WHOLE.replace('"s3cret"', '"hunter2", ""'),
        WHOLE + 'path_token = "hunter2/"\n',
        WHOLE.replace("[sources", 'base_url = "http://me:hunter2@h"\n[sources').replace(
            COLLECTION, ""
        ),
        WHOLE.replace('api = "v2"', 'api = "${HUNTER}"'),
        WHOLE + "x = hunter2\n",
    ],
)
def test_no_error_shows_a_secret(write, text):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(write(text, HUNTER="hunter2 "))
    assert "hunter2" not in str(caught.value)
    assert "HUNTER" in str(caught.value) or "HUNTER" not in text


def test_no_repr_shows_a_secret(write):
    environ = write(WHOLE + 'path_token = "s3cret"\n', REDIS_URL="redis://:s3cret@h")
    shown = repr(load(environ | {"INSTEP_ADMIN_TOKEN": "s3cret"}))
    assert "s3cret" not in shown
    assert "t0ken" not in shown


@pytest.mark.parametrize(
    "url",
    ["hunter2", "redis://:pw#hunter2@h/0", "redis://:hunter2@h:port/0", "redis://:hunter2@h/abc"],
)
def test_an_address_of_no_store_is_refused_without_being_shown(problems, url):
    (problem,) = problems(WHOLE, REDIS_URL=url).values()
    assert problem.where == "REDIS_URL"
    assert "hunter2" not in str(problem)


LOCALES = ['"primary"', '"all"', '["en", "de-AT"]']


@pytest.mark.parametrize("text", LOCALES)
def test_locales_are_one_word_or_a_list_of_tags(write, text):
    settings = load(write(DESTINATION + COLLECTION + f"locales = {text}\n"))
    [collection] = settings.collections.values()
    assert collection.localized == (text != LOCALES[0])


@pytest.mark.parametrize("text", ['"de"', "[]", '["de", "DE"]', '["de AT"]', "true", "[1]"])
def test_what_names_no_locales_is_refused(problems, text):
    [problem] = problems(DESTINATION + COLLECTION + f"locales = {text}\n").values()
    assert '["en", "de-AT"]' in problem.expected


def test_a_tag_that_is_there_twice_is_named(problems):
    [problem] = problems(DESTINATION + COLLECTION + 'locales = ["en", "de", "DE"]\n').values()
    assert problem.found == "the tag de twice"


def test_v1_has_the_primary_locale_alone(problems):
    text = DESTINATION.replace("v2", "v1") + COLLECTION + 'locales = "all"\n'
    [problem] = problems(text).values()
    assert problem.found == '"all"'
    assert 'api = "v1"' in problem.expected


def test_a_collection_may_be_named_like_a_destination(write):
    settings = load(write(WHOLE + '[collections.site]\ndestination = "site"\nid = "c9"\n'))
    assert settings.collections["site"].destination == "site"


def test_an_item_has_no_two_collections(problems):
    text = (
        WHOLE
        + """
[collections.one]
destination = "site"
id = "c9"
[collections.two]
destination = "site"
id = "c9"
"""
    )
    assert list(problems(text)) == ["collections.two.id"]


def test_a_slip_of_syntax_is_found_by_line_and_column(problems):
    (where,) = problems("a = 1\nb = \n")
    assert where == "line 2, column 5"


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigurationInvalid, match="instep init"):
        load({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "instep.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigurationInvalid, match="UTF-8"):
        load({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})


def test_a_draft_keeps_what_is_right_and_knows_the_sound_sources(write):
    draft = read(write(WHOLE + '[sources.shop]\nsender = "shopify"\nmax_body = 0\n'))
    assert [source.name for source in draft.sound_sources()] == ["erp"]
    assert draft.settings.sources["shop"].sender == "shopify"


def test_a_key_may_stand_in_several_fields(write):
    text = DESTINATION + COLLECTION + 'key = ["sku", "country"]\n'
    assert load(write(text)).collections["products"].keys == ("sku", "country")
    text = DESTINATION + COLLECTION + 'key = "sku"\n'
    assert load(write(text)).collections["products"].keys == ("sku",)
    assert load(write(DESTINATION + COLLECTION)).collections["products"].keys == ()


@pytest.mark.parametrize("key", ['["sku"]', "[]", '["sku", "sku"]', '["sku", 1]', '["sku", "a b"]'])
def test_what_is_no_list_of_fields_is_refused(problems, key):
    problem = problems(DESTINATION + COLLECTION + f"key = {key}\n")["collections.products.key"]
    assert problem.expected == "the slug of an item field, or a list of two or more"
