  -- As before, under a lock of its own: writers go on to the next slot also while the proof of another one takes long.
  CREATE OR REPLACE FUNCTION outbox.rotate() RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
  DECLARE
    now_slot bigint;
    next_slot bigint;
  BEGIN
    IF NOT pg_try_advisory_xact_lock(7411004) THEN
      RETURN (SELECT s.last_value FROM outbox.current_slot s);
    END IF;

    SELECT s.last_value, (s.last_value + 1) % 4 INTO now_slot, next_slot FROM outbox.current_slot s;
    IF pg_relation_size(format('outbox.log_%s', now_slot)::regclass) < (SELECT c.slot_bytes FROM outbox.config c)
       OR pg_relation_size(format('outbox.log_%s', next_slot)::regclass) > 0 THEN
      RETURN now_slot;
    END IF;

    RETURN setval('outbox.current_slot', next_slot);
  END $function$;

  -- As before, and while one of its newest rows is unread, nothing is locked or read through.
  CREATE OR REPLACE FUNCTION outbox.empty_slot(number integer, OUT state text, OUT detail text, OUT row_id bigint)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms'
  AS $function$
  DECLARE
    part text := format('log_%s', number);
    rows_there bigint;
    sum_there bigint;
    rows_settled bigint;
    sum_settled bigint;
    known record;
  BEGIN
    -- In any other level the proof would look at a snapshot from before the lock, and not see who committed meanwhile.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'outbox.empty_slot: the transaction is %', current_setting('transaction_isolation')
        USING ERRCODE = 'active_sql_transaction', HINT = 'Begin it with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;

    -- Before the look at the file: another relay that empties the slot changes it, and lets go of this with its commit.
    IF NOT pg_try_advisory_xact_lock(7411002) THEN
      state := 'busy';
      RETURN;
    END IF;

    SELECT s.filenode, s.accepted INTO known FROM outbox.slot s WHERE s.slot = number;
    IF pg_relation_filenode(format('outbox.%I', part)::regclass) <> known.filenode AND NOT known.accepted THEN
      state := 'altered';
      detail := format('outbox.%s has another file than the relay knows: it was truncated or rewritten by hand', part);
      RETURN;
    ELSIF (SELECT c.last_value FROM outbox.current_slot c) = number THEN
      state := 'current';
      RETURN;
    END IF;

    -- What came last is mostly settled last. Without this, each attempt during a drain reads all that is settled so far.
    EXECUTE format('SELECT m.id FROM (SELECT n.id, n.xid, n.bucket FROM outbox.%I n ORDER BY n.id DESC LIMIT 100) m
                      LEFT JOIN outbox.lane l USING (bucket)
                     WHERE pg_visible_in_snapshot(m.xid, l.done) IS NOT TRUE LIMIT 1', part) INTO row_id;
    IF row_id IS NOT NULL THEN
      state := 'unread';
      RETURN;
    END IF;

    -- Waits for the writers that are in it.
    EXECUTE format('LOCK TABLE outbox.%I IN SHARE MODE', part);
    EXECUTE format('SELECT m.id FROM outbox.%I m LEFT JOIN outbox.lane l USING (bucket)
                     WHERE pg_visible_in_snapshot(m.xid, l.done) IS NOT TRUE LIMIT 1', part) INTO row_id;
    IF row_id IS NOT NULL THEN
      state := 'unread';
      RETURN;
    END IF;

    EXECUTE format('SELECT count(*), coalesce(sum(id), 0) %% 4611686018427387904 FROM outbox.%I', part)
      INTO rows_there, sum_there;
    SELECT sum(l.rows), sum(l.id_sum) % 4611686018427387904 INTO rows_settled, sum_settled
      FROM outbox.ledger l WHERE l.slot = number;
    IF (rows_there, sum_there) IS DISTINCT FROM (rows_settled, sum_settled) AND NOT known.accepted THEN
      state := 'altered';
      detail := format('outbox.%s holds %s rows (sum of ids %s), settled were %s (sum of ids %s)',
                       part, rows_there, sum_there, rows_settled, sum_settled);
      RETURN;
    ELSIF rows_there = 0 AND pg_relation_size(format('outbox.%I', part)::regclass) = 0 AND NOT known.accepted THEN
      state := 'empty';
      RETURN;
    END IF;

    EXECUTE format('LOCK TABLE outbox.%I IN ACCESS EXCLUSIVE MODE', part);
    PERFORM set_config('outbox.emptying', part, true);
    EXECUTE format('TRUNCATE outbox.%I', part);
    PERFORM set_config('outbox.emptying', '', true);
    UPDATE outbox.ledger l SET rows = 0, id_sum = 0 WHERE l.slot = number AND (l.rows, l.id_sum) <> (0, 0);
    UPDATE outbox.slot s
       SET filenode = pg_relation_filenode(format('outbox.%I', part)::regclass), emptied = s.emptied + rows_there,
           emptied_at = clock_timestamp(), accepted = false
     WHERE s.slot = number;
    state := 'emptied';
    detail := rows_there::text;
  EXCEPTION
    WHEN lock_not_available OR deadlock_detected THEN
      state := 'busy';
      detail := NULL;
      row_id := NULL;
  END $function$;
