"""The shapes of the mail API, as clients of the described service know them, and what is ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core.api import Body, Id, Query, Timestamp, WishOut

LocalPart = Annotated[str, Field(max_length=254)]
Address = Annotated[str, Field(max_length=320)]


class HostingsQuery(Query):
    """Which mail services to list."""

    account_id: Id | None = None


class MailboxUserOut(TypedDict):
    """Somebody who may use a mailbox."""

    id: int
    email: str
    name: str
    is_deleted: bool
    is_unified: bool
    avatar: str
    has_double_auth: bool
    last_login_at: Timestamp | None
    last_access_at: Timestamp | None
    display_name: str
    permissions: dict[str, bool]


class RedirectionTo(TypedDict):
    """Where a mailbox redirects to."""

    email: str
    email_idn: str


class MailboxOut(TypedDict):
    """An address with a mailbox."""

    users: list[MailboxUserOut]
    mailbox_name: str
    mailbox: str
    mailbox_idn: str
    note: str | None
    type: int | None
    is_limited: bool
    is_free_mail: bool
    is_used_for_account: str
    private: dict[str, str]
    mailbox_id: int
    name: str
    recovery_email: str | None
    state: WishOut
    has_redirection: NotRequired[bool]
    redirection: NotRequired[list[RedirectionTo]]
    aliases: NotRequired[list[str]]
    full_aliases: NotRequired[list[str]]
    created_at: NotRequired[Timestamp]
    password_last_changed_at: NotRequired[Timestamp | None]
    size: NotRequired[int]
    size_checked_at: NotRequired[Timestamp | None]
    operation_in_progress: NotRequired[bool]
    permissions: NotRequired[dict[str, bool]]
    sending: NotRequired[dict[str, int]]


class MailboxFilter(Query):
    """Narrows the mailboxes."""

    has_alias: bool | None = None
    has_redirection: bool | None = None


class MailboxesQuery(Query):
    """Which mailboxes to list."""

    filter: MailboxFilter = MailboxFilter()
    filter_by: str | None = None


class MailboxQuery(Query):
    """How to tell one mailbox."""

    unit: str | None = None


class MailboxIn(Body):
    """A new mailbox. Without a password a strong one is made and told in the answer, once."""

    mailbox_name: LocalPart
    password: Annotated[str, Field(max_length=1000)] | None = None
    note: Annotated[str, Field(max_length=300)] | None = None
    name: Annotated[str, Field(max_length=120)] | None = None
    recovery_email: Address | None = None
    link_to_current_user: bool = False


class CreatedMailboxOut(TypedDict):
    """The new mailbox. `password` only when it was made here."""

    mailbox: str
    quota: int
    used: int
    total: int
    existing_user_email: bool
    password: str | None
    state: WishOut


class BulkRowIn(Body):
    """One line of a bulk creation."""

    mailbox_name: LocalPart
    name: Annotated[str, Field(max_length=120)] = ""
    password: Annotated[str, Field(max_length=1000)] = ""
    recovery_email: Annotated[str, Field(max_length=320)] = ""


class MailboxChange(Body):
    """What may be changed of a mailbox."""

    name: Annotated[str, Field(max_length=120)] | None = None
    note: Annotated[str, Field(max_length=300)] | None = None
    recovery_email: Annotated[str, Field(max_length=320)] | None = None


class PasswordIn(Body):
    """A new password, and whether it is for the account of the same address too."""

    password: Annotated[str, Field(max_length=1000)]
    unify: bool = False
    current_password: Annotated[str, Field(max_length=1000)] = ""


class AliasesOut(TypedDict):
    """The aliases of a mailbox."""

    enabled_alias: int
    aliases: list[str]


class AliasIn(Body):
    """One alias: what stands before the @."""

    alias: LocalPart


class AliasesIn(Body):
    """All aliases."""

    aliases: Annotated[list[LocalPart], Field(max_length=200)]


class ForwardingOut(TypedDict):
    """The redirection of a mailbox. The third name is spelt as clients know it."""

    is_enabled: bool
    redirect_adresses: list[RedirectionTo]
    has_dont_deliver: bool
    has_forward_spam: bool


class ForwardingIn(Body):
    """The whole redirection."""

    redirect_addresses: Annotated[list[Address], Field(max_length=60)] | None = None
    is_enabled: bool = True
    has_dont_deliver: bool = False
    has_forward_spam: bool = False


class ForwardIn(Body):
    """One more target."""

    redirect_address: Address


class ForwardOut(TypedDict):
    """A target that was added."""

    email: str
    email_idn: str
    has_dont_deliver: bool


class RedirectAddressOut(TypedDict):
    """An address of a redirection."""

    id: str
    address: str
    created_at: int | None
    updated_at: int | None
    state: str


class RedirectTargetOut(TypedDict):
    """A target of a redirection. Nobody is asked to opt in here."""

    id: str
    address: str
    optin_code: str | None
    optin_expires_at: int | None
    opted_in_at: int | None
    created_at: int | None
    updated_at: int | None
    state: str


class RedirectOut(TypedDict):
    """A redirect-only address. Its numbers are texts, as clients know them."""

    id: str
    name: str
    created_at: int | None
    updated_at: int | None
    targets: list[RedirectTargetOut]
    address: RedirectAddressOut
    state: str
    send_confirmation_requests_enabled: bool
    send_confirmation_requests_state: str


class RedirectIn(Body):
    """A new redirect-only address."""

    name: LocalPart
    targets: Annotated[list[Address], Field(min_length=1, max_length=60)]


class TargetsIn(Body):
    """The targets of a redirect-only address."""

    targets: Annotated[list[Address], Field(min_length=1, max_length=60)]


class TargetIn(Body):
    """One more target of a redirect-only address."""

    address: Address


class InvitationAgainIn(Body):
    """Which invitation to send again: its key or its address. What it was made with stays as it is."""

    key: Annotated[str, Field(max_length=100)] = ""
    email: Annotated[str, Field(max_length=320)] = ""
    firstname: Annotated[str, Field(max_length=200)] | None = None
    lastname: Annotated[str, Field(max_length=200)] | None = None
    force_email: int | None = None
    language: Literal["de", "en", "es", "fr", "it"] | None = None
    permissions: list[Any] | dict[str, Any] | None = None
    phone: Annotated[str, Field(max_length=100)] | None = None


class PermissionsIn(Body):
    """What somebody may do with a mailbox."""

    can_send: bool = True
    can_change_password: bool = False


class AccessIn(Body):
    """Let a person of the organization use a mailbox."""

    user_id: Id
    permissions: PermissionsIn = PermissionsIn()


class AccessChange(Body):
    """Change what a person may do."""

    permissions: PermissionsIn


class InvitationIn(Body):
    """Invite somebody by mail to use a mailbox."""

    email: Address
    permissions: PermissionsIn = PermissionsIn()


class ShortMailboxOut(TypedDict):
    """Which mailbox something is about."""

    mailbox_name: str
    mailbox: str
    mailbox_idn: str


class InvitationOut(TypedDict):
    """An invitation to a mailbox, or the member who was let in at once."""

    short_url: str
    key: str
    sent_to: str
    expired_at: Timestamp | None
    is_valid: bool
    is_used: bool
    signature_template_id: str
    mailbox: ShortMailboxOut
    email: str
    is_member: bool
    permissions: dict[str, bool]


class UsersOut(TypedDict):
    """Who may use a mailbox and who is invited."""

    users: list[MailboxUserOut]
    invitations: list[InvitationOut]


class DeviceIn(Body):
    """A password for one device."""

    label: Annotated[str, Field(max_length=60)] = ""
    protocols: str | None = None
    type: str | None = None


class DeviceOut(TypedDict):
    """A device password, without the password. It opens mail over IMAP."""

    id: int
    protocols: Literal["imap"]
    last_connection: Timestamp | None
    created_at: Timestamp
    status: Literal["healthy"]
    mailbox: ShortMailboxOut
    label: str


class GeneratedPasswordOut(TypedDict):
    """A device password, told once."""

    id: int
    label: str
    login: str
    password: str


class RecordOut(TypedDict):
    """A DNS record that mail needs."""

    name: str
    type: str
    target: str
    state: str


class MailDomainOut(TypedDict):
    """A domain of a mail service."""

    name: str
    name_idn: str
    is_main: bool
    is_controlled: bool
    control_record: str | None
    state: WishOut
    records: NotRequired[list[RecordOut]]


class MailDomainIn(Body):
    """One more domain."""

    name: Annotated[str, Field(max_length=253)]
    replace_records: bool = False


class JournalOut(TypedDict):
    """One message and one recipient."""

    id: int
    at: Timestamp
    way: str
    sender: str
    recipient: str
    mailbox: str | None
    size: int
    result: str
    words: str | None


class WebmailUserOut(TypedDict):
    """The person who may open the mailbox."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    avatar: str
    is_sso: bool


class WebmailMailboxOut(TypedDict):
    """A mailbox that the caller may open in the web app."""

    id: int
    user: WebmailUserOut
    status: Literal["healthy", "new"]
    last_used_at: Timestamp | None
    is_primary: bool
    created_at: Timestamp
    permissions_binary: int
    permissions: list[str]
    mailbox: list[ShortMailboxOut]
    has_valid_password: bool
    mailbox_id: int
    service_id: int
    account_id: int


class DeletedMailboxOut(TypedDict):
    """A deleted mailbox that can come back."""

    mailbox_id: int
    mailbox: str
    deleted_at: Timestamp


def as_states(wish: Any) -> WishOut:
    """The state of a wish in the API's words."""
    out: WishOut = wish.wish_as_json()
    return out
