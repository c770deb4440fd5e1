"""Secrets in instep.toml, with and without an end."""

from datetime import UTC, datetime

import pytest

from service.config.build import build
from workers.config.loader import load
from workers.config.settings import Source
from workers.errors import ConfigurationInvalid

END = datetime(2027, 1, 31, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    def _settings(secrets, more=""):
        path = tmp_path / "instep.toml"
        path.write_text(f'[sources.erp]\nsender = "bearer"\nsecrets = {secrets}\n{more}')
        return {"INSTEP_CONFIG": str(path), "ERP_SECRET": "s3cret"}

    return _settings


@pytest.mark.parametrize(
    "until",
    ["2027-01-31T00:00:00Z", "2027-01-31T01:00:00+01:00", '"2027-01-31T00:00:00Z"'],
)
def test_a_secret_may_end(settings, until):
    source = load(settings(f'["new", {{ value = "${{ERP_SECRET}}", until = {until} }}]')).sources[
        "erp"
    ]
    assert (source.secrets, source.ends) == (("new", "s3cret"), (None, END))


def test_a_table_without_an_end_is_a_secret_like_any_other(settings):
    source = load(settings('[{ value = "s3cret" }]')).sources["erp"]
    assert (source.secrets, source.ends) == (("s3cret",), ())


@pytest.mark.parametrize(
    "secrets",
    [
        '[{ value = "" }]',
        '[{ value = "  ", until = 2027-01-31T00:00:00Z }]',
        "[{ until = 2027-01-31T00:00:00Z }]",
        '[{ value = "s3cret", until = 2027-01-31T00:00:00 }]',
        '[{ value = "s3cret", until = 2027-01-31 }]',
        '[{ value = "s3cret", until = "soon" }]',
        '[{ value = "s3cret", until = 7 }]',
        '[{ value = "s3cret", till = 2027-01-31T00:00:00Z }]',
        '"s3cret"',
        "[7]",
    ],
)
def test_anything_else_is_refused_and_not_shown(settings, secrets):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings(secrets))
    (problem,) = caught.value.problems
    assert problem.where.endswith("sources.erp.secrets")
    assert "until" in problem.expected
    assert "s3cret" not in str(problem)


def test_a_secret_is_counted_by_a_name_of_its_own_that_does_not_tell_it():
    marks = Source("erp", "bearer", ("new", "old")).marks
    assert marks[0] != marks[1]
    assert Source("erp", "bearer", ("newer", "new", "old")).marks[1:] == marks
    assert Source("shop", "bearer", ("new", "old")).marks != marks


def test_a_challenge_is_one_of_those_that_are_known(settings):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings('["s"]', 'challenge = "hub"'))
    assert "hub.challenge" in caught.value.problems[0].expected


@pytest.mark.parametrize(
    ("sender", "more", "hours"),
    [("bearer", "", 24), ("stripe", "", 720), ("stripe", "dedupe_hours = 2", 2)],
)
def test_ids_are_remembered_as_long_as_the_sender_may_repeat_them(settings, sender, more, hours):
    environ = settings('["s"]', more)
    path = environ["INSTEP_CONFIG"]
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("bearer", sender)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    assert build(environ).settings.sources["erp"].dedupe_hours == hours


@pytest.mark.parametrize(
    ("sender", "more", "size"),
    [("bearer", "", 2**20), ("github", "", 25 * 2**20), ("github", "max_body = 7", 7)],
)
def test_a_body_may_be_as_large_as_its_sender_is_known_to_send_unless_the_source_says(
    tmp_path, sender, more, size
):
    (tmp_path / "instep.toml").write_text(
        f'mappings = []\n[sources.erp]\nsender = "{sender}"\nsecrets = ["a"]\n{more}\n'
    )
    found = build({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})
    assert found.settings.sources["erp"].max_body == found.senders["erp"].max_body == size
