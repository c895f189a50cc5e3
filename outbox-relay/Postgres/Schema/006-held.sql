  -- A topic that is missing for days may have millions of rows here. So the topics are found one by one, and the rows of each
  -- in order, without a look at those of another.
  CREATE INDEX held_topic ON outbox.held (topic, id) WHERE kind = 'waiting';
  CREATE INDEX held_refused ON outbox.held (topic, md5(key), id) WHERE kind = 'refused';

  -- Last: it shuts out readers, which the indexes above, however long they take, do not.
  DROP INDEX outbox.held_waiting;
  ALTER INDEX outbox.held_topic RENAME TO held_waiting;
