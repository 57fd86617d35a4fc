# The menu.
menu-empty = Our menu is on its way. Until then, ask us what is good today.
menu-words = Dish or ingredient
menu-least = Price from
menu-most = Price to
menu-no-price = This is no price. It should be like 12.50.
menu-show = Show dishes
menu-whole = Show the whole menu
menu-nothing = We have no such dish. Try fewer words, or another price.
