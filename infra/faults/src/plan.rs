//! When something goes wrong: by chance, or exactly.

use crate::call::Call;
use crate::dice::Dice;
use crate::fault::Fault;

/// How often each fault happens, where it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan([u16; Fault::ALL.len()]);

impl Plan {
    /// Nothing goes wrong.
    pub const CALM: Self = Self([0; Fault::ALL.len()]);

    /// Everything goes wrong about as often as on a very bad day.
    pub fn bad_day() -> Self {
        Self([40, 40, 20, 20, 30, 10, 100, 100])
    }

    /// The same, with `fault` in so many of 1,000 calls that it can hit.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u16) -> Self {
        if let Some(place) = Fault::ALL.iter().position(|each| *each == fault) {
            self.0[place] = per_mille;
        }
        self
    }

    pub(crate) fn draw(self, call: &Call, dice: &mut Dice) -> Option<Fault> {
        // Each fault takes its throw, whether or not it can hit: what happens to later calls does not hang on what this one was.
        let hits = Fault::ALL.map(|fault| dice.per_mille(self.share(fault)) && fault.can_hit(call));
        Fault::ALL.into_iter().zip(hits).find_map(|(fault, hit)| hit.then_some(fault))
    }

    fn share(&self, fault: Fault) -> u16 {
        Fault::ALL.iter().zip(self.0).find_map(|(each, share)| (*each == fault).then_some(share)).unwrap_or(0)
    }
}

/// Exactly what goes wrong, and when. Calls are counted from 1 since the script was given to the layer, the SDK's own retries included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(Vec<(When, Fault)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Call(u64),
    Operation(String, u64),
}

impl Script {
    /// Nothing goes wrong.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// At the `nth` call.
    #[must_use]
    pub fn at(mut self, nth: u64, fault: Fault) -> Self {
        self.0.push((When::Call(nth), fault));
        self
    }

    /// At the `nth` call of `operation`.
    #[must_use]
    pub fn on(mut self, operation: &str, nth: u64, fault: Fault) -> Self {
        self.0.push((When::Operation(operation.to_owned(), nth), fault));
        self
    }

    /// What happens to the call that is the `of_all`th, and the `of_operation`th of its operation.
    pub(crate) fn fault(&self, call: &Call, of_all: u64, of_operation: u64) -> Option<Fault> {
        let is_now = |when: &When| match when {
            When::Call(nth) => *nth == of_all,
            When::Operation(operation, nth) => *operation == call.operation && *nth == of_operation,
        };
        self.0.iter().find(|(when, fault)| is_now(when) && fault.can_hit(call)).map(|(_, fault)| *fault)
    }
}
