# The restaurant.
home-menu = Посмотреть меню
home-find = Найти мою бронь
home-hours = Часы работы
home-different = Иначе в ближайшие две недели
closed = закрыто
hours-from-to = с { $opens } до { $closes }
days-from-to = { $first } – { $last }

# Choosing a party, a day and a time.
field-guests = Гости
field-date = Дата
field-area = Где сесть
area-any = Где угодно
show-times = Показать время
days = Дни
guests = { $guests ->
    [one] { $guests } гость
    [few] { $guests } гостя
   *[many] { $guests } гостей
}
day-full = нет мест
day-closed = закрыто
next-free = Ближайший свободный день: { $day }
your-table-is-yours = Стол ваш на { $length }, если рядом со временем не сказано иное.
until = до { $time }
comes-now = ваше время сейчас
part-night = Ночь
part-morning = Утро
part-afternoon = День
part-evening = Вечер
day-at = { $day }, { $time }
still-free = Свободно:
still-free-keep = Свободно это время. Всё, что вы написали, мы сохранили:
book-instead = Выбрать { $time }

# Why a party cannot come, and what to do instead.
why-closed-that-day = { $day } мы закрыты.
why-no-booking-then = В { $time } мы никого не сажаем. Выберите, пожалуйста, время ниже.
why-full = { $day } у нас больше нет стола на { $guests ->
    [one] { $guests } гостя
    [few] { $guests } гостей
   *[many] { $guests } гостей
}. Попробуйте другой день или свяжитесь с нами: иногда стол освобождается.
why-taken = { $time } уже занято.
why-past = Это время уже прошло. Выберите, пожалуйста, другое.
why-too-far-ahead = Мы принимаем брони до { $date }
why-too-soon = Для брони на сайте уже поздно. Свяжитесь с нами, возможно, стол ещё есть.
why-paused = Сейчас мы не принимаем брони на сайте. Свяжитесь с нами, пожалуйста.
why-walk-in-only = Бронь не нужна: просто приходите или свяжитесь с нами.
why-party-too-small = На сайте мы бронируем столы от { $guests ->
    [one] { $guests } гостя
    [few] { $guests } гостей
   *[many] { $guests } гостей
}. Если вас меньше, свяжитесь с нами, пожалуйста.
why-party-too-large = На сайте мы бронируем столы до { $guests ->
    [one] { $guests } гостя
    [few] { $guests } гостей
   *[many] { $guests } гостей
}. Будем рады и большей компании: свяжитесь с нами, пожалуйста.
why-no-table-fits = На сайте у нас нет стола на { $guests ->
    [one] { $guests } гостя
    [few] { $guests } гостей
   *[many] { $guests } гостей
} в это время. Свяжитесь с нами, и мы что-нибудь придумаем.

# The guest's details.
book-details-title = Ваши данные
fact-when = Когда
fact-until = Стол до
fact-guests = Гости
fact-code = Код брони
fact-wishes = Ваши пожелания
other-time = Выбрать другое время
field-name = Ваше имя
field-email = E-mail
field-phone = Телефон
field-wishes = Что нам нужно знать?
optional = (по желанию)
book-pending = Мы смотрим каждую заявку сами и скоро скажем, ваш ли стол.
privacy-at-form = Как мы обращаемся с вашими данными
book-now = Забронировать этот стол
book-ask = Попросить этот стол
book-no-tables = Мы пока не принимаем брони на сайте. Свяжитесь с нами, и мы найдём для вас стол.
book-by-phone = Мы принимаем брони лично. Свяжитесь с нами, и мы найдём для вас стол.
book-too-often = За последний час из вашей сети пришло очень много броней. Попробуйте позже или свяжитесь с нами.
book-sent-before = Вы уже отправляли эту форму с другими данными. Если нужен ещё один стол, отправьте её снова; первая бронь остаётся.
error-title = Проверьте, пожалуйста
name-missing = Скажите нам, пожалуйста, ваше имя.
name-wrong = Такое имя мы принять не можем. Напишите его в одну строку, без особых знаков.
email-missing = Скажите нам, пожалуйста, ваш e-mail.
email-wrong = Это не похоже на e-mail. Он должен быть как ada@example.com.
phone-missing = Скажите нам, пожалуйста, номер телефона, на случай если что-то изменится.
phone-wrong = Это не похоже на номер телефона. Он должен быть как +7 495 123-45-67.
wishes-wrong = Ваши пожелания слишком длинные для нашей книги. Сократите их, пожалуйста, до 2000 знаков.

