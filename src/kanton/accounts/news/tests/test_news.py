"""News on the public page, the switches of topics, and the newsletter of those without an account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.accounts.news.actions import choose_topics, publish_news, subscribe
from kanton.accounts.news.errors import NotAnAddress, NoText, UnknownTopic
from kanton.accounts.news.models import News, Subscriber
from kanton.accounts.news.tasks import forget_unconfirmed, mail_news
from kanton.accounts.profile.actions import delete_account
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor, visitor
from kanton.core.errors import Forbidden
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.testing import PASSWORD, acting, make_person

TEXTS = {
    "en": {"title": "Two new zones", "body": "You may now have .zuerich and .swiss."},
    "de": {"title": "Zwei neue Zonen", "body": "Neu sind .zuerich und .swiss."},
}


@pytest.mark.spec("ACC-121")
def test_only_switched_on_topics_are_mailed_and_all_news_stand_on_the_public_page(
    client: Client, ana: Person, ben: Person, zoe: Person, staff: Actor, outbox: Outbox
) -> None:
    ben.language = "de"
    ben.save()
    client.force_login(ana)
    assert "You get no news by mail" in client.get("/account/settings").content.decode()
    answer = client.post("/account/settings/news", {"products": "on", "guides": "on"})
    assert (answer.status_code, answer["Location"]) == (303, "/account/settings")
    assert "New products and functions" in client.get("/account/settings").content.decode()
    choose_topics(acting(ben), ben, topics=["products"])
    choose_topics(acting(zoe), zoe, topics=["offers"])

    publish_news(staff, topic="products", texts=TEXTS)
    run_jobs()
    mail_news.call(News.objects.get().pk)  # a second run mails nobody twice
    assert [(mail.to, mail.subject, mail.kind) for mail in outbox] == [
        ([ana.email], "Two new zones", "newsletter"),
        ([ben.email], "Zwei neue Zonen", "newsletter"),
    ]
    public = Client()
    assert "Two new zones" in public.get("/news").content.decode()
    assert "Two new zones" in public.get("/news?topic=products").content.decode()
    assert "Two new zones" not in public.get("/news?topic=offers").content.decode()
    german = public.get(f"/news/{News.objects.get().pk}", headers={"Accept-Language": "de"})
    assert "Zwei neue Zonen" in german.content.decode()

    leave = next(word for word in outbox[0].text.split() if "/newsletter/leave/" in word)
    path = leave.partition("/newsletter")[1] + leave.partition("/newsletter")[2]
    assert "Stop the news" in public.get(path).content.decode()
    assert ana.topics.count() == 2, "looking changes nothing"
    assert "You get no more news" in public.post(path).content.decode()
    assert ana.topics.count() == 0
    client.post("/account/settings/news", {})
    assert Activity.objects.filter(kind="news.topics_chosen", person_id=ana.pk).count() == 1


@pytest.mark.spec("ACC-122")
def test_an_address_left_on_a_public_page_gets_nothing_before_it_is_confirmed(
    client: Client, staff: Actor, outbox: Outbox
) -> None:
    foot = client.get("/shop", follow=True).content.decode().partition("<footer")[2]
    assert 'action="/newsletter"' in foot and 'type="email" name="email"' in foot
    wrong = client.post("/newsletter", {"email": "lea@@example"})
    assert wrong.status_code == 422
    assert "The e-mail address entered is not valid." in wrong.content.decode()
    assert not Subscriber.objects.exists()
    for spelling in ("lea@home.example", "LEA@home.example"):
        assert "We have asked" in client.post("/newsletter", {"email": spelling}).content.decode()
    assert Subscriber.objects.count() == 1
    assert [mail.is_secret for mail in outbox] == [True, True]
    publish_news(staff, topic="guides", texts=TEXTS)
    run_jobs()
    assert len(outbox) == 2, "nothing is sent before the confirmation"

    path = outbox[0].link.removeprefix("http://").partition("/")[2]
    assert "Yes, send me news" in client.get(f"/{path}").content.decode()
    assert Subscriber.objects.get().confirmed_at is None, "a mail scanner that follows links confirms nothing"
    assert "News go to lea@home.example" in client.post(f"/{path}").content.decode()
    again = client.post("/newsletter", {"email": "lea@home.example"})
    assert "We have asked" in again.content.decode(), "the same answer as for a new address"
    assert len(outbox) == 2
    publish_news(staff, topic="guides", texts=TEXTS)
    run_jobs()
    assert outbox[-1].to == ["lea@home.example"]
    leave = next(word for word in outbox[-1].text.split() if "/newsletter/leave/" in word)
    client.post("/newsletter/leave/" + leave.rpartition("/")[2])
    assert not Subscriber.objects.exists()
    assert client.get("/newsletter/confirm/forged").status_code == 410
    assert client.post("/newsletter/leave/forged").status_code == 410


def test_the_newsletter_is_no_way_to_flood_somebody(client: Client, outbox: Outbox) -> None:
    for _ in range(5):
        answer = client.post("/newsletter", {"email": "lea@home.example"})
    assert answer.status_code == 422
    assert len(outbox) == 3


def test_refusals_change_nothing(ana: Person, member: Actor, staff: Actor, outbox: Outbox) -> None:
    with pytest.raises(UnknownTopic):
        choose_topics(acting(ana), ana, topics=["gossip"])
    with pytest.raises(Forbidden):
        choose_topics(member, ana, topics=["offers"])
    with pytest.raises(Forbidden):
        publish_news(member, topic="products", texts=TEXTS)
    with pytest.raises(NoText):
        publish_news(staff, topic="products", texts={"en": {"title": "Only a title", "body": " "}})
    with pytest.raises(NotAnAddress):
        subscribe(visitor(), email="nobody")
    assert not ana.topics.exists() and not News.objects.exists() and not Subscriber.objects.exists()
    assert len(outbox) == 0


def test_addresses_that_nobody_confirmed_are_forgotten_and_those_of_deleted_accounts_too(db: None) -> None:
    lea = make_person("lea@home.example", "Lea", "Roth")
    old = Subscriber.objects.create(email="old@home.example", asked_at=clock.now() - timedelta(days=8))
    Subscriber.objects.create(email=lea.email, confirmed_at=clock.now())
    forget_unconfirmed.call()
    assert not Subscriber.objects.filter(pk=old.pk).exists()
    delete_account(acting(lea), lea, current_password=PASSWORD)
    assert not Subscriber.objects.exists()


def test_staff_write_news_in_the_console(client: Client, sam: Person) -> None:
    client.force_login(sam)
    answer = client.post(
        "/staff/news", {"topic": "offers", "title_fr": "Rabais", "body_fr": "Dix pour cent."}
    )
    assert answer.status_code == 303
    assert "Rabais" in client.get(answer["Location"]).content.decode()
    assert client.post("/staff/news", {"topic": "offers"}).status_code == 422
