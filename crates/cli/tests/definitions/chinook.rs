// Written by `relata models` from chinook.sqlite.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct Album {
    #[model(primary_key)]
    pub album_id: i64,
    pub title: String,
    #[model(belongs_to(Artist))]
    pub artist_id: i64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(albums: Album))]
#[serde(rename_all = "PascalCase")]
pub struct Artist {
    #[model(primary_key)]
    pub artist_id: i64,
    pub name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(invoices: Invoice))]
#[serde(rename_all = "PascalCase")]
pub struct Customer {
    #[model(primary_key)]
    pub customer_id: i64,
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
    #[model(belongs_to(Employee))]
    pub support_rep_id: Option<i64>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(customers: Customer))]
#[model(has_many(employees: Employee))]
#[serde(rename_all = "PascalCase")]
pub struct Employee {
    #[model(primary_key)]
    pub employee_id: i64,
    pub last_name: String,
    pub first_name: String,
    pub title: Option<String>,
    #[model(belongs_to(Employee))]
    pub reports_to: Option<i64>,
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

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct Genre {
    #[model(primary_key)]
    pub genre_id: i64,
    pub name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(invoice_lines: InvoiceLine))]
#[serde(rename_all = "PascalCase")]
pub struct Invoice {
    #[model(primary_key)]
    pub invoice_id: i64,
    #[model(belongs_to(Customer))]
    pub customer_id: i64,
    pub invoice_date: String,
    pub billing_address: Option<String>,
    pub billing_city: Option<String>,
    pub billing_state: Option<String>,
    pub billing_country: Option<String>,
    pub billing_postal_code: Option<String>,
    pub total: f64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvoiceLine {
    #[model(primary_key)]
    pub invoice_line_id: i64,
    #[model(belongs_to(Invoice))]
    pub invoice_id: i64,
    #[model(belongs_to(Track))]
    pub track_id: i64,
    pub unit_price: f64,
    pub quantity: i64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
#[serde(rename_all = "PascalCase")]
pub struct MediaType {
    #[model(primary_key)]
    pub media_type_id: i64,
    pub name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(playlist_tracks: PlaylistTrack))]
#[model(has_many(tracks: Track, through = PlaylistTrack))]
#[serde(rename_all = "PascalCase")]
pub struct Playlist {
    #[model(primary_key)]
    pub playlist_id: i64,
    pub name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(playlist_id, track_id))]
#[serde(rename_all = "PascalCase")]
pub struct PlaylistTrack {
    #[model(belongs_to(Playlist))]
    pub playlist_id: i64,
    #[model(belongs_to(Track))]
    pub track_id: i64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(invoice_lines: InvoiceLine))]
#[model(has_many(playlist_tracks: PlaylistTrack))]
#[model(has_many(playlists: Playlist, through = PlaylistTrack))]
#[serde(rename_all = "PascalCase")]
pub struct Track {
    #[model(primary_key)]
    pub track_id: i64,
    pub name: String,
    #[model(belongs_to(Album))]
    pub album_id: Option<i64>,
    #[model(belongs_to(MediaType))]
    pub media_type_id: i64,
    #[model(belongs_to(Genre))]
    pub genre_id: Option<i64>,
    pub composer: Option<String>,
    pub milliseconds: i64,
    pub bytes: Option<i64>,
    pub unit_price: f64,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder()
        .model::<Album>()
        .model::<Artist>()
        .model::<Customer>()
        .model::<Employee>()
        .model::<Genre>()
        .model::<Invoice>()
        .model::<InvoiceLine>()
        .model::<MediaType>()
        .model::<Playlist>()
        .model::<PlaylistTrack>()
        .model::<Track>()
}