# The booking.
state-pending = Ваша заявка у нас
state-pending-more = Мы скоро посмотрим её и скажем, ваш ли стол.
state-confirmed = Ваш стол забронирован
state-confirmed-more = Мы вас ждём.
state-seated = Хорошо, что вы у нас
state-seated-more = Приятного вечера.
state-completed = Спасибо, что пришли
state-completed-more = Будем рады увидеть вас снова.
state-cancelled = Эта бронь отменена
state-cancelled-more = Жаль, что не получилось. Будем рады увидеть вас в другой раз.
state-missed = Мы вас не дождались
state-missed-more = В этот раз не получилось. Будем рады увидеть вас в другой раз.
done-changed = Мы изменили вашу бронь.
done-saved = Ваши данные сохранены.
change-title = Изменить день, время или гостей
details-title = Изменить мои данные
to-calendar = В календарь
cancel-title = Отменить бронь
too-late = Изменить эту бронь на сайте уже нельзя. Свяжитесь с нами, пожалуйста.
link-mailed = Ссылка на эту страницу — в вашем письме. По ней можно изменить или отменить бронь в любое время до визита.
link-keep = Сохраните адрес этой страницы: по нему можно изменить или отменить бронь до визита. Никому его не передавайте, пожалуйста.
book-again = Забронировать стол
link-ended = Эта ссылка больше не работает
link-ended-more = Возможно, она неполная или у брони новая ссылка.
move-to = Перенести на { $time }
stay-at = Оставить { $time }
keep-as-it-is = Оставить как есть
changed-meanwhile = Эту бронь тем временем изменили. Посмотрите на неё ещё раз и попробуйте снова.
email-changes-link = Если вы измените e-mail, изменится и ссылка на эту бронь. Новая будет на следующей странице.
save = Сохранить
cancel-more = Мы отдадим ваш стол кому-нибудь другому. На сайте это не вернуть.
cancel-now = Да, отменить
cancel-not = Нет, оставить

# Finding a booking.
find-more = Скажите нам код брони и e-mail, с которым вы бронировали. Мы пришлём ссылку.
find-send = Прислать ссылку
find-sent = Если такая бронь есть, ссылка на неё уже в пути к вам.
find-sent-more = Через несколько минут ничего нет? Посмотрите в нежелательной почте или свяжитесь с нами.
find-by-phone = Откройте, пожалуйста, ссылку, которую вы сохранили при бронировании. Без неё свяжитесь с нами: мы найдём бронь по коду или по имени.

