# The menu.
menu-empty = Unsere Karte ist in Arbeit. Fragen Sie uns bis dahin, was es heute Gutes gibt.
menu-words = Gericht oder Zutat
menu-least = Preis von
menu-most = Preis bis
menu-no-price = Das ist kein Preis. Er sollte sein wie 12,50.
menu-show = Gerichte anzeigen
menu-whole = Die ganze Karte zeigen
menu-nothing = So ein Gericht haben wir nicht. Versuchen Sie weniger Wörter oder einen anderen Preis.

# Changing the menu, for administrators.
dishes-more = Die Karte, wie die Gäste sie lesen. Wählen Sie ein Gericht, um es zu ändern oder zu löschen.
dishes-none = Noch steht kein Gericht auf der Karte. Fügen Sie hier das erste hinzu.
dishes-menu = Die Karte, wie Gäste sie sehen
dishes-find = Suchen
dishes-count = { $count ->
    [one] { $count } Gericht gefunden.
   *[other] { $count } Gerichte gefunden.
}
dishes-all = Alle Gerichte anzeigen
dishes-add = Ein Gericht hinzufügen
dishes-add-now = Auf die Karte setzen
dish-error = Bitte berichtigen
dish-busy = Die Karte kann gerade nicht geändert werden. Was Sie eingegeben haben, bleibt erhalten: Bitte versuchen Sie es in ein paar Sekunden noch einmal.
dish-name = Name
dish-name-missing = Geben Sie den Namen des Gerichts ein.
dish-name-long = Der Name darf 255 Zeichen haben, dieser hat { $length }. Kürzen Sie ihn.
dish-name-line = Der Name muss eine Zeile ohne Steuerzeichen sein.
dish-price = Preis
dish-price-hint = wie 12,50
dish-price-missing = Geben Sie den Preis ein, wie 12,50.
dish-price-wrong = Der Preis darf nur aus Ziffern bestehen, wie 12,50, ohne Währung und Leerzeichen.
dish-price-decimals = Der Preis darf zwei Stellen nach dem Komma haben, wie 12,50; tausend schreibt man 1000.
dish-price-range = Der Preis muss zwischen 0 und 99999999,99 liegen.
dish-description = Beschreibung
dish-description-long = Die Beschreibung darf 2000 Zeichen haben, diese hat { $length }. Kürzen Sie sie.
dish-optional = (freiwillig)
dish-title = Ein Gericht ändern
dish-changed = Dieses Gericht wurde inzwischen geändert, und von Ihren Änderungen ist noch nichts gespeichert. Vergleichen Sie Ihre Eingaben mit der Karte, wie sie jetzt ist, und speichern Sie dann.
dish-now = Jetzt auf der Karte
dish-typed = Ihre Eingaben
dish-save = Speichern
dish-back = Alle Gerichte
dish-delete = Dieses Gericht löschen
dish-gone = Dieses Gericht steht nicht mehr auf der Karte. Hier sind die, die darauf stehen.
dish-gone-typed = Dieses Gericht wurde inzwischen gelöscht. Ihre Eingaben stehen unten im Formular: Fügen Sie es neu hinzu, wenn es wieder auf die Karte soll.
delete-title = Dieses Gericht löschen?
delete-more = Gäste sehen es dann nicht mehr. Ein gelöschtes Gericht kommt nicht zurück; es lässt sich nur neu hinzufügen.
delete-changed = Dieses Gericht wurde inzwischen geändert. Hier steht es, wie es jetzt ist; es ist noch nicht gelöscht.
delete-now = Löschen
delete-not = Behalten
deleted = Das Gericht ist gelöscht.
