"""Conversations in Dutch."""

from baken.run.demonstration.topics import Phrases, Topic

AVAILABILITY, INTEGRITY, SECURITY, OTHER = ("availability",), ("integrity",), ("security",), ("other",)

DOCUMENTS = (
    Topic(
        AVAILABILITY,
        ("de gedeelde map Bouwzaken", "de map Personeel", "ons projectarchief", "de map Besluiten"),
        "Kan {thing} niet openen",
        "Goedemorgen,\n\nSinds vanmorgen krijg ik een leeg scherm als ik {thing} open. Opnieuw aanmelden helpt niet. "
        "Twee collega's hebben het ook.\n\nGroet,\n{reporter}",
        "Dag {reporter},\n\nDank voor uw melding. Ik zie dat {thing} traag antwoordt en kijk nu waar het zit. "
        "Binnen een uur hoort u meer.\n\n{agent}",
        "Gebeurt dit in alle browsers, of alleen in Edge? En ziet u rechtsonder een foutnummer staan?",
        "Alleen in Edge, in Firefox lukt het wel. Het nummer is 0x2104.",
        "Index van deze map was beschadigd na de nachtelijke opschoning. Opnieuw laten bouwen, duurt ca. 40 minuten.",
        "De index van {thing} is opnieuw opgebouwd. Bij u en bij ons opent de map weer normaal. "
        "Laat het gerust weten als u het nog eens ziet.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("de balie", "het klantcontactcentrum", "de buitendienst", "de hele tweede verdieping"),
        "Documenten erg traag bij {thing}",
        "Bij {thing} duurt het openen van een document meer dan een minuut. Zo kunnen we niemand helpen.\n\n{reporter}",
        "Vervelend, {reporter}. Ik heb het met voorrang opgepakt en volg nu het verkeer van {thing} naar ons "
        "rekencentrum.\n\n{agent}",
        "Wilt u op een trage werkplek eens {thing} op de kabel in plaats van wifi proberen, en zeggen of dat scheelt?",
        "Op de kabel is het goed. Het ligt dus aan de wifi, maar die is niet veranderd.",
        "Eén van de twee verbindingen met dit adres verliest pakketten. Verkeer over de andere geleid.",
        "Het verkeer van {thing} loopt nu over een andere verbinding. Openen duurt weer een paar seconden.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("mijn tablet", "de laptop van de directeur", "mijn telefoon", "de werkplek in kamer 2.14"),
        "Synchroniseren stopt op {thing}",
        "Hallo,\n\nOp {thing} blijft het synchroniseren hangen op 'bezig met 1 van 312'. Al drie keer opnieuw "
        "gestart.\n\nMet vriendelijke groet,\n{reporter}",
        "Dag {reporter}, ik kijk met u mee. Kunt u {thing} aan laten staan? Dan kan ik het verloop volgen.\n\n{agent}",
        "Staat er in de lijst een bestand met een rood kruisje? Zo ja, hoe heet het?",
        "Ja: 'Begroting 2e concept (definitief?).xlsx'.",
        "Vraagteken in de bestandsnaam wordt door het oude programma niet verdragen. Zie kennisartikel 114.",
        "De naam van één bestand hield alles tegen; ik heb het vraagteken eruit gehaald. {thing} is weer helemaal bij. "
        "In de volgende versie gaat dit vanzelf goed.\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("een nieuwe collega", "onze stagiair", "de nieuwe secretaris", "een ingehuurde kracht"),
        "{thing} kan niet bij de juiste mappen",
        "Goedemiddag, {thing} is gisteren begonnen maar ziet alleen de map Algemeen. Kunnen jullie de rechten "
        "gelijktrekken met die van de afdeling?\n\n{reporter}",
        "Dag {reporter}, dat regel ik. Ik wacht nog op akkoord van de mapbeheerder.\n\n{agent}",
        "Van welke collega mag ik de rechten overnemen?",
        "Neem maar die van Petra van de Ven over.",
        "Groep was gevuld uit de oude lijst. Aanmelding opnieuw laten inlezen.",
        "De rechten staan goed: {thing} ziet nu dezelfde mappen als de rest van de afdeling.\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("de printer op de gang", "de grote kopieerder", "de printer bij de balie", "printer P-07"),
        "Scannen naar map lukt niet met {thing}",
        "Scans van {thing} komen niet meer aan in de map. Er komt wel een bevestiging.\n\nGroeten,\n{reporter}",
        "Dag {reporter}, ik zie de scans wel binnenkomen, maar op de verkeerde plek. Ik zoek uit waarom.\n\n{agent}",
        "Welk adres is op {thing} gekozen: 'scan' of 'scan-nieuw'?",
        "'scan-nieuw', die staat bovenaan.",
        "Doeladres wees naar een map die in maart is verplaatst.",
        "Het adres op {thing} is verbeterd en de 23 scans van vandaag staan alsnog in uw map.\n\n{agent}",
    ),
    Topic(
        INTEGRITY,
        ("het contract met de aannemer", "de notulen van vorige week", "het personeelsplan", "de bouwtekening"),
        "Vorige versie terug van {thing}",
        "Er is over {thing} heen geschreven. Kan de versie van gisteren terug? We hebben hem morgenochtend nodig."
        "\n\n{reporter}",
        "Dag {reporter}, de reservekopie van vannacht is er. Ik zet de versie naast de huidige.\n\n{agent}",
        "Weet u ongeveer hoe laat de goede versie voor het laatst is opgeslagen?",
        "Dat moet rond half vijf zijn geweest.",
        "Versie van 16.28 uur teruggehaald uit de kopie van 02.00 uur; controlesom klopt.",
        "{thing} staat er weer, in de stand van gisteren half vijf, met 'hersteld' achter de naam.\n\n{agent}",
    ),
    Topic(
        SECURITY,
        ("een onbekend adres in het buitenland", "een adres dat niet van ons is", "een apparaat dat niemand kent"),
        "Aanmelding vanaf {thing}",
        "Ik kreeg bericht dat er met mijn account is aangemeld vanaf {thing}. Dat was ik niet!\n\n{reporter}",
        "Dag {reporter}, goed dat u dit meldt. Ik heb uw sessies beëindigd. Kies nu een nieuw wachtwoord.\n\n{agent}",
        "Heeft u de afgelopen dagen op een koppeling in een e-mail geklikt en daarna uw wachtwoord ingevuld?",
        "Nu u het zegt: maandag, een mail over een pakketje. Daar heb ik iets ingevuld.",
        "Eén mislukte aanmelding, tweede stap tegengehouden. Geen toegang geweest.",
        "De tweede stap heeft de aanmelding tegengehouden: niemand is binnen geweest. Uw nieuwe wachtwoord is "
        "actief.\n\n{agent}",
    ),
    Topic(
        AVAILABILITY,
        ("de app voor bestuurders", "de koppeling met de boekhouding", "de zoekpagina", "het formulier op de website"),
        "{thing} geeft foutmelding 502",
        "Sinds een kwartier geeft {thing} alleen nog 'fout 502'. Bij iedereen.\n\n{reporter}",
        "Dank u, {reporter}. We zien het hier ook en hebben het hoog op de lijst gezet.\n\n{agent}",
        "Werkt het wel als u het rechtstreeks via het adres zonder 'www' probeert?",
        "Nee, dan ook niet.",
        "Wachtrij achter de koppeling liep vol door één groot document. Verwerker opnieuw gestart, grens verhoogd.",
        "{thing} werkt weer. Eén heel groot document hield de rest tegen; dat kan niet meer gebeuren.\n\n{agent}",
    ),
)