# The day, for hosts.
host-walk-in = Без брони
host-phone = Бронь по телефону
host-block = Закрыть столы
host-pause = Остановить онлайн-бронь
host-days = Другие дни
host-today = Сегодня
host-search = Имя, телефон, почта или код
host-find = Найти
host-found = { $count ->
    [0] Никого не найдено
    [one] Найдена { $count } бронь
    [few] Найдено { $count } брони
   *[other] Найдено { $count } броней
}
host-live = Всё актуально
host-lost = Нет связи. Это лист на {"{"}time{"}"}.
host-as-of = На { $time }
host-covers = гостей по броням
host-expected = ожидаются в
host-here-now = сейчас здесь
host-free = столов свободно
host-mails-failed = писем не доставлено
host-paused = Онлайн-бронь остановлена до { $time }.
host-pause-end = Снова принимать брони
host-pause-more = Гости, которые хотят прийти раньше её конца, не могут бронировать онлайн. Сделанные брони остаются.
host-blocked = Стол { $table } закрыт с { $from } до { $until }
host-unblock = Снова открыть
host-nobody = На этот день пока никто не забронировал.
host-late = Опаздывают · { $count }
host-next = Ожидаются · { $count }
host-here = Здесь · { $count }
host-done = Завершены · { $count }
host-no-name = Без имени
host-name = Имя
host-name-missing = Спросите имя.
host-table = стол { $table }
host-table-seats = Стол { $table } · мест: { $seats }
host-tables = Стол
host-tables-hint = Стол: его номер или несколько, например 3 + 4. Если пусто, выберет ресторан.
host-any-table = Выберет ресторан
host-to-confirm = подтвердить
host-stranded = закрыто в это время
host-mail-failed = письмо не доставлено
host-until = до { $time }
host-over = дольше на { $length }
host-next-here = следующая бронь здесь { $time }
host-do-confirm = Подтвердить
host-do-seat = Посадить
host-do-complete = Ушли
host-do-no-show = Не пришли
host-do-reopen = Отменить действие
host-do-cancel = Отменить бронь
host-do-block = Закрыть
host-pending = ждёт подтверждения
host-confirmed = подтверждена
host-seated = за столом
host-completed = ушли
host-cancelled = отменена
host-no_show = не пришли
host-by-guest = гость
host-by-staff = коллега
host-by-system = система
host-meanwhile = Бронь на имя { $name } тем временем изменена ({ $by }, { $time }), и теперь она: { $state }. Посмотрите ещё раз.
host-not-now = Сейчас это невозможно. Бронь: { $state }.
host-table-occupied = За столом сидят гости. Сначала отпустите их или выберите другой стол.
host-table-taken = Стол в это время занят. Выберите другой.
host-table-inactive = Стол не используется. Выберите другой.
host-no-table-free = В это время нет свободного стола.
host-no-table-fits = Нет стола на { $guests } гостей.
host-no-table-now = Ни один стол не свободен достаточно долго: хотя бы полчаса.
host-table-has-bookings = { $count ->
    [one] Мешает { $count } бронь. Сначала перенесите её.
    [few] Мешают { $count } брони. Сначала перенесите их.
   *[other] Мешают { $count } броней. Сначала перенесите их.
}
host-table-blocked = Стол на это время уже закрыт.
host-invalid-table = Эти столы для этого не подходят.
host-sent-before = Эта форма уже отправлена для другого. Откройте её заново.
host-others = Свободно: { $times }.
host-why-past = Это время уже прошло.
host-why-too_far_ahead = Так далеко вперёд брони не принимаются.
host-why-too_soon = Так скоро брони не принимаются.
host-why-closed = В это время закрыто.
host-why-off_step = Брони начинаются в другое время.
host-why-paused = Онлайн-бронь в это время остановлена.
host-why-walk_in_only = На это время брони не принимаются.
host-why-party_too_small = Такие маленькие компании не принимаются.
host-why-party_too_large = Такие большие компании не принимаются.
host-why-pacing_full = В это время приходит столько гостей, сколько успевает кухня.
host-why-no_table_fits = Нет стола на такую компанию.
host-why-no_table_free = В это время нет свободного стола.
host-guests-wrong = Укажите, сколько гостей придёт, от 1 до 20.
host-time-wrong = Укажите день и время, например 19:30.
host-minutes-wrong = Укажите, сколько они пробудут, от 15 до 480 минут.
host-tables-wrong = Такого стола нет. Напишите номера, например 3 + 4.
host-too-long = Бронь длится не больше 8 часов.
host-contact-missing = Спросите телефон или адрес почты.
host-block-wrong = Выберите зону или стол и время, которое закончится позже.
host-optional = (необязательно)
host-wishes = Пожелания, аллергии
host-note = Заметка для коллег
host-time = Время
host-minutes = Минуты
host-no-times = В этот день нет свободного времени.
host-override = Всё равно забронировать, вопреки правилам ресторана
host-book = Забронировать
host-save = Сохранить
host-back = Назад к дню
host-state = Состояние
host-mail = Письмо
host-mail-waiting = ждёт отправки
host-mail-sending = отправляется
host-mail-sent = отправлено
host-mail-expired = не отправлено вовремя
host-mail-again = Отправить письмо ещё раз
host-mail-again-done = Письмо в пути.
host-last = Последнее изменение
host-changed = { $by }, { $time }
host-extend-15 = На 15 минут дольше
host-extend-30 = На 30 минут дольше
host-move = Перенести или изменить
host-cancel = Отменить эту бронь
host-cancel-more = Стол сразу свободен. Гость с адресом почты получит письмо.
host-block-more = Никто не сможет забронировать эти столы. Кто за ними сидит, остаётся.
host-area = Вся зона
host-one-table = Один стол
host-from = с
host-end = до
host-reason = Причина
host-outside = вне часов работы

