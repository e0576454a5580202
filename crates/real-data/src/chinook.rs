//! A music shop: what it sells, to whom, and who works there.

use relata::Model;
use serde::{Deserialize, Serialize};

data_set!(Chinook in "chinook": [
    Artist, Album, MediaType, Genre, Track, Playlist, PlaylistTrack, Employee, Customer, Invoice, InvoiceLine,
]);

/// Who made an album.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(albums: Album))]
#[serde(rename_all = "PascalCase")]
pub struct Artist {
    #[model(primary_key)]
    pub artist_id: u32,
    pub name: Option<String>,
}

/// A record, by one artist.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct Album {
    #[model(primary_key)]
    pub album_id: u32,
    pub title: String,
    #[model(belongs_to(Artist))]
    pub artist_id: u32,
}

/// How a track is encoded.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct MediaType {
    #[model(primary_key)]
    pub media_type_id: u32,
    pub name: Option<String>,
}

/// What kind of music a track is.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct Genre {
    #[model(primary_key)]
    pub genre_id: u32,
    pub name: Option<String>,
}

/// What is sold: album and genre may be unknown.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(invoice_lines: InvoiceLine), has_many(playlists: Playlist, through = PlaylistTrack))]
#[serde(rename_all = "PascalCase")]
pub struct Track {
    #[model(primary_key)]
    pub track_id: u32,
    pub name: String,
    #[model(belongs_to(Album))]
    pub album_id: Option<u32>,
    #[model(belongs_to(MediaType))]
    pub media_type_id: u32,
    #[model(belongs_to(Genre))]
    pub genre_id: Option<u32>,
    pub composer: Option<String>,
    pub milliseconds: u32,
    pub bytes: Option<u32>,
    pub unit_price: f64,
}

/// A named list of tracks.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track, through = PlaylistTrack))]
#[serde(rename_all = "PascalCase")]
pub struct Playlist {
    #[model(primary_key)]
    pub playlist_id: u32,
    pub name: Option<String>,
}

/// A track on a playlist: many to many, by a composite key.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(primary_key(playlist_id, track_id))]
#[serde(rename_all = "PascalCase")]
pub struct PlaylistTrack {
    #[model(belongs_to(Playlist))]
    pub playlist_id: u32,
    #[model(belongs_to(Track))]
    pub track_id: u32,
}

/// Somebody who works at the shop, and whom they report to.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(reports: Employee), has_many(customers: Customer))]
#[serde(rename_all = "PascalCase")]
pub struct Employee {
    #[model(primary_key)]
    pub employee_id: u32,
    pub last_name: String,
    pub first_name: String,
    pub title: Option<String>,
    #[model(belongs_to(Employee, name = manager))]
    pub reports_to: Option<u32>,
    pub birth_date: Option<String>,
    pub hire_date: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub email: Option<String>,
}

/// A customer, and who looks after them.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(invoices: Invoice))]
#[serde(rename_all = "PascalCase")]
pub struct Customer {
    #[model(primary_key)]
    pub customer_id: u32,
    pub first_name: String,
    pub last_name: String,
    pub company: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub email: String,
    #[model(belongs_to(Employee, name = support_representative))]
    pub support_rep_id: Option<u32>,
}

/// What a customer bought on one day.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: InvoiceLine))]
#[serde(rename_all = "PascalCase")]
pub struct Invoice {
    #[model(primary_key)]
    pub invoice_id: u32,
    #[model(belongs_to(Customer))]
    pub customer_id: u32,
    pub invoice_date: String,
    pub billing_address: Option<String>,
    pub billing_city: Option<String>,
    pub billing_state: Option<String>,
    pub billing_country: Option<String>,
    pub billing_postal_code: Option<String>,
    pub total: f64,
}

/// One track on an invoice.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvoiceLine {
    #[model(primary_key)]
    pub invoice_line_id: u32,
    #[model(belongs_to(Invoice))]
    pub invoice_id: u32,
    #[model(belongs_to(Track))]
    pub track_id: u32,
    pub unit_price: f64,
    pub quantity: u32,
}
