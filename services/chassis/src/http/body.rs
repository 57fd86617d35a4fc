//! Bodies and queries, each declared once: the declaration gives the type, its reading with every fault, and its OpenAPI schema.

use serde_json::Value as Json;
use utoipa::PartialSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};

use super::input::{Input, Source};
use super::value::Value;

/// What a client says in the body or in the query.
pub trait Body: Sized {
    /// Whether it stands in the body or in the query.
    const SOURCE: Source;

    /// Reads it. Faults are noted at `input`, and `None` is returned where there are any.
    fn read(input: &mut Input) -> Option<Self>;
}

/// A member of a body, or a parameter of a query, as the OpenAPI document has it.
pub struct Member {
    name: &'static str,
    description: String,
    schema: Schema,
    required: bool,
}

impl Member {
    /// A member that must be there.
    pub fn required<T: Value>() -> Self {
        Self::of(T::schema(), true)
    }

    /// A member that may be left out, be `null` or, where it is text, be blank: all three mean that there is no value.
    pub fn optional<T: Value>() -> Self {
        Self::of(nullable(T::schema_or_blank()), false)
    }

    /// A member that may be left out, which the default stands in for.
    #[allow(clippy::should_implement_trait, reason = "it is named after the kind of the member, as the others are")]
    pub fn default<T: Value>() -> Self {
        Self::of(nullable(T::schema()), false)
    }

    /// A member of a change: left out, it stays as it is.
    pub fn change<T: Value>() -> Self {
        Self::of(T::schema(), false)
    }

    /// A member of a change that `null` or blank text removes.
    pub fn clear<T: Value>() -> Self {
        Self::optional::<T>()
    }

    /// A parameter that may be given any number of times.
    pub fn repeated<T: Value>() -> Self {
        Self::of(ArrayBuilder::new().items(RefOr::T(T::schema())).into(), false)
    }

    /// A list of values, which is empty where it is left out.
    pub fn values<T: Value>() -> Self {
        Self::of(ArrayBuilder::new().items(RefOr::T(T::schema())).into(), false)
    }

    /// A list of objects, which is empty where it is left out.
    pub fn objects<T: PartialSchema>() -> Self {
        Self::of(ArrayBuilder::new().items(T::schema()).into(), false)
    }

    /// An object that may be left out.
    pub fn object<T: PartialSchema>() -> Self {
        let schema = match T::schema() {
            RefOr::T(schema) => schema,
            RefOr::Ref(_) => Schema::default(),
        };
        Self::of(nullable(schema), false)
    }

    fn of(schema: Schema, required: bool) -> Self {
        Self { name: "", description: String::new(), schema, required }
    }

    /// Gives it its name, its doc comment, an example, and the default where it has one.
    #[must_use]
    pub fn described(mut self, name: &'static str, doc: &[&str], example: Option<Json>, default: Option<Json>) -> Self {
        self.name = name;
        self.description = super::value::description(doc);
        match &mut self.schema {
            Schema::Object(object) => {
                object.examples.extend(example);
                object.default = default;
            }
            Schema::Array(array) => array.examples.extend(example),
            Schema::OneOf(one_of) => one_of.examples.extend(example),
            _ => {}
        }
        self
    }

    fn into_parameter(self) -> Parameter {
        let mut schema = self.schema;
        let example = match &mut schema {
            Schema::Object(object) => {
                // A parameter has no null.
                if let SchemaType::Array(types) = &object.schema_type
                    && let [first, ..] = types.as_slice()
                {
                    object.schema_type = SchemaType::Type(first.clone());
                }
                if let Some(words) = &mut object.enum_values {
                    words.retain(|word| !word.is_null());
                }
                object.examples.pop()
            }
            Schema::Array(array) => array.examples.pop(),
            Schema::OneOf(one_of) => one_of.examples.pop(),
            _ => None,
        };
        let required = if self.required { Required::True } else { Required::False };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(required)
            .description(Some(self.description))
            .schema(Some(schema))
            .example(example)
            .build()
    }
}

/// The schema, of which `null` is a value too.
fn nullable(mut schema: Schema) -> Schema {
    if let Schema::Object(object) = &mut schema {
        if let SchemaType::Type(of) = &object.schema_type {
            object.schema_type = SchemaType::Array(vec![of.clone(), Type::Null]);
        }
        if let Some(values) = &mut object.enum_values {
            values.push(Json::Null);
        }
    }
    schema
}

