//! What goes wrong in an hour, drawn by the seed.

use faults::{Dice, Fault, Plan};

/// An hour's weather.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) plan: Plan,
    /// The most calls that an environment makes before it is killed; 0: none is.
    pub(super) longest_life: u64,
}

impl Weather {
    /// Nothing goes wrong.
    pub(super) const FAIR: Self = Self { plan: Plan::CALM, longest_life: 0 };

    /// That of one hour.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let plan = match dice.below(7) {
            // No capacity.
            0 => Plan::CALM.with(Fault::Throttled, 300).with(Fault::Partial, 200),
            // The services fail.
            1 => Plan::CALM.with(Fault::ServerError, 150).with(Fault::Unreachable, 100),
            // The network fails.
            2 => Plan::CALM.with(Fault::AnswerLost, 150).with(Fault::TimedOut, 100).with(Fault::Unreachable, 30),
            // Everybody writes at once, and indexes are behind.
            3 => Plan::CALM.with(Fault::Conflict, 200).with(Fault::Lagging, 400).with(Fault::Partial, 200),
            4 => Plan::CALM,
            _ => Plan::bad_day(),
        };
        let longest_life = match dice.below(4) {
            0 => 0,
            1 => 60,
            2 => 200,
            _ => 600,
        };
        Self { plan, longest_life }
    }

    /// The same without indexes that lag: what a person then marks is what is seen, which the naive model cannot tell.
    #[must_use]
    pub(super) fn without_lag(self) -> Self {
        Self { plan: self.plan.with(Fault::Lagging, 0), ..self }
    }

    /// By how many milliseconds the functions' clock is wrong from now on; `None`: it stays as it is.
    pub(super) fn clock_error(dice: &mut Dice) -> Option<i64> {
        const MOST: u64 = 10 * 60 * 1_000;
        match dice.below(4) {
            0 => Some(i64::try_from(dice.below(2 * MOST)).unwrap_or(0) - MOST as i64),
            1 => Some(0),
            _ => None,
        }
    }
}
