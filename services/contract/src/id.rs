//! Ids, which cannot be mixed up: positive, 32 bits.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(i32);

        impl $name {
            /// The id of this number, where it is positive.
            pub fn new(number: i32) -> Option<Self> {
                (number > 0).then_some(Self(number))
            }

            /// The number.
            pub fn get(self) -> i32 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The id of a user.
    UserId
}
id! {
    /// The id of a dish.
    DishId
}
id! {
    /// The id of a table.
    TableId
}
id! {
    /// The id of a booking.
    ReservationId
}
