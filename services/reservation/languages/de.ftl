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

# The day, for hosts.
host-walk-in = Ohne Reservierung
host-phone = Am Telefon buchen
host-block = Tische sperren
host-pause = Online-Buchung anhalten
host-days = Andere Tage
host-today = Heute
host-search = Name, Telefon, E-Mail oder Code
host-find = Suchen
host-found = { $count ->
    [0] Niemand gefunden
    [one] { $count } Buchung gefunden
   *[other] { $count } Buchungen gefunden
}
host-live = Auf dem neuesten Stand
host-lost = Keine Verbindung. Dies ist der Stand von {"{"}time{"}"}.
host-as-of = Stand { $time }
host-covers = Gäste gebucht
host-expected = erwartet um
host-here-now = jetzt da
host-free = Tische frei
host-mails-failed = Mails nicht zugestellt
host-paused = Keine Online-Buchungen bis { $time }.
host-pause-end = Buchungen wieder annehmen
host-pause-more = Gäste, die vor dem Ende kommen wollen, können online nicht buchen. Was gebucht ist, bleibt.
host-blocked = Tisch { $table } gesperrt von { $from } bis { $until }
host-unblock = Wieder frei
host-nobody = Für diesen Tag hat noch niemand gebucht.
host-late = Überfällig · { $count }
host-next = Als Nächstes · { $count }
host-here = Da · { $count }
host-done = Erledigt · { $count }
host-no-name = Ohne Namen
host-name = Name
host-name-missing = Fragen Sie nach einem Namen.
host-table = Tisch { $table }
host-table-seats = Tisch { $table } · { $seats } Plätze
host-tables = Tisch
host-tables-hint = Tisch: seine Nummer, oder mehrere, etwa 3 + 4. Bleibt das Feld leer, wählt das Haus.
host-any-table = Das Haus wählt
host-to-confirm = zu bestätigen
host-stranded = dann geschlossen
host-mail-failed = Mail nicht zugestellt
host-until = bis { $time }
host-over = { $length } über der Zeit
host-next-here = nächste Buchung hier { $time }
host-do-confirm = Bestätigen
host-do-seat = Setzen
host-do-complete = Gegangen
host-do-no-show = Nicht gekommen
host-do-reopen = Rückgängig
host-do-cancel = Buchung absagen
host-do-block = Sperren
host-pending = zu bestätigen
host-confirmed = bestätigt
host-seated = am Tisch
host-completed = gegangen
host-cancelled = abgesagt
host-no_show = nicht gekommen
host-by-guest = dem Gast
host-by-staff = einem Kollegen
host-by-system = dem System
host-meanwhile = { $name } wurde inzwischen von { $by } um { $time } geändert und ist jetzt: { $state }. Bitte sehen Sie noch einmal hin.
host-not-now = Das geht jetzt nicht: die Buchung ist { $state }.
host-table-occupied = Am Tisch sitzt jemand. Lassen Sie diese Gäste zuerst gehen, oder wählen Sie einen anderen Tisch.
host-table-taken = Der Tisch ist dann vergeben. Wählen Sie einen anderen.
host-table-inactive = Der Tisch ist außer Betrieb. Wählen Sie einen anderen.
host-no-table-free = Dann ist kein Tisch frei.
host-no-table-fits = An keinem Tisch ist Platz für { $guests } Gäste.
host-no-table-now = Kein Tisch ist lange genug frei: eine halbe Stunde wenigstens.
host-table-has-bookings = { $count ->
    [one] Eine Buchung ist im Weg. Verlegen Sie sie zuerst.
   *[other] { $count } Buchungen sind im Weg. Verlegen Sie sie zuerst.
}
host-table-blocked = Ein Tisch ist dann schon gesperrt.
host-invalid-table = Diese Tische gehen dafür nicht.
host-sent-before = Dieses Formular wurde schon für etwas anderes gesendet. Öffnen Sie es neu.
host-others = Frei: { $times }.
host-why-past = Diese Zeit ist vorbei.
host-why-too_far_ahead = So weit im Voraus werden keine Buchungen angenommen.
host-why-too_soon = So kurzfristig werden keine Buchungen angenommen.
host-why-closed = Dann ist geschlossen.
host-why-off_step = Buchungen beginnen zu anderen Zeiten.
host-why-paused = Online-Buchungen sind dann angehalten.
host-why-walk_in_only = Für diese Zeit werden keine Buchungen angenommen.
host-why-party_too_small = So kleine Gruppen werden nicht angenommen.
host-why-party_too_large = So große Gruppen werden nicht angenommen.
host-why-pacing_full = Zu dieser Zeit kommen so viele Gäste, wie die Küche schafft.
host-why-no_table_fits = An keinem Tisch ist Platz für die Gruppe.
host-why-no_table_free = Dann ist kein Tisch frei.
host-guests-wrong = Wie viele Gäste kommen, von 1 bis 20?
host-time-wrong = Nennen Sie Tag und Uhrzeit, etwa 19:30.
host-minutes-wrong = Wie lange bleiben sie, von 15 bis 480 Minuten?
host-tables-wrong = Diesen Tisch gibt es nicht. Schreiben Sie die Nummern, etwa 3 + 4.
host-too-long = Eine Buchung dauert höchstens 8 Stunden.
host-contact-missing = Fragen Sie nach einer Telefonnummer oder einer E-Mail-Adresse.
host-block-wrong = Wählen Sie einen Bereich oder einen Tisch, und ein Ende, das noch kommt.
host-optional = (freiwillig)
host-wishes = Wünsche, Allergien
host-note = Notiz für das Team
host-time = Uhrzeit
host-minutes = Minuten
host-no-times = An diesem Tag ist keine Zeit frei.
host-override = Trotzdem buchen, entgegen den Regeln des Hauses
host-book = Buchen
host-save = Speichern
host-back = Zurück zum Tag
host-state = Zustand
host-mail = Mail
host-mail-waiting = wartet auf den Versand
host-mail-sending = wird gesendet
host-mail-sent = gesendet
host-mail-expired = nicht rechtzeitig gesendet
host-mail-again = Mail noch einmal senden
host-mail-again-done = Die Mail ist unterwegs.
host-last = Letzte Änderung
host-changed = von { $by } um { $time }
host-extend-15 = 15 Minuten länger
host-extend-30 = 30 Minuten länger
host-move = Verlegen oder ändern
host-cancel = Diese Buchung absagen
host-cancel-more = Der Tisch ist sofort frei. Gäste mit E-Mail-Adresse werden benachrichtigt.
host-block-more = Niemand kann diese Tische inzwischen buchen. Wer dort sitzt, bleibt.
host-area = Ein ganzer Bereich
host-one-table = Ein Tisch
host-from = von
host-end = bis
host-reason = Grund
