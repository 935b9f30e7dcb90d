"""What an export says of itself, to somebody who has nothing else."""

README = """\
An export from Baken
====================

This ZIP file holds what Baken keeps of one person or one organisation, in a form that programs can read.

manifest.json    every other file in here: its path, its size in bytes, its SHA-256; of whom it is, and when it was
                 made. It was written last: without it the export is not complete.
*.json           one kind of record each: a JSON list (RFC 8259, UTF-8) with one record on each line. Instants are
                 ISO 8601 in UTC. `id` names a record; a name that ends in `_id` refers to another one's.
ledger.json      the facts on the ledger: what happened and when. They hold codes, never text. An empty `actor` is
                 somebody else.
files/           files as they were stored, each under its id. files.json has name, size and SHA-256 of each.

Of a person: their account, where they are signed in, and what they wrote or reported themselves. What others wrote is
not in it, and neither are passwords and other secrets. Some of what people record for the provider says nowhere whose
words it has: drills, planned work, improvements, how a finding was solved, and what services and monitors are called.
It is in no person's export; that they recorded it is a fact in ledger.json, but for improvements.

Of an organisation: what it may see in Baken, of all its people. What the provider's people noted among themselves is
not in it.

people.json           accounts                        memberships.json   their roles
sign_ins.json         where they are signed in        tokens.json        API tokens, without the secrets
incidents.json        incidents                       messages.json      what was written about them
complaints.json       complaints                      remarks.json       what was written about them
attachments.json      which file came with which message; complaint_attachments.json: with which remark
drafts.json           what was not sent yet           sealed_reports.json, agreements.json, subscriptions.json, ...
"""
