//! How elements nest: what each closes by beginning or ending, and what it needs around it, so that the tree that a browser builds is the one that is
//! written (HTML standard §13.2.6).

use super::tidy::Tidy;
use crate::tags::Element;

/// Elements inside one another; the deepest newsletters have about sixty.
const MAX_DEPTH: usize = 100;
/// Elements that a cell needs around it, and itself.
const TABLE_DEPTH: usize = 4;

impl Tidy<'_> {
    /// Opens an element that the HTML does not name but means.
    fn imply(&mut self, element: Element) {
        self.out.push(element.start_tag());
        self.open.push(element);
    }

    /// Opens a cell for what may not stand in the frame of a table.
    pub(super) fn imply_cell(&mut self) -> bool {
        let is_room = self.make_room_in_table(Element::Td);
        if is_room {
            self.imply(Element::Td);
        }
        is_room
    }

    /// Closes what `element` ends by beginning, and opens what it needs around it, so that the tree that a browser builds is the one that is written.
    /// `false` if it may not stand here, or not so deep.
    pub(super) fn make_room(&mut self, element: Element) -> bool {
        use Element::*;
        match element {
            Caption | Colgroup | Tbody | Tfoot | Thead | Col | Tr | Td | Th => return self.make_room_in_table(element),
            Source | Track => return self.open.last().is_some_and(|top| element.parents().contains(top)),
            Rt | Rp => {
                if let Some(ruby) = self.within(|open| open == Ruby, Element::is_special) {
                    self.close_to(ruby + 1);
                    return self.is_room(element);
                }
                return false;
            }
            _ => {}
        }
        if self.open.last().is_some_and(|top| top.is_frame()) && !self.imply_cell() {
            return false;
        }
        if element.is_block() {
            self.close(P);
        }
        match element {
            A => self.close(A),
            Li => self.close_item(|open| open == Li),
            Dd | Dt => self.close_item(|open| matches!(open, Dd | Dt)),
            heading if heading.is_heading() && self.open.last().is_some_and(|top| top.is_heading()) => {
                self.close_to(self.open.len() - 1);
            }
            _ => {}
        }
        self.is_room(element)
    }

    fn is_room(&self, element: Element) -> bool {
        let needs = if element == Element::Table { TABLE_DEPTH } else { 1 };
        self.open.len() + needs <= MAX_DEPTH
    }

    /// As [`Tidy::make_room`], for parts of a table.
    fn make_room_in_table(&mut self, element: Element) -> bool {
        use Element::*;
        let Some(table) = self.open.iter().rposition(|open| *open == Table) else { return false };
        let part = |depth: usize| self.open.get(table + depth).copied();
        let in_body = matches!(part(1), Some(Tbody | Tfoot | Thead));
        let in_row = in_body && part(2) == Some(Tr);
        let in_columns = part(1) == Some(Colgroup);
        match element {
            Col => {
                self.close_to(table + 1 + usize::from(in_columns));
                if !in_columns {
                    self.imply(Colgroup);
                }
            }
            Tr | Td | Th => {
                let is_cell = element != Tr;
                self.close_to(table + 1 + usize::from(in_body) + usize::from(is_cell && in_row));
                if !in_body {
                    self.imply(Tbody);
                }
                if is_cell && !in_row {
                    self.imply(Tr);
                }
            }
            _ => self.close_to(table + 1),
        }
        true
    }

    /// How deep the innermost element of a kind is, if nothing around it that `stops` comes first.
    fn within(&self, wanted: impl Fn(Element) -> bool, stops: impl Fn(Element) -> bool) -> Option<usize> {
        let at = self.open.iter().rposition(|open| wanted(*open) || stops(*open))?;
        wanted(self.open[at]).then_some(at)
    }

    /// Closes the innermost `element`, if it is open within this table or cell.
    pub(super) fn close(&mut self, element: Element) {
        use Element::*;
        let is_part = !element.parents().is_empty();
        let at = self.within(
            |open| open == element,
            |open| match element {
                Li => open.is_scope() || matches!(open, Ul | Ol),
                // Of a table, the parts and all that is in them.
                Table => false,
                _ if is_part => open == Table,
                _ => open.is_scope(),
            },
        );
        if let Some(at) = at {
            self.close_to(at);
        }
    }

    /// Closes the item of a list that another one ends by beginning.
    fn close_item(&mut self, is_item: impl Fn(Element) -> bool) {
        let stops = |open: Element| open.is_special() && !matches!(open, Element::Address | Element::Div | Element::P);
        if let Some(at) = self.within(is_item, stops) {
            self.close_to(at);
        }
    }

    /// Writes end tags until `depth` elements are open.
    pub(super) fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(element) = self.open.pop() {
                self.out.push(element.end_tag());
            }
        }
    }
}
