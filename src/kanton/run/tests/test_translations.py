"""Texts in five languages: none is missed in code or templates, none is lost, none is left untranslated unseen."""

import gettext
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from kanton.run.translations import LANGUAGES, Room, compile_all, conflicts, problems, rooms, texts_of, update

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

title = _("Zones of %(name)s") % {"name": "acme"}
# Translators: a row of the table
many = ngettext("%(count)s zone", "%(count)s zones", 2)
short = pgettext("month", "Mar")
long = _(
    "One sentence "
    "in two parts."
)
"""
TEMPLATE = """{% load i18n %}
<h1>{% translate "It's yours" %}</h1>
    {% blocktranslate trimmed count n=zones|length %}
      {{ n }} record
   {% plural %}
      {{ n }} records
  {% endblocktranslate %}
{% translate "Mar" context "month" %} <p title='{% translate "Open" as t %}'>
"""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    folder = tmp_path / "zones"
    (folder / "templates" / "zones").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "apps.py").write_text("")
    (folder / "views.py").write_text(PYTHON)
    (folder / "tests" / "test_views.py").write_text('_("not for people")')
    (folder / "templates" / "zones" / "list.html").write_text(TEMPLATE)
    return Room("zones", folder)


def translate(room: Room, language: str) -> None:
    path = room.catalog_path(language)
    text = path.read_text()
    for before, after in {
        'msgid "Zones of %(name)s"\nmsgstr ""': 'msgid "Zones of %(name)s"\nmsgstr "Zonen von %(name)s"',
        'msgid "It\'s yours"\nmsgstr ""': 'msgid "It\'s yours"\nmsgstr "Ihres"',
        'msgid "Mar"\nmsgstr ""': 'msgid "Mar"\nmsgstr "März"',
        'msgid "Open"\nmsgstr ""': 'msgid "Open"\nmsgstr "Öffnen"',
        'msgid "One sentence in two parts."\nmsgstr ""': 'msgid "One sentence in two parts."\nmsgstr "Ein Satz."',
        'msgid_plural "%(count)s zones"\nmsgstr[0] ""\nmsgstr[1] ""': (
            'msgid_plural "%(count)s zones"\nmsgstr[0] "%(count)s Zone"\nmsgstr[1] "%(count)s Zonen"'
        ),
        'msgid_plural "%(n)s records"\nmsgstr[0] ""\nmsgstr[1] ""': (
            'msgid_plural "%(n)s records"\nmsgstr[0] "%(n)s Eintrag"\nmsgstr[1] "%(n)s Einträge"'
        ),
    }.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)


def test_texts_are_found_in_code_and_templates_but_not_in_tests(room: Room) -> None:
    found = {(message.context, message.id) for message in texts_of(room) if message.id}
    assert found == {
        (None, "Zones of %(name)s"),
        (None, ("%(count)s zone", "%(count)s zones")),
        (None, ("%(n)s record", "%(n)s records")),
        ("month", "Mar"),
        (None, "One sentence in two parts."),
        (None, "It's yours"),
        (None, "Open"),
    }


def test_a_complete_catalog_has_no_problem_and_is_read_by_gettext(room: Room) -> None:
    assert update(room) == 7 * len(LANGUAGES)
    assert len(list(problems(room))) == 7 * len(LANGUAGES)
    translate(room, "de")
    assert [problem for problem in problems(room) if "/de/" in str(problem.path)] == []
    assert update(room) == 7 * (len(LANGUAGES) - 1)
    assert [problem for problem in problems(room) if "/de/" in str(problem.path)] == []
    assert compile_all(room.folder) == 4
    assert compile_all(room.folder) == 0
    with room.catalog_path("de").with_suffix(".mo").open("rb") as file:
        german = gettext.GNUTranslations(file)
    assert german.gettext("It's yours") == "Ihres"
    assert german.ngettext("%(count)s zone", "%(count)s zones", 2) == "%(count)s Zonen"
    assert german.pgettext("month", "Mar") == "März"


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('msgstr "Ihres"', 'msgstr ""', "not translated"),
        ('msgstr "%(n)s', 'msgstr "%(m)s', "wrong"),
        ('msgid "It\'s yours"', '#, fuzzy\nmsgid "It\'s yours"', "marked fuzzy"),
        ('msgstr "Zonen von %(name)s"', 'msgstr "Zonen von %(nom)s"', "wrong"),
        ('msgstr "Ihres"', 'msgstr "Ihres "', "spaces at the ends differ"),
        ('msgid "Open"', 'msgid "Opened"', "no longer used"),
        ('msgid "Open"', 'nonsense "Open"', "cannot be read"),
        ('msgstr[1] "%(count)s Zonen"', 'msgstr[1] ""', "not translated"),
    ],
)
def test_a_flaw_is_told_with_its_place(room: Room, before: str, after: str, what: str) -> None:
    update(room)
    translate(room, "de")
    path = room.catalog_path("de")
    text = path.read_text()
    before = before.replace('msgstr "%(n)s', 'msgstr[0] "%(n)s')
    after = after.replace('msgstr "%(m)s', 'msgstr[0] "%(m)s')
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    assert what in {problem.what.split(" (")[0] for problem in problems(room) if problem.path == path}


def test_one_text_has_one_translation_in_all_rooms_unless_its_context_differs(
    room: Room, tmp_path: Path
) -> None:
    other = Room("mail", tmp_path / "mail")
    other.folder.mkdir()
    (other.folder / "apps.py").write_text("")
    (other.folder / "views.py").write_text(PYTHON + 'state = pgettext("a shop", "Open")\nagain = _("Open")\n')
    for each in (room, other):
        update(each)
    assert list(conflicts([room, other])) == []  # what waits for a translator says nothing yet
    translate(room, "de")
    path = other.catalog_path("de")
    text = path.read_text()
    for before, after in {
        'msgctxt "a shop"\nmsgid "Open"\nmsgstr ""': 'msgctxt "a shop"\nmsgid "Open"\nmsgstr "Offen"',
        'py\nmsgid "Open"\nmsgstr ""': 'py\nmsgid "Open"\nmsgstr "Öffnen"',
        'msgid "Mar"\nmsgstr ""': 'msgid "Mar"\nmsgstr "Mrz"',
        'msgid "Zones of %(name)s"\nmsgstr ""': 'msgid "Zones of %(name)s"\nmsgstr "Zonen von %(name)s"',
        'msgstr[0] ""\nmsgstr[1] ""': 'msgstr[0] "%(count)s Zone"\nmsgstr[1] "%(count)s Bereiche"',
    }.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)
    advice = (
        "Same meaning: use the same words. Other meaning: give the text a context (pgettext, or context in a template) "
        "or say it more clearly"
    )
    assert [(problem.text, problem.what) for problem in conflicts([room, other])] == [
        (
            "%(count)s zone",
            "translated differently in de: '%(count)s Zone' / '%(count)s Zonen' (zones), "
            f"'%(count)s Zone' / '%(count)s Bereiche' (mail). {advice}",
        ),
        (
            "Mar",
            f"translated differently in de in the context 'month': 'März' (zones), 'Mrz' (mail). {advice}",
        ),
    ]
    path.write_text(text.replace("Mrz", "März").replace("Bereiche", "Zonen"))
    assert list(conflicts([room, other])) == []


def test_a_text_that_changed_is_asked_for_again_and_the_old_one_goes(room: Room) -> None:
    update(room)
    translate(room, "de")
    (room.folder / "views.py").write_text(PYTHON.replace("Zones of", "All zones of"))
    update(room)
    with room.catalog_path("de").open("rb") as file:
        catalog = read_po(file)
    assert catalog.get("Zones of %(name)s") is None
    strings = {message.id: message.string for message in catalog if message.id}
    assert strings["All zones of %(name)s"] == ""
    assert strings["It's yours"] == "Ihres"


def test_the_house_has_rooms() -> None:
    assert {"core", "accounts", "organizations"} <= {room.name for room in rooms()}


def test_what_says_the_same_keeps_its_lines_and_what_is_new_comes_in_between(room: Room) -> None:
    update(room)
    translate(room, "de")
    path = room.catalog_path("de")
    broken = path.read_text().replace('msgstr "Ihres"', 'msgstr ""\n"Ih"\n"res"')
    path.write_text("#\n" + broken)  # as a translator's tool leaves it
    before = path.read_text()
    update(room)
    assert path.read_text() == before
    (room.folder / "views.py").write_text(PYTHON + '\nmore = _("Quite new")\n')
    update(room)
    assert path.read_text().replace('#: views.py\nmsgid "Quite new"\nmsgstr ""\n\n', "") == before
