//! The music shop: paths of several hops, a hierarchy, many to many.

use std::collections::BTreeMap;

use relata::{Database, Error, Id};
use relata_real_data::chinook::{Chinook, Customer, Employee, Invoice, InvoiceLine, Playlist, PlaylistTrack, Track};
use relata_real_data::{LoadError, load_set};

use crate::every_set::chinook::db;

fn ids_of_lines(db: &Database) -> Vec<Id<InvoiceLine>> {
    db.iter::<InvoiceLine>().map(|(id, _)| id).collect()
}

#[test]
fn revenue_by_country_is_two_hops_away() -> Result<(), Error> {
    let lines = ids_of_lines(db());
    let mut revenue: BTreeMap<Option<&str>, f64> = BTreeMap::new();
    // behaviour R29: "One result slot per source row, in source order; the input is not changed."
    let customers = db().include(&lines, InvoiceLine::INVOICE.then(Invoice::CUSTOMER));
    assert_eq!(customers.len(), 2240);
    for (pair, line) in customers.zip(&lines) {
        let (id, customer) = pair?;
        assert_eq!(id, *line);
        let line = db().get(id)?;
        *revenue.entry(customer.country.as_deref()).or_default() += line.unit_price * f64::from(line.quantity);
    }
    let of = |country| format!("{:.2}", revenue[&Some(country)]);
    assert_eq!([of("USA"), of("Canada"), of("France")], ["523.06", "303.96", "195.10"]);
    Ok(())
}

#[test]
fn the_support_representative_of_a_line_is_three_hops_away() -> Result<(), Error> {
    let path = InvoiceLine::INVOICE.then(Invoice::CUSTOMER).then(Customer::SUPPORT_REPRESENTATIVE);
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in db().include(&ids_of_lines(db()), path) {
        let employee: Option<&Employee> = pair?.1;
        *lines.entry(employee.map_or("nobody", |employee| &employee.first_name)).or_default() += 1;
    }
    assert_eq!(lines.values().sum::<usize>(), 2240);
    assert_eq!(lines.into_keys().collect::<Vec<_>>(), ["Jane", "Margaret", "Steve"]);
    Ok(())
}

#[test]
fn the_hierarchy_is_walked_down_and_up() -> Result<(), Error> {
    let (andrew, _) = db().find(Employee::BY_EMPLOYEE_ID, &1)?;
    // behaviour R33: "A recursive relation can be included to depth N or to the end"
    let below = db().related(andrew, Employee::REPORTS.recursive())?;
    let below: Vec<(usize, &str)> = below.map(|(depth, _, employee)| (depth, employee.first_name.as_str())).collect();
    let expected =
        [(1, "Nancy"), (1, "Michael"), (2, "Jane"), (2, "Margaret"), (2, "Steve"), (2, "Robert"), (2, "Laura")];
    assert_eq!(below, expected);

    // behaviour R23: "A relation to the model itself works in both directions (parent and children)."
    let (robert, _) = db().find(Employee::BY_EMPLOYEE_ID, &7)?;
    let manager = db().row(robert)?.manager()?.expect("Robert has a manager");
    assert_eq!(manager.first_name, "Michael");
    assert_eq!(
        manager.reports().map(|employee| employee.get().first_name.as_str()).collect::<Vec<_>>(),
        ["Robert", "Laura"]
    );
    Ok(())
}

#[test]
fn a_playlist_has_its_tracks_over_a_table_of_pairs() -> Result<(), Error> {
    let (nineties, playlist) = db().find(Playlist::BY_PLAYLIST_ID, &5)?;
    assert_eq!(playlist.name.as_deref(), Some("90’s Music"));
    let tracks = db().linked(nineties, Playlist::TRACKS)?;
    assert_eq!(tracks.len(), 1477);
    for ((_, link), (id, track)) in tracks.with_links() {
        assert_eq!((link.playlist_id, link.track_id), (5, track.track_id));
        assert!(db().row(id)?.playlists()?.any(|playlist| playlist.playlist_id == 5));
    }
    Ok(())
}

// behaviour R24: "Linking creates one link row; linking twice keeps one (unique pair), unlinking removes the link only."
#[test]
fn a_track_is_put_on_a_playlist_and_taken_off_again() -> Result<(), LoadError> {
    let mut db = load_set::<Chinook>()?;
    let (grunge, _) = db.find(Playlist::BY_PLAYLIST_ID, &16)?;
    let (highway, _) = db.find(Track::BY_TRACK_ID, &1)?;
    let put = |playlist_id, track_id| PlaylistTrack { playlist_id, track_id };
    let counts =
        |db: &Database| (db.len::<PlaylistTrack>(), db.linked(grunge, Playlist::TRACKS).map(|rows| rows.len()));
    let link = db.link(grunge, Playlist::TRACKS, highway, put)?;
    assert_eq!(db.link(highway, Track::PLAYLISTS, grunge, |track, playlist| put(playlist, track))?, link);
    assert_eq!(counts(&db), (8716, Ok(16)));
    db.unlink(grunge, Playlist::TRACKS, highway)?;
    assert_eq!(counts(&db), (8715, Ok(15)));
    // Playlists keep their tracks: the others that the track is on stand against deleting it through this one.
    db.link(grunge, Playlist::TRACKS, highway, put)?;
    assert!(matches!(db.delete_linked(grunge, Playlist::TRACKS, highway), Err(Error::RestrictViolation { .. })));
    assert_eq!((counts(&db), db.check()), ((8716, Ok(16)), Ok(())));
    Ok(())
}
