"""What rooms above hear of when rows of many people change in one statement."""

from __future__ import annotations

from django.dispatch import Signal

#: People came into a team or left it: `organization_id`. Nobody listens to single rows of `TeamMember`, so that a team
#: of ten thousand is deleted in one statement; whoever changes them says so once. A membership that comes, changes or
#: goes is told by its own row.
team_people_changed = Signal()
