//! Which internet addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::Fault;

/// Refuses addresses of this machine, of private networks, and those that are for special use.
///
/// Source: the special-purpose address registries of IANA (RFC 6890 and its updates).
pub(super) fn check(address: IpAddr) -> Result<(), Fault> {
    match is_public(address) {
        true => Ok(()),
        false => Err(Fault::Private { address: address.to_string().into() }),
    }
}

pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network, loopback, private, link-local, shared, benchmarks, documentation, protocol
    // assignments, relays of 6to4, groups, reserved.
    !(matches!(a, 0 | 10 | 127 | 224..)
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && (b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99)))
        || (a == 198 && (b == 18 || b == 19 || (b == 51 && c == 100)))
        || (a == 203 && b == 0 && c == 113))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // An address that carries one of version 4 leads where that leads.
    if let Some(address) = address.to_ipv4_mapped() {
        return is_public_v4(address);
    }
    let [.., c, d] = address.segments();
    let inner = Ipv4Addr::from((u32::from(c) << 16) | u32::from(d));
    match (a, b) {
        (0x64, 0xff9b) => is_public_v4(inner),
        (0x2002, _) => {
            let [_, c, d, ..] = address.segments();
            is_public_v4(Ipv4Addr::from((u32::from(c) << 16) | u32::from(d)))
        }
        // Teredo and other protocol assignments, and documentation.
        (0x2001, 0..0x200 | 0xdb8) => false,
        // Only this eighth of all addresses is given out.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "192.0.2.1",
            "203.0.113.9",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "172.15.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
            "223.255.255.255",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
