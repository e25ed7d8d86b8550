"""What an editor may send as settings, and what of it is not meant for bnlint."""

from __future__ import annotations

import pytest

from bnlint.serving.client_settings import ClientSettings, client_settings

OTHERS = {"pylsp": {"plugins": {}}, "python": {"analysis": {}}}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"from": "keras"}, id="alone"),
        pytest.param({"bnlint": {"from": "keras"}}, id="under its name"),
        pytest.param({"settings": {"from": "keras"}}, id="under settings"),
        pytest.param({**OTHERS, "bnlint": {"from": "keras"}}, id="beside those of others"),
        pytest.param({**OTHERS, "from": "keras"}, id="among those of others"),
        pytest.param({"from": "keras", "select": None}, id="one that is not set"),
    ],
)
def test_settings_are_found(sent: object) -> None:
    settings = client_settings(sent)
    assert settings is not None
    assert (settings.given.from_family, settings.mistakes) == ("keras", ())


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(None, id="nothing"),
        pytest.param({}, id="no setting"),
        pytest.param(OTHERS, id="those of others"),
        pytest.param({"bnlint": None}, id="nothing under its name"),
    ],
)
def test_what_is_not_for_bnlint_changes_nothing(sent: object) -> None:
    assert client_settings(sent) is None


def test_no_settings_under_its_name_are_none() -> None:
    assert client_settings({"bnlint": {}}) == ClientSettings()


@pytest.mark.parametrize(
    ("sent", "mistake"),
    [
        pytest.param("keras", "settings: expected an object, found 'keras'", id="a text"),
        pytest.param({"bnlint": 5}, "settings: expected an object, found 5", id="a number"),
        pytest.param({"from": 5}, "setting from: expected the name of a framework", id="from"),
        pytest.param({"select": "BN1"}, "setting select: expected a list of rules", id="select"),
        pytest.param({"extendSelect": [1]}, "setting extendSelect: expected a list", id="a rule"),
        pytest.param({"ignore": {"a": 1}}, "setting ignore: expected a list of rules", id="table"),
        pytest.param({"minConfidence": []}, "setting minConfidence: expected one of", id="level"),
        pytest.param({"inlayHints": 1}, "setting inlayHints: expected true or false", id="flag"),
        pytest.param({"translateTo": ["x"]}, "setting translateTo: expected a list of", id="to"),
        pytest.param({"ignroe": []}, "unknown setting ignroe; did you mean ignore?", id="name"),
        pytest.param({"bnlint": {"x": {}}}, "unknown setting x", id="a section that is its own"),
    ],
)
def test_what_is_wrong_is_said_and_not_taken(sent: object, mistake: str) -> None:
    settings = client_settings(sent)
    assert settings is not None
    assert settings._replace(mistakes=()) == ClientSettings()
    (said,) = settings.mistakes
    assert said.startswith(mistake)
