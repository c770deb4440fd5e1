import pytest

from service.senders import SENDERS, build
from workers.config.settings import Source
from workers.errors import ConfigurationInvalid


def problems(sender, secrets=("s3cret",), **options):
    with pytest.raises(ConfigurationInvalid) as caught:
        build(Source("erp", sender, secrets, options=options), public_url=None)
    assert all(
        problem.where.startswith("sources.erp.") and problem.found and problem.expected
        for problem in caught.value.problems
    )
    assert "s3cret" not in str(caught.value)
    return {
        problem.where.removeprefix("sources.erp."): problem for problem in caught.value.problems
    }


def test_an_unknown_sender_is_refused_with_the_known_ones():
    problem = problems("shopware")["sender"]
    assert problem.found == "'shopware'"
    assert all(name in problem.expected for name in SENDERS)


@pytest.mark.parametrize("sender", sorted(set(SENDERS) - {"salesforce"}))
def test_no_sender_starts_without_a_secret(sender):
    assert problems(sender, secrets=())["secrets"].found == "nothing"


def test_salesforce_has_no_secret_and_does_not_start_without_a_part_of_its_address():
    options = {"organization_id": "00D5g00000Kx1QZEAZ"}
    assert problems("salesforce", secrets=(), **options)["path_token"].found == "nothing"


@pytest.mark.parametrize("sender", sorted(SENDERS))
@pytest.mark.parametrize("empty", ["", "  "])
def test_no_sender_starts_with_an_empty_secret_beside_a_good_one(sender, empty):
    assert "secret 2" in problems(sender, secrets=("user:s3cret", empty))["secrets"].found


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_no_sender_takes_a_key_that_it_does_not_know(sender):
    problem = problems(sender, secret="s3cret-but-misspelt")["secret"]
    assert problem.found == f"a key that {sender} does not have"


def test_a_misspelt_key_is_told_its_right_name():
    problem = problems("hmac", header="X-Sig", algoritm="sha512")["algoritm"]
    assert problem.do == "write algorithm"


def test_a_misspelt_key_of_every_source_is_told_its_right_name():
    problem = problems("hmac", header="X-Sig", secret="s3cret")["secret"]
    assert (problem.do, "timezone" in problem.expected) == ("write secrets", True)


def test_all_that_is_wrong_is_told_at_once():
    found = problems(
        "hmac",
        secrets=(),
        algorithm="md5",
        encoding="base32",
        key_encoding="utf-8",
        timestamp_unit="m",
        tolerance=0,
        id_header="X Id",
        prefix=7,
        events="header:x",
        id="a..b",
        topic=3,
        occurred_at="header:",
    )
    assert set(found) == {
        "secrets",
        "header",
        "algorithm",
        "encoding",
        "key_encoding",
        "timestamp_unit",
        "tolerance",
        "id_header",
        "prefix",
        "events",
        "id",
        "topic",
        "occurred_at",
    }
    assert found["header"].found == "nothing"
    assert found["header"].expected == "the name of a header"
    assert found["algorithm"].found == "'md5'"
    assert found["algorithm"].expected == "one of sha256, sha512, sha1"


def test_a_list_of_no_places_is_refused():
    problem = problems("bearer", occurred_at=[])["occurred_at"]
    assert (problem.found, "or a list of these" in problem.expected) == ("[]", True)


@pytest.mark.parametrize("tolerance", [0, -1, "soon", True, float("nan"), None], ids=repr)
def test_a_tolerance_is_a_positive_number(tolerance):
    problem = problems("hmac", header="X-Sig", tolerance=tolerance)["tolerance"]
    assert problem.expected == "a number of seconds, above 0"


@pytest.mark.parametrize(
    ("signed", "key"),
    [
        ("{timestamp}", "signed"),
        ("{url}{body}", "signed"),
        ("{}{body}", "signed"),
        ("{id}.{body}", "id_header"),
        ("{timestamp}.{body}", "timestamp_header"),
    ],
)
def test_a_signed_text_names_only_what_is_there(signed, key):
    assert key in problems("hmac", header="X-Sig", signed=signed)


@pytest.mark.parametrize(
    ("sender", "secret", "options"),
    [
        ("hmac", "s3cret", {"header": "X-Sig", "key_encoding": "hex"}),
        ("hmac", "s3cret", {"header": "X-Sig", "key_encoding": "base64"}),
        ("basic", "s3cret", {}),
        ("basic", ":s3cret", {}),
        ("basic", "s3cret:", {}),
        ("standard-webhooks", "whsec_s3cret", {}),
        ("standard-webhooks", "whsec_", {}),
        ("standard-webhooks", "whpk_c2hvcnQ=", {}),
        ("standard-webhooks", "whsk_bmV3ZXI=", {}),
        ("airtable", "s3cret", {}),
        ("pipedrive", "s3cret", {}),
        ("supabase", "s3cret", {"scheme": "basic"}),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_shown(sender, secret, options):
    problem = problems(sender, secrets=(secret,), **options)["secrets"]
    assert problem.found == "another form in secret 1"


@pytest.mark.parametrize(
    ("sender", "options", "header"),
    [
        ("bearer", {}, "Authorization"),
        ("basic", {}, "Authorization"),
        ("header", {"header": "X-Token"}, "X-Token"),
        ("hmac", {"header": "X-Sig"}, "x-sig"),
    ],
)
def test_a_proof_is_not_read_as_an_id(sender, options, header):
    found = problems(sender, secrets=("user:s3cret",), **options, id=f"header:{header}")
    assert "carries the proof" in found["id"].found


@pytest.mark.parametrize("sender", ["hubspot", "square"])
def test_a_sender_that_signs_its_address_does_not_start_without_it(sender):
    assert problems(sender)["url"].do == "set it, or public_url"


@pytest.mark.parametrize("sender", ["hasura", "supabase", "dataverse", "debezium", "bigcommerce"])
def test_a_header_that_carries_the_secret_has_to_be_named(sender):
    secrets = ("s3cret",)
    assert problems(sender, secrets=secrets, scheme="header")["header"].found == "nothing"


@pytest.mark.parametrize("accept", ["v4", [], ["v3", "v0"], 3, [["v3"]], None], ids=repr)
def test_hubspot_has_three_generations(accept):
    assert "accept" in problems("hubspot", accept=accept)


@pytest.mark.parametrize("organization", ["", "00D", "00D5g00000Kx1QZEA", 7, None], ids=repr)
def test_an_organisation_of_salesforce_has_an_id(organization):
    assert "organization_id" in problems("salesforce", organization_id=organization)
