-- What the plugin keeps in its database: who holds which channel, and how a message gets to them. The plugin runs this when the
-- schema is missing and its role may create one; else the owner of the database runs it: psql -f schema.sql.
SELECT pg_advisory_xact_lock(8246711102);  -- instances that start together create it one after the other

CREATE SCHEMA IF NOT EXISTS signalbox;

-- One row a session of an instance. It is alive while its session holds the advisory lock of that number, which PostgreSQL lets go
-- when the session ends, however it ends. Unlogged: after a crash of the server no session is left either.
CREATE UNLOGGED TABLE IF NOT EXISTS signalbox.holders (
  holder bigint PRIMARY KEY,
  instance text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);
CREATE UNLOGGED TABLE IF NOT EXISTS signalbox.presence (
  channel bytea NOT NULL,
  holder bigint NOT NULL,
  PRIMARY KEY (channel, holder)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS presence_holder ON signalbox.presence (holder);
-- Numbers messages: equal notifications of one transaction would be told once.
CREATE SEQUENCE IF NOT EXISTS signalbox.message CACHE 100;

-- A session gets its own lock again, so it has to know itself.
CREATE OR REPLACE FUNCTION signalbox.lives(holder bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT holder = nullif(current_setting('signalbox.holder', true), '')::bigint
      OR NOT pg_try_advisory_xact_lock_shared(holder)
$$;

-- How many instances hold the channel. Tables this volatile have no statistics to plan with: always by the index.
CREATE OR REPLACE FUNCTION signalbox.receivers(channel bytea) RETURNS bigint LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off AS $$
BEGIN
  RETURN (SELECT count(*) FROM signalbox.presence p WHERE p.channel = receivers.channel AND signalbox.lives(p.holder));
END
$$;

-- Sends the payload to every instance that holds the channel when the transaction commits, and says how many they are. For
-- triggers too. A notification has less than 8000 bytes of text: larger messages come in parts, which nothing can separate, since
-- the notifications of a transaction stay together.
CREATE OR REPLACE FUNCTION signalbox.publish(channel bytea, payload bytea) RETURNS bigint LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off AS $$
DECLARE
  part_bytes CONSTANT integer := 5700;  -- 7700 characters of base64 with its line ends
  message bytea := int2send(octet_length(channel)::smallint) || channel || payload;
  parts integer := (octet_length(message) + part_bytes - 1) / part_bytes;
  id bigint;
  target bigint;
  receivers bigint := 0;
BEGIN
  FOR target IN SELECT p.holder FROM signalbox.presence p WHERE p.channel = publish.channel AND signalbox.lives(p.holder) LOOP
    id := coalesce(id, nextval('signalbox.message'));
    FOR part IN 1 .. parts LOOP
      PERFORM pg_notify('signalbox_' || target, id || ' ' || part || ' ' || parts || ' ' ||
                        encode(substring(message FROM (part - 1) * part_bytes + 1 FOR part_bytes), 'base64'));
    END LOOP;
    receivers := receivers + 1;
  END LOOP;
  RETURN receivers;
END
$$;
CREATE OR REPLACE FUNCTION signalbox.publish(channel text, payload text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT signalbox.publish(convert_to(channel, 'UTF8'), convert_to(payload, 'UTF8'))
$$;

-- Takes away some of what a dead session has left. 0: there was nothing to do, or another does it.
CREATE OR REPLACE FUNCTION signalbox.sweep() RETURNS bigint LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE
  dead bigint;
  gone bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(8246711103) THEN
    RETURN 0;
  END IF;
  SELECT h.holder INTO dead FROM signalbox.holders h WHERE NOT signalbox.lives(h.holder) LIMIT 1;
  IF dead IS NULL THEN
    RETURN 0;
  END IF;
  DELETE FROM signalbox.presence
    WHERE ctid = ANY (ARRAY(SELECT p.ctid FROM signalbox.presence p WHERE p.holder = dead LIMIT 2000));
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone = 0 THEN
    DELETE FROM signalbox.holders h WHERE h.holder = dead;
    gone := 1;
  END IF;
  RETURN gone;
END
$$;

COMMENT ON SCHEMA signalbox IS 'signalbox presence 1';
