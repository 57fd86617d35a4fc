# What the pages of accounts have in common.
account-error = Bitte korrigieren
account-name = Name
account-email = E-Mail
account-role = Rolle
account-since = Konto seit
date-alone = { $day }. { $month } { $year }
role-admin = Leitung
role-admin-more = Darf alles: auch Öffnungszeiten, Regeln, Tische, Gerichte und Konten.
role-host = Empfang
role-host-more = Darf alles, was der Tag bringt: Reservierungen, Laufkundschaft, Sperren, Schließtage, die Pause.
role-user = Keine Rolle
role-user-more = Darf die Seiten des Teams nicht öffnen.

# Signing in and out.
login-title = Anmelden
login-more = Für das Team des Restaurants.
login-password = Passwort
login-now = Anmelden
login-signed-in = Sie sind angemeldet als
login-go-on = Weiter
login-other = Oder lassen Sie unten jemand anderen sich anmelden.
login-forgotten = Passwort vergessen? Die Leitung des Restaurants kann Ihnen ein Einmalpasswort geben.
login-wrong = Kein Konto hat diese E-Mail-Adresse und dieses Passwort. Bitte prüfen Sie beides.
login-often = Das waren zu viele Versuche mit einem falschen Passwort. Bitte warten Sie { $minutes ->
    [one] { $minutes } Minute
   *[other] { $minutes } Minuten
}, oder bitten Sie die Leitung um ein Einmalpasswort.
login-busy = Gerade melden sich zu viele an. Bitte versuchen Sie es in ein paar Sekunden noch einmal.
login-not-staff = Dieses Konto gehört einem Gast: Auf den Seiten des Teams gibt es dafür nichts. Die Leitung kann ihm eine Rolle geben.
email-missing = Geben Sie die E-Mail-Adresse ein.
email-wrong = Geben Sie eine E-Mail-Adresse wie rosa@example.com ein.
email-taken = Diese E-Mail-Adresse gehört schon zu einem Konto.
password-missing = Geben Sie das Passwort ein.
account-title = Ihr Konto
account-sign-out = Abmelden
account-more = Melden Sie sich ab, wenn auch andere das Gerät benutzen. Sonst bleiben Sie 12 Stunden angemeldet.
signed-in-title = Sie sind angemeldet
signed-in-more = Schließen Sie diesen Tab, und machen Sie im anderen weiter.

# Choosing a password.
password-title = Passwort ändern
password-more = Es gilt ab der nächsten Anmeldung.
password-first-title = Wählen Sie Ihr Passwort
password-first-more = Sie haben sich mit einem Einmalpasswort angemeldet. Wählen Sie ein eigenes, um weiterzumachen.
password-current = Jetziges Passwort
password-one-time-field = Einmalpasswort
password-new = Neues Passwort
password-hint = mindestens { $characters } Zeichen
password-save = Passwort speichern
password-wrong = Das ist nicht Ihr jetziges Passwort.
password-too-short = Das neue Passwort ist zu kurz: Es braucht mindestens 8 Zeichen.
password-too-long = Das neue Passwort ist zu lang: Es darf 72 Byte haben, also 72 einfache Buchstaben.
password-not-allowed = Das neue Passwort hat ein Zeichen, das nicht geht.
password-one-time = Ein Einmalpasswort gilt einmal. Wählen Sie ein anderes.

# The accounts of the staff.
staff-title = Team
staff-more = Alle, die die Seiten des Tages öffnen dürfen. Wählen Sie einen Namen, um eine Rolle zu ändern oder bei einem vergessenen Passwort zu helfen.
staff-since = seit
staff-add = Jemanden hinzufügen
staff-add-more = Die Person bekommt ein Einmalpasswort von Ihnen und wählt bei der ersten Anmeldung ein eigenes.
staff-add-now = Hinzufügen
staff-back = Das ganze Team
name-missing = Geben Sie den Namen ein.
name-wrong = Der Name muss eine Zeile mit höchstens 255 Zeichen sein.
role-missing = Wählen Sie eine Rolle.
person-title = Ein Konto
person-own = (Sie)
person-own-more = Das ist Ihr eigenes Konto.
person-saved = Die Rolle ist gespeichert. Sie gilt sofort.
person-save = Rolle speichern
person-last = Wer als Einziger die Leitung hat, behält die Rolle. Geben Sie sie zuerst noch jemandem.
person-guest = Dieses Konto hat keine Rolle, und jeder kann es angelegt haben: E-Mail-Adressen werden nicht geprüft. Bevor Sie ihm eine geben, erstellen Sie ein Einmalpasswort dafür, und übergeben Sie es persönlich.
person-changed = Dieses Konto hat sich inzwischen geändert. Hier ist es, wie es jetzt ist.
person-forgotten = Wenn das Passwort vergessen ist, erstellen Sie ein Einmalpasswort.
confirm-title = Diese Rolle wegnehmen?
confirm-more = Die Seiten des Teams, die diese Rolle öffnet, schließen sich sofort. Reservierungen und Notizen bleiben.
confirm-own = Das ist Ihr eigenes Konto. Sie können sich die Rolle nicht selbst zurückgeben.
confirm-before = Rolle jetzt
confirm-after = Rolle danach
confirm-now = Wegnehmen
confirm-not = Alles so lassen
one-time-title = Neues Einmalpasswort
one-time-ask = Das jetzige Passwort gilt dann nicht mehr. Die Person meldet sich mit dem neuen an und wählt dann ein eigenes.
one-time-now = Passwort erstellen
added-title = Das Konto ist angelegt
one-time-made-title = Einmalpasswort
one-time-once = Schreiben Sie das Einmalpasswort jetzt auf: Es wird nur dieses eine Mal gezeigt. Übergeben Sie es persönlich oder am Telefon, nicht per E-Mail.
one-time-where = Seite zum Anmelden
one-time-then = Nach der Anmeldung damit wählt die Person ihr eigenes Passwort. Bis dahin öffnet sich nichts anderes.
