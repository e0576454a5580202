CREATE TABLE package (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    "type" VARCHAR(20) DEFAULT 'library' CHECK ("type" <> ''),
    checksum BLOB UNIQUE,
    published DATETIME,
    is_yanked BOOLEAN NOT NULL DEFAULT 0,
    size DECIMAL(10, 2),
    PRIMARY KEY (name, version)
);
CREATE TABLE dependency (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    package_version TEXT NOT NULL,
    package_name TEXT NOT NULL,
    needs_name TEXT,
    needs_version TEXT,
    FOREIGN KEY (package_version, package_name) REFERENCES package (version, name) ON DELETE CASCADE ON UPDATE CASCADE,
    FOREIGN KEY (needs_name, needs_version) REFERENCES Package ON DELETE SET NULL
);
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    "Display Name" TEXT
);
CREATE TABLE profile (
    id INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    about TEXT
);
CREATE TABLE language (code TEXT PRIMARY KEY, english TEXT UNIQUE);
CREATE TABLE readme (
    id INTEGER PRIMARY KEY,
    language TEXT NOT NULL DEFAULT 'en' REFERENCES language ON DELETE SET DEFAULT ON UPDATE CASCADE,
    english REFERENCES language (english) ON DELETE SET NULL,
    author INTEGER NOT NULL REFERENCES account (id) ON DELETE SET NULL,
    reviewer TEXT REFERENCES account (id),
    display TEXT REFERENCES account ("Display Name"),
    line INTEGER REFERENCES log,
    nowhere INTEGER REFERENCES missing (id),
    words INTEGER AS (length(language)) VIRTUAL,
    place POINTLESS,
    shape GEOMETRY,
    anything
);
CREATE TABLE follow (
    follower_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    followee_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    since TEXT,
    PRIMARY KEY (follower_id, followee_id)
) WITHOUT ROWID;
CREATE TABLE watch (
    account_id INTEGER NOT NULL REFERENCES account,
    language_code TEXT NOT NULL REFERENCES language,
    UNIQUE (language_code, account_id)
);
CREATE TABLE log (line TEXT NOT NULL, "self" INTEGER, amount REAL UNIQUE);
CREATE INDEX readme_by_author ON readme (author, words);
CREATE INDEX account_by_name ON account ("Display Name");
CREATE UNIQUE INDEX one_long_line ON log (line) WHERE length(line) > 100;
CREATE UNIQUE INDEX lower_line ON log (lower(line));
CREATE VIEW emails AS SELECT email FROM account;
CREATE TRIGGER log_accounts AFTER INSERT ON account BEGIN INSERT INTO log (line) VALUES (new.email); END;
