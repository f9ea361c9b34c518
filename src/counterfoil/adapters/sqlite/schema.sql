-- The ledger as SQLite keeps it. What the program promises of receipts, the database itself enforces:
-- the chain is a foreign key, and the rest are constraints and triggers.

-- name: identity
-- "CFLG", so that `file` and other programs see whose database it is.
PRAGMA application_id = 1128680519;

-- name: schema
CREATE TABLE meta(
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kinds(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  schema INTEGER NOT NULL CHECK(schema >= 1),
  UNIQUE(kind, schema)
) STRICT;

-- A branch names the receipt of its parent that it begins after.
CREATE TABLE streams(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK(length(name) BETWEEN 1 AND 200),
  parent_id INTEGER REFERENCES streams,
  fork_seq INTEGER,
  fork_hash BLOB,
  CHECK((parent_id IS NULL) = (fork_seq IS NULL) AND (parent_id IS NULL) = (fork_hash IS NULL)),
  FOREIGN KEY(parent_id, fork_seq, fork_hash) REFERENCES receipts(stream_id, seq, hash)
) STRICT;

-- position: place in the log, the index of the Merkle leaf. nodes: the hashes of the complete subtrees
-- that this leaf finishes, from height 1 upwards. body: lies beside the sealed header and is the one thing
-- that can go; in a table of its own it would cost every append another page.
-- A receipt is looked for by its hash in the index of the chain, which holds all hashes.
CREATE TABLE receipts(
  position INTEGER PRIMARY KEY CHECK(position >= 0),
  before INTEGER GENERATED ALWAYS AS (CASE WHEN position > 0 THEN position - 1 END) VIRTUAL REFERENCES receipts,
  stream_id INTEGER NOT NULL REFERENCES streams,
  seq INTEGER NOT NULL CHECK(seq >= 0),
  prev_seq INTEGER GENERATED ALWAYS AS (CASE WHEN seq > 0 THEN seq - 1 END) VIRTUAL,
  kind_id INTEGER NOT NULL REFERENCES kinds,
  prev BLOB NOT NULL CHECK(length(prev) = CASE WHEN seq > 0 THEN 32 ELSE 0 END),
  hash BLOB NOT NULL CHECK(length(hash) = 32),
  key BLOB NOT NULL CHECK(length(key) = 32),
  nodes BLOB NOT NULL CHECK(length(nodes) % 32 = 0),
  header BLOB NOT NULL,
  body BLOB,
  UNIQUE(stream_id, seq, hash),
  UNIQUE(stream_id, key),
  FOREIGN KEY(stream_id, prev_seq, prev) REFERENCES receipts(stream_id, seq, hash)
) STRICT;

CREATE TABLE checkpoints(
  size INTEGER PRIMARY KEY CHECK(size >= 0),
  note TEXT NOT NULL
) STRICT;

-- INSERT OR REPLACE deletes without asking the triggers of DELETE, so those of INSERT refuse what is there.
CREATE TRIGGER receipts_follow BEFORE INSERT ON receipts
WHEN EXISTS (SELECT 1 FROM receipts WHERE stream_id = NEW.stream_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM receipts WHERE position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'a receipt has one successor'); END;

CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts
WHEN NEW.position IS NOT OLD.position OR NEW.stream_id IS NOT OLD.stream_id OR NEW.seq IS NOT OLD.seq
  OR NEW.kind_id IS NOT OLD.kind_id OR NEW.prev IS NOT OLD.prev OR NEW.hash IS NOT OLD.hash
  OR NEW.key IS NOT OLD.key OR NEW.nodes IS NOT OLD.nodes OR NEW.header IS NOT OLD.header
BEGIN SELECT RAISE(ABORT, 'receipts are sealed'); END;

CREATE TRIGGER receipts_remain BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are sealed'); END;

CREATE TRIGGER streams_are_new BEFORE INSERT ON streams
WHEN EXISTS (SELECT 1 FROM streams WHERE id = NEW.id OR name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'streams are sealed'); END;

CREATE TRIGGER streams_stay BEFORE UPDATE ON streams
BEGIN SELECT RAISE(ABORT, 'streams are sealed'); END;

CREATE TRIGGER streams_remain BEFORE DELETE ON streams
BEGIN SELECT RAISE(ABORT, 'streams are sealed'); END;

CREATE TRIGGER kinds_are_new BEFORE INSERT ON kinds
WHEN EXISTS (SELECT 1 FROM kinds WHERE id = NEW.id OR (kind = NEW.kind AND schema = NEW.schema))
BEGIN SELECT RAISE(ABORT, 'kinds are sealed'); END;

CREATE TRIGGER kinds_stay BEFORE UPDATE ON kinds
BEGIN SELECT RAISE(ABORT, 'kinds are sealed'); END;

CREATE TRIGGER kinds_remain BEFORE DELETE ON kinds
BEGIN SELECT RAISE(ABORT, 'kinds are sealed'); END;

CREATE TRIGGER bodies_go BEFORE UPDATE ON receipts WHEN NEW.body IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'bodies are erased, never changed'); END;

CREATE TRIGGER meta_is_new BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;

CREATE TRIGGER meta_stays BEFORE UPDATE ON meta WHEN OLD.name = 'ledger'
BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;

CREATE TRIGGER meta_remains BEFORE DELETE ON meta WHEN OLD.name = 'ledger'
BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
