"""Tests that need a server are left out with words, or fail when everything was asked for."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.engine("nowhere")
def test_needs_a_server(): ...

@pytest.mark.engine("here")
def test_has_its_server(): ...
"""


@pytest.fixture
def house(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.makeini(
        "[pytest]\nmarkers = engine(*names)\naddopts = -p no:django -p no:randomly -p no:cacheprovider\n"
    )
    pytester.makeconftest(
        """
        from kanton import testing_engines
        from kanton.testing_engines import *
        testing_engines.ENGINES = {
            "nowhere": Engine("Nowhere", "apt install nowhere", lambda: None),
            "here": Engine("Here", "", lambda: "/here"),
        }
        """
    )
    pytester.makepyfile(TESTS)
    monkeypatch.delenv("KANTON_ENGINES", raising=False)
    return pytester


def test_a_missing_server_leaves_its_tests_out_and_says_so(house: pytest.Pytester) -> None:
    result = house.runpytest_subprocess()
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["1 tests were left out: Nowhere is not installed (apt install nowhere)"])


def test_with_all_engines_a_missing_server_is_a_failure(
    house: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANTON_ENGINES", "all")
    result = house.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*Nowhere is missing, and KANTON_ENGINES=all asks for it: apt install nowhere*"]
    )
