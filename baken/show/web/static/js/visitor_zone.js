// Times in the zone of the visitor, who is not signed in: without this they stand in the zone that the page names.
const options = { dateStyle: "medium", timeStyle: "short" };
const words = new Intl.DateTimeFormat(document.documentElement.lang, options);
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" });

for (const place of document.querySelectorAll("[data-visitor-zone]")) {
  for (const time of place.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.textContent = words.format(moment);
    time.title = exact.format(moment);
  }
  for (const name of place.querySelectorAll("[data-zone-name]")) {
    name.textContent = words.resolvedOptions().timeZone;
  }
}
