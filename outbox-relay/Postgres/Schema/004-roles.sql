  -- The roles are the cluster's: another outbox in another database may have made them.
  DECLARE
    name text;
  BEGIN
    FOREACH name IN ARRAY ARRAY['outbox_writer', 'outbox_relay'] LOOP
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
        BEGIN
          EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION
          WHEN duplicate_object OR unique_violation THEN
            NULL;
          WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the role % is missing, and % may not create it', name, current_user
              USING ERRCODE = 'insufficient_privilege', HINT = 'Let an administrator run: CREATE ROLE ' || name || ' NOLOGIN';
        END;
      END IF;
    END LOOP;
  END;

  REVOKE ALL ON ALL TABLES IN SCHEMA outbox FROM PUBLIC;
  REVOKE ALL ON ALL FUNCTIONS IN SCHEMA outbox FROM PUBLIC;
  GRANT USAGE ON SCHEMA outbox TO outbox_writer, outbox_relay;

  -- A writer may publish, and nothing else.
  GRANT EXECUTE ON FUNCTION outbox.publish(text, bytea, bytea, jsonb, boolean),
                            outbox.publish(text, text, bytea, jsonb, boolean) TO outbox_writer;

  -- A relay reads the log and writes what it has settled. It cannot change a row of the log.
  GRANT SELECT ON ALL TABLES IN SCHEMA outbox TO outbox_relay;
  GRANT SELECT, UPDATE ON SEQUENCE outbox.bell, outbox.settled TO outbox_relay;
  GRANT SELECT ON SEQUENCE outbox.log_id, outbox.current_slot TO outbox_relay;
  GRANT UPDATE ON outbox.lane, outbox.ledger TO outbox_relay;
  GRANT INSERT, UPDATE, DELETE ON outbox.relay, outbox.held, outbox.topic TO outbox_relay;
  GRANT INSERT, UPDATE ON outbox.alarm TO outbox_relay;
  GRANT EXECUTE ON FUNCTION outbox.rotate(), outbox.empty_slot(integer) TO outbox_relay;