/// The schema of a JSON object with these members and no others.
pub fn object(doc: &[&str], members: Vec<Member>) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(super::value::description(doc)))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    for Member { name, description, mut schema, required } in members {
        match &mut schema {
            Schema::Object(object) => object.description = Some(description),
            Schema::Array(array) => array.description = Some(description),
            Schema::OneOf(one_of) => one_of.description = Some(description),
            _ => {}
        }
        object = object.property(name, schema);
        if required {
            object = object.required(name);
        }
    }
    Schema::Object(object.build()).into()
}

/// The name of a member, which may be a word of Rust's own.
pub fn name(identifier: &'static str) -> &'static str {
    identifier.trim_start_matches("r#")
}

/// The parameters of a query.
pub fn parameters(members: Vec<Member>) -> Vec<Parameter> {
    members.into_iter().map(Member::into_parameter).collect()
}

/// Declares a JSON body.
///
/// Each member has a kind: `required T` is a `T`; `optional T` an `Option<T>`; `default T = value` a `T`; in a change, `change T` is an
/// `Option<T>` (left out, or a value) and `clear T` an `Option<Option<T>>` (left out, removed, or a value); `values T` and `objects T` are a
/// `Vec<T>`, of values and of bodies, and `object T` an `Option<T>` of a body within.
#[macro_export]
macro_rules! body {
    ($(#[doc = $doc:literal])* $vis:vis struct $name:ident { $($members:tt)* }) => {
        $crate::members! { Body; $(#[doc = $doc])* $vis struct $name { $($members)* } }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                $crate::http::body::object(&[$($doc),*], Self::members())
            }
        }

        impl ::utoipa::ToSchema for $name {}
    };
}

/// Declares the parameters of a query, as [`body!`](crate::body) does the members of a body. The kinds are `required`, `optional`,
/// `default` and `repeated T`, which is a `Vec<T>`.
#[macro_export]
macro_rules! query {
    ($(#[doc = $doc:literal])* $vis:vis struct $name:ident { $($members:tt)* }) => {
        $crate::members! { Query; $(#[doc = $doc])* $vis struct $name { $($members)* } }

        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                $crate::http::body::parameters(Self::members())
            }
        }
    };
}

/// What [`body!`](crate::body) and [`query!`](crate::query) have in common.
#[doc(hidden)]
#[macro_export]
macro_rules! members {
    ($source:ident; $(#[doc = $doc:literal])* $vis:vis struct $name:ident {
        $($(#[doc = $mdoc:literal])* $(#[example = $example:expr])? $mvis:vis $member:ident: $kind:ident $of:ty $(= $default:expr)?),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $mdoc])* $mvis $member: $crate::member!(@type $kind $of)),*
        }

        impl $name {
            fn members() -> Vec<$crate::http::body::Member> {
                vec![$(
                    $crate::http::body::Member::$kind::<$of>().described(
                        $crate::http::body::name(stringify!($member)),
                        &[$($mdoc),*],
                        $crate::member!(@json $($example)?),
                        $crate::member!(@json $($default)?),
                    )
                ),*]
            }
        }

        impl $crate::http::body::Body for $name {
            const SOURCE: $crate::http::input::Source = $crate::http::input::Source::$source;

            fn read(input: &mut $crate::http::input::Input) -> Option<Self> {
                let source = <Self as $crate::http::body::Body>::SOURCE;
                $(let $member = input.$kind::<$of>(source, $crate::http::body::name(stringify!($member)) $(, $default)?);)*
                Some(Self { $($member: $member?),* })
            }
        }
    };
}

/// The parts of a member that depend on its kind.
#[doc(hidden)]
#[macro_export]
macro_rules! member {
    (@type required $of:ty) => { $of };
    (@type default $of:ty) => { $of };
    (@type optional $of:ty) => { Option<$of> };
    (@type change $of:ty) => { Option<$of> };
    (@type clear $of:ty) => { Option<Option<$of>> };
    (@type repeated $of:ty) => { Vec<$of> };
    (@type values $of:ty) => { Vec<$of> };
    (@type objects $of:ty) => { Vec<$of> };
    (@type object $of:ty) => { Option<$of> };
    (@json) => { None };
    (@json $value:expr) => { Some(::serde_json::json!($value)) };
}
