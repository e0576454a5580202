#!/usr/bin/env bash
# version-migrate: an old save, loaded forward and saved again, loses its edits and is migrated twice.
#
# Expected: the README offers load_forward and save_forward so that a program can take a file of a version that it does
#   not know, change it and write it back without loss. It says which changes of a schema would do harm, all of them in
#   versions to come. A file of a version that is known takes the registered migration, so it should be the simple case.
# Happens: load_forward does migrate it, but save_forward writes the migrated fields beside the old ones under the
#   version that the file had before. was_lossy() is false and no call fails. The next load takes the file for an old one
#   and migrates it again: from the old fields, so that the edit is gone, and over the values that were converted
#   already. save() of the same value writes the new version and comes back.
# Versions: version-migrate 0.21.0, serde 1.0.229, serde_json 1.0.154.
# Source: https://docs.rs/version-migrate/0.21.0/version_migrate/struct.Migrator.html (load_forward, save_forward), and
#   "Forward Compatibility (Forwardable)" in the README of version-migrate 0.21.0.
# Output seen:
#   file of 1.0.0: {"data":{"name":"Ann","played":5},"version":"1.0.0"}
#   load_forward: Player { nick: "Ann", played: 5000 }, lossy false
#   set nick to Bob, save_forward: {"data":{"name":"Ann","nick":"Bob","played":5000},"version":"1.0.0"}
#   load: Player { nick: "Ann", played: 5000000 }
#   the same edit through save: {"data":{"nick":"Bob","played":5000},"version":"2.0.0"}
#   load: Player { nick: "Bob", played: 5000 }
set -euo pipefail

self=$(readlink -f "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat > Cargo.toml <<'EOF'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
version-migrate = "=0.21.0"
version-migrate-macro = "=0.21.0"

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use serde::{Deserialize, Serialize};
use version_migrate::{Forwardable, IntoDomain, MigratesTo, Migrator, Versioned};

/// `played` is in seconds.
#[derive(Serialize, Deserialize, Versioned)]
#[versioned(version = "1.0.0")]
struct Player1 {
    name: String,
    played: u64,
}

/// `name` is called `nick`, and `played` is in milliseconds.
#[derive(Serialize, Deserialize, Versioned)]
#[versioned(version = "2.0.0")]
struct Player2 {
    nick: String,
    played: u64,
}

#[derive(Serialize, Deserialize, Debug)]
struct Player {
    nick: String,
    played: u64,
}

impl MigratesTo<Player2> for Player1 {
    fn migrate(self) -> Player2 {
        Player2 { nick: self.name, played: self.played * 1000 }
    }
}

impl IntoDomain<Player> for Player2 {
    fn into_domain(self) -> Player {
        Player { nick: self.nick, played: self.played }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut migrator = Migrator::new();
    migrator.register(Migrator::define("player").from::<Player1>().step::<Player2>().into::<Player>())?;

    let old = migrator.save(Player1 { name: "Ann".into(), played: 5 })?;
    println!("file of 1.0.0: {old}");
    let mut player: Forwardable<Player> = migrator.load_forward("player", &old)?;
    println!("load_forward: {:?}, lossy {}", player.inner, player.was_lossy());

    player.nick = "Bob".into();
    let saved = migrator.save_forward(&player)?;
    println!("set nick to Bob, save_forward: {saved}");
    println!("load: {:?}", migrator.load::<Player>("player", &saved)?);

    let mut player: Player = migrator.load("player", &old)?;
    player.nick = "Bob".into();
    let saved = migrator.save(Player2 { nick: player.nick, played: player.played })?;
    println!("the same edit through save: {saved}");
    println!("load: {:?}", migrator.load::<Player>("player", &saved)?);
    Ok(())
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
