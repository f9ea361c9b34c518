-- Everything that is kept and asked of sessions. Digests are SHA-256; times are ms since 1970.

-- name: settings
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON

-- name: format
PRAGMA user_version

-- name: schema
CREATE TABLE IF NOT EXISTS codes (
    digest  BLOB PRIMARY KEY CHECK (length(digest) = 32),
    person  TEXT NOT NULL,
    role    TEXT NOT NULL,
    space   TEXT NOT NULL,
    ends_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    digest    BLOB PRIMARY KEY CHECK (length(digest) = 32),
    name      TEXT NOT NULL UNIQUE,
    person    TEXT NOT NULL,
    role      TEXT NOT NULL,
    space     TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    fresh_ms  INTEGER NOT NULL,
    seen_ms   INTEGER NOT NULL,
    ends_ms   INTEGER NOT NULL,
    label     TEXT NOT NULL,
    proof     BLOB NOT NULL CHECK (length(proof) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS views (
    person  TEXT NOT NULL,
    space   TEXT NOT NULL,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (person, space, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS served (
    url     TEXT PRIMARY KEY,
    space   TEXT NOT NULL,
    folders TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2

-- name: forget sessions
DROP TABLE sessions

-- name: version
PRAGMA data_version

-- name: begin
BEGIN IMMEDIATE

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: keep code
INSERT INTO codes(digest, person, role, space, ends_ms) VALUES (?, ?, ?, ?, ?)

-- name: drop old codes
DELETE FROM codes WHERE ends_ms <= ?

-- name: code
SELECT person, role, space, ends_ms FROM codes WHERE digest = ? AND ends_ms > ?

-- name: use code
DELETE FROM codes WHERE digest = ? AND ends_ms > ? RETURNING person, role, space

-- name: drop code
DELETE FROM codes WHERE digest = ?

-- name: open
INSERT INTO sessions(digest, name, person, role, space, opened_ms, fresh_ms, seen_ms, ends_ms, label, proof)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: session
SELECT name, person, role, space, opened_ms, fresh_ms, seen_ms, ends_ms, label, proof FROM sessions WHERE digest = ?

-- name: named
SELECT name, person, role, space, opened_ms, fresh_ms, seen_ms, ends_ms, label, proof FROM sessions WHERE name = ?

-- name: sessions
SELECT name, person, role, space, opened_ms, fresh_ms, seen_ms, ends_ms, label, proof FROM sessions
ORDER BY opened_ms DESC, name

-- name: census
SELECT count(*), coalesce(sum(opened_ms), 0) FROM sessions

-- name: seen
UPDATE sessions SET seen_ms = ?2 WHERE name = ?1 AND seen_ms < ?2

-- name: revoke
DELETE FROM sessions WHERE name = ? RETURNING name

-- name: revoke all
DELETE FROM sessions WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR space = ?2) RETURNING name

-- name: revoke codes
DELETE FROM codes WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR space = ?2)

-- name: tidy
DELETE FROM sessions WHERE ends_ms <= ? OR seen_ms <= ?

-- name: views
SELECT name, address FROM views WHERE person = ? AND space = ? ORDER BY name

-- name: save view
INSERT INTO views(person, space, name, address) VALUES (?, ?, ?, ?)
ON CONFLICT (person, space, name) DO UPDATE SET address = excluded.address

-- name: drop view
DELETE FROM views WHERE person = ? AND space = ? AND name = ? RETURNING name

-- name: announce
INSERT INTO served(url, space, folders, at_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (url) DO UPDATE SET space = excluded.space, folders = excluded.folders, at_ms = excluded.at_ms

-- name: withdraw
DELETE FROM served WHERE url = ? AND at_ms = ?

-- name: served
SELECT url, space, folders, at_ms FROM served ORDER BY at_ms DESC, url
