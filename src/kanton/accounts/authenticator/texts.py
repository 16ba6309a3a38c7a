"""The words that the app shows, in the reader's language. The phone keeps them for times without network."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def texts() -> dict[str, str]:
    """Every text of the scripts by its name; `%(…)s` are filled in there."""
    return {
        "accounts": _("Accounts"),
        "add": _("Add an account"),
        "add_phone": _("Sign in on this phone"),
        "add_phone_help": _(
            "You sign in here with your login e-mail, your password and your present second factor. Recommended."
        ),
        "add_computer": _("Sign in on a computer"),
        "add_computer_help": _(
            "At the computer open %(address)s and there “Authenticator”. It shows a QR code to scan with this phone."
        ),
        "allow_camera": _("The camera is used for the QR code only."),
        "answer_late": _("This sign-in no longer waits. It was answered, replaced or took too long."),
        "asked_from": pgettext("place of a sign-in", "From"),
        "asked_with": _("With"),
        "asked_at": _("At"),
        "authorize": _("Authorize"),
        "back": _("Back"),
        "backup_codes": _("Your backup codes"),
        "backup_codes_copy": _("Copy the codes"),
        "backup_codes_help": _(
            "With them you get in without this phone, so keep them somewhere else. They are shown only this once, "
            "and each works once."
        ),
        "backup_codes_stored": _("I have stored them"),
        "camera_missing": _("The camera cannot be used. Type the code below the QR code instead."),
        "cancel": _("Cancel"),
        "copied": _("Copied"),
        "code_for": _("One-time code for %(login)s"),
        "code_label": _("Code below the QR code"),
        "code_scan": _("Scan the QR code"),
        "code_type": _("Type the code"),
        "confirm_link": _("Link this phone to %(login)s?"),
        "confirm_link_help": _("From then on it approves sign-ins of this account at %(provider)s."),
        "continue": _("Continue"),
        "empty": _("No account yet"),
        "empty_help": _(
            "Add your account, and this phone approves your sign-ins and shows one-time codes, even "
            "without network."
        ),
        "expires": _("%(seconds)s s left"),
        "failed": _("That did not work. Please try again."),
        "gone": _("“%(login)s” was removed from this phone on the web."),
        "linked": _("“%(login)s” is linked to this phone."),
        "no": _("NO, refuse"),
        "not_me": _("This was not me"),
        "not_me_done": _(
            "Thank you. Whoever tried knows your password. Change it now and look at your recent "
            "activity; we have written to you, too."
        ),
        "not_me_guide": _("Protect my account"),
        "number": _("Number that the browser shows"),
        "number_wrong": _(
            "This is not the number that the browser shows. The sign-in was refused; begin again there."
        ),
        "offline": _("No network. The codes work all the same."),
        "old_browser": _("This browser is too old for the Authenticator. Please update it."),
        "paused": _("Sign-ins stayed unanswered, so we do not ask for %(minutes)s minutes. Use the code."),
        "push_allow": _("Notify me of sign-ins"),
        "push_help": _("Without notifications, keep this app open while you sign in."),
        "push_refused": _("Notifications are blocked in the settings of this phone."),
        "question": _("Authorize this sign-in?"),
        "question_account": _("Somebody with the right password signs in as %(login)s."),
        "refused": _("The sign-in was refused."),
        "refused_help": _("If you were not signing in yourself, somebody else has your password."),
        "scan_wrong": _("This QR code is not from here."),
        "unknown_place": _("unknown place"),
        "yes": _("YES, authorize"),
        "yes_done": _("Authorized. The browser goes on by itself."),
    }
