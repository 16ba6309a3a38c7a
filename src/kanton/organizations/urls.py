"""Addresses of organizations."""

from django.urls import path

from kanton.organizations.views import access, joining, people, settings

app_name = "organizations"
ORG = "o/<slug:organization>"
urlpatterns = [
    path("register", joining.register, name="register"),
    path("invitations/<str:secret>", joining.invitation, name="invitation"),
    path("organizations", joining.switch, name="switch"),
    path("organizations/find", joining.find, name="find"),
    path("organizations/new", joining.create, name="new"),
    path("account/organizations", joining.mine, name="mine"),
    path("account/invitations/<int:number>/accept", joining.join, name="join"),
    path(f"{ORG}/people", people.people, name="people"),
    path(f"{ORG}/rights", access.who, name="who"),
    path(f"{ORG}/people/invite", people.invite, name="invite"),
    path(f"{ORG}/people/invitations/resend", people.resend_many, name="resend_invitations"),
    path(f"{ORG}/people/invitations/revoke", people.revoke_many, name="revoke_invitations"),
    path(f"{ORG}/people/invitations/<int:number>", people.change, name="change_invitation"),
    path(f"{ORG}/people/invitations/<int:number>/resend", people.resend, name="resend_invitation"),
    path(f"{ORG}/people/invitations/<int:number>/revoke", people.revoke, name="revoke_invitation"),
    path(f"{ORG}/people/<int:number>/role", people.role, name="change_role"),
    path(f"{ORG}/people/<int:number>/access", access.change, name="change_access"),
    path(f"{ORG}/people/<int:number>/why", access.what, name="explain"),
    path(f"{ORG}/people/<int:number>/unlock", people.unlock, name="unlock_member"),
    path(f"{ORG}/settings", settings.details, name="details"),
    path(f"{ORG}/settings/edit", settings.edit, name="edit_details"),
    path(f"{ORG}/activity", settings.activity, name="activity"),
    path(f"{ORG}/activity/check", settings.check, name="check_activity"),
]