PAYROLL = (
    Topic(
        AVAILABILITY,
        ("de loonrun van deze maand", "de proefrun", "de nabetaling"),
        "{thing} blijft staan op 80 %",
        "Goedemorgen, {thing} staat al een uur op 80 %. Morgen moet de betaling de deur uit.\n\n{reporter}",
        "Dag {reporter}, ik heb de run opgepakt en zie hem staan. We halen de uiterste tijd gewoon.\n\n{agent}",
        "Hoeveel medewerkers zijn er deze maand bijgekomen, ongeveer?",
        "Eenendertig, door de overname van de wijkteams.",
        "Eén nieuwe medewerker zonder geboortedatum; de run wacht daarop in plaats van een fout te geven.",
        "Bij één nieuwe medewerker ontbrak de geboortedatum. Aangevuld in overleg met u; {thing} is klaar.\n\n{agent}",
    ),
    Topic(
        OTHER,
        ("de pensioenpremie", "de reiskosten", "de onregelmatigheidstoeslag"),
        "Vraag bij {thing} op de loonstrook",
        "Op drie loonstroken klopt {thing} volgens ons niet. Wie kan meekijken?\n\n{reporter}",
        "Dag {reporter}, ik leg de berekening naast de cao-tabel en kom er vandaag op terug.\n\n{agent}",
        "Mag ik de drie personeelsnummers?",
        "10442, 10518 en 10611.",
        "Tabel van januari was met terugwerkende kracht gewijzigd.",
        "U had gelijk: de tabel was een maand oud. {thing} is verrekend in de volgende run.\n\n{agent}",
    ),
    Topic(
        INTEGRITY,
        ("het dossier van een medewerker", "de urenlijst van week 14", "de verlofstand"),
        "{thing} is leeg",
        "Wie het heeft gedaan weet ik niet, maar {thing} is leeg. Vorige week was alles er nog.\n\n{reporter}",
        "Dag {reporter}, ik kijk in de kopie van gisternacht en zet niets terug zonder u te vragen.\n\n{agent}",
        "Mag de stand van gisteravond terug, ook als er vandaag iets is bijgeschreven?",
        "Vandaag is er niets bijgeschreven, dus graag.",
        "Verwijderd met een knop die dat ook zonder vragen deed. Teruggehaald uit de kopie van 03.00 uur.",
        "{thing} is helemaal terug. De knop vraagt voortaan eerst of u het zeker weet.\n\n{agent}",
    ),
)

PHRASES = Phrases(
    call="Gebeld met {reporter}: doorgenomen wat er op het scherm staat en wat wij nu doen. Terugbelafspraak gemaakt.",
    supplier="Ligt bij de leverancier van de opslag, hun kenmerk 88-{number}. Vandaag antwoord toegezegd.",
    supplier_done="Leverancier heeft het verholpen en bevestigd.",
    reopened="Helaas, vanochtend is het weer hetzelfde. Kunt u nog eens kijken?\n\n{reporter}",
    resolved_again="Nu ook de tweede server aangepast; die was de eerste keer vergeten. Excuses daarvoor.\n\n{agent}",
    withdrawn="Laat maar, het werkt inmiddels weer. Mijn collega had de stekker eruit.",
    rejected="Dit gaat over een programma dat wij niet leveren. Met de melder afgesproken wie wel kan helpen.",
    test="Proef van de nieuwe meldknop op het intranet.",
    duplicate="Zelfde storing als de eerdere melding van een collega.",
    raised="Blijkt de hele afdeling te raken, niet één werkplek.",
    topics={"documents": DOCUMENTS, "payroll": PAYROLL},
)
