# The menu.
menu-empty = Unsere Karte ist in Arbeit. Fragen Sie uns bis dahin, was es heute Gutes gibt.
menu-words = Gericht oder Zutat
menu-least = Preis von
menu-most = Preis bis
menu-no-price = Das ist kein Preis. Er sollte sein wie 12,50.
menu-show = Gerichte anzeigen
menu-whole = Die ganze Karte zeigen
menu-nothing = So ein Gericht haben wir nicht. Versuchen Sie weniger Wörter oder einen anderen Preis.
