//! What both notations share of turning a feed's fields into Feedmill's.

use domain::parsed::Enclosure;

/// Of each kind of thing that an entry may have many of.
pub const MAX_MANY: usize = 64;

/// The first file that is a picture.
pub(crate) fn picture(files: &[Enclosure]) -> Option<String> {
    let is_picture = |file: &&Enclosure| file.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
    files.iter().find(is_picture).map(|file| file.url.clone())
}

/// The first of each, at most [`MAX_MANY`].
pub(crate) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for name in names {
        if distinct.len() == MAX_MANY {
            break;
        }
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}
