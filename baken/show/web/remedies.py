"""What the flows refuse, said in the reader's language.

Flows raise errors in English, for pages, programs and logs alike. Here stands every remedy that can come to a page,
with a placeholder for each part that differs from time to time. A test compares the list with what is raised.
"""

import re
from functools import cache

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

_PLACEHOLDER = re.compile(r"%\\?\((\w+)\\?\)s")
REMEDIES = (
    # anybody
    _("The record is no longer in the state this change starts from; look at it again."),
    _("Remove the NUL character: text cannot hold it."),
    _("%(zone)s is not an IANA time zone; write it like Europe/Amsterdam or UTC"),
    _("it is empty; choose the file again"),
    _("at most %(most)s MB; send a smaller version of it"),
    _("at most %(most)s files at once; send the others after these"),
    _("at most %(most)s files in an hour; try again later"),
    _("it is no longer there; choose the file again"),
    _("programs and scripts are not taken; put what is needed into a document"),
    _("a report is a PDF, an OpenDocument or Office file, plain text or an image; save it as PDF"),
    _("its name ends in .%(ending)s, but that is not what it is; give it the right name, or send another file"),
    _("the virus scanner found %(found)s in it, so it was not kept; send a clean one"),
    _("it is larger than the virus scanner takes; ask the administrator"),
    _("the virus scanner does not answer; try again in some minutes"),
    _("the store for files does not answer; try again in some minutes"),
    _("at most %(most)s characters"),
    _("at most %(most)s characters; attach the rest to an incident"),
    _("this instant has not come yet"),
    _("the final report follows the notification; record that first"),
    _("write something; an empty message helps nobody"),
    _("choose somebody of this customer, or nobody"),
    _("this customer does not use it; choose one that they use"),
    _("choose one of %(known)s"),
    # signing in, people and tokens
    _("This e-mail address and password do not belong together. Check both and try again."),
    _("Too many attempts. Wait %(minutes)s min and try again; nothing is wrong with your account."),
    _("this is not your present password"),
    _("this is not the one that was made for you"),
    _("the one that was made for you is over; ask an administrator to make another"),
    _("this is the one that was made for you; choose one of your own"),
    _("this password is made of words that are guessed first; choose other words"),
    _("this password has leaked somewhere, so others try it; choose another"),
    _("somebody with this address exists already"),
    _("this is the address of a honey token; choose another, or remove that first"),
    _("write an address like name@example.org"),
    _("you cannot lock yourself out; ask another administrator"),
    _("you cannot take the administrator role from yourself; ask another administrator"),
    _("this person is no %(role)s of that organisation; choose somebody who is"),
    _("%(role)s does not have %(scopes)s"),
    _("choose at least one"),
    _("%(roles)s do not fit an organisation that is a %(kind)s"),
    _("say which one, by its code"),
    _("this is not the one that `baken up` printed; copy it from there"),
    _("This installation is set up already; sign in."),
    _("this code is not right, or was used before; wait for the next one"),
    _("you have an app already; remove it before you add another"),
    _("this is not the code that the app shows now; check the clock of your telephone"),
    _("this is not the code; check the clock of your telephone, or take an app that does SHA-256"),
    _("A second step is asked of you; add another one before you remove this."),
    _("this device holds a passkey of an account here already; use that one"),
    _("at most %(most)s passkeys; remove one that you do not use"),
    _("this passkey may have been copied; remove it and register a new one"),
    _("this passkey is not known here, or the page was open for too long; try again"),
    _("no passkey was made; try again"),
    _("its RSA key has fewer than 3,072 bits, too few here; use another device"),
    _("give it a name, such as that of the device"),
    # identity providers
    _("give an address that begins with https://"),
    _("its network address is not public; the setting BAKEN_OPENID_PRIVATE allows that"),
    _("it does not answer; check the address, or try again later"),
    _("what answers there is no OpenID Connect provider"),
    _("it calls itself otherwise; write its issuer exactly as it does"),
    _("It does not take our client id and secret. Ask an administrator to check them."),
    _("It signs with a key that is too short here (RSA under 3,072 bits). Ask an administrator."),
    _("What it says about you cannot be trusted. Ask an administrator to look into the log."),
    _("Signing in there took too long or was broken off. Try again."),
    _("The provider did not confirm that it is you. Sign out and in again."),
    _("This account belongs to somebody else at the provider. Ask an administrator."),
    _("The provider does not say that your e-mail address is verified, so nobody is signed in by it."),
    _("This provider does not speak for your e-mail address. Ask an administrator."),
    _("Nobody here has your e-mail address. Ask an administrator to add you."),
    _("An administrator has closed your account."),
    _("the provider needs one"),
    _("write domains like example.org, with spaces between them"),
    _("write them as the provider does, with spaces between them"),
    _("this installation is strict; choose what the provider says itself"),
    _("administrators are made by hand; choose another role"),
    # incidents
    _("The incident is no longer in the state this change starts from; look at it again."),
    _("say in one line what is wrong"),
    _("the call began between the report of the incident and now"),
    _("choose somebody who works at the desk"),
    _("choose one or more of %(known)s"),
    _("merge a duplicate into the incident that stays"),
    _("There is no such incident."),
    _("an incident cannot be merged into itself"),
    _("choose an incident of the same customer and service"),
    _("choose an incident of the same service that a monitor opened"),
    _("this incident was opened by a monitor itself; merge it if it is the same one"),
    _("the report itself cannot be retracted; leave the incident out instead"),
    _("this incident has no fact %(number)s that can be retracted"),
    _("only a person drafts, and only messages"),
    _("this is not an incident of class %(wanted)s; change its classes first"),
    _("this instant has not come yet; give the time the call began or leave it empty"),
    _("give 1 (most), 2 or 3 (least)"),
    _("A colleague works on this incident; take it over deliberately if you must."),
    _("Somebody wrote while you were writing; read it, then send yours again."),
    _("This incident is closed; report a new one and mention its number."),
    _("This incident is resolved already; reopen it to work on it again."),
    _("This incident was left out of the counts; count it again first."),
    _("It is part of an outage, whose resolution it shares; if this is something else, report that."),
    _("It waits for that already."),
    _("It is not waiting."),
    _("Only a resolved incident can be reopened."),
    _("Only a resolved incident can be closed; resolve it first."),
    _("It has this impact and urgency already."),
    _("It was not left out."),
    _("It is part of an outage already; retract that first."),
    # break-ins, alerts and honey tokens
    _("A break-in was confirmed here; only the service manager can do this."),
    _("Whether somebody broke in is to be judged first; the service manager does that."),
    _("a break-in was confirmed in the duplicate; confirm it in the one that stays first"),
    _("the one that stays is no security incident; judge the break-in of the other first"),
    _("This is the verdict already; judge it otherwise, or leave it."),
    _("it was sent between the report of the incident and now"),
    _("This report is recorded already; retract that first if it is wrong."),
    _("use small letters, digits and hyphens, like falco-production"),
    _("another source has this code; choose one that is free"),
    _("choose one minute up to seven days"),
    _("This alert source is switched off; an administrator can switch it on."),
    _("say where you put it, so that a use tells where somebody has been"),
    # complaints
    _("The complaint is no longer in the state this change starts from; look at it again."),
    _("this instant has not come yet; give the time it was received"),
    _("say what you are not satisfied with"),
    _("choose test, spam or duplicate"),
    _("It was acknowledged already."),
    _("It was decided already."),
    _("This complaint was left out of the counts."),
    # services, agreements, calendars
    _("give it a name by which people know it"),
    _("%(code)s may hold letters, digits, hyphens and underscores only"),
    _("'new' is kept for adding one; choose another"),
    _("%(code)s is taken; choose another"),
    _("uses this service already"),
    _("an intake cannot end before it began"),
    _("an agreement changes only at the start of a month in its own zone"),
    _("choose a month that has not begun; a period under way is not changed"),
    _("the version before holds from %(day)s; choose a later month"),
    _("maintenance ends after it starts"),
    _("work that is over cannot be announced"),
    _("give a share above 0 and at most 100 %"),
    _("give a time longer than zero, or leave it empty"),
    _("choose a calendar for priority %(priority)s"),
    _("give a response and a resolution time for priority %(priority)s"),
    _("give whole minutes after midnight, 0 to 1439"),
    _("give whole minutes after midnight, from %(first)s to %(last)s (24 hours) for an opening at %(opens)s"),
    _("write hours and minutes like 08:00, up to 24:00"),
    _("give 0 for Monday up to 6 for Sunday"),
    _("a calendar needs at least one window"),
    _("give each date once, with all its windows together"),
    _("no country %(country)s; leave it empty, or choose a two-letter code such as %(known)s"),
    _("%(country)s has no part %(part)s; choose one of %(known)s"),
    _("%(country)s has no part %(part)s; write %(alone)s alone"),
    _("a calendar covers the years 1900 up to 2200; check the year of the instant"),
    # monitors and locations
    _("use small letters, digits and hyphens, like ams-1"),
    _("this is not a URL; write it like https://www.example.org/path"),
    _("give an address that begins with http:// or https://"),
    _("plain ASCII only; write a host as xn--..., and other characters as %XX"),
    _("choose GET, HEAD or POST"),
    _("give 200 milliseconds to a day"),
    _("give more than 0 and at most 300000 milliseconds"),
    _("write it like 200 or 200-299,404"),
    _("the codes run from 100 to 599, the lower one first"),
    _("a HEAD request has no text; use GET"),
    _("give at least 1 location"),
    _('give at least 1 location, or "majority"'),
    _("give at least %(down)s locations, as many as have to see it down"),
    # erasing people and customers
    _("type the e-mail address of this person"),
    _("type the code of this customer"),
    _("nobody else is an administrator; make somebody else one first"),
    _("the provider itself cannot be erased; remove the installation instead"),
    _("Incidents of this customer that are still open: %(count)s. Resolve them or leave them out first."),
    _("Complaints of this customer that are not decided: %(count)s. Decide them first."),
    _("Nobody is erased now: the list of who was erased has to be put right first. The log says what is wrong."),
    _("This customer was erased; nothing can be written about it any more."),
    _("This person was erased; nothing can be written in their name any more."),
    # audits, drills and reports
    _("The audit is signed off and no longer changes; record a new one to correct it."),
    _("The audit was withdrawn; open a new one."),
    _("The audit was changed after you read it: read it again, and sign it off then."),
    _("This finding is closed already; open it again first if what shows that it is solved is wrong."),
    _("This finding is open already."),
    _("This review was retracted already."),
    _("The drill was retracted already."),
    _("this auditor is asked already; choose somebody else"),
    _("say why"),
    _("a review covers at most 366 days; record longer times as several"),
    _("choose the services in scope"),
    _("say in one line what was found"),
    _("say what shows that it is solved, and where that can be looked up"),
    _("give the auditor's own grade, from 1 to 10; another scale is not converted"),
    _("choose the first day of the period or a later one"),
    _("the auditor gives a grade from 1.0 to 10.0"),
    _("the auditor gives the grade from 1 to 10; nobody converts another scale"),
    _("attach the signed report file first"),
    _("write down first: %(fields)s"),
    _("a review ends after it began"),
    _("a time that has not passed cannot be reviewed yet"),
    _("this instant has not come yet; record the drill when it is over"),
    _("choose passed or failed"),
    _("This period was sealed already; a sealed report never changes."),
    _("it is not over yet; seal it after its last day"),
    _("write it down; a report is not sealed without it"),
    _(
        "confirm the classes of %(count)s incidents first; improvements: give cause, action, owner and date for "
        "%(kpis)s"
    ),
    _("confirm the classes of one incident first; improvements: give cause, action, owner and date for %(kpis)s"),
    _("confirm the classes of %(count)s incidents first"),
    _("confirm the classes of one incident first"),
    _("give cause, action, owner and date for %(kpis)s"),
    _("these dates make no period; write them like 2026-03-01, in the years 1950 to 2149"),
    _("choose a shorter or a later period: the one before it, for comparison, has to begin in 1950 or later"),
    _("%(end)s is not after %(start)s; the last date is not part of the period"),
    _("the end must come after the start"),
)


def in_words(text: str) -> str:
    """What a flow says, in the reader's language; what is not listed stays as it is."""
    found = _found(text)
    if found is None:
        head, separator, rest = text.partition(": ")
        return f"{head}: {in_words(rest)}" if separator else text
    remedy, parts = found
    return gettext(remedy) % parts if parts else gettext(remedy)


def is_known(text: str) -> bool:
    """Whether a remedy is listed here."""
    return _found(text) is not None


def _found(text: str) -> tuple[str, dict[str, str]] | None:
    """The listed remedy and what stands in its places."""
    for pattern, remedy in _patterns():
        if match := pattern.fullmatch(text):
            return remedy, match.groupdict()
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The remedies as patterns, those without a placeholder first: they are the more exact ones."""
    ordered = sorted(REMEDIES, key=lambda remedy: bool(_PLACEHOLDER.search(remedy)))
    return [(re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+)", re.escape(remedy)), re.DOTALL), remedy) for remedy in ordered]
