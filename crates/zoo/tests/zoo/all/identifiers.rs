//! Identifiers, codes and addresses.

use ipnet::{IpNet, Ipv6Net};
use iso_currency::Currency;
use isocountry::CountryCode;
use mac_address::MacAddress;
use ulid::Ulid;
use unic_langid::LanguageIdentifier;

use crate::case::zoo;
use crate::harness::eq;

zoo! {
    ulid_: key Ulid => eq([Ulid::from(0_u128), Ulid::from(u128::MAX)]);
    ipnet_: key IpNet => eq(["10.1.2.3/8".parse::<IpNet>().expect("a net"), "::/0".parse().expect("a net")]);
    ipnet_v6: key Ipv6Net => eq(["fe80::1/64".parse::<Ipv6Net>().expect("a net")]);
    mac_address_: key MacAddress => eq([MacAddress::new([0; 6]), MacAddress::new([255; 6])]);
    currency: key Currency => eq([Currency::CHF, Currency::XXX]);
    country: key CountryCode => eq([CountryCode::CHE]);
    language: key LanguageIdentifier => eq([
        "de-CH".parse::<LanguageIdentifier>().expect("a language"),
        "zh-Hant-TW".parse().expect("a language"),
    ]);
}
