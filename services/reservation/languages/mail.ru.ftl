# Mail to guests.
mail-subject-received = Ваша заявка: { $when } · { $restaurant }
mail-subject-confirmed = Подтверждено: { $when } · { $restaurant }
mail-subject-changed = Изменено: { $when } · { $restaurant }
mail-subject-changed-pending = Ваша новая заявка: { $when } · { $restaurant }
mail-subject-former = Другой адрес почты для вашей брони · { $restaurant }
mail-subject-cancelled = Отменено: { $when } · { $restaurant }
mail-subject-cancelled-by-guest = Отменено: { $when } · { $restaurant }
mail-subject-reminder = До скорой встречи: { $when } · { $restaurant }
mail-subject-link = Ваша бронь: { $when } · { $restaurant }

mail-greeting = Здравствуйте, { $name }!
mail-greeting-nobody = Здравствуйте!

mail-lead-received = Спасибо, что выбрали нас ({ $restaurant }). Столик ещё не подтверждён: мы посмотрим вашу заявку и скоро напишем вам.
mail-lead-confirmed = Ваш столик подтверждён ({ $restaurant }).
mail-lead-changed = Ваша бронь изменилась ({ $restaurant }). Теперь она такая.
mail-lead-changed-pending = Мы получили ваше изменение. Столик ещё не подтверждён: мы посмотрим его и скоро напишем вам.
mail-lead-former = У вашей брони ({ $restaurant }, { $when }) теперь другой адрес почты. С этого момента мы пишем туда, а ссылки из прежних писем больше не действуют. Если это были не вы, пожалуйста, позвоните нам.
mail-lead-cancelled = Нам очень жаль: мы вынуждены отменить вашу бронь ({ $restaurant }).
mail-lead-cancelled-by-guest = Ваша бронь отменена, как вы просили ({ $restaurant }). Спасибо, что предупредили.
mail-lead-reminder = Скоро мы будем вас ждать ({ $restaurant }). Если планы изменились, пожалуйста, сообщите нам по ссылке ниже.
mail-lead-link = Вот ссылка на вашу бронь ({ $restaurant }). Если вы её не просили, ничего не произошло, и это письмо можно не читать.

mail-when = Когда
mail-until = До
mail-until-time = { $time } ({ $duration })
mail-guests = Гости
mail-party = { $guests ->
    [one] { $guests } гость
    [few] { $guests } гостя
   *[many] { $guests } гостей
}
mail-requests = Ваши пожелания
mail-code = Код
mail-was = { $is } (раньше: { $was })
mail-manage = Посмотреть, изменить или отменить бронь
mail-book-again = Забронировать другой столик
mail-close = Ждём вас.
mail-close-cancelled = Будем рады видеть вас в другой раз.

mail-entry = { $restaurant }, столик на { $guests }
mail-entry-code = Код { $code }
mail-entry-link = Изменить или отменить: { $link }