# Setting up the house.
setup-title = Настройка ресторана
setup-back = Назад к обзору
setup-add = Добавить
setup-change-it = Изменить
setup-change = Изменить: { $part }
setup-check = Сначала показать последствия
setup-none = Нет
setup-yes = да
setup-no = нет
setup-more = и ещё { $count }
setup-added = Добавлено: { $thing }
setup-meanwhile = Тем временем это изменил кто-то другой. Сейчас так: { $now }. Ваша форма ниже осталась такой, как вы её заполнили: сохраните её ещё раз, чтобы было по-вашему.
setup-strands = { $count ->
    [0] Больше ни одна бронь не окажется вне часов работы. Пока ничего не сохранено: чтобы продолжить, нажмите «{ $button }».
    [one] Ещё { $count } бронь окажется вне часов работы. Ни одна бронь от этого не отменяется: позвоните гостям или перенесите брони. Пока ничего не сохранено: чтобы всё же продолжить, нажмите «{ $button }».
    [few] Ещё { $count } брони окажутся вне часов работы. Ни одна бронь от этого не отменяется: позвоните гостям или перенесите брони. Пока ничего не сохранено: чтобы всё же продолжить, нажмите «{ $button }».
   *[other] Ещё { $count } броней окажутся вне часов работы. Ни одна бронь от этого не отменяется: позвоните гостям или перенесите брони. Пока ничего не сохранено: чтобы всё же продолжить, нажмите «{ $button }».
}
setup-stranded = { $count ->
    [one] { $count } будущая бронь вне часов работы или за столом, который не используется. Позвоните гостям или перенесите бронь.
    [few] { $count } будущие брони вне часов работы или за столами, которые не используются. Позвоните гостям или перенесите брони.
   *[other] { $count } будущих броней вне часов работы или за столами, которые не используются. Позвоните гостям или перенесите брони.
}
setup-missing = Заполните, пожалуйста.
setup-whole = Напишите целое число от { $from } до { $to }.
setup-text = Здесь может быть не больше { $count } знаков.
setup-clock = Напишите время, например 18:30.
setup-date = Выберите дату.
setup-choice = Этого больше нет. Выберите снова.
setup-at-least = Здесь должно быть не меньше { $least }.
setup-at-most-seats = Здесь может быть не больше { $seats }: больше мест нет.
setup-first = Первый стол
setup-first-more = Гости смогут бронировать, как только появится стол. Остальное может подождать: пока нет часов и правил, гости бронируют круглосуточно.
setup-first-add = Добавить стол
setup-no-hours = Гости уже могут забронировать стол. Теперь задайте часы работы: без них гости бронируют круглосуточно.
setup-none-online = Сейчас гости не могут бронировать: нет стола, который используется, открыт для гостей и стоит в открытой зоне.
setup-always-open = Открыто круглосуточно
setup-counted = { $tables }, мест: { $seats }; гостям доступно столов: { $online }
setup-name = Название
setup-area = Зона
setup-no-area = Нет
setup-areas = Зоны
setup-areas-more = Части ресторана, например терраса. Гость может выбрать одну.
setup-add-area = Добавить зону
setup-remove-area = Удалить зону
setup-remove-area-more = Зону можно удалить, когда в ней нет столов, даже неиспользуемых.
setup-area-taken = Так называется другая зона. Выберите другое название.
setup-area-in-use = В этой зоне стоят столы. Сначала перенесите их в другую.
setup-area-online = Гости могут бронировать здесь
setup-position = Порядок
setup-position-more = Сначала выдаются столы зоны с наименьшим числом.
setup-tables = Столы
setup-tables-more = Их бронируют гости. Выдаётся наименьший стол, за который помещается компания.
setup-tables-count = { $count ->
    [one] { $count } стол
    [few] { $count } стола
   *[other] { $count } столов
}
setup-add-table = Добавить стол
setup-remove-table = Удалить стол
setup-remove-table-more = Стол, который уже бронировали, сохраняется ради своих броней, но не используется. Стол с будущими бронями удалить нельзя.
setup-number = Номер
setup-number-taken = Номер { $number } уже у другого стола. Выберите другой.
setup-seats = Мест
setup-min-party = Наименьшая компания
setup-min-party-more = Гости не могут бронировать на меньше; вы можете.
setup-description = Описание для гостей
setup-table-online = Гости могут его бронировать
setup-active = Используется
setup-inactive = не используется
setup-not-online = не для гостей онлайн
setup-from-party = от { $guests } гостей
setup-has-bookings = Мешают брони. Сначала перенесите их за другие столы.
setup-in-group = Стол входит в группу: { $groups }. Сначала измените её.
setup-groups = Столы вместе
setup-groups-more = Столы, которые можно сдвинуть для большой компании. Они выдаются как один.
setup-add-group = Объединить столы
setup-remove-group = Больше не объединять
setup-remove-group-more = Столы остаются. Брони сохраняют свои столы.
setup-group-tables = Столы
setup-group-seats = столы { $tables } · мест: { $seats }
setup-seats-together = Мест вместе
setup-group-few = Выберите от 2 до { $most } столов.
setup-group-inactive = Один из столов не используется.
setup-group-areas = Столы должны стоять в одной зоне.
setup-group-small = У одного стола уже столько мест ({ $seats }): вместе должно быть больше.
setup-hours = Часы работы
setup-hours-more = Смены недели. Гости бронируют от открытия до последней посадки. Оставьте последний раздел пустым, если добавлять нечего.
setup-one-more-service = Смена
setup-service = Название, например «Ужин»
setup-days = Дни
setup-no-days = Выберите хотя бы один день.
setup-opens = Открытие
setup-last = Последняя посадка
setup-closes = Закрытие
setup-closes-more = Время раньше открытия, например 01:00, относится к следующему дню.
setup-last-late = Это должно быть не раньше { $opens } и раньше закрытия в { $closes }.
setup-overlaps = Пересекается с «{ $other }». Смены идут друг за другом.
setup-slot = Брони начинаются каждые
setup-slot-of-rules = как в правилах
setup-slot-any = в любую минуту
setup-min-guests = Наименьшая компания
setup-max-guests = Наибольшая компания
setup-service-online = Гости могут бронировать онлайн
setup-remove-service = Удалить эту смену
setup-exceptions = Другие часы
setup-exceptions-more = Дни, когда мы закрыты или открыты в другое время, чем обычно.
setup-add-exception = Добавить даты
setup-remove-exception = Удалить эти часы
setup-remove-exception-more = В эти дни снова действуют обычные часы.
setup-first-date = Первый день
setup-last-date = Последний день
setup-note = Заметка для персонала
setup-closed = В эти дни закрыто
setup-closed-more = Иначе заполните ниже, когда мы открыты.
setup-closed-or-open = Отметьте это или заполните смену ниже.
setup-closed-and-open = Нельзя быть закрытыми и открытыми сразу: удалите смены ниже или снимите отметку.
setup-before-first = Это не может быть раньше первого дня.
setup-many-dates = Здесь может быть не больше { $most } дней.
setup-exception-exists = У одного из этих дней уже другие часы. Измените их или выберите другие дни.
setup-other-exception = Уже заданные часы
setup-rules = Правила
setup-rules-more = Как гости могут бронировать. Прежние брони остаются как есть.
setup-when = Когда
setup-who = Компании
setup-guests = Гости
setup-notice = Бронировать не меньше чем за столько минут
setup-change-until = Гости меняют или отменяют не позже чем за столько минут
setup-buffer = Минут между компаниями
setup-confirm-above = Вы подтверждаете компании больше чем
setup-confirm-above-more = Пусто: как со всеми бронями.
setup-spare = Сколько мест за столом может пустовать
setup-spare-more = Пусто: без ограничений.
setup-turns = Сколько сидят компании
setup-turn = до { $guests ->
    [one] { $guests } гостя
   *[other] { $guests } гостей
} { $length }
setup-up-to = Компании до стольких гостей
setup-minutes = Минут
setup-rising = Здесь должно быть больше предыдущего, { $before }.
setup-pacing = Прибытия за 15 минут, не больше
setup-covers = Гостей
setup-parties = Компаний
setup-phone = Нужен номер телефона
setup-without-account = Гости могут бронировать без учётной записи
setup-policy = Текст, который гости видят перед бронированием
setup-policy-more = Например, как долго вы держите стол.
setup-managed = Это задано в ресурсе ресторана или в его файле. Изменяет это там команда платформы.
setup-show-it = Показать
setup-meanwhile-removing = Тем временем это изменил кто-то другой. Сейчас так: { $now }. Чтобы всё же удалить, нажмите кнопку ещё раз.
setup-gone = Тем временем это удалил кто-то другой. Ваши данные в форме ниже: добавьте их, чтобы вернуть.
setup-busy = Сейчас мы заняты, и ничего не сохранено. Ваша форма ниже осталась такой, как вы её заполнили: сохраните её через несколько секунд ещё раз.
setup-opens-always = Без смен мы открыты круглосуточно, и гости могут бронировать в любое время. Пока ничего не сохранено: если так и нужно, нажмите «Сохранить» ещё раз. Чтобы закрыться на время, задайте другие часы.
setup-tables-gone = Выбранного стола больше нет. Выберите снова.
host-to-date = Открыть
host-closed = В этот день мы закрыты.
host-no-tables = Столов пока нет. Первый добавляет администратор.
host-requests = Заявки на другие дни ждут вашего ответа:
host-length-now = Бронь перенесена. По правилам теперь они сидят { $length }.
setup-saved = Сохранено.
setup-turns-more = Бо́льшие компании сидят столько, сколько сказано в последней строке. Без строк все сидят 2 часа.
setup-confirms = Вы подтверждаете каждую бронь сами
setup-confirms-all = Сейчас вы подтверждаете каждую бронь, что бы здесь ни стояло. Команда платформы может включить мгновенное подтверждение.
