//! A user's folders: one item, so that no two of them ever have one name.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::folder::{Folder, Folders};

use super::{Item, Row, text};
use crate::error::StoreError;

/// The folders as an attribute: each its id, a space, and its name.
pub(crate) fn folders_list(folders: &Folders) -> AttributeValue {
    AttributeValue::L(folders.list().iter().map(|folder| text(format!("{} {}", folder.id, folder.name))).collect())
}

/// The folders in `item`, and its version.
pub(crate) fn folders_of(item: &Item) -> Result<(Folders, u64), StoreError> {
    let row = Row::of("folders", item)?;
    let folder = |line: &str| {
        let (id, name) = line.split_once(' ')?;
        Some(Folder { id: id.parse().ok()?, name: name.parse().ok()? })
    };
    let list = row.texts("folders")?.into_iter().map(|line| folder(&line).ok_or_else(|| row.corrupt("folders")));
    Ok((Folders::of(list.collect::<Result<_, _>>()?), row.number("version")?))
}
