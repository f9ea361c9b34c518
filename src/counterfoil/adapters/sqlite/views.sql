-- What is derived from the ledger. Nothing here is worth a backup.

-- name: settings
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;

-- name: format
PRAGMA user_version;

-- name: begin
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: schema
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS cursors(
  view TEXT PRIMARY KEY, version TEXT NOT NULL, ledger TEXT NOT NULL,
  length INTEGER NOT NULL,  -- of the log, as far as the view has read it
  hash BLOB NOT NULL        -- leaf hash of the last receipt in it
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cells(
  view TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (view, name, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots(
  ledger TEXT NOT NULL, stream TEXT NOT NULL, name TEXT NOT NULL,
  length INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (ledger, stream, name)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;

-- name: cursor
SELECT version, ledger, length, hash FROM cursors WHERE view = ?;

-- name: move
INSERT INTO cursors(view, version, ledger, length, hash) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (view) DO UPDATE SET
  version = excluded.version, ledger = excluded.ledger, length = excluded.length, hash = excluded.hash;

-- name: forget cursor
DELETE FROM cursors WHERE view = ?;

-- name: forget cells
DELETE FROM cells WHERE view = ?;

-- name: get
SELECT value FROM cells WHERE view = ? AND name = ? AND key = ?;

-- name: scan
SELECT key, value FROM cells WHERE view = ? AND name = ? AND key >= ? ORDER BY key;

-- name: put
INSERT INTO cells(view, name, key, value) VALUES (?, ?, ?, ?)
ON CONFLICT (view, name, key) DO UPDATE SET value = excluded.value;

-- name: remove
DELETE FROM cells WHERE view = ? AND name = ? AND key = ?;

-- name: snapshot
SELECT length, hash, data FROM snapshots WHERE ledger = ? AND stream = ? AND name = ?;

-- name: keep snapshot
INSERT INTO snapshots(ledger, stream, name, length, hash, data) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (ledger, stream, name) DO UPDATE SET
  length = excluded.length, hash = excluded.hash, data = excluded.data;
