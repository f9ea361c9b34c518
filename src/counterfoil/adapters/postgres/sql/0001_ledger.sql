-- Format 1: one ledger in one schema.

CREATE TABLE ledger (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id       text COLLATE "C" NOT NULL CHECK (octet_length(id) = 26),
  format   integer NOT NULL
);

CREATE TABLE streams (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text COLLATE "C" NOT NULL UNIQUE,
  parent_id bigint,
  fork_seq  bigint,
  fork_hash bytea,
  CHECK (num_nulls(parent_id, fork_seq, fork_hash) IN (0, 3))
);

-- (xid, place) names a row: the transaction that wrote it, and its place in there. All transactions below
-- pg_snapshot_xmin() are over, so this order, unlike that of a sequence, is never joined from behind. Heads are
-- read before a transaction is given its number; within a stream it is therefore the order of seq.
--
-- first_of is checked for a stream's first receipt alone; all others hang on it by `linked`.
CREATE TABLE receipts (
  xid       bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  seq       bigint NOT NULL CHECK (seq >= 0),
  stream_id bigint NOT NULL,
  prev_seq  bigint GENERATED ALWAYS AS (CASE WHEN seq > 0 THEN seq - 1 END) STORED,
  first_of  bigint GENERATED ALWAYS AS (CASE WHEN seq = 0 THEN stream_id END) STORED REFERENCES streams,
  place     integer NOT NULL CHECK (place >= 0),
  schema    integer NOT NULL CHECK (schema >= 1),
  kind      text COLLATE "C" NOT NULL,
  key       bytea NOT NULL CHECK (octet_length(key) = 32),
  prev      bytea NOT NULL CHECK (octet_length(prev) = CASE WHEN seq > 0 THEN 32 ELSE 0 END),
  hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
  header    bytea NOT NULL,
  body      bytea,
  PRIMARY KEY (xid, place),
  CONSTRAINT one_child UNIQUE (stream_id, seq),
  CONSTRAINT one_receipt_a_key UNIQUE (stream_id, key),
  CONSTRAINT named UNIQUE (hash, stream_id, seq),
  CONSTRAINT linked FOREIGN KEY (prev, stream_id, prev_seq) REFERENCES receipts (hash, stream_id, seq)
);

ALTER TABLE streams ADD CONSTRAINT forked
  FOREIGN KEY (fork_hash, parent_id, fork_seq) REFERENCES receipts (hash, stream_id, seq) DEFERRABLE;

-- What was ever sealed here, so that a program finds out cheaply whether it is too old to read it.
CREATE TABLE kinds (
  kind   text COLLATE "C" NOT NULL,
  schema integer NOT NULL CHECK (schema >= 1),
  PRIMARY KEY (kind, schema)
);

-- The order of the log, filled by one sequencer at a time.
CREATE TABLE leaves (
  position bigint PRIMARY KEY CHECK (position >= 0),
  xid      bigint NOT NULL,
  place    integer NOT NULL,
  nodes    bytea NOT NULL CHECK (octet_length(nodes) % 32 = 0),
  UNIQUE (xid, place),
  FOREIGN KEY (xid, place) REFERENCES receipts
);

CREATE TABLE checkpoints (
  size bigint PRIMARY KEY CHECK (size >= 0),
  note text NOT NULL
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: what is sealed stays', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- ALWAYS: also in a session that plays a replica. A body may be erased, and nothing else ever changes.
CREATE TRIGGER sealed BEFORE DELETE OR TRUNCATE ON receipts EXECUTE FUNCTION refuse();
CREATE TRIGGER sealed_but_for_the_body BEFORE UPDATE ON receipts FOR EACH ROW
  WHEN (NEW.body IS NOT NULL
    OR (OLD.xid, OLD.place, OLD.stream_id, OLD.seq, OLD.kind, OLD.schema, OLD.key, OLD.prev, OLD.hash, OLD.header)
    IS DISTINCT FROM
       (NEW.xid, NEW.place, NEW.stream_id, NEW.seq, NEW.kind, NEW.schema, NEW.key, NEW.prev, NEW.hash, NEW.header))
  EXECUTE FUNCTION refuse();
CREATE TRIGGER sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON leaves EXECUTE FUNCTION refuse();
CREATE TRIGGER sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON streams EXECUTE FUNCTION refuse();
CREATE TRIGGER sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON kinds EXECUTE FUNCTION refuse();
ALTER TABLE receipts ENABLE ALWAYS TRIGGER sealed;
ALTER TABLE receipts ENABLE ALWAYS TRIGGER sealed_but_for_the_body;
ALTER TABLE leaves ENABLE ALWAYS TRIGGER sealed;
ALTER TABLE streams ENABLE ALWAYS TRIGGER sealed;
ALTER TABLE kinds ENABLE ALWAYS TRIGGER sealed;
