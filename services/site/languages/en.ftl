# Dates, times and lengths of time.
date = { $weekday }, { $day } { $month } { $year }
day = { $day } { $month }
moment = { $date } at { $time }
minutes = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
hours = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}
hours-and-minutes = { hours } { minutes }
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
weekday-short-1 = Mon
weekday-short-2 = Tue
weekday-short-3 = Wed
weekday-short-4 = Thu
weekday-short-5 = Fri
weekday-short-6 = Sat
weekday-short-7 = Sun
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
month-short-1 = Jan
month-short-2 = Feb
month-short-3 = Mar
month-short-4 = Apr
month-short-5 = May
month-short-6 = Jun
month-short-7 = Jul
month-short-8 = Aug
month-short-9 = Sep
month-short-10 = Oct
month-short-11 = Nov
month-short-12 = Dec

# What stands on every page.
skip = Skip to the content
nav = Pages
nav-menu = Menu
nav-booking = My booking
nav-book = Book a table
nav-day = The day
nav-setup = Set up
nav-dishes = Dishes
nav-staff = Staff
nav-account = Account
session-ended = Your session has ended
session-ended-more = Nothing is lost. Sign in, come back to this page, and go on.
session-sign-in = Sign in (in a new tab)
session-go-on = Go on with what you did
foot-website = Website
foot-privacy = Privacy
foot-legal = Legal notice
foot-languages = Languages
errors = Please check what you typed
call = Call
write = Write to us

# What a page says where a request fails.
failed-home = To the start page
failed-missing = There is nothing here
failed-missing-more = The address may be mistyped, or the page has moved.
failed-forbidden = That is not allowed here
failed-forbidden-more = Your account may not do this, or the form came from another site. Open the page itself, or ask an administrator.
failed-method = That did not work
failed-method-more = This page cannot do what was asked of it. Please start again from the start page.
failed-large = That was too much
failed-large-more = The form holds more than we can take. Please shorten your text and send it again.
failed-often = One moment, please
failed-often-more = A lot has come from your network within the last hour. Please try again later, or talk to us.
failed-busy = We will be right with you
failed-busy-more = We are busy for a moment. Please load the page again in a few seconds.
failed-broken = Something went wrong on our side
failed-broken-more = We are sorry. Please try again in a moment, or talk to us.
failed-wrong = That did not work
failed-wrong-more = Something in the request was not as it should be. Please go back and try again.
