# The restaurant.
home-menu = See the menu
home-find = Find my booking
home-hours = Opening hours
home-different = Different in the next two weeks
closed = closed
hours-from-to = { $opens } to { $closes }
days-from-to = { $first } to { $last }

# Choosing a party, a day and a time.
field-guests = Guests
field-date = Date
field-area = Where to sit
area-any = Anywhere
show-times = Show times
days = Days
guests = { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
}
day-full = full
day-closed = closed
next-free = Next free day: { $day }
your-table-is-yours = Your table is yours for { $length }, unless a time says otherwise.
until = until { $time }
comes-now = your time now
part-night = Night
part-morning = Morning
part-afternoon = Afternoon
part-evening = Evening
day-at = { $day } at { $time }
still-free = These times are free:
still-free-keep = These times are free. We have kept what you typed:
book-instead = Book { $time } instead

# Why a party cannot come, and what to do instead.
why-closed-that-day = We are closed on { $day }.
why-no-booking-then = We seat nobody at { $time }. Please choose one of the times below.
why-full = On { $day } we have no table left for { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
}. Please try another day, or talk to us: sometimes a table opens up.
why-taken = { $time } is no longer free.
why-past = This time is in the past. Please choose another one.
why-too-far-ahead = We take bookings until { $date }.
why-too-soon = This is too soon to book online. Please talk to us, we may still have a table.
why-paused = We take no online bookings right now. Please talk to us.
why-walk-in-only = No booking needed: just come by, or talk to us.
why-party-too-small = Online we book tables for { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
} and more. For a smaller party please talk to us.
why-party-too-large = Online we book tables for up to { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
}. We are happy to have more of you: please talk to us.
why-no-table-fits = We have no table online for { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
} then. Please talk to us, and we will see what we can do.

# The guest's details.
book-details-title = Your details
fact-when = When
fact-until = Table until
fact-guests = Guests
fact-code = Booking code
fact-wishes = Your wishes
other-time = Choose another time
field-name = Your name
field-email = E-mail
field-phone = Phone
field-wishes = Anything we should know?
optional = (optional)
book-pending = We look at every request ourselves, and tell you soon whether the table is yours.
privacy-at-form = How we treat your data
book-now = Book this table
book-ask = Ask for this table
book-no-tables = We do not take online bookings yet. Please talk to us, and we will find you a table.
book-by-phone = We take bookings in person. Please talk to us, and we will find you a table.
book-too-often = A lot of bookings came from your network within the last hour. Please try again later, or talk to us.
book-sent-before = You have sent this form already, with other details. If you want one more table, send it again; your first booking stands.
error-title = Please check
errors = Please check what you typed
name-missing = Please tell us your name.
name-wrong = We cannot take this name. Please write it on one line, without special signs.
email-missing = Please tell us your e-mail address.
email-wrong = This does not look like an e-mail address. It should be like ada@example.com.
phone-missing = Please tell us a phone number, in case something comes up.
phone-wrong = This does not look like a phone number. It should be like +44 20 7946 0958.
wishes-wrong = Your wishes are too long for our book. Please shorten them to 2000 characters.

# The booking.
state-pending = We have your request
state-pending-more = We will look at it soon, and tell you whether the table is yours.
state-confirmed = Your table is booked
state-confirmed-more = We look forward to seeing you.
state-seated = Good to have you here
state-seated-more = Enjoy your time with us.
state-completed = Thank you for coming
state-completed-more = We hope to see you again soon.
state-cancelled = This booking is cancelled
state-cancelled-more = We are sorry that you cannot make it, and hope to see you another time.
state-missed = We missed you
state-missed-more = You did not make it this time. We hope to see you another time.
done-changed = We have changed your booking.
done-saved = Your details are saved.
change-title = Change day, time or guests
details-title = Change my details
to-calendar = Add to calendar
cancel-title = Cancel this booking
too-late = It is too late to change this booking online. Please talk to us.
link-mailed = The link to this page is in your mail. With it you can change or cancel at any time before you come.
link-keep = Keep the address of this page: with it you can change or cancel before you come. Please do not share it.
book-again = Book a table
link-ended = This link does not work any more
link-ended-more = It may be incomplete, or the booking has a new link.
move-to = Move to { $time }
stay-at = Keep { $time }
keep-as-it-is = Keep it as it is
changed-meanwhile = This booking was changed in the meantime. Please look at it once more, and try again.
email-changes-link = If you change your e-mail address, the link to this booking changes too. The next page has the new one.
save = Save
cancel-more = We will give your table to somebody else. This cannot be undone online.
cancel-now = Yes, cancel
cancel-not = No, keep it

# Finding a booking.
find-more = Tell us your booking code and the e-mail address you booked with. We send you the link.
find-send = Send me the link
find-sent = If there is such a booking, its link is on its way to you.
find-sent-more = Nothing there after a few minutes? Please look among unwanted mail, or talk to us.
find-by-phone = Please open the link that you kept when you booked. Without it, talk to us: we will find your booking by its code or your name.
