# Mail to guests.
mail-subject-received = Your request: { $when } · { $restaurant }
mail-subject-confirmed = Confirmed: { $when } · { $restaurant }
mail-subject-changed = Changed: { $when } · { $restaurant }
mail-subject-changed-pending = Your new request: { $when } · { $restaurant }
mail-subject-former = Another e-mail address for your booking · { $restaurant }
mail-subject-cancelled = Cancelled: { $when } · { $restaurant }
mail-subject-cancelled-by-guest = Cancelled: { $when } · { $restaurant }
mail-subject-reminder = See you soon: { $when } · { $restaurant }
mail-subject-link = Your booking: { $when } · { $restaurant }

mail-greeting = Dear { $name },
mail-greeting-nobody = Hello,

mail-lead-received = thank you for choosing { $restaurant }. Your table is not confirmed yet: we look at your request and write to you soon.
mail-lead-confirmed = your table at { $restaurant } is confirmed.
mail-lead-changed = your booking at { $restaurant } has changed. This is how it is now.
mail-lead-changed-pending = we have your change. Your table is not confirmed yet: we look at it and write to you soon.
mail-lead-former = your booking at { $restaurant } for { $when } has another e-mail address now. From now on we write to that one, and links in our earlier mail no longer work. If this was not you, please call us.
mail-lead-cancelled = we are sorry: we had to cancel your booking at { $restaurant }.
mail-lead-cancelled-by-guest = your booking at { $restaurant } is cancelled, as you wished. Thank you for telling us.
mail-lead-reminder = your table at { $restaurant } is ready for you soon. If your plans have changed, please tell us by the link below.
mail-lead-link = here is the link to your booking at { $restaurant }. If you did not ask for it, nothing has happened, and you can ignore this mail.

mail-when = When
mail-until = Until
mail-until-time = { $time } ({ $duration })
mail-guests = Guests
mail-party = { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
}
mail-requests = Your wishes
mail-code = Code
mail-was = { $is } (before: { $was })
mail-manage = See, change or cancel your booking
mail-book-again = Book another table
mail-close = We look forward to seeing you.
mail-close-cancelled = We hope to see you another time.

mail-entry = { $restaurant }, table for { $guests }
mail-entry-code = Code { $code }
mail-entry-link = Change or cancel: { $link }
