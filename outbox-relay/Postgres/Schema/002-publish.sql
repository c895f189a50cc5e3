  -- The headers as pairs, each of a name and a text or null.
  CREATE FUNCTION outbox.header_pairs(headers jsonb) RETURNS jsonb
  LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $function$
  DECLARE
    pairs jsonb := '[]';
    pair jsonb;
  BEGIN
    IF jsonb_typeof(headers) = 'object' THEN
      SELECT coalesce(jsonb_agg(jsonb_build_array(h.key, h.value)), '[]') INTO pairs FROM jsonb_each(headers) h;
    ELSIF jsonb_typeof(headers) = 'array' THEN
      pairs := headers;
    ELSIF jsonb_typeof(headers) <> 'null' THEN
      RAISE EXCEPTION 'outbox.publish: headers are a JSON %', jsonb_typeof(headers)
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'Give an object {"name": "text"} or an array of pairs [["name", "text"]]; a value may be null.';
    END IF;

    FOR pair IN SELECT * FROM jsonb_array_elements(pairs) LOOP
      IF jsonb_typeof(pair) <> 'array' OR jsonb_array_length(pair) <> 2 OR jsonb_typeof(pair -> 0) <> 'string'
         OR pair ->> 0 = '' OR jsonb_typeof(pair -> 1) NOT IN ('string', 'null') THEN
        RAISE EXCEPTION 'outbox.publish: header % is not a name with a text or null', left(pair::text, 100)
          USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give an object {"name": "text"} or an array of pairs [["name", "text"]]; a value may be null.';
      END IF;
    END LOOP;

    RETURN nullif(pairs, '[]');
  END $function$;

  -- Publishes one event in the caller's transaction; the answer is its id. One insert, in any isolation level.
  -- strict: the order of the key's rows is the order of commits also for writers that hold no lock on what the key
  -- stands for. It waits for other strict writers of the topic and key; publish several keys in one order, or be ready
  -- to repeat after a deadlock.
  -- SET LOCAL outbox.traceparent = '...' adds that header. SET LOCAL outbox.notify = off leaves out the notification,
  -- which PostgreSQL does not allow in a transaction that is to be prepared.
  CREATE FUNCTION outbox.publish(
    topic text, key bytea, value bytea, headers jsonb DEFAULT NULL, strict boolean DEFAULT false)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
  #variable_conflict use_variable
  DECLARE
    trace text := current_setting('outbox.traceparent', true);
    hash bigint;
    row_xid xid8;
    row_id bigint;
    now record;
  BEGIN
    IF topic IS NULL OR topic = '' THEN
      RAISE EXCEPTION 'outbox.publish: there is no topic' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF headers IS NOT NULL THEN
      headers := outbox.header_pairs(headers);
    END IF;

    IF trace <> '' AND NOT coalesce(jsonb_path_exists(headers, '$[*] ? (@[0] == "traceparent")'), false) THEN
      headers := coalesce(headers, '[]') || jsonb_build_array(jsonb_build_array('traceparent', trace));
    END IF;

    IF key IS NOT NULL THEN
      hash := hashtextextended(encode(key, 'hex'), 0);
      IF strict THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(topic, hash));
      END IF;
    END IF;

    -- In this order: a transaction that is not yet running when a snapshot is taken gets larger ids than were then given.
    row_xid := pg_current_xact_id();
    row_id := nextval('outbox.log_id');
    SELECT config.buckets, config.max_backlog_rows, config.max_backlog_policy,
           current_slot.last_value AS slot, bell.last_value AS bell
      INTO now
      FROM outbox.config, outbox.current_slot, outbox.bell;
    IF now.max_backlog_policy = 'raise'
       AND row_id - (SELECT settled.last_value FROM outbox.settled) > now.max_backlog_rows THEN
      RAISE EXCEPTION 'outbox.publish: more than % rows wait for Kafka', now.max_backlog_rows
        USING ERRCODE = 'configuration_limit_exceeded', HINT = 'max_backlog_policy in outbox.config is raise.';
    END IF;

    INSERT INTO outbox.log (xid, id, created_at, slot, bucket, topic, key, value, headers)
    VALUES (row_xid, row_id, clock_timestamp(), now.slot, coalesce(hash, row_id) & (now.buckets - 1),
            topic, key, value, headers);

    IF now.bell > 1 AND now.bell > extract(epoch FROM clock_timestamp())
       AND current_setting('outbox.notify', true) IS DISTINCT FROM 'off' THEN
      PERFORM pg_notify('outbox', '');
    END IF;

    RETURN row_id;
  END $function$;

  -- The same with a key of text.
  CREATE FUNCTION outbox.publish(
    topic text, key text, value bytea, headers jsonb DEFAULT NULL, strict boolean DEFAULT false)
  RETURNS bigint LANGUAGE sql VOLATILE
  RETURN outbox.publish(topic, pg_catalog.convert_to(key, 'UTF8'), value, headers, strict);
