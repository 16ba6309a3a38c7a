"""One row for each mail and each short message."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.fields import EncryptedTextField


class MailState(models.TextChoices):
    """Where a message stands."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class Message(models.Model):
    """What mails and short messages have in common. The text is kept encrypted, and only for a while."""

    to = models.CharField(max_length=254)
    text = EncryptedTextField(blank=True)
    language = models.CharField(max_length=5)
    template = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, blank=True, default="")
    # Holds a code, or a link that opens something: never shown to staff, erased on delivery (ACC-30).
    is_secret = models.BooleanField(default=False)
    is_erased = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=MailState.choices, default=MailState.WAITING)
    reason = models.CharField(max_length=300, blank=True, default="")
    transport = models.CharField(max_length=40, blank=True, default="")
    # On whose behalf it was written, as staff see it.
    actor = models.CharField(max_length=200, blank=True, default="")
    organization_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def sent(self, transport: str) -> None:
        """The transport took it."""
        self.state, self.sent_at, self.reason, self.transport = MailState.SENT, clock.now(), "", transport
        self.save(update_fields=["state", "sent_at", "reason", "transport"])

    def failed(self, reason: str) -> None:
        """It will not be tried again by itself."""
        self.state, self.reason = MailState.FAILED, reason[:300]
        self.save(update_fields=["state", "reason"])

    def waits(self, reason: str) -> None:
        """It did not go out yet."""
        self.reason = reason[:300]
        self.save(update_fields=["reason"])

    def forget(self) -> None:
        """Erase the text; what remains tells that it was sent, and to whom."""
        self.text, self.is_erased = "", True
        self.save(update_fields=["text", "is_erased"])


class Mail(Message):
    """A mail that Kanton wrote: who it is for, what it says, and whether it went out. The Message-ID never changes."""

    subject = models.CharField(max_length=300)
    html = EncryptedTextField(blank=True)
    reply_to = models.CharField(max_length=254, blank=True, default="")
    # The name beside the provider's address, where an organization has its own; empty for the provider's.
    sender = models.CharField(max_length=60, blank=True, default="")
    message_id = models.CharField(max_length=120, unique=True)
    unique_key = models.CharField(max_length=200, null=True, unique=True)

    class Meta:
        app_label = "core"
        indexes = [
            models.Index(fields=["to", "-id"], name="mail_by_reader"),
            models.Index(fields=["organization_id", "-id"], name="mail_by_organization"),
            models.Index(fields=["sent_at"], name="mail_by_delivery"),
        ]

    def __str__(self) -> str:
        return self.subject

    def forget(self) -> None:
        """Erase the text and the files; what remains tells that it was sent, and to whom."""
        self.html = ""
        self.save(update_fields=["html"])
        self.attachments.all().delete()
        super().forget()


class MailAttachment(models.Model):
    """A file that goes with a mail."""

    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()

    class Meta:
        app_label = "core"

    def __str__(self) -> str:
        return self.name


class Sms(Message):
    """A short message to a phone."""

    reference = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        app_label = "core"
        indexes = [
            models.Index(fields=["created_at"], name="sms_by_day"),
            models.Index(fields=["sent_at"], name="sms_by_delivery"),
        ]
        verbose_name = "SMS"

    def __str__(self) -> str:
        return f"SMS {self.pk}"
