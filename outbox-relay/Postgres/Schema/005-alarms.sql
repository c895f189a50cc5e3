  -- Once for each kind and subject until it is accepted. The answer: its number.
  CREATE FUNCTION outbox.raise_alarm(new_kind text, new_subject text, new_text text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
  DECLARE
    number bigint;
  BEGIN
    INSERT INTO outbox.alarm (kind, subject, text) VALUES (new_kind, new_subject, new_text)
    ON CONFLICT (kind, subject) WHERE accepted_at IS NULL DO NOTHING
    RETURNING id INTO number;
    RETURN coalesce(number, (SELECT a.id FROM outbox.alarm a
                              WHERE a.kind = new_kind AND a.subject = new_subject AND a.accepted_at IS NULL));
  END $function$;

  -- A person has seen it, and the relay goes on with what is there. Nothing is given up that may not have been sent:
  --   slot      the slot is emptied, when all its rows are settled, without its proof
  --   sequence  goes on after the highest id that is known, and rows are looked for below it, too
  --   history   every row that is there is sent again
  --   cluster   what was settled in the old cluster leaves, the rest is taken as new
  --   topic     its new id is the known one
  CREATE FUNCTION outbox.accept_alarm(number bigint) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
  DECLARE
    found outbox.alarm;
  BEGIN
    UPDATE outbox.alarm a SET accepted_at = clock_timestamp(), accepted_by = session_user
     WHERE a.id = number AND a.accepted_at IS NULL
    RETURNING * INTO found;
    IF found.id IS NULL THEN
      RAISE EXCEPTION 'there is no open alarm %', number USING ERRCODE = 'no_data_found';
    END IF;

    CASE found.kind
      WHEN 'slot' THEN
        UPDATE outbox.slot s SET accepted = true WHERE 'log_' || s.slot = found.subject;
      WHEN 'sequence' THEN
        -- Far above: writers that run take ids meanwhile, and rows that are not committed have theirs.
        PERFORM setval('outbox.log_id', 100000 + greatest(
          (SELECT max(m.id) FROM outbox.log m), (SELECT max(h.id) FROM outbox.held h),
          (SELECT max(greatest(l.floor, l.win_floor, l.win_id)) FROM outbox.lane l), pg_sequence_last_value('outbox.log_id')));
        UPDATE outbox.lane SET owner = NULL, epoch = epoch + 1, floor = 0, win_floor = CASE WHEN win IS NULL THEN NULL ELSE 0 END;
      WHEN 'history' THEN
        LOCK TABLE outbox.lane IN EXCLUSIVE MODE;
        UPDATE outbox.lane SET owner = NULL, epoch = epoch + 1, done = '1:1:', floor = 0, win = NULL, win_floor = NULL, win_id = NULL;
        UPDATE outbox.ledger SET rows = 0, id_sum = 0;
      WHEN 'cluster' THEN
        LOCK TABLE outbox.log IN ACCESS EXCLUSIVE MODE;
        PERFORM set_config('outbox.emptying', 'restored', true);
        DELETE FROM outbox.log m USING outbox.lane l
         WHERE l.bucket = m.bucket AND (pg_visible_in_snapshot(m.xid, l.done)
                                        OR (m.id <= l.win_id AND pg_visible_in_snapshot(m.xid, l.win)));
        UPDATE outbox.log SET xid = pg_current_xact_id();
        PERFORM set_config('outbox.emptying', '', true);
        UPDATE outbox.lane SET owner = NULL, epoch = epoch + 1, done = '1:1:', floor = 0, win = NULL, win_floor = NULL, win_id = NULL;
        UPDATE outbox.ledger SET rows = 0, id_sum = 0;
        UPDATE outbox.slot s SET filenode = pg_relation_filenode(format('outbox.log_%s', s.slot)::regclass);
        UPDATE outbox.config SET system_id = (SELECT system_identifier::text FROM pg_control_system());
        DELETE FROM outbox.relay;
      WHEN 'topic' THEN
        DELETE FROM outbox.topic t WHERE t.name = found.subject;
      ELSE
        NULL;
    END CASE;
    RETURN found.kind || ' ' || found.subject;
  END $function$;

  REVOKE ALL ON FUNCTION outbox.raise_alarm(text, text, text), outbox.accept_alarm(bigint) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION outbox.raise_alarm(text, text, text), outbox.accept_alarm(bigint) TO outbox_relay;
