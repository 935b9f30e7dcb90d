"""Which looks are listed."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from baken.record.orgs.models import Organisation
from baken.record.people.models import User
from baken.show.web.forms.fields import ByCode, Choice, day, offer


class LooksForm(forms.Form):
    """By whom, at whose data, at which incident, in which days; what is left empty may be anything."""

    customer = ByCode(_("Customer"), required=False, empty_label=_("All"))
    person = Choice(queryset=None, label=_("Who"), required=False, empty_label=_("Everybody"))
    incident = forms.IntegerField(label=_("Incident"), required=False, min_value=1, max_value=2**63 - 1)
    first = day(_("From"), required=False)
    last = day(_("Up to and including"), required=False)

    def __init__(
        self, *args: Any, customers: QuerySet[Organisation] | None, readers: QuerySet[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "looks-%s"
        if customers is None:
            del self.fields["customer"], self.fields["person"]
        else:
            offer(self, "customer", customers)
            offer(self, "person", readers)

    def asked(self) -> dict[str, Any]:
        """What `looks.reads.listed` takes; days are those of the reader's zone. What does not fit is not asked."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        first, last, person = given.pop("first", None), given.pop("last", None), given.pop("person", None)
        return {
            **given,
            **({"person": person.id} if person else {}),
            **({"since": _midnight(first)} if first else {}),
            **({"until": _midnight(last + timedelta(days=1))} if last and last.year < 9999 else {}),
        }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())
