import pytest

from service.senders.salesforce import ACK
from service.senders.soap import only, parse_xml
from tests.support.recorded_vectors import VALID
from tests.support.signed_requests import events, sender
from workers.errors import PayloadInvalid, SignatureInvalid

MESSAGE = next(v for v in VALID if v.name == "salesforce two-notifications").body.decode()


def verify(text):
    body = text if isinstance(text, bytes) else text.encode()
    sender("salesforce").verify({}, body, now=None)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY e "boom">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x PUBLIC "a" "http://a.example/x.dtd">',
        "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://a.example/p"> %p;]>',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(head):
    verify(MESSAGE)
    with pytest.raises(SignatureInvalid, match="document type"):
        verify(MESSAGE.replace("<soapenv:Envelope", f"{head}<soapenv:Envelope", 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Oak lamp", "&e;"),
        ("00D5g00000Kx1QZEAZ</Org", "00D5g00000Zz9ZZEA0</Org"),
        ("00D5g00000Kx1QZEAZ</Org", "00D5g00000Kx1QZ0</Org"),
        ("<ActionId>", "<OrganizationId>00D5g00000Zz9ZZEA0</OrganizationId><ActionId>"),
        ("http://soap.sforce.com/2005/09/outbound", "http://a.example"),
        ("soapenv:Body>", "soapenv:Head>"),
        ("</soapenv:Envelope>", ""),
        ("UTF-8", "UTF-16"),
    ],
)
def test_anything_but_a_message_of_the_organisation_is_refused(old, new):
    text = MESSAGE.replace(old, new)
    body = text.encode("utf-16") if new == "UTF-16" else text.encode()
    with pytest.raises(SignatureInvalid):
        verify(body)


def test_the_short_form_of_the_organisation_is_the_same():
    verify(MESSAGE.replace("00D5g00000Kx1QZEAZ</Org", "00D5g00000Kx1QZ</Org"))


def test_names_match_by_namespace_and_not_by_prefix():
    text = MESSAGE.replace("soapenv:", "s:").replace("xmlns:soapenv", "xmlns:s")
    text = text.replace("sf:", "x:").replace("xmlns:sf", "xmlns:x")
    verify(text)
    assert [event.topic for event in events("salesforce", text.encode())] == ["Product2"] * 2


def test_a_notification_becomes_its_fields():
    first, _ = events("salesforce", MESSAGE.encode())
    assert first.payload == {
        "Id": "04l5g00000AbCdEAAV",
        "sObject": {
            "type": "Product2",
            "Id": "01t5g000001XyZaAAK",
            "Name": "Oak lamp & shade",
            "ProductCode": "LMP-OAK-01",
            "LastModifiedDate": "2026-05-12T09:29:51.000Z",
        },
    }


def test_nil_is_null_and_other_text_is_kept_as_it_is():
    text = MESSAGE.replace("<sf:Name>Birch stool</sf:Name>", '<sf:Name xsi:nil="true"/>')
    text = text.replace("LMP-OAK-01", " <![CDATA[a<b]]> ")
    first, second = events("salesforce", text.encode())
    assert second.payload["sObject"]["Name"] is None
    assert first.payload["sObject"]["ProductCode"] == " a<b "


def test_without_a_time_in_the_message_arrival_decides():
    text = MESSAGE.replace("LastModifiedDate", "Family")
    assert [event.version for event in events("salesforce", text.encode())] == [None, None]
    text = MESSAGE.replace("LastModifiedDate", "SystemModstamp")
    assert events("salesforce", text.encode())[0].version == "t01778578191000000"


def test_a_notification_without_an_id_does_not_spoil_the_other():
    text = MESSAGE.replace("<Id>04l5g00000AbCdEAAV</Id>", "")
    bad, good = events("salesforce", text.encode())
    assert [problem.path for problem in bad.problems] == ["Id"]
    assert good.problems == ()


@pytest.mark.parametrize(
    "session", ["00Dabc!secret", "<![CDATA[00Dabc!secret]]>", "00D<!-- > -->!secret"]
)
def test_the_session_is_not_kept(session):
    text = MESSAGE.replace('<SessionId xsi:nil="true"/>', f"<SessionId>{session}</SessionId>")
    kept = sender("salesforce").concealed(text.encode())
    assert b"secret" not in kept
    assert parse_xml(kept) is not None


def test_the_acknowledgement_is_a_soap_body():
    envelope = parse_xml(ACK.encode())
    body = only(envelope, "http://schemas.xmlsoap.org/soap/envelope/ Body")
    outbound = "http://soap.sforce.com/2005/09/outbound"
    response = only(body, f"{outbound} notificationsResponse")
    assert only(response, f"{outbound} Ack").text == "true"


@pytest.mark.parametrize("body", [b"", b"<a>", b"<a/><b/>", b"\xff", b"<a>" * 200, b"{}"])
def test_what_is_no_xml_cannot_be_read(body):
    with pytest.raises(PayloadInvalid):
        parse_xml(body)
