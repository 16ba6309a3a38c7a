"""What happens at the same moment: one invitation brings in one person once, and one owner always stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanton.testing_at_once import real_database, run_program

__all__ = ["real_database"]


@pytest.mark.spec("ORG-47", "ORG-49", "ORG-54", "ORG-57", "ACC-70")
def test_of_two_at_once_one_wins_and_one_owner_always_stays(real_database: str, tmp_path: Path) -> None:
    found = run_program("kanton.organizations.tests.people_at_once", real_database, tmp_path)
    once = {"members": 1, "accepted": True, "revoked": False}
    assert found.pop("one_person") == [["InvitationGone"] * 7 + ["Membership"], once]
    mine, theirs, eves, after = found.pop("two_people")
    assert (mine, eves, after) == ("Membership", 0, once)
    assert theirs in ("InvitationForSomebodyElse", "InvitationGone"), (
        "after it was accepted it is gone for her too"
    )
    assert found.pop("four_accounts") == [["InvitationGone"] * 3 + ["Person"], 1, once]

    assert found.pop("revoke_invitation") in (
        [["Membership", "InvitationGone"], once],
        [["InvitationGone", "NoneType"], {"members": 0, "accepted": False, "revoked": True}],
    )
    assert found.pop("resend_invitation") in (
        [["Membership", "InvitationGone"], once],
        [["Membership", "Invitation"], once],
    )

    assert found.pop("both_step_down") == [["LastOwner", "Membership"], 1]
    assert found.pop("both_leave") == [["CannotLeave", "Departure"], 1]
    assert found.pop("both_delete_their_accounts") in (
        [["LastOwner", "NoneType"], 1],
        [["AccountCannotEnd", "NoneType"], 1],
    )

    # What is left: every pair of means by which two owners go against each other.
    assert len(found) == 10 + 4
    for pair, (refused, owners_left) in found.items():
        # An owner made administrator may still manage people, but no owners.
        expected = (["Forbidden"], ["OwnersOnly"]) if "administrator" in pair else (["Forbidden"],)
        assert refused in expected, pair
        assert owners_left == int(pair[0]) - 1, pair
