# The restaurant.
home-menu = Zur Speisekarte
home-find = Meine Reservierung finden
home-hours = Öffnungszeiten
home-different = Anders in den nächsten zwei Wochen
closed = geschlossen
hours-from-to = { $opens } bis { $closes }
days-from-to = { $first } bis { $last }

# Choosing a party, a day and a time.
field-guests = Gäste
field-date = Datum
field-area = Wo Sie sitzen möchten
area-any = Egal
show-times = Zeiten anzeigen
days = Tage
guests = { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
}
day-full = voll
day-closed = zu
next-free = Nächster freier Tag: { $day }
your-table-is-yours = Der Tisch gehört Ihnen für { $length }, sofern bei der Zeit nichts anderes steht.
until = bis { $time }
comes-now = Ihre Zeit jetzt
part-night = Nacht
part-morning = Vormittag
part-afternoon = Nachmittag
part-evening = Abend
day-at = { $day } um { $time }
still-free = Diese Zeiten sind frei:
still-free-keep = Diese Zeiten sind frei. Ihre Angaben haben wir behalten:
book-instead = { $time } nehmen

# Why a party cannot come, and what to do instead.
why-closed-that-day = Am { $day } haben wir geschlossen.
why-no-booking-then = Um { $time } Uhr nehmen wir keine Gäste an. Bitte wählen Sie eine der Zeiten unten.
why-full = Am { $day } haben wir keinen Tisch mehr für { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
}. Bitte versuchen Sie einen anderen Tag oder sprechen Sie mit uns: Manchmal wird etwas frei.
why-taken = { $time } Uhr ist nicht mehr frei.
why-past = Diese Zeit liegt in der Vergangenheit. Bitte wählen Sie eine andere.
why-too-far-ahead = Wir nehmen Reservierungen an bis { $date }.
why-too-soon = So kurzfristig geht es online nicht mehr. Bitte sprechen Sie mit uns, vielleicht haben wir noch einen Tisch.
why-paused = Gerade nehmen wir online keine Reservierungen an. Bitte sprechen Sie mit uns.
why-walk-in-only = Sie brauchen keine Reservierung: Kommen Sie einfach vorbei, oder sprechen Sie mit uns.
why-party-too-small = Online reservieren wir Tische ab { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gästen
}. Wenn Sie weniger sind, sprechen Sie bitte mit uns.
why-party-too-large = Online reservieren wir Tische für bis zu { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
}. Gern auch für mehr: Bitte sprechen Sie mit uns.
why-no-table-fits = Für { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
} haben wir dann online keinen Tisch. Bitte sprechen Sie mit uns, wir schauen, was geht.

# The guest's details.
book-details-title = Ihre Angaben
fact-when = Wann
fact-until = Tisch bis
fact-guests = Gäste
fact-code = Buchungscode
fact-wishes = Ihre Wünsche
other-time = Andere Zeit wählen
field-name = Ihr Name
field-email = E-Mail
field-phone = Telefon
field-wishes = Was sollten wir wissen?
optional = (freiwillig)
book-pending = Wir sehen uns jede Anfrage selbst an und sagen Ihnen bald, ob der Tisch Ihnen gehört.
privacy-at-form = Wie wir mit Ihren Daten umgehen
book-now = Diesen Tisch reservieren
book-ask = Diesen Tisch anfragen
book-no-tables = Online nehmen wir noch keine Reservierungen an. Bitte sprechen Sie mit uns, wir finden einen Tisch für Sie.
book-by-phone = Wir nehmen Reservierungen persönlich an. Bitte sprechen Sie mit uns, wir finden einen Tisch für Sie.
book-too-often = Aus Ihrem Netz kamen in der letzten Stunde sehr viele Reservierungen. Bitte versuchen Sie es später wieder oder sprechen Sie mit uns.
book-sent-before = Dieses Formular haben Sie schon einmal mit anderen Angaben gesendet. Wenn Sie noch einen Tisch möchten, senden Sie es noch einmal; Ihre erste Reservierung bleibt.
error-title = Bitte prüfen
errors = Bitte prüfen Sie Ihre Angaben
name-missing = Bitte sagen Sie uns Ihren Namen.
name-wrong = Diesen Namen können wir nicht annehmen. Bitte schreiben Sie ihn in eine Zeile, ohne Sonderzeichen.
email-missing = Bitte sagen Sie uns Ihre E-Mail-Adresse.
email-wrong = Das sieht nicht nach einer E-Mail-Adresse aus. Sie sollte sein wie ada@example.com.
phone-missing = Bitte sagen Sie uns eine Telefonnummer, falls etwas dazwischenkommt.
phone-wrong = Das sieht nicht nach einer Telefonnummer aus. Sie sollte sein wie +49 30 1234567.
wishes-wrong = Ihre Wünsche sind zu lang für unser Buch. Bitte kürzen Sie sie auf 2000 Zeichen.

