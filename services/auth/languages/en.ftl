# What the pages of accounts have in common.
account-error = Please correct
account-name = Name
account-email = E-mail
account-role = Role
account-since = Account since
date-alone = { $day } { $month } { $year }
role-admin = Administrator
role-admin-more = May do everything: also hours, rules, tables, dishes and accounts.
role-host = Host
role-host-more = May do everything of the day: bookings, walk-ins, blocks, closed days, the pause.
role-user = No role
role-user-more = May not open the staff’s pages.

# Signing in and out.
login-title = Sign in
login-more = For the restaurant’s staff.
login-password = Password
login-now = Sign in
login-signed-in = You are signed in as
login-go-on = Go on
login-other = Or let somebody else sign in below.
login-forgotten = Did you forget your password? An administrator of the restaurant can make you a one-time password.
login-wrong = No account has this e-mail address and password. Please check both.
login-often = There were too many attempts with a wrong password. Please wait { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}, or ask an administrator for a one-time password.
login-busy = Too many people sign in right now. Please try again in a few seconds.
login-not-staff = This account is a guest’s: there is nothing for it on the staff’s pages. An administrator can give it a role.
email-missing = Enter the e-mail address.
email-wrong = Enter an e-mail address such as rosa@example.com.
email-taken = This e-mail address belongs to an account already.
password-missing = Enter the password.
account-title = Your account
account-sign-out = Sign out
account-more = Sign out on a device that others use. Otherwise you stay signed in for 12 hours.
signed-in-title = You are signed in
signed-in-more = Close this tab, and go on in the other one.

# Choosing a password.
password-title = Change the password
password-more = It counts from your next sign-in on.
password-first-title = Choose your password
password-first-more = You have signed in with a one-time password. Choose one of your own to go on.
password-current = Current password
password-one-time-field = One-time password
password-new = New password
password-hint = at least { $characters } characters
password-save = Save the password
password-wrong = This is not your current password.
password-too-short = The new password is too short: it needs at least 8 characters.
password-too-long = The new password is too long: it may have 72 bytes, which are 72 Latin letters.
password-not-allowed = The new password has a character that cannot be used.
password-one-time = A one-time password is used once. Choose another one.

# The accounts of the staff.
staff-title = Staff
staff-more = Everybody who may open the pages of the day. Choose a name to change a role or to help with a forgotten password.
staff-since = since
staff-add = Add somebody
staff-add-more = They get a one-time password, which you hand over, and choose their own when they first sign in.
staff-add-now = Add
staff-back = All the staff
name-missing = Enter the name.
name-wrong = The name must be one line of at most 255 characters.
role-missing = Choose a role.
person-title = An account
person-own = (you)
person-own-more = This is your own account.
person-saved = The role is saved. It counts at once.
person-save = Save the role
person-last = The only administrator keeps the role. Make somebody else an administrator first.
person-guest = This account has no role, and anybody may have made it: e-mail addresses are not checked. Before you give it one, make a one-time password for it, and hand that over in person.
person-changed = This account has changed meanwhile. Here it is as it is now.
person-forgotten = If they forgot their password, make them a one-time password.
confirm-title = Take this role away?
confirm-more = The staff’s pages that the role opens close at once. Bookings and notes stay.
confirm-own = This is your own account. You cannot take the role back yourself.
confirm-before = Role now
confirm-after = Role afterwards
confirm-now = Take it away
confirm-not = Keep it as it is
one-time-title = New one-time password
one-time-ask = Their present password will no longer work. They sign in with the new one, and then choose their own.
one-time-now = Make the password
added-title = The account is made
one-time-made-title = One-time password
one-time-once = Write the one-time password down now: it is shown this once. Hand it over in person or by telephone, not by e-mail.
one-time-where = Sign-in page
one-time-then = After signing in with it they choose their own password. Until then nothing else opens.
