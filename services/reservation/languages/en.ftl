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

# The day, for hosts.
host-walk-in = Walk-in
host-phone = Book by phone
host-block = Block tables
host-pause = Pause online bookings
host-days = Other days
host-today = Today
host-search = Name, phone, e-mail or code
host-find = Find
host-found = { $count ->
    [0] Nobody found
    [one] { $count } booking found
   *[other] { $count } bookings found
}
host-live = Up to date
host-lost = No connection. This is the sheet of {"{"}time{"}"}.
host-as-of = As of { $time }
host-covers = covers booked
host-expected = expected at
host-here-now = here now
host-free = tables free
host-mails-failed = mails failed
host-paused = No online bookings until { $time }.
host-pause-end = Take bookings again
host-pause-more = Guests who want to come before its end cannot book online. Bookings that were made stay.
host-blocked = Table { $table } blocked from { $from } until { $until }
host-unblock = Free again
host-nobody = Nobody has booked for this day yet.
host-late = Late · { $count }
host-next = Next · { $count }
host-here = Here · { $count }
host-done = Done · { $count }
host-no-name = No name
host-name = Name
host-name-missing = Ask for a name.
host-table = table { $table }
host-table-seats = Table { $table } · { $seats ->
    [one] { $seats } seat
   *[other] { $seats } seats
}
host-tables = Table
host-tables-hint = Table: its number, or several, such as 3 + 4. Left empty, the house chooses.
host-any-table = The house chooses
host-to-confirm = to confirm
host-stranded = closed then
host-mail-failed = mail failed
host-until = until { $time }
host-over = { $length } over
host-next-here = next at this table { $time }
host-do-confirm = Confirm
host-do-seat = Seat
host-do-complete = Leave
host-do-no-show = No-show
host-do-reopen = Undo
host-do-cancel = Cancel the booking
host-do-block = Block
host-pending = to confirm
host-confirmed = confirmed
host-seated = seated
host-completed = left
host-cancelled = cancelled
host-no_show = no-show
host-by-guest = the guest
host-by-staff = a colleague
host-by-system = the system
host-meanwhile = { $name } was changed meanwhile by { $by } at { $time }, and is: { $state }. Please look again.
host-not-now = That cannot be done now: the booking is { $state }.
host-table-occupied = Somebody sits at the table. Let them leave first, or choose another table.
host-table-taken = The table is taken at that time. Choose another one.
host-table-inactive = The table is out of use. Choose another one.
host-no-table-free = No table is free then.
host-no-table-fits = No table seats { $guests } guests.
host-no-table-now = No table is free long enough: half an hour at least.
host-table-has-bookings = { $count ->
    [one] A booking is in the way. Move it first.
   *[other] { $count } bookings are in the way. Move them first.
}
host-table-blocked = A table is blocked then already.
host-invalid-table = These tables cannot be had for that.
host-sent-before = This form was sent before, for something else. Open it anew.
host-others = Free: { $times }.
host-why-past = That time is over.
host-why-too_far_ahead = That is further ahead than bookings are taken.
host-why-too_soon = That is sooner than bookings are taken.
host-why-closed = We are closed then.
host-why-off_step = Bookings begin at other times.
host-why-paused = Online bookings are paused then.
host-why-walk_in_only = No bookings are taken for that service.
host-why-party_too_small = The party is smaller than those that are taken.
host-why-party_too_large = The party is larger than those that are taken.
host-why-pacing_full = As many guests as the kitchen can take come at that time.
host-why-no_table_fits = No table seats the party.
host-why-no_table_free = No table is free then.
host-guests-wrong = Say how many guests come, from 1 to 20.
host-time-wrong = Say a day and a time, such as 19:30.
host-minutes-wrong = Say how long they stay, from 15 to 480 minutes.
host-tables-wrong = There is no such table. Write the numbers, such as 3 + 4.
host-too-long = A booking lasts 8 hours at most.
host-contact-missing = Ask for a phone number, or an e-mail address.
host-block-wrong = Choose an area or a table, and a time that ends later.
host-optional = (optional)
host-wishes = Wishes, allergies
host-note = Note for the staff
host-time = Time
host-minutes = Minutes
host-no-times = No time is free that day.
host-override = Book it all the same, against the rules of the house
host-book = Book
host-save = Save
host-back = Back to the day
host-state = State
host-mail = Mail
host-mail-waiting = waits to be sent
host-mail-sending = is being sent
host-mail-sent = sent
host-mail-expired = not sent in time
host-mail-again = Send mail again
host-mail-again-done = The mail is on its way.
host-last = Last change
host-changed = by { $by } at { $time }
host-extend-15 = 15 minutes longer
host-extend-30 = 30 minutes longer
host-move = Move or change
host-cancel = Cancel this booking
host-cancel-more = The table is free at once. A guest with an e-mail address is told.
host-block-more = Nobody can book these tables meanwhile. Whoever sits there stays.
host-area = A whole area
host-one-table = One table
host-from = from
host-end = until
host-reason = Reason
host-outside = outside our hours

