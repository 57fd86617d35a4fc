# The menu.
menu-empty = Our menu is on its way. Until then, ask us what is good today.
menu-words = Dish or ingredient
menu-least = Price from
menu-most = Price to
menu-no-price = This is no price. It should be like 12.50.
menu-show = Show dishes
menu-whole = Show the whole menu
menu-nothing = We have no such dish. Try fewer words, or another price.

# Changing the menu, for administrators.
dishes-more = The menu, as guests read it. Choose a dish to change or delete it.
dishes-none = There is no dish on the menu yet. Add the first one here.
dishes-menu = The menu as guests see it
dishes-find = Search
dishes-count = { $count ->
    [one] { $count } dish found.
   *[other] { $count } dishes found.
}
dishes-all = Show all dishes
dishes-add = Add a dish
dishes-add-now = Add to the menu
dish-error = Please correct
dish-busy = The menu cannot be changed right now. What you typed is kept: please try again in a few seconds.
dish-name = Name
dish-name-missing = Enter the name of the dish.
dish-name-long = The name may have 255 characters, and this one has { $length }. Shorten it.
dish-name-line = The name must be one line, without control characters.
dish-price = Price
dish-price-hint = such as 12.50
dish-price-missing = Enter the price, such as 12.50.
dish-price-wrong = The price must be digits alone, such as 12.50, without a currency or spaces.
dish-price-decimals = The price may have two digits after the point, such as 12.50, and a thousand is written 1000.
dish-price-range = The price must be from 0 to 99999999.99.
dish-description = Description
dish-description-long = The description may have 2000 characters, and this one has { $length }. Shorten it.
dish-optional = (optional)
dish-title = Change a dish
dish-changed = This dish was changed meanwhile, and nothing of yours is saved yet. Compare what you typed with the menu as it is now, then save.
dish-now = On the menu now
dish-typed = What you typed
dish-save = Save
dish-back = All dishes
dish-delete = Delete this dish
dish-gone = This dish is no longer on the menu. Here are those that are.
dish-gone-typed = This dish was deleted meanwhile. What you typed is in the form below: add it as a new dish if it should be on the menu again.
delete-title = Delete this dish?
delete-more = Guests no longer see it from then on. A deleted dish does not come back; it can only be added anew.
delete-changed = This dish was changed meanwhile. Here it is as it is now; it is not deleted yet.
delete-now = Delete it
delete-not = Keep it
deleted = The dish is deleted.
