-- What accounts and senders may switch on: read marks.

-- read_marks: whether the account may mark messages of users as read; off as Infobip has it.
ALTER TABLE accounts ADD COLUMN read_marks boolean NOT NULL DEFAULT false;
