# Dates, times and lengths of time.
date = { $weekday }, { $day }. { $month } { $year }
day = { $day }. { $month }
moment = { $date } um { $time } Uhr
minutes = { $minutes ->
    [one] { $minutes } Minute
   *[other] { $minutes } Minuten
}
hours = { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
}
hours-and-minutes = { hours } { minutes }
weekday-1 = Montag
weekday-2 = Dienstag
weekday-3 = Mittwoch
weekday-4 = Donnerstag
weekday-5 = Freitag
weekday-6 = Samstag
weekday-7 = Sonntag
weekday-short-1 = Mo
weekday-short-2 = Di
weekday-short-3 = Mi
weekday-short-4 = Do
weekday-short-5 = Fr
weekday-short-6 = Sa
weekday-short-7 = So
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
month-short-1 = Jan.
month-short-2 = Feb.
month-short-3 = März
month-short-4 = Apr.
month-short-5 = Mai
month-short-6 = Juni
month-short-7 = Juli
month-short-8 = Aug.
month-short-9 = Sept.
month-short-10 = Okt.
month-short-11 = Nov.
month-short-12 = Dez.

# What stands on every page.
skip = Zum Inhalt
nav = Seiten
nav-menu = Speisekarte
nav-booking = Meine Reservierung
nav-book = Tisch reservieren
nav-day = Der Tag
nav-setup = Einrichten
nav-dishes = Gerichte
nav-staff = Team
nav-account = Konto
session-ended = Ihre Anmeldung ist abgelaufen
session-ended-more = Nichts ist verloren. Melden Sie sich an, kommen Sie auf diese Seite zurück und machen Sie weiter.
session-sign-in = Anmelden (in einem neuen Tab)
session-go-on = Weitermachen
foot-website = Website
foot-privacy = Datenschutz
foot-legal = Impressum
foot-languages = Sprachen
errors = Bitte prüfen Sie Ihre Angaben
call = Anrufen:
write = E-Mail schreiben

# What a page says where a request fails.
failed-home = Zur Startseite
failed-missing = Hier ist nichts
failed-missing-more = Vielleicht ist die Adresse vertippt, oder die Seite ist umgezogen.
failed-forbidden = Das ist hier nicht erlaubt
failed-forbidden-more = Ihr Konto darf das nicht, oder das Formular kam von einer anderen Website. Öffnen Sie die Seite selbst, oder fragen Sie die Leitung.
failed-method = Das hat nicht geklappt
failed-method-more = Diese Seite kann das nicht. Bitte beginnen Sie auf der Startseite von vorn.
failed-large = Das war zu viel
failed-large-more = Im Formular steht mehr, als wir annehmen können. Bitte kürzen Sie Ihren Text und senden Sie es noch einmal.
failed-often = Einen Moment bitte
failed-often-more = Aus Ihrem Netz kam in der letzten Stunde sehr viel. Bitte versuchen Sie es später wieder oder sprechen Sie mit uns.
failed-busy = Wir sind gleich für Sie da
failed-busy-more = Gerade ist viel los. Bitte laden Sie die Seite in ein paar Sekunden neu.
failed-broken = Bei uns ist etwas schiefgegangen
failed-broken-more = Das tut uns leid. Bitte versuchen Sie es gleich noch einmal oder sprechen Sie mit uns.
failed-wrong = Das hat nicht geklappt
failed-wrong-more = An der Anfrage stimmte etwas nicht. Bitte gehen Sie zurück und versuchen Sie es noch einmal.
