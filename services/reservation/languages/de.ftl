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
host-table-seats = Tisch { $table } · { $seats ->
    [one] { $seats } Platz
   *[other] { $seats } Plätze
}
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
host-outside = außerhalb der Öffnungszeiten

# Setting up the house.
setup-title = Das Haus einrichten
setup-back = Zurück zur Übersicht
setup-add = Hinzufügen
setup-change-it = Ändern
setup-change = Ändern: { $part }
setup-check = Erst die Wirkung zeigen
setup-none = Keine
setup-yes = ja
setup-no = nein
setup-more = und { $count } weitere
setup-added = Hinzugefügt: { $thing }
setup-meanwhile = Das hat inzwischen jemand geändert. Es ist jetzt: { $now }. Ihr Formular steht unten, wie Sie es ausgefüllt haben: Speichern Sie noch einmal, damit es gilt.
setup-strands = { $count ->
    [0] Keine weitere Buchung läge außerhalb der Öffnungszeiten. Noch ist nichts gespeichert: Um es zu tun, drücken Sie { $button }.
    [one] { $count } weitere Buchung läge außerhalb der Öffnungszeiten. Keine Buchung wird dadurch storniert: Rufen Sie den Gast an, oder verlegen Sie die Buchung. Noch ist nichts gespeichert: Um es trotzdem zu tun, drücken Sie { $button }.
   *[other] { $count } weitere Buchungen lägen außerhalb der Öffnungszeiten. Keine Buchung wird dadurch storniert: Rufen Sie die Gäste an, oder verlegen Sie die Buchungen. Noch ist nichts gespeichert: Um es trotzdem zu tun, drücken Sie { $button }.
}
setup-stranded = { $count ->
    [one] { $count } künftige Buchung liegt außerhalb der Öffnungszeiten oder an einem Tisch außer Betrieb. Rufen Sie den Gast an, oder verlegen Sie die Buchung.
   *[other] { $count } künftige Buchungen liegen außerhalb der Öffnungszeiten oder an Tischen außer Betrieb. Rufen Sie die Gäste an, oder verlegen Sie die Buchungen.
}
setup-missing = Bitte ausfüllen.
setup-whole = Schreiben Sie eine ganze Zahl von { $from } bis { $to }.
setup-text = Das kann höchstens { $count } Zeichen haben.
setup-clock = Schreiben Sie eine Uhrzeit wie 18:30.
setup-date = Wählen Sie ein Datum.
setup-choice = Das gibt es nicht mehr. Wählen Sie neu.
setup-at-least = Das muss mindestens { $least } sein.
setup-at-most-seats = Das kann höchstens { $seats } sein: Mehr Plätze gibt es nicht.
setup-first = Der erste Tisch
setup-first-more = Gäste können buchen, sobald es einen Tisch gibt. Alles andere kann warten: Bis Sie Zeiten und Regeln festlegen, buchen Gäste rund um die Uhr.
setup-first-add = Tisch hinzufügen
setup-no-hours = Gäste können jetzt einen Tisch buchen. Legen Sie als Nächstes die Öffnungszeiten fest: Ohne sie buchen Gäste rund um die Uhr.
setup-none-online = Gäste können jetzt nicht buchen: Kein Tisch ist in Betrieb, für Gäste offen und in einem offenen Bereich.
setup-always-open = Rund um die Uhr geöffnet
setup-counted = { $tables }, { $seats ->
    [one] { $seats } Platz
   *[other] { $seats } Plätze
}; Gäste können { $online } davon buchen
setup-name = Name
setup-area = Bereich
setup-no-area = Keiner
setup-areas = Bereiche
setup-areas-more = Teile des Restaurants, etwa eine Terrasse. Gäste können nach einem fragen.
setup-add-area = Bereich hinzufügen
setup-remove-area = Bereich entfernen
setup-remove-area-more = Ein Bereich kann entfernt werden, sobald kein Tisch mehr darin steht, ob in Betrieb oder nicht.
setup-area-taken = Ein anderer Bereich heißt so. Wählen Sie einen anderen Namen.
setup-area-in-use = In diesem Bereich stehen Tische. Stellen Sie sie erst in einen anderen.
setup-area-online = Gäste können hier buchen
setup-position = Reihenfolge
setup-position-more = Tische des Bereichs mit der niedrigsten Zahl werden zuerst vergeben.
setup-tables = Tische
setup-tables-more = Gäste buchen diese. Das Haus vergibt den kleinsten Tisch, an den eine Gruppe passt.
setup-tables-count = { $count ->
    [one] { $count } Tisch
   *[other] { $count } Tische
}
setup-add-table = Tisch hinzufügen
setup-remove-table = Tisch entfernen
setup-remove-table-more = Ein Tisch, der schon gebucht war, bleibt für seine Buchungen erhalten, aber außer Betrieb. Ein Tisch mit künftigen Buchungen kann nicht entfernt werden.
setup-number = Nummer
setup-number-taken = Ein anderer Tisch hat die Nummer { $number }. Wählen Sie eine andere.
setup-seats = Plätze
setup-min-party = Kleinste Gruppe
setup-min-party-more = Gäste können nicht für weniger buchen; Sie schon.
setup-description = Beschreibung für Gäste
setup-table-online = Gäste können ihn buchen
setup-active = In Betrieb
setup-inactive = außer Betrieb
setup-not-online = nicht online
setup-from-party = ab { $guests } Gästen
setup-has-bookings = Buchungen stehen im Weg. Verlegen Sie sie erst an andere Tische.
setup-in-group = Der Tisch gehört zu: { $groups }. Ändern Sie erst die Gruppe.
setup-groups = Tischgruppen
setup-groups-more = Tische, die für eine größere Gruppe zusammengestellt werden können. Das Haus vergibt sie als einen.
setup-add-group = Tische zusammenstellen
setup-remove-group = Nicht mehr zusammenstellen
setup-remove-group-more = Die Tische bleiben. Buchungen, die sie haben, behalten sie.
setup-group-tables = Tische
setup-group-seats = Tische { $tables } · { $seats } Plätze
setup-seats-together = Plätze zusammen
setup-group-few = Wählen Sie 2 bis { $most } Tische.
setup-group-inactive = Einer der Tische ist außer Betrieb.
setup-group-areas = Die Tische müssen in einem Bereich stehen.
setup-group-small = Ein Tisch allein hat schon so viele Plätze ({ $seats }): Zusammen müssen es mehr sein.
setup-hours = Öffnungszeiten
setup-hours-more = Die Servicezeiten der Woche. Gäste buchen von der Öffnung bis zum letzten Einlass. Lassen Sie den letzten Abschnitt leer, wenn nichts hinzukommt.
setup-one-more-service = Eine Servicezeit
setup-service = Name, etwa Abendessen
setup-days = Tage
setup-no-days = Wählen Sie mindestens einen Tag.
setup-opens = Öffnet
setup-last = Letzter Einlass
setup-closes = Schließt
setup-closes-more = Eine Zeit vor der Öffnung, etwa 01:00, ist die des nächsten Tages.
setup-last-late = Das darf nicht vor { $opens } sein und muss vor { $closes } sein, wenn wir schließen.
setup-overlaps = Das überschneidet sich mit { $other }. Servicezeiten folgen aufeinander.
setup-slot = Buchungen beginnen alle
setup-slot-of-rules = wie in den Regeln
setup-slot-any = zu jeder Minute
setup-min-guests = Kleinste Gruppe
setup-max-guests = Größte Gruppe
setup-service-online = Gäste können online buchen
setup-remove-service = Diese Servicezeit entfernen
setup-exceptions = Andere Zeiten
setup-exceptions-more = Tage, an denen wir geschlossen haben oder zu anderen Zeiten öffnen als in der Woche.
setup-add-exception = Tage hinzufügen
setup-remove-exception = Diese Zeiten entfernen
setup-remove-exception-more = An diesen Tagen gelten wieder die Zeiten der Woche.
setup-first-date = Erster Tag
setup-last-date = Letzter Tag
setup-note = Notiz für das Team
setup-closed = An diesen Tagen geschlossen
setup-closed-more = Sonst füllen Sie unten aus, wann wir geöffnet haben.
setup-closed-or-open = Kreuzen Sie das an, oder füllen Sie unten eine Servicezeit aus.
setup-closed-and-open = Geschlossen und geöffnet geht nicht zugleich: Entfernen Sie die Servicezeiten unten oder das Kreuz hier.
setup-before-first = Das darf nicht vor dem ersten Tag sein.
setup-many-dates = Das können höchstens { $most } Tage sein.
setup-exception-exists = Einer dieser Tage hat schon andere Zeiten. Ändern Sie diese, oder wählen Sie andere Tage.
setup-other-exception = Die vorhandenen Zeiten
setup-rules = Regeln
setup-rules-more = Wie Gäste buchen können. Frühere Buchungen bleiben, wie sie sind.
setup-when = Wann
setup-who = Gruppen
setup-guests = Gäste
setup-notice = Mindestens so viele Minuten im Voraus buchen
setup-change-until = Gäste ändern oder stornieren bis so viele Minuten vorher
setup-buffer = Minuten zwischen zwei Gruppen
setup-confirm-above = Sie bestätigen Gruppen größer als
setup-confirm-above-more = Leer: wie bei allen Buchungen.
setup-spare = Plätze, die an einem Tisch leer bleiben dürfen
setup-spare-more = Leer: unbegrenzt.
setup-turns = Wie lange Gruppen bleiben
setup-turn = bis { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
} { $length }
setup-up-to = Gruppen bis zu so vielen Gästen
setup-minutes = Minuten
setup-rising = Das muss mehr sein als die Größe davor, { $before }.
setup-pacing = Ankünfte innerhalb von 15 Minuten, höchstens
setup-covers = Gäste
setup-parties = Gruppen
setup-phone = Eine Telefonnummer ist nötig
setup-without-account = Gäste können ohne Konto buchen
setup-policy = Text, den Gäste vor dem Buchen sehen
setup-policy-more = Zum Beispiel, wie lange Sie einen Tisch halten.
setup-managed = Das ist in der Ressource des Restaurants oder in ihrer Datei festgelegt. Dort ändert es das Plattform-Team.
setup-show-it = Zeigen
setup-meanwhile-removing = Das hat inzwischen jemand geändert. Es ist jetzt: { $now }. Um es trotzdem zu entfernen, drücken Sie den Knopf noch einmal.
setup-gone = Das hat inzwischen jemand entfernt. Ihre Angaben stehen unten im Formular: Fügen Sie es hinzu, um es wieder zu haben.
setup-busy = Wir sind einen Moment beschäftigt, und nichts ist gespeichert. Ihr Formular steht unten, wie Sie es ausgefüllt haben: Speichern Sie bitte in ein paar Sekunden noch einmal.
setup-opens-always = Ohne eine Servicezeit haben wir rund um die Uhr geöffnet, und Gäste können jederzeit buchen. Noch ist nichts gespeichert: Soll es so sein, drücken Sie noch einmal Speichern. Um eine Zeit lang zu schließen, legen Sie andere Zeiten fest.
setup-tables-gone = Ein Tisch, den Sie gewählt haben, ist nicht mehr da. Wählen Sie neu.
host-to-date = Öffnen
host-closed = An diesem Tag haben wir geschlossen.
host-no-tables = Es gibt noch keinen Tisch. Eine Administratorin oder ein Administrator fügt den ersten hinzu.
host-requests = Anfragen für andere Tage warten auf Ihre Antwort:
host-length-now = Es ist verlegt. Nach den Regeln bleiben sie jetzt { $length }.
setup-saved = Es ist gespeichert.
setup-turns-more = Größere Gruppen bleiben so lange, wie die letzte Zeile sagt. Ohne Zeile bleiben alle 2 Stunden.
setup-confirms = Sie bestätigen jede Buchung selbst
setup-confirms-all = Zurzeit bestätigen Sie jede Buchung, was auch immer hier steht. Das Plattform-Team kann Buchungen sofort bestätigen lassen.
