//! Where randomness comes in.

/// A source of random bytes that cannot be guessed.
pub trait Entropy {
    /// Fills the whole of `buf`.
    fn fill(&mut self, buf: &mut [u8]);
}

/// The operating system's generator.
///
/// It fails only where the system has none, and then for good. There is no second best: an id or key that can be guessed
/// is worse than none. So [`Entropy::fill`] panics, which ends the invocation or the process before anything is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, buf: &mut [u8]) {
        if let Err(error) = getrandom::fill(buf) {
            #[expect(clippy::panic, reason = "no fallback is safe: what could be guessed must not be made")]
            {
                panic!("the operating system gives no random bytes: {error}");
            }
        }
    }
}
