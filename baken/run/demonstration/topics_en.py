"""Conversations in English."""

from baken.run.demonstration.topics import Phrases, Topic

AVAILABILITY, INTEGRITY, SECURITY, OTHER = ("availability",), ("integrity",), ("security",), ("other",)

PAYROLL = (
    Topic(
        AVAILABILITY,
        ("the payslip portal", "the approval screen", "the year-end page", "the timesheet app"),
        "Cannot open {thing}",
        "Hi,\n\nSince this morning {thing} loads for a minute and then shows a blank page. Same for two colleagues in "
        "the Leith office.\n\nThanks,\n{reporter}",
        "Hello {reporter},\n\nThank you for letting us know. I can see the slow requests on {thing} and am on it. "
        "You will hear from me within the hour.\n\n{agent}",
        "Does it happen in a private window as well, and is there a reference at the bottom of the page?",
        "Yes, private window too. Reference is PR-77120.",
        "Stale session table after last night's rollout. Purged, watching the error rate.",
        "A leftover from last night's update kept {thing} waiting. It is removed and the page opens at once now. "
        "Please tell us if you see it again.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("the BACS file", "the pension upload", "the HMRC submission"),
        "{thing} does not leave the queue",
        "Morning. {thing} has been 'queued' since nine and our cut-off is four o'clock.\n\n{reporter}",
        "Morning {reporter}. Noted the cut-off. I have moved {thing} to the front and am following it.\n\n{agent}",
        "Was the file made with the new template, with the extra column?",
        "Yes, the one you sent round last month.",
        "Validator chokes on the extra column when it is empty. Fix in review, file pushed through by hand.",
        "{thing} went out at 14:12 and was accepted. The new template works without the workaround from tomorrow."
        "\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("the overtime report", "the cost centre export", "the headcount report"),
        "Figures in {thing} look odd",
        "The totals in {thing} are a few hundred off from what I have in the spreadsheet. Could somebody check?"
        "\n\n{reporter}",
        "Of course, {reporter}. I am comparing both and will come back to you today.\n\n{agent}",
        "Which period did you choose: calendar month, or pay period?",
        "Calendar month. Is that it?",
        "User error, but the label does not help. Raised for the next release.",
        "It was the period: {thing} runs on pay periods. With that set the totals agree to the penny.\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("a new team leader", "our auditor", "the temp in finance"),
        "Access for {thing}",
        "Hello, {thing} needs to see payslips of the warehouse team, read only.\n\n{reporter}",
        "Hello {reporter}, happy to. I need the approval of the data owner first and have asked for it.\n\n{agent}",
        "Until which date should the access last?",
        "End of next month please.",
        "Approved by data owner by phone, recorded in the register.",
        "Done: {thing} has read access until the end of next month. It ends by itself.\n\n{agent}",
    ),
    Topic(
        INTEGRITY,
        ("last week's timesheets", "one employee's bank details", "the holiday balances"),
        "{thing} have reverted",
        "Something odd: {thing} show the values from before Friday. We did correct them.\n\n{reporter}",
        "Thanks for spotting it, {reporter}. I am looking at Friday's changes in the backup.\n\n{agent}",
        "May I restore Friday 18:00 next to the current state, so that you can compare?",
        "Yes please, side by side is perfect.",
        "Import of Saturday overwrote newer rows. Restored 41 rows from Friday's backup, checksums match.",
        "All 41 rows are as you left them on Friday, and the Saturday import no longer overwrites newer "
        "values.\n\n{agent}",
    ),
    Topic(
        SECURITY,
        ("a payslip in the wrong name", "an e-mail asking for my password", "a login I do not recognise"),
        "Worried about {thing}",
        "I found {thing} this morning. Is this you, or should I be worried?\n\n{reporter}",
        "Quite right to ask, {reporter}. Please leave it as it is; I am checking our side first.\n\n{agent}",
        "Could you forward it as an attachment, so that the headers stay with it?",
        "Attached. I have not clicked anything.",
        "Phishing, not from us. Sender blocked, notice sent to all customers of this service.",
        "It did not come from us and nobody got in. We blocked the sender and warned the others.\n\n{agent}",
    ),
)

