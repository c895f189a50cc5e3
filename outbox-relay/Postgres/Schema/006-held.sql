  -- A topic that is missing for days may have millions of rows here. So the topics are found one by one, and the rows of each
  -- in order, without a look at those of another.
  CREATE INDEX held_topic ON outbox.held (topic, id) WHERE kind = 'waiting';
  CREATE INDEX held_refused ON outbox.held (topic, md5(key), id) WHERE kind = 'refused';

  -- Last: it shuts out readers, which the indexes above, however long they take, do not.
  DROP INDEX outbox.held_waiting;
  ALTER INDEX outbox.held_topic RENAME TO held_waiting;

  -- After a sequence was set back, two events may have one number. The second of them cannot be set aside, and must not be
  -- taken for the first.
  CREATE FUNCTION outbox.refuse_same_id(number bigint) RETURNS text
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
  BEGIN
    RAISE EXCEPTION
      'row % is to be set aside, and outbox.held has another event of that number: first `outbox-relay parked retry %`, or drop it',
      number, number USING ERRCODE = 'OB001';
  END $function$;

  REVOKE ALL ON FUNCTION outbox.refuse_same_id(bigint) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION outbox.refuse_same_id(bigint) TO outbox_relay;