# The booking.
state-pending = Wir haben Ihre Anfrage
state-pending-more = Wir sehen sie uns bald an und sagen Ihnen, ob der Tisch Ihnen gehört.
state-confirmed = Ihr Tisch ist reserviert
state-confirmed-more = Wir freuen uns auf Sie.
state-seated = Schön, dass Sie da sind
state-seated-more = Genießen Sie die Zeit bei uns.
state-completed = Danke für Ihren Besuch
state-completed-more = Wir freuen uns, wenn Sie bald wiederkommen.
state-cancelled = Diese Reservierung ist storniert
state-cancelled-more = Schade, dass es nicht klappt. Wir freuen uns auf ein anderes Mal.
state-missed = Wir haben Sie vermisst
state-missed-more = Diesmal hat es nicht geklappt. Wir freuen uns auf ein anderes Mal.
done-changed = Wir haben Ihre Reservierung geändert.
done-saved = Ihre Angaben sind gespeichert.
change-title = Tag, Zeit oder Gäste ändern
details-title = Meine Angaben ändern
to-calendar = In den Kalender
cancel-title = Reservierung stornieren
too-late = Online lässt sich diese Reservierung nicht mehr ändern. Bitte sprechen Sie mit uns.
link-mailed = Der Link zu dieser Seite ist in Ihrer Mail. Damit können Sie jederzeit vor Ihrem Besuch ändern oder stornieren.
link-keep = Bewahren Sie die Adresse dieser Seite auf: Damit können Sie vor Ihrem Besuch ändern oder stornieren. Bitte geben Sie sie nicht weiter.
book-again = Tisch reservieren
link-ended = Dieser Link gilt nicht mehr
link-ended-more = Vielleicht ist er unvollständig, oder die Reservierung hat einen neuen.
move-to = Auf { $time } verlegen
stay-at = Bei { $time } bleiben
keep-as-it-is = So lassen
changed-meanwhile = Diese Reservierung wurde inzwischen geändert. Bitte sehen Sie sie noch einmal an und versuchen Sie es erneut.
email-changes-link = Mit einer anderen E-Mail-Adresse ändert sich auch der Link zu dieser Reservierung. Die nächste Seite hat den neuen.
save = Speichern
cancel-more = Wir geben Ihren Tisch dann jemand anderem. Online lässt sich das nicht zurücknehmen.
cancel-now = Ja, stornieren
cancel-not = Nein, behalten

# Finding a booking.
find-more = Sagen Sie uns Ihren Buchungscode und die E-Mail-Adresse, mit der Sie reserviert haben. Wir senden Ihnen den Link.
find-send = Link senden
find-sent = Wenn es diese Reservierung gibt, ist ihr Link unterwegs zu Ihnen.
find-sent-more = Nach ein paar Minuten noch nichts da? Bitte sehen Sie bei den unerwünschten Mails nach oder sprechen Sie mit uns.
find-by-phone = Bitte öffnen Sie den Link, den Sie bei der Reservierung behalten haben. Ohne ihn sprechen Sie mit uns: Wir finden Ihre Reservierung über den Code oder Ihren Namen.
