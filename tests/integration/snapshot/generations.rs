//! Two generations: the file before is kept, and loaded where the newer one is damaged or lost.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use relata::{Database, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use super::files::names;
use super::{Package, models, part, sample, saved};

/// A folder with two generations in it, and what they hold, the newer first.
fn two() -> (tempfile::TempDir, PathBuf, PathBuf, [Vec<u8>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts.relata");
    let old = sample();
    old.saver().keep_previous().save(&path).unwrap();
    assert_eq!(names(folder.path()), ["parts.relata"], "there was none to be kept");
    let new = newer("horn");
    new.saver().keep_previous().save(&path).unwrap();
    let previous = folder.path().join("parts.relata.1");
    let whole = [saved(&new), saved(&old)];
    (folder, path, previous, whole)
}

fn newer(label: &str) -> Database {
    let mut db = sample();
    db.insert(part(label, None)).unwrap();
    db
}

/// What `load_newest` gives: the bytes of the database, and what was wrong.
fn newest(path: &Path) -> (Vec<u8>, Option<SnapshotError>) {
    let (db, wrong) = models().load_newest(path).unwrap();
    (saved(&db), wrong)
}

/// behaviour V11
#[test]
fn the_file_before_is_kept_and_the_newest_is_loaded() {
    let (folder, path, previous, [new, old]) = two();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&previous).unwrap()), (new.clone(), old));
    assert_eq!(newest(&path), (new.clone(), None));
    let newest = newer("bell");
    newest.saver().keep_previous().save(&path).unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&previous).unwrap()), (saved(&newest), new.clone()));
    sample().save(&path).unwrap();
    assert_eq!(fs::read(&previous).unwrap(), new, "a save of one generation leaves it");
    assert_eq!(names(folder.path()), ["parts.relata", "parts.relata.1"]);
}

/// behaviour V11: truncated anywhere, a bit flipped, gone, trailing bytes.
#[test]
fn a_damaged_file_gives_way_to_the_one_before() {
    let (_folder, path, _, [new, old]) = two();
    for length in (0..new.len()).step_by(7) {
        fs::write(&path, &new[..length]).unwrap();
        let (found, wrong) = newest(&path);
        assert!(found == old, "cut at {length}");
        assert!(
            matches!(wrong, Some(SnapshotError::NotASnapshot | SnapshotError::Truncated { .. })),
            "cut at {length}: {wrong:?}"
        );
    }
    let mut flipped = new.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(&path, &flipped).unwrap();
    assert!(matches!(newest(&path), (found, Some(SnapshotError::Checksum { .. })) if found == old));
    fs::write(&path, [&new[..], b"x"].concat()).unwrap();
    assert!(matches!(newest(&path), (found, Some(SnapshotError::TrailingBytes { .. })) if found == old));
    fs::remove_file(&path).unwrap();
    let (found, wrong) = newest(&path);
    assert!(found == old);
    assert!(matches!(wrong, Some(SnapshotError::Io { kind: ErrorKind::NotFound, .. })), "{wrong:?}");
}

#[test]
fn an_error_tells_of_both_files() {
    let (_folder, path, previous, _) = two();
    fs::write(&path, b"other").unwrap();
    fs::write(&previous, b"").unwrap();
    let error = models().load_newest(&path).unwrap_err();
    let SnapshotError::NoWholeFile { newest, previous: before, .. } = &error else { panic!("{error}") };
    assert_eq!((newest.as_ref(), before.as_ref()), (&SnapshotError::NotASnapshot, &SnapshotError::NotASnapshot));
    let message = "is not whole: not a relata snapshot; nor is the file before it: not a relata snapshot";
    assert_eq!(error.to_string(), format!("{} {message}", path.display()));
    fs::remove_file(&previous).unwrap();
    let error = models().load_newest(&path).unwrap_err();
    assert!(
        matches!(&error, SnapshotError::NoWholeFile { previous, .. } if previous.to_string().contains("parts.relata.1")),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    let error = models().load_newest(&path).unwrap_err();
    assert_eq!(error, models().load(&path).unwrap_err(), "nothing was ever saved");
}

/// What the program or its limits refuse is no damage: the older file must not come in the place of it.
#[test]
fn what_is_refused_for_the_programs_sake_stays_refused() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Planet {
        name: String,
    }
    let (_folder, path, previous, _) = two();
    let other = || Database::builder().model::<Planet>();
    other().build().unwrap().save(&previous).unwrap();
    let error = other().load_newest(&path).unwrap_err();
    assert_eq!(error, other().load(&path).unwrap_err());
    let error = models().memory_limit(1).load_newest(&path).unwrap_err();
    assert!(matches!(error, SnapshotError::OverBudget { limit: 1, .. }), "{error}");
    // The limit holds for the second file too.
    fs::remove_file(&path).unwrap();
    sample().save(&previous).unwrap();
    let error = models().memory_limit(1).load_newest(&path).unwrap_err();
    assert!(
        matches!(&error, SnapshotError::NoWholeFile { previous, .. } if matches!(**previous, SnapshotError::OverBudget { limit: 1, .. })),
        "{error}"
    );
    fs::create_dir(&path).unwrap();
    assert_eq!(models().load_newest(&path).unwrap_err(), SnapshotError::NotAFile { path });
}

