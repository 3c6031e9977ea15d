//! How often signing in may fail.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::Email;

/// Whose failed attempts to sign in are counted together.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// Those for one account, whether or not there is such an account.
    Email(&'a Email),
    /// Those from one address; an IPv6 customer has a whole /64.
    Address(IpAddr),
}

impl Who<'_> {
    /// How long a failed attempt counts, in whole minutes.
    pub const WINDOW: Duration = Duration::from_secs(15 * 60);

    /// What tells one from the other. Personal: it is stored only as a hash.
    pub fn key(&self) -> String {
        match self {
            Self::Email(email) => format!("email:{}", email.key()),
            Self::Address(address) => match address.to_canonical() {
                IpAddr::V4(address) => format!("address:{address}"),
                IpAddr::V6(address) => {
                    let network = address.to_bits() >> 64 << 64;
                    format!("address:{}/64", Ipv6Addr::from_bits(network))
                }
            },
        }
    }

    /// How many failures within [`Self::WINDOW`] are too many: of an address more, since many people may share one.
    pub const fn limit(&self) -> usize {
        match self {
            Self::Email(_) => 10,
            Self::Address(_) => 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_by_account_whatever_its_case_and_by_network() {
        let email = "Ada@Example.org".parse().unwrap();
        assert_eq!(Who::Email(&email).key(), "email:ada@example.org");
        for (address, key) in [
            ("203.0.113.7", "address:203.0.113.7"),
            ("::ffff:203.0.113.7", "address:203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "address:2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "address:2001:db8:1:3::/64"),
        ] {
            assert_eq!(Who::Address(address.parse().unwrap()).key(), key);
        }
    }
}
