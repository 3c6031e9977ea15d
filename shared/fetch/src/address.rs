//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` is a unicast address of the public internet.
///
/// Everything that is reserved, private, local, shared or for documentation is not (the IANA special-purpose registries, RFC 6890),
/// and neither is any IPv6 address that carries an IPv4 one: mapped, compatible, NAT64, 6to4, Teredo.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let refused = match ip.octets() {
        [0 | 10 | 127, ..] => true,
        // Shared address space of carriers, where one cloud also keeps its metadata service.
        [100, 64..=127, ..] => true,
        // Azure's host agent, public in form only.
        [168, 63, 129, 16] => true,
        [169, 254, ..] => true,
        [172, 16..=31, ..] => true,
        // Protocol assignments, documentation, 6to4 relays.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [192, 168, ..] => true,
        // Benchmarks and documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !refused
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // 2000::/3 is all that is global unicast: loopback, mapped, compatible, NAT64, unique local, link-local and multicast lie outside.
    let refused = match ip.segments() {
        [0..=0x1fff | 0x4000..=0xffff, ..] => true,
        // Protocol assignments, Teredo among them.
        [0x2001, 0..=0x01ff, ..] => true,
        // Documentation.
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        // 6to4.
        [0x2002, ..] => true,
        _ => false,
    };
    !refused
}
