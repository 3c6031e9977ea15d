//! The plain words of the described API: what ids and instants look like. Types for descriptions only, as in `#[schema(value_type = ShortId)]`.

use std::borrow::Cow;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A text whose form the description tells: `$name` is its name there.
macro_rules! text {
    ($(#[$about:meta])* $name:ident, $description:literal, $builder:expr) => {
        $(#[$about])*
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object: ObjectBuilder = $builder;
                text(object.description(Some($description)))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

fn text(object: ObjectBuilder) -> RefOr<Schema> {
    Schema::Object(object.schema_type(SchemaType::Type(Type::String)).build()).into()
}

fn pattern(pattern: &str) -> ObjectBuilder {
    Object::builder().pattern(Some(pattern))
}

text! {
    /// The id of a source, post, folder, token: all that people see in URLs.
    ShortId, "Eight characters that name one thing of its kind.", pattern(SHORT_ID)
}
text! {
    /// The id of a job.
    JobUuid, "A UUID of version 7; text order is time order.", pattern(JOB_ID)
}
text! {
    /// The id of a user.
    UserUuid, "A UUID of version 4.", pattern(USER_ID)
}
text! {
    /// A moment.
    Instant, "RFC 3339, in UTC, with milliseconds.", Object::builder().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}
text! {
    /// Where a list goes on.
    Cursor, "Opaque; hand it back as `cursor` to go on.", Object::builder()
}

/// The form of short ids.
pub(super) const SHORT_ID: &str = "^[0-9A-Za-z]{8}$";
/// The form of job ids.
pub(super) const JOB_ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
/// The form of user ids.
pub(super) const USER_ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