SENSORS = (
    Topic(
        AVAILABILITY,
        ("dock 4", "the Newark yard", "cold store B", "the reefers in Elizabeth"),
        "No readings from {thing}",
        "We have had no temperature readings from {thing} for 25 minutes. Trucks are loading.\n\n{reporter}",
        "Got it, {reporter}. The gateway for {thing} is online but not delivering. Working on it now.\n\n{agent}",
        "Is the light on the gateway green or amber?",
        "Amber, blinking.",
        "Gateway certificate expired; renewal job had been skipped on this one site.",
        "Renewed the gateway's certificate. Readings from {thing} are back, and the missing ones were filled in from "
        "its memory.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("the live map", "the alarm page", "the mobile app", "the dispatch board"),
        "{thing} is stuck",
        "{thing} shows positions from half an hour ago. Refresh does nothing.\n\n{reporter}",
        "Thanks {reporter}, we see the delay too. The stream behind {thing} is catching up.\n\n{agent}",
        "Do you see it on every screen in dispatch, or on some?",
        "Every screen, and on my phone.",
        "Consumer lag after rebalance. Added a partition, lag back to under a second.",
        "{thing} is live again. A queue had filled up overnight; we gave it more room.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("the API", "the webhook", "the hourly export", "the ERP connector"),
        "{thing} times out",
        "Our warehouse system gets timeouts from {thing}, about one in five calls.\n\n{reporter}",
        "Thank you, {reporter}. I see the same rate here and am tracing it.\n\n{agent}",
        "Which region do your calls come from: east only, or west as well?",
        "East only. West looks fine.",
        "One of three nodes in east answers health checks and nothing else. Taken out of rotation.",
        "A failing node was answering some of your calls. It is out, and {thing} has had no timeouts since.\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("alarm thresholds", "the weekly summary", "shift schedules"),
        "How do we change {thing}?",
        "Night shift wants to change {thing} themselves. Is that possible, and how?\n\n{reporter}",
        "Hi {reporter}, yes. I am writing down the steps for your set-up and will send them over.\n\n{agent}",
        "Should everybody on the shift be able to, or only the lead?",
        "Just the lead.",
        "Role 'shift lead' given; article 31 sent.",
        "The shift lead can change {thing} from tonight. The steps are in the article I sent you.\n\n{agent}",
    ),
    Topic(
        INTEGRITY,
        ("the readings of Sunday", "one trailer's history", "the calibration log"),
        "Gap in {thing}",
        "There is a hole in {thing}. The customer will ask for it. Can it be restored?\n\n{reporter}",
        "Checking, {reporter}. The gateway keeps 72 hours; if it is there we get it back.\n\n{agent}",
        "Has the gateway been swapped since?",
        "No, same unit.",
        "Recovered from gateway memory, 1,140 readings, sequence complete.",
        "All 1,140 readings are back in {thing}, in order and without a gap.\n\n{agent}",
    ),
    Topic(
        SECURITY,
        ("an API key in a public repository", "an unknown device in our list", "a former driver's account"),
        "Please check: {thing}",
        "We came across {thing}. Can you make sure nobody used it?\n\n{reporter}",
        "On it, {reporter}. It is disabled as of now; going through the access log.\n\n{agent}",
        "When did you first see it?",
        "This morning, but it may have been there since last week.",
        "No use in the log since the 3rd. Disabled and rotated.",
        "It was not used by anybody, and it no longer works. New credentials are in your vault.\n\n{agent}",
    ),
)

PHRASES = Phrases(
    call="Phoned {reporter}: went through what they see and what we do next. Will call back before the end of the day.",
    supplier="With the network carrier, their ticket {number}-C. They promised an answer today.",
    supplier_done="Carrier fixed a line card and confirmed.",
    reopened="Sorry, it is back this morning. Could you have another look?\n\n{reporter}",
    resolved_again="The second node had been missed the first time; it has the fix now too. Apologies.\n\n{agent}",
    withdrawn="Never mind, it works again. It was our own firewall.",
    rejected="About a product that is not ours. Pointed the reporter to its vendor.",
    test="Trial of the new report button.",
    duplicate="The same trouble as a colleague reported earlier.",
    raised="Turns out to affect the whole site, not one desk.",
    topics={"payroll": PAYROLL, "sensors": SENSORS},
)
