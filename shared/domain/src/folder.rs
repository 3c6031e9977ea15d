//! Folders: a user's own names for places to keep subscriptions in. Names are unique for their user, whatever their case.

use std::fmt;
use std::str::FromStr;

use crate::caseless::caseless;
use crate::id::FolderId;

/// What a folder is called: white space around it is cut off, and within it is one space.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FolderName(String);

impl FolderName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 200;

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two names the same: lower-case, letter by letter.
    pub fn key(&self) -> String {
        caseless(&self.0)
    }
}

/// The text is no folder's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a folder's name has 1 to {} bytes and no control characters", FolderName::MAX_BYTES)]
pub struct BadFolderName;

impl FromStr for FolderName {
    type Err = BadFolderName;

    fn from_str(text: &str) -> Result<Self, BadFolderName> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = !name.is_empty() && name.len() <= Self::MAX_BYTES && !name.contains(char::is_control);
        if fits { Ok(Self(name)) } else { Err(BadFolderName) }
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FolderName({:?})", self.0)
    }
}

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id, which a new name does not change.
    pub id: FolderId,
    /// Its name.
    pub name: FolderName,
}

/// What became of a new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renaming {
    /// The folder has it; also when it had it before.
    Renamed,
    /// Another folder has it.
    Taken(FolderId),
    /// There is no such folder.
    Missing,
}

/// All folders of one user, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    list: Vec<Folder>,
}

/// A user has as many folders as there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there can be {} folders; delete one first", Folders::MAX)]
pub struct TooManyFolders;

impl Folders {
    /// The most that a user can have: with the longest names they fit into one stored item, a quarter full.
    pub const MAX: usize = 500;

    /// The folders of `list`.
    pub fn of(list: Vec<Folder>) -> Self {
        Self { list }
    }

    /// In the order in which they were made.
    pub fn list(&self) -> &[Folder] {
        &self.list
    }

    /// The folder with that id.
    pub fn get(&self, id: FolderId) -> Option<&Folder> {
        self.list.iter().find(|folder| folder.id == id)
    }

    /// The folder of that name.
    pub fn named(&self, name: &FolderName) -> Option<&Folder> {
        let key = name.key();
        self.list.iter().find(|folder| folder.name.key() == key)
    }

    /// The folder of that name, which is made with `id` if there is none; `id` must be none of this user's.
    ///
    /// # Errors
    /// [`TooManyFolders`].
    pub fn get_or_make(&mut self, name: &FolderName, id: FolderId) -> Result<FolderId, TooManyFolders> {
        if let Some(folder) = self.named(name) {
            return Ok(folder.id);
        }
        if self.list.len() >= Self::MAX {
            return Err(TooManyFolders);
        }
        self.list.push(Folder { id, name: name.clone() });
        Ok(id)
    }

    /// Gives a folder another name.
    pub fn rename(&mut self, id: FolderId, name: &FolderName) -> Renaming {
        if let Some(other) = self.named(name).filter(|other| other.id != id) {
            return Renaming::Taken(other.id);
        }
        match self.list.iter_mut().find(|folder| folder.id == id) {
            Some(folder) => {
                folder.name = name.clone();
                Renaming::Renamed
            }
            None => Renaming::Missing,
        }
    }

    /// Removes a folder; false if there is none.
    pub fn remove(&mut self, id: FolderId) -> bool {
        let before = self.list.len();
        self.list.retain(|folder| folder.id != id);
        self.list.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FolderName {
        text.parse().unwrap()
    }

    fn id(n: usize) -> FolderId {
        format!("{n:08}").parse().unwrap()
    }

    #[test]
    fn a_name_is_shown_as_written_and_found_whatever_its_case_and_spacing() {
        for (text, shown, key) in [
            (" Tech  &\tScience ", "Tech & Science", "tech & science"),
            ("ΛΟΓΟΣ", "ΛΟΓΟΣ", "λογοσ"),
            ("a/b", "a/b", "a/b"),
        ] {
            assert_eq!((name(text).as_str(), name(text).key().as_str()), (shown, key));
        }
        for text in ["", " \n ", "a\0b", "a\u{9b}b", &"x".repeat(201)] {
            assert_eq!(text.parse::<FolderName>(), Err(BadFolderName), "{text:?}");
        }
        assert!("x".repeat(200).parse::<FolderName>().is_ok());
    }

    #[test]
    fn no_two_folders_have_one_name() {
        let mut folders = Folders::default();
        assert_eq!(folders.get_or_make(&name("News"), id(1)), Ok(id(1)));
        assert_eq!(folders.get_or_make(&name("NEWS"), id(2)), Ok(id(1)), "it is there");
        assert_eq!(folders.get_or_make(&name("Old"), id(2)), Ok(id(2)));
        assert_eq!(folders.rename(id(2), &name("news")), Renaming::Taken(id(1)));
        assert_eq!(folders.rename(id(1), &name("nEWS")), Renaming::Renamed, "its own name, written otherwise");
        assert_eq!(folders.rename(id(3), &name("Other")), Renaming::Missing);
        assert_eq!(folders.list().iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(), ["nEWS", "Old"]);
        assert!(folders.remove(id(1)));
        assert!(!folders.remove(id(1)));
        assert_eq!(folders.rename(id(2), &name("News")), Renaming::Renamed, "the name is free again");
    }

    #[test]
    fn there_are_so_many_folders_and_no_more() {
        let mut folders = Folders::default();
        for n in 0..Folders::MAX {
            assert_eq!(folders.get_or_make(&name(&format!("{n}")), id(n)), Ok(id(n)));
        }
        assert_eq!(folders.get_or_make(&name("one more"), id(Folders::MAX)), Err(TooManyFolders));
        assert_eq!(folders.get_or_make(&name("7"), id(Folders::MAX)), Ok(id(7)), "those that are there are found");
    }
}
