"""What the health page asks a decision about."""

from datetime import timedelta

import pytest
from django.utils import timezone

from baken.record.detection.health import Matter, health
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.orgs import reindexing, rotation
from baken.record.orgs.models import IndexRotation, Rotation
from tests.conftest import START, Cast


@pytest.mark.django_db
def test_a_new_location_has_five_minutes_before_it_is_called_silent(cast: Cast) -> None:
    with clock.at(START):
        monitors.add_location(
            cast.program, provider=cast.provider, code="ams", name="Amsterdam", public_key="0" * 43 + "="
        )
    for minutes, silent in ((1, False), (6, True)):
        with clock.at(START + timedelta(minutes=minutes)):
            found = {concern.matter for concern in health(cast.adam.caller).concerns}
            assert (Matter.LOCATION_SILENT in found) is silent
            assert Matter.NO_LOCATION not in found


@pytest.mark.django_db
def test_keys_that_are_half_renewed_for_a_day_are_told(cast: Cast) -> None:
    for begin in (lambda: rotation.begin_one(cast.customer.id), reindexing._begun):
        begin()
        for hours, told in ((23, False), (25, True)):
            with clock.at(timezone.now() + timedelta(hours=hours)):
                found = {concern.matter for concern in health(cast.adam.caller).concerns}
                assert (Matter.KEYS_HALF in found) is told
        Rotation.objects.all().delete()
        IndexRotation.objects.all().delete()