/// behaviour V11: a damaged file is never kept in the place of a whole one.
#[test]
fn a_damaged_file_is_not_kept() {
    let (folder, path, previous, [new, old]) = two();
    let mut flipped = new.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&flipped[..], &new[..new.len() - 1], b""] {
        fs::write(&path, damaged).unwrap();
        let (mut db, wrong) = models().load_newest(&path).unwrap();
        assert!(wrong.is_some());
        db.insert(Package { name: "relata".into(), version: 1 }).unwrap();
        db.saver().keep_previous().save(&path).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read(&previous).unwrap()), (saved(&db), old.clone()));
    }
    assert_eq!(names(folder.path()), ["parts.relata", "parts.relata.1"]);
}

/// A folder stands where the file before would go: the save is refused, and the old file stays.
#[test]
fn what_stands_in_the_place_of_the_file_before_is_not_replaced() {
    let (folder, path, previous, [new, _]) = two();
    fs::remove_file(&previous).unwrap();
    fs::create_dir(&previous).unwrap();
    let error = newer("bell").saver().keep_previous().save(&path).unwrap_err();
    assert_eq!(error, SnapshotError::NotAFile { path: previous });
    assert_eq!(fs::read(&path).unwrap(), new);
    assert_eq!(names(folder.path()), ["parts.relata", "parts.relata.1"]);
}

/// Both generations stand beside the file that a symbolic link leads to. Both names may be those of one file, after a
/// save that was killed.
#[cfg(unix)]
#[test]
fn links_are_followed_and_names_of_one_file_told_apart() {
    let (folder, path, previous, [new, old]) = two();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.relata");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::write(&path, b"damaged").unwrap();
    assert!(newest(&link).0 == old);
    fs::write(&path, &new).unwrap();
    newer("bell").saver().keep_previous().save(&link).unwrap();
    assert_eq!((fs::read(&previous).unwrap(), names(elsewhere.path()).len()), (new, 1));

    fs::remove_file(&previous).unwrap();
    fs::hard_link(&path, &previous).unwrap();
    let one = fs::read(&path).unwrap();
    sample().saver().keep_previous().save(&path).unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&previous).unwrap()), (saved(&sample()), one));
    assert_eq!(names(folder.path()), ["parts.relata", "parts.relata.1"]);
}

/// HOSTILE 30: two savers at once, both of which keep the file before.
#[test]
fn of_two_savers_that_keep_generations_both_names_stay_whole() {
    let (folder, path, previous, _) = two();
    let databases = [sample(), newer("horn")];
    let whole = databases.each_ref().map(saved);
    std::thread::scope(|scope| {
        let savers = databases
            .each_ref()
            .map(|db| scope.spawn(|| (0..30).for_each(|_| drop(db.saver().keep_previous().save(&path).unwrap()))));
        while savers.iter().any(|saver| !saver.is_finished()) {
            assert!(whole.contains(&fs::read(&path).unwrap()));
            assert!(whole.contains(&fs::read(&previous).unwrap()));
        }
    });
    sample().save(&path).unwrap();
    assert_eq!(names(folder.path()), ["parts.relata", "parts.relata.1"]);
}