# Setting up the house.
setup-title = Set up the house
setup-back = Back to the overview
setup-add = Add
setup-change-it = Change
setup-change = Change: { $part }
setup-check = Show the effect first
setup-none = None
setup-yes = yes
setup-no = no
setup-more = and { $count } more
setup-added = Added: { $thing }
setup-meanwhile = Somebody else has changed this meanwhile. It is now: { $now }. Your form is below as you filled it in: save it again to have it so.
setup-strands = { $count ->
    [0] No further booking would be outside our hours. Nothing is saved yet: press { $button } to go on.
    [one] { $count } more booking would be outside our hours. No booking is cancelled by it: call the guest, or move the booking. Nothing is saved yet: to go on all the same, press { $button }.
   *[other] { $count } more bookings would be outside our hours. No booking is cancelled by it: call the guests, or move the bookings. Nothing is saved yet: to go on all the same, press { $button }.
}
setup-stranded = { $count ->
    [one] { $count } booking ahead is outside our hours, or at a table out of use. Call the guest, or move the booking.
   *[other] { $count } bookings ahead are outside our hours, or at tables out of use. Call the guests, or move the bookings.
}
setup-missing = Please fill this in.
setup-whole = Write a whole number from { $from } to { $to }.
setup-text = This can have { $count } characters at most.
setup-clock = Write a time such as 18:30.
setup-date = Choose a date.
setup-choice = This is not there any more. Choose again.
setup-at-least = This must be at least { $least }.
setup-at-most-seats = This can be { $seats } at most: there are no more seats.
setup-first = The first table
setup-first-more = Guests can book as soon as there is a table. All else can wait: until you set hours and rules, guests book around the clock.
setup-first-add = Add the table
setup-no-hours = Guests can book a table now. Set the hours next: without them, guests book around the clock.
setup-none-online = Guests cannot book now: no table is in use, open to guests, and in an area that is.
setup-always-open = Open around the clock
setup-counted = { $tables }, { $seats ->
    [one] { $seats } seat
   *[other] { $seats } seats
}; guests can book { $online } of them
setup-name = Name
setup-area = Area
setup-no-area = None
setup-areas = Areas
setup-areas-more = Parts of the restaurant, such as a terrace. A guest may ask for one.
setup-add-area = Add an area
setup-remove-area = Remove the area
setup-remove-area-more = An area can be removed once no table stands in it, in use or not.
setup-area-taken = Another area has this name. Choose another name.
setup-area-in-use = Tables stand in this area. Move them to another area first.
setup-area-online = Guests can book here
setup-position = Position
setup-position-more = Tables of the area with the lowest position are given out first.
setup-tables = Tables
setup-tables-more = Guests book these. The house gives out the smallest table that seats a party.
setup-tables-count = { $count ->
    [one] { $count } table
   *[other] { $count } tables
}
setup-add-table = Add a table
setup-remove-table = Remove the table
setup-remove-table-more = A table that was booked before is kept out of use, for its bookings. One with bookings ahead cannot be removed.
setup-number = Number
setup-number-taken = Another table has the number { $number }. Choose another number.
setup-seats = Seats
setup-min-party = Smallest party
setup-min-party-more = Guests cannot book it for fewer; you still can.
setup-description = Description for guests
setup-table-online = Guests can book it
setup-active = In use
setup-inactive = out of use
setup-not-online = not for guests online
setup-from-party = from { $guests } guests
setup-has-bookings = Bookings are in the way. Move them to other tables first.
setup-in-group = The table is part of: { $groups }. Change the group first.
setup-groups = Tables together
setup-groups-more = Tables that can be joined for a larger party. The house gives them out as one.
setup-add-group = Join tables
setup-remove-group = Do not join them any more
setup-remove-group-more = The tables stay. Bookings that have them keep them.
setup-group-tables = Tables
setup-group-seats = tables { $tables } · { $seats } seats
setup-seats-together = Seats together
setup-group-few = Choose from 2 to { $most } tables.
setup-group-inactive = One of the tables is out of use.
setup-group-areas = The tables must stand in one area.
setup-group-small = One table alone has as many seats ({ $seats }): together they must have more.
setup-hours = Hours
setup-hours-more = The services of the week. Guests book from the opening until the last seating. Leave the last section empty where there is nothing to add.
setup-one-more-service = A service
setup-service = Name, such as Dinner
setup-days = Days
setup-no-days = Choose at least one day.
setup-opens = Opens
setup-last = Last seating
setup-closes = Closes
setup-closes-more = A time before the opening, such as 01:00, is the next day’s.
setup-last-late = This must not be before { $opens }, and must be before { $closes }, when we close.
setup-overlaps = This overlaps { $other }. Services follow each other.
setup-slot = Bookings begin every
setup-slot-of-rules = as the rules say
setup-slot-any = at any minute
setup-min-guests = Smallest party
setup-max-guests = Largest party
setup-service-online = Guests can book online
setup-remove-service = Remove this service
setup-exceptions = Other hours
setup-exceptions-more = Dates on which we are closed, or open at other times than in the week.
setup-add-exception = Add dates
setup-remove-exception = Remove these hours
setup-remove-exception-more = The hours of the week hold on these dates again.
setup-first-date = First date
setup-last-date = Last date
setup-note = Note for the staff
setup-closed = Closed on these dates
setup-closed-more = Otherwise fill in when we are open, below.
setup-closed-or-open = Tick this, or fill in a service below.
setup-closed-and-open = We cannot be closed and open: remove the services below, or the tick here.
setup-before-first = This must not be before the first date.
setup-many-dates = This can be { $most } dates at most.
setup-exception-exists = One of these dates has other hours already. Change those, or choose other dates.
setup-other-exception = The hours that are there
setup-rules = Rules
setup-rules-more = How guests can book. Bookings that were made before stay as they are.
setup-when = When
setup-who = Parties
setup-guests = Guests
setup-notice = Book at least so many minutes ahead
setup-change-until = Guests can change or cancel until so many minutes before
setup-buffer = Minutes between two parties
setup-confirm-above = You confirm parties larger than
setup-confirm-above-more = Empty: as with all bookings.
setup-spare = Seats that may stay empty at a table
setup-spare-more = Empty: no limit.
setup-turns = How long parties stay
setup-turn = up to { $guests ->
    [one] { $guests } guest
   *[other] { $guests } guests
} { $length }
setup-up-to = Parties of up to so many guests
setup-minutes = Minutes
setup-rising = This must be more than the size before, { $before }.
setup-pacing = Arrivals within 15 minutes, at most
setup-covers = Guests
setup-parties = Parties
setup-phone = A phone number is required
setup-without-account = Guests can book without an account
setup-policy = Text that guests see before they book
setup-policy-more = For example how long you keep a table.
setup-managed = This is declared in the resource of the restaurant, or in its file. It is changed there, by the platform team.
setup-show-it = Show
setup-meanwhile-removing = Somebody else has changed this meanwhile. It is now: { $now }. To remove it all the same, press the button again.
setup-gone = Somebody else has removed this meanwhile. Your text is in the form below: add it to have it again.
setup-busy = We are busy for a moment, and nothing is saved. Your form is below as you filled it in: please save it again in a few seconds.
setup-opens-always = Without a service we are open around the clock, and guests can book at any time. Nothing is saved yet: to have it so, press Save again. To close for some time, set other hours.
setup-tables-gone = A table that you chose is not there any more. Choose again.
host-to-date = Go
host-closed = We are closed on this day.
host-no-tables = There is no table yet. An administrator adds the first one.
host-requests = Requests for other days wait for your answer:
host-length-now = It is moved. By the rules they stay { $length } now.
setup-saved = It is saved.
setup-turns-more = Larger parties stay as long as the last line says. Without any line, all stay 2 hours.
setup-confirms = You confirm every booking yourself
setup-confirms-all = At present you confirm every booking, whatever stands here. The platform team can have bookings confirmed at once.
