# Dates, times and lengths of time.
date = { $weekday }, { $day } { $month } { $year } г.
day = { $day } { $month }
moment = { $date }, { $time }
minutes = { $minutes ->
    [one] { $minutes } минута
    [few] { $minutes } минуты
   *[many] { $minutes } минут
}
hours = { $hours ->
    [one] { $hours } час
    [few] { $hours } часа
   *[many] { $hours } часов
}
hours-and-minutes = { hours } { minutes }
weekday-1 = понедельник
weekday-2 = вторник
weekday-3 = среда
weekday-4 = четверг
weekday-5 = пятница
weekday-6 = суббота
weekday-7 = воскресенье
weekday-short-1 = пн
weekday-short-2 = вт
weekday-short-3 = ср
weekday-short-4 = чт
weekday-short-5 = пт
weekday-short-6 = сб
weekday-short-7 = вс
month-1 = января
month-2 = февраля
month-3 = марта
month-4 = апреля
month-5 = мая
month-6 = июня
month-7 = июля
month-8 = августа
month-9 = сентября
month-10 = октября
month-11 = ноября
month-12 = декабря
month-short-1 = янв.
month-short-2 = фев.
month-short-3 = марта
month-short-4 = апр.
month-short-5 = мая
month-short-6 = июня
month-short-7 = июля
month-short-8 = авг.
month-short-9 = сент.
month-short-10 = окт.
month-short-11 = нояб.
month-short-12 = дек.

# What stands on every page.
skip = К содержанию
nav = Страницы
nav-menu = Меню
nav-booking = Моя бронь
nav-book = Забронировать стол
nav-day = День
nav-setup = Настройка
nav-dishes = Блюда
nav-staff = Сотрудники
nav-account = Аккаунт
session-ended = Ваш сеанс закончился
session-ended-more = Ничего не потеряно. Войдите, вернитесь на эту страницу и продолжите.
session-sign-in = Войти (в новой вкладке)
session-go-on = Продолжить
foot-website = Сайт
foot-privacy = Конфиденциальность
foot-legal = Правовая информация
foot-languages = Языки
errors = Проверьте, пожалуйста, что вы написали
call = Позвонить:
write = Написать нам

# What a page says where a request fails.
failed-home = На главную
failed-missing = Здесь ничего нет
failed-missing-more = Возможно, в адресе опечатка или страница переехала.
failed-forbidden = Здесь это не разрешено
failed-forbidden-more = Вашему аккаунту это не разрешено, или форма пришла с другого сайта. Откройте саму страницу или обратитесь к администратору.
failed-method = Не получилось
failed-method-more = Эта страница так не умеет. Пожалуйста, начните заново с главной.
failed-large = Это слишком много
failed-large-more = В форме больше текста, чем мы можем принять. Пожалуйста, сократите его и отправьте ещё раз.
failed-often = Минуту, пожалуйста
failed-often-more = За последний час из вашей сети пришло очень много запросов. Попробуйте позже или свяжитесь с нами.
failed-busy = Мы сейчас подойдём
failed-busy-more = Сейчас очень много запросов. Обновите страницу через несколько секунд.
failed-broken = У нас что-то сломалось
failed-broken-more = Нам очень жаль. Попробуйте ещё раз через минуту или свяжитесь с нами.
failed-wrong = Не получилось
failed-wrong-more = В запросе что-то не так. Вернитесь назад и попробуйте ещё раз.
