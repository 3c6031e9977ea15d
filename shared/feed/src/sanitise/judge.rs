//! The judge: ammonia, which reads HTML as a browser does and lets pass what is on the allow-list.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::attributes::{Kind, fits, rules};
use crate::tags::{self, Element};

static JUDGE: LazyLock<ammonia::Builder<'static>> = LazyLock::new(builder);

/// What is left of `html`. It takes the square of depth and of escaped characters in one run of text: what is given to it must be bounded.
pub(super) fn clean(html: &str) -> String {
    JUDGE.clean(html).to_string()
}

fn builder() -> ammonia::Builder<'static> {
    let mut judge = ammonia::Builder::empty();
    judge
        .tags(Element::all().map(Element::name).collect())
        .clean_content_tags(HashSet::from(["script", "style", "textarea", "title", "xmp", "noembed", "noframes"]))
        .generic_attributes(HashSet::new())
        .tag_attributes(Element::all().map(|element| (element.name(), names(element).collect())).collect())
        .set_tag_attribute_values(HashMap::from([(Element::Iframe.name(), always(Element::Iframe))]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "data"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| {
            let rule = rules(tags::allowed(element)?).iter().find(|rule| rule.name == attribute)?;
            fits(rule.kind, value).then(|| value.into())
        })
        .strip_comments(true);
    judge
}

/// The attributes that may stay; ammonia sets `rel` itself.
fn names(element: Element) -> impl Iterator<Item = &'static str> {
    rules(element).iter().map(|rule| rule.name).filter(|name| *name != "rel")
}

fn always(element: Element) -> HashMap<&'static str, &'static str> {
    let value = |kind| if let Kind::Always(value) = kind { Some(value) } else { None };
    rules(element).iter().filter_map(|rule| Some((rule.name, value(rule.kind)?))).collect()
}
