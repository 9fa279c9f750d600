"""The six apps, on one database and one bus."""

import os

from fastapi import FastAPI

from apps.administration.main import create_app as administration
from apps.administration.settings import AdministrationSettings
from apps.api.main import create_app as api
from apps.api.settings import ApiSettings
from apps.billing.main import create_app as billing
from apps.billing.settings import BillingSettings
from apps.dashboarding.main import create_app as dashboarding
from apps.dashboarding.settings import DashboardingSettings
from apps.local.parts import Parts
from apps.loyalty.main import create_app as loyalty
from apps.loyalty.settings import LoyaltySettings
from apps.reporting.main import create_app as reporting
from apps.reporting.settings import ReportingSettings
from shared.web.services import Services


def make_apps(parts: Parts) -> dict[str, FastAPI]:
    """The apps by name, which is their subdomain."""
    return {
        "api": api(services=parts.services(ApiSettings)),
        "reporting": reporting(services=parts.services(ReportingSettings)),
        "administration": administration(services=_administration(parts)),
        "billing": billing(services=parts.services(BillingSettings)),
        "loyalty": loyalty(services=parts.services(LoyaltySettings)),
        "dashboarding": dashboarding(services=parts.services(DashboardingSettings)),
    }


def _administration(parts: Parts) -> Services:
    """With mail in a folder beside everything else, unless it is said to go elsewhere."""
    elsewhere = "FORTRESS_MAIL_URL" in os.environ
    mail = {} if elsewhere else {"mail_url": f"folder://{parts.settings.var / 'mail'}"}
    return parts.services(AdministrationSettings, **mail)
