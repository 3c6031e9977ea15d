//! Preferences: how a person likes to read, as one JSON object.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::id::UserId;
use domain::preferences::{BadPreference, FirstUnread, MarkRead, PageSize, Preferences, Theme, View};
use domain::reading::Order;
use serde::{Deserialize, Serialize};
use store::Preferring;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Person;
use crate::context::Context;
use crate::extract::{Body, said};
use crate::problem::Problem;

/// One's own preferences.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// The word of a choice, as the description lists them.
macro_rules! words {
    ($(#[$about:meta])* $name:ident: $($word:ident),+) => {
        $(#[$about])*
        #[derive(ToSchema)]
        #[schema(rename_all = "snake_case")]
        #[expect(dead_code, reason = "only the description uses it")]
        enum $name { $($word),+ }
    };
}

words! { /// Light or dark; `system`: as the device is.
ThemeWord: System, Light, Dark }
words! { /// How a list shows its posts: a line each; title, picture and summary; or whole.
ViewWord: List, Cards, Expanded }
words! { /// Which way a list goes.
OrderWord: NewestFirst, OldestFirst }
words! { /// What makes a post read: opening it, scrolling past it, or only saying so.
MarkReadWord: OnOpen, OnScroll, Manually }

/// All preferences. Whoever shows posts goes by them; the API itself goes by `unread_on_subscribe` alone.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Preferences)]
pub(crate) struct PreferencesView {
    /// A language tag (RFC 5646); null: what the browser asks for.
    language: Option<String>,
    /// A time zone's name (RFC 9557); null: the browser's.
    time_zone: Option<String>,
    #[schema(value_type = ThemeWord)]
    theme: Theme,
    #[schema(value_type = ViewWord)]
    view: View,
    #[schema(value_type = OrderWord)]
    order: &'static str,
    #[schema(value_type = MarkReadWord)]
    mark_read: MarkRead,
    /// Posts of one page.
    #[schema(minimum = 10, maximum = 200)]
    page_size: u16,
    /// Of a new subscription so many of the last posts are unread.
    #[schema(maximum = 1000)]
    unread_on_subscribe: u16,
}

impl From<Preferences> for PreferencesView {
    fn from(preferences: Preferences) -> Self {
        Self {
            language: preferences.language.map(String::from),
            time_zone: preferences.time_zone.map(String::from),
            theme: preferences.theme,
            view: preferences.view,
            order: match preferences.order {
                Order::NewestFirst => "newest_first",
                Order::OldestFirst => "oldest_first",
            },
            mark_read: preferences.mark_read,
            page_size: preferences.page_size.get(),
            unread_on_subscribe: preferences.unread_on_subscribe.get(),
        }
    }
}

/// What to change; what is left out stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[schema(as = ChangePreferences)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PreferencesChange {
    /// A language tag (RFC 5646); null: what the browser asks for.
    #[schema(value_type = Option<String>, max_length = 35)]
    #[serde(deserialize_with = "said")]
    language: Option<Option<String>>,
    /// A time zone's name (RFC 9557); null: the browser's.
    #[schema(value_type = Option<String>, max_length = 64)]
    #[serde(deserialize_with = "said")]
    time_zone: Option<Option<String>>,
    #[schema(value_type = Option<ThemeWord>)]
    theme: Option<Theme>,
    #[schema(value_type = Option<ViewWord>)]
    view: Option<View>,
    #[schema(value_type = Option<OrderWord>)]
    order: Option<OrderChoice>,
    #[schema(value_type = Option<MarkReadWord>)]
    mark_read: Option<MarkRead>,
    /// Posts of one page.
    #[schema(minimum = 10, maximum = 200)]
    page_size: Option<u16>,
    /// Of a new subscription so many of the last posts are unread.
    #[schema(maximum = 1000)]
    unread_on_subscribe: Option<u16>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrderChoice {
    NewestFirst,
    OldestFirst,
}

impl PreferencesChange {
    /// These over `before`.
    pub(crate) fn over(&self, before: Preferences) -> Result<Preferences, BadPreference> {
        let text = |said: &Option<Option<String>>| said.clone();
        Ok(Preferences {
            language: match text(&self.language) {
                None => before.language,
                Some(tag) => tag.map(|tag| tag.parse()).transpose()?,
            },
            time_zone: match text(&self.time_zone) {
                None => before.time_zone,
                Some(name) => name.map(|name| name.parse()).transpose()?,
            },
            theme: self.theme.unwrap_or(before.theme),
            view: self.view.unwrap_or(before.view),
            order: match self.order {
                None => before.order,
                Some(OrderChoice::NewestFirst) => Order::NewestFirst,
                Some(OrderChoice::OldestFirst) => Order::OldestFirst,
            },
            mark_read: self.mark_read.unwrap_or(before.mark_read),
            page_size: self.page_size.map_or(Ok(before.page_size), PageSize::new)?,
            unread_on_subscribe: self.unread_on_subscribe.map_or(Ok(before.unread_on_subscribe), FirstUnread::new)?,
        })
    }
}

impl From<BadPreference> for Problem {
    fn from(bad: BadPreference) -> Self {
        Self::out_of_range(bad.to_string())
    }
}

/// How this person likes to read.
#[utoipa::path(
    get, path = "/v1/preferences", tag = "preferences",
    responses((status = 200, description = "All of them; the defaults of who never said anything.", body = PreferencesView))
)]
async fn show(person: Person, State(context): State<Arc<Context>>) -> Result<Json<PreferencesView>, Problem> {
    Ok(Json(context.store.preferences(person.user).await?.into()))
}

/// Changes some preferences. Two devices that change different ones both have their way.
#[utoipa::path(
    patch, path = "/v1/preferences", tag = "preferences", request_body = PreferencesChange,
    responses(
        (status = 200, description = "All of them, as they are now.", body = PreferencesView),
        (status = 422, description = "`out_of_range`"),
    )
)]
async fn change(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(change): Body<PreferencesChange>,
) -> Result<Json<PreferencesView>, Problem> {
    Ok(Json(context.prefer(&person, &change).await?.into()))
}

impl Context {
    /// Of a new subscription of `user`, so many of the last posts are unread.
    pub(crate) async fn unread_on_subscribe(&self, user: UserId) -> Result<u64, Problem> {
        Ok(self.store.preferences(user).await?.unread_on_subscribe.get().into())
    }

    /// Changes the preferences of `person`.
    pub(crate) async fn prefer(&self, person: &Person, change: &PreferencesChange) -> Result<Preferences, Problem> {
        // What does not fit fits no preferences.
        change.over(Preferences::default())?;
        let changed = |before: Preferences| change.over(before.clone()).unwrap_or(before);
        match self.store.change_preferences(person.user, changed).await? {
            Preferring::Preferred(preferences) => Ok(preferences),
            Preferring::NoUser => Err(Problem::not_signed_in()),
        }
    }
}
