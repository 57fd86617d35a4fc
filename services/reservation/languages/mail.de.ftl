# Mail to guests.
mail-subject-received = Ihre Anfrage: { $when } · { $restaurant }
mail-subject-confirmed = Bestätigt: { $when } · { $restaurant }
mail-subject-changed = Geändert: { $when } · { $restaurant }
mail-subject-changed-pending = Ihre neue Anfrage: { $when } · { $restaurant }
mail-subject-former = Neue E-Mail-Adresse für Ihre Reservierung · { $restaurant }
mail-subject-cancelled = Abgesagt: { $when } · { $restaurant }
mail-subject-cancelled-by-guest = Storniert: { $when } · { $restaurant }
mail-subject-reminder = Bis bald: { $when } · { $restaurant }
mail-subject-link = Ihre Reservierung: { $when } · { $restaurant }

mail-greeting = Guten Tag { $name },
mail-greeting-nobody = Guten Tag,

mail-lead-received = vielen Dank, dass Sie uns gewählt haben ({ $restaurant }). Ihr Tisch ist noch nicht bestätigt: Wir sehen uns Ihre Anfrage an und schreiben Ihnen bald.
mail-lead-confirmed = Ihr Tisch ist bestätigt ({ $restaurant }).
mail-lead-changed = Ihre Reservierung hat sich geändert ({ $restaurant }). So lautet sie jetzt.
mail-lead-changed-pending = wir haben Ihre Änderung erhalten. Ihr Tisch ist noch nicht bestätigt: Wir sehen sie uns an und schreiben Ihnen bald.
mail-lead-former = Ihre Reservierung ({ $restaurant }, { $when }) hat jetzt eine andere E-Mail-Adresse. Von nun an schreiben wir dorthin; Links in unseren früheren E-Mails gelten nicht mehr. Wenn Sie das nicht waren, rufen Sie uns bitte an.
mail-lead-cancelled = es tut uns leid: Wir mussten Ihre Reservierung absagen ({ $restaurant }).
mail-lead-cancelled-by-guest = Ihre Reservierung ist wie gewünscht storniert ({ $restaurant }). Danke, dass Sie uns Bescheid gegeben haben.
mail-lead-reminder = Ihr Tisch steht bald für Sie bereit ({ $restaurant }). Wenn Ihnen etwas dazwischenkommt, sagen Sie uns bitte über den Link Bescheid.
mail-lead-link = hier ist der Link zu Ihrer Reservierung ({ $restaurant }). Wenn Sie ihn nicht angefordert haben, ist nichts geschehen, und Sie können diese E-Mail ignorieren.

mail-when = Wann
mail-until = Bis
mail-until-time = { $time } Uhr ({ $duration })
mail-guests = Gäste
mail-party = { $guests ->
    [one] { $guests } Gast
   *[other] { $guests } Gäste
}
mail-requests = Ihre Wünsche
mail-code = Code
mail-was = { $is } (vorher: { $was })
mail-manage = Reservierung ansehen, ändern oder stornieren
mail-book-again = Einen anderen Tisch reservieren
mail-close = Wir freuen uns auf Sie.
mail-close-cancelled = Wir freuen uns, Sie ein andermal zu sehen.

mail-entry = { $restaurant }, Tisch für { $guests }
mail-entry-code = Code { $code }
mail-entry-link = Ändern oder stornieren: { $link }
