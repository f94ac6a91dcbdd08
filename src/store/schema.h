#pragma once

#include <string_view>

namespace lucerna::store {

/// Goes up by one with every change, which is a text more in kUpgrades; an older program refuses
/// the newer file.
inline constexpr int kSchemaVersion = 14;

/// The first that holds words of names.
inline constexpr int kFirstWithNameWords = 5;
/// The first whose names are folded by Unicode's rules.
inline constexpr int kFirstWithUnicodeFolding = 10;
/// The first whose decisions say what they are about.
inline constexpr int kFirstWithPlaces = 13;

/// The index in its first version (docs/formats/index.md). Instants are milliseconds since 1970
/// UTC. Columns that end in _key hold the value as it is matched: folded, or padded, never shown.
inline constexpr std::string_view kSchema = R"sql(
CREATE TABLE data_keys (
    name     TEXT PRIMARY KEY,
    owner    TEXT NOT NULL UNIQUE
) WITHOUT ROWID;

CREATE TABLE studies (
    id                            INTEGER PRIMARY KEY,
    study_instance_uid            TEXT NOT NULL UNIQUE,
    patient_id                    TEXT NOT NULL,
    issuer_of_patient_id          TEXT NOT NULL,
    patient_name                  TEXT NOT NULL,
    alphabetic_name_key           TEXT NOT NULL,
    ideographic_name_key          TEXT NOT NULL,
    phonetic_name_key             TEXT NOT NULL,
    patient_birth_date            TEXT NOT NULL,
    patient_sex                   TEXT NOT NULL,
    study_date                    TEXT NOT NULL,
    study_time                    TEXT NOT NULL,
    study_time_key                TEXT NOT NULL,
    accession_number              TEXT NOT NULL,
    study_id                      TEXT NOT NULL,
    study_description             TEXT NOT NULL,
    referring_physician_name      TEXT NOT NULL,
    referring_physician_name_key  TEXT NOT NULL,
    modalities                    TEXT NOT NULL DEFAULT '',
    series_count                  INTEGER NOT NULL DEFAULT 0,
    instance_count                INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX studies_by_date        ON studies (study_date, study_time_key, id);
CREATE INDEX studies_by_patient     ON studies (patient_id);
CREATE INDEX studies_by_name        ON studies (alphabetic_name_key);
CREATE INDEX studies_by_ideographic ON studies (ideographic_name_key);
CREATE INDEX studies_by_phonetic    ON studies (phonetic_name_key);
CREATE INDEX studies_by_accession   ON studies (accession_number);

CREATE TABLE series (
    id                   INTEGER PRIMARY KEY,
    study                INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    series_instance_uid  TEXT NOT NULL,
    modality             TEXT NOT NULL,
    series_number        INTEGER,
    series_description   TEXT NOT NULL,
    body_part_examined   TEXT NOT NULL,
    laterality           TEXT NOT NULL,
    series_date          TEXT NOT NULL,
    series_time          TEXT NOT NULL,
    series_time_key      TEXT NOT NULL,
    step_start_date      TEXT NOT NULL,
    step_start_time      TEXT NOT NULL,
    step_start_time_key  TEXT NOT NULL,
    instance_count       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (study, series_instance_uid)
);
CREATE INDEX series_by_uid      ON series (series_instance_uid);
CREATE INDEX series_by_modality ON series (modality, study);

CREATE TABLE instances (
    id                   INTEGER PRIMARY KEY,
    series               INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    sop_instance_uid     TEXT NOT NULL UNIQUE,
    sop_class_uid        TEXT NOT NULL,
    transfer_syntax_uid  TEXT NOT NULL,
    instance_number      INTEGER,
    rows                 INTEGER,
    columns              INTEGER,
    bits_allocated       INTEGER,
    number_of_frames     INTEGER,
    view_position        TEXT NOT NULL,
    image_laterality     TEXT NOT NULL,
    view                 TEXT NOT NULL,
    role                 INTEGER NOT NULL,
    object               TEXT NOT NULL UNIQUE,
    data_key             TEXT NOT NULL REFERENCES data_keys (name),
    bytes                INTEGER NOT NULL,
    head_bytes           INTEGER NOT NULL,
    received_at          INTEGER NOT NULL
);
CREATE INDEX instances_by_series ON instances (series);
CREATE INDEX instances_by_class  ON instances (sop_class_uid, series);
CREATE INDEX instances_by_key    ON instances (data_key);

CREATE TABLE exams (
    study_instance_uid  TEXT PRIMARY KEY,
    state               INTEGER NOT NULL,
    modality            TEXT NOT NULL,
    views               TEXT NOT NULL,
    images              INTEGER NOT NULL,
    revision            INTEGER NOT NULL,
    first_received_at   INTEGER NOT NULL,
    last_received_at    INTEGER NOT NULL,
    score               REAL,
    above               TEXT NOT NULL DEFAULT '',
    model_sha256        TEXT NOT NULL DEFAULT '',
    synthetic           INTEGER NOT NULL DEFAULT 0,
    refusals_json       TEXT NOT NULL DEFAULT '[]',
    read_at             INTEGER,
    problem             TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX exams_by_urgency ON exams (score DESC, first_received_at, study_instance_uid);
CREATE INDEX exams_by_state   ON exams (state, score DESC, first_received_at, study_instance_uid);

CREATE TABLE readings (
    id                  INTEGER PRIMARY KEY,
    study_instance_uid  TEXT NOT NULL,
    revision            INTEGER NOT NULL,
    model_sha256        TEXT NOT NULL,
    read_at             INTEGER NOT NULL,
    reading_json        TEXT NOT NULL
);
CREATE INDEX readings_by_study ON readings (study_instance_uid, id);

CREATE TABLE findings (
    study_instance_uid  TEXT NOT NULL,
    finding             TEXT NOT NULL,
    PRIMARY KEY (study_instance_uid, finding)
) WITHOUT ROWID;

CREATE TABLE decisions (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    study_instance_uid  TEXT NOT NULL,
    finding             TEXT NOT NULL,
    model_sha256        TEXT NOT NULL,
    action              TEXT NOT NULL,
    comment             TEXT NOT NULL,
    who                 TEXT NOT NULL,
    self_declared       INTEGER NOT NULL,
    decided_at          INTEGER NOT NULL
);
CREATE INDEX decisions_by_study ON decisions (study_instance_uid, finding, id);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;

CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT NOT NULL,
    job_key       TEXT NOT NULL,
    subject       TEXT NOT NULL,
    payload       TEXT NOT NULL,
    state         INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    lease         INTEGER NOT NULL,
    holder        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    not_before    INTEGER NOT NULL,
    leased_until  INTEGER NOT NULL,
    problem       TEXT NOT NULL,
    UNIQUE (kind, job_key)
);
CREATE INDEX jobs_to_do     ON jobs (kind, state, not_before, id);
CREATE INDEX jobs_by_about  ON jobs (subject);

-- What an erasure still has to take off the disk: committed with the rows' end, worked off after.
CREATE TABLE doomed (
    name  TEXT NOT NULL,
    what  TEXT NOT NULL,
    PRIMARY KEY (what, name)
) WITHOUT ROWID;

CREATE TABLE counters (
    name   TEXT PRIMARY KEY,
    value  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters VALUES ('exams', 0);
-- Stands until what an index before this one may have known is safe (presence.h).
INSERT INTO counters VALUES ('unrecovered', 1);
)sql";

/// What leads from each version to the next, the first from 1 to 2.
inline constexpr std::string_view kUpgrades[kSchemaVersion - 1] = {
    R"sql(
-- Items of Request Attributes Sequence (0040,0275) of the instance that came first.
CREATE TABLE request_attributes (
    series                       INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    scheduled_procedure_step_id  TEXT NOT NULL,
    requested_procedure_id       TEXT NOT NULL
);
CREATE INDEX request_attributes_by_series    ON request_attributes (series);
CREATE INDEX request_attributes_by_step      ON request_attributes (scheduled_procedure_step_id);
CREATE INDEX request_attributes_by_procedure ON request_attributes (requested_procedure_id);
)sql",
    R"sql(
CREATE TABLE orders (
    id                      INTEGER PRIMARY KEY,
    placer_number           TEXT NOT NULL,
    placer_issuer           TEXT NOT NULL,
    filler_number           TEXT NOT NULL,
    filler_issuer           TEXT NOT NULL,
    patient_id              TEXT NOT NULL,
    issuer_of_patient_id    TEXT NOT NULL,
    accession_number        TEXT NOT NULL,
    study_instance_uid      TEXT NOT NULL,
    order_json              TEXT NOT NULL,
    received_at             INTEGER NOT NULL,
    changed_at              INTEGER NOT NULL
);
CREATE INDEX orders_by_placer    ON orders (placer_number, placer_issuer);
CREATE INDEX orders_by_filler    ON orders (filler_number, filler_issuer);
CREATE INDEX orders_by_patient   ON orders (patient_id, issuer_of_patient_id);
CREATE INDEX orders_by_accession ON orders (accession_number);
CREATE INDEX orders_by_study     ON orders (study_instance_uid);

-- place: which of the order's steps it is, from 0.
CREATE TABLE scheduled_steps (
    id              INTEGER PRIMARY KEY,
    order_id        INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    place           INTEGER NOT NULL,
    step_id         TEXT NOT NULL,
    state           INTEGER NOT NULL,
    start_date      TEXT NOT NULL,
    start_time_key  TEXT NOT NULL,
    UNIQUE (order_id, step_id)
);
CREATE INDEX scheduled_steps_by_start ON scheduled_steps (state, start_date, start_time_key, id);

-- data_set: explicit VR little endian, base64.
CREATE TABLE performed_steps (
    sop_instance_uid      TEXT PRIMARY KEY,
    state                 INTEGER NOT NULL,
    revision              INTEGER NOT NULL,
    patient_id            TEXT NOT NULL,
    issuer_of_patient_id  TEXT NOT NULL,
    data_set              TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    changed_at            INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX performed_steps_by_patient ON performed_steps (patient_id, issuer_of_patient_id);

-- Items of Scheduled Step Attributes Sequence (0040,0270): what was performed of what was scheduled.
CREATE TABLE performed_of (
    performed           TEXT NOT NULL REFERENCES performed_steps (sop_instance_uid) ON DELETE CASCADE,
    study_instance_uid  TEXT NOT NULL,
    step_id             TEXT NOT NULL
);
CREATE INDEX performed_of_by_performed ON performed_of (performed);
CREATE INDEX performed_of_by_study     ON performed_of (study_instance_uid);
)sql",
    R"sql(
-- Who is at work on the index, where several processes can be (PostgreSQL), and since which start
-- of the server; and whose a lease is.
CREATE TABLE processes (
    name    TEXT PRIMARY KEY,
    server  TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE jobs ADD COLUMN process TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
-- Words of names as fuzzy matching compares them; the program enters them for studies that are
-- there already.
CREATE TABLE name_words (
    study      INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    attribute  TEXT NOT NULL,
    word       TEXT NOT NULL,
    sound      TEXT NOT NULL
);
CREATE INDEX name_words_by_study ON name_words (study);
CREATE INDEX name_words_by_word  ON name_words (attribute, word, study);
CREATE INDEX name_words_by_sound ON name_words (attribute, sound, study);
)sql",
    R"sql(
-- Unified Procedure Steps (PS3.4 Annex CC). dataset_json never holds the Transaction UID.
CREATE TABLE workitems (
    id                    INTEGER PRIMARY KEY,
    sop_instance_uid      TEXT NOT NULL UNIQUE,
    state                 TEXT NOT NULL,
    transaction_uid       TEXT NOT NULL,
    patient_id            TEXT NOT NULL,
    issuer_of_patient_id  TEXT NOT NULL,
    study_instance_uid    TEXT NOT NULL,
    dataset_json          TEXT NOT NULL
);
CREATE INDEX workitems_by_state   ON workitems (state, id);
CREATE INDEX workitems_by_patient ON workitems (patient_id);
CREATE INDEX workitems_by_study   ON workitems (study_instance_uid);
)sql",
    R"sql(
-- Who is told of a work item, and of those to come: all, or those that fit the filter (PS3.4 CC.2.3).
CREATE TABLE workitem_subscriptions (
    subscriber        TEXT NOT NULL,
    sop_instance_uid  TEXT NOT NULL REFERENCES workitems (sop_instance_uid) ON DELETE CASCADE,
    deletion_lock     INTEGER NOT NULL,
    PRIMARY KEY (subscriber, sop_instance_uid)
) WITHOUT ROWID;
CREATE INDEX workitem_subscriptions_by_item ON workitem_subscriptions (sop_instance_uid);
CREATE TABLE worklist_subscriptions (
    subscriber     TEXT NOT NULL,
    worklist_uid   TEXT NOT NULL,
    filter         TEXT NOT NULL,
    deletion_lock  INTEGER NOT NULL,
    PRIMARY KEY (subscriber, worklist_uid)
) WITHOUT ROWID;

-- What subscribers are to be told, and have been. report: empty for the state that an item is in
-- when it is told.
CREATE TABLE workitem_reports (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber        TEXT NOT NULL,
    sop_instance_uid  TEXT NOT NULL REFERENCES workitems (sop_instance_uid) ON DELETE CASCADE,
    report            TEXT NOT NULL,
    told              INTEGER NOT NULL,
    created_at        INTEGER NOT NULL
);
CREATE INDEX workitem_reports_by_subscriber ON workitem_reports (subscriber, id);
CREATE INDEX workitem_reports_by_item       ON workitem_reports (sop_instance_uid);
CREATE INDEX workitem_reports_by_age        ON workitem_reports (created_at);
)sql",
    R"sql(
-- Which object gave each attribute of the row (instance_rows.cpp).
ALTER TABLE studies ADD COLUMN described_by TEXT NOT NULL DEFAULT '';
ALTER TABLE series ADD COLUMN described_by TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
-- Timezone Offset From UTC (0008,0201); of what was there before it is not known.
ALTER TABLE studies ADD COLUMN timezone_offset_from_utc TEXT NOT NULL DEFAULT '';
ALTER TABLE series ADD COLUMN timezone_offset_from_utc TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
-- Names are folded by Unicode's rules; the program does so with those that are there already.
)sql",
    R"sql(
-- Where a step stood before it was begun: where it goes when that was a mistake.
ALTER TABLE scheduled_steps ADD COLUMN state_before INTEGER NOT NULL DEFAULT 0;

-- The id that was given last: none is given twice.
INSERT INTO counters SELECT 'orders', 0 ON CONFLICT DO NOTHING;
UPDATE counters SET value = (SELECT coalesce(max(id), 0) FROM orders) WHERE name = 'orders';
)sql",
    R"sql(
-- The Study Instance UID that was made up for the order; of what was there before it is not known.
ALTER TABLE orders ADD COLUMN made_study TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
-- What a finding is, and what a decision is about, whatever the number of the finding
-- (kept_reading.h); the program enters them for those that are there already.
ALTER TABLE findings ADD COLUMN place TEXT NOT NULL DEFAULT '';
CREATE TABLE decided_places (
    decision  INTEGER PRIMARY KEY REFERENCES decisions (id) ON DELETE CASCADE,
    place     TEXT NOT NULL
);
)sql",
    R"sql(
-- What objects of a study say of their patient and of it, a row for those that say in the same words
-- who she is (study_accounts.h); of what was there before it is one, whatever they said.
CREATE TABLE study_accounts (
    id                        INTEGER PRIMARY KEY,
    study                     INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    patient_id                TEXT NOT NULL,
    issuer_of_patient_id      TEXT NOT NULL,
    patient_name              TEXT NOT NULL,
    patient_birth_date        TEXT NOT NULL,
    patient_sex               TEXT NOT NULL,
    study_date                TEXT NOT NULL,
    study_time                TEXT NOT NULL,
    accession_number          TEXT NOT NULL,
    study_id                  TEXT NOT NULL,
    study_description         TEXT NOT NULL,
    referring_physician_name  TEXT NOT NULL,
    timezone_offset_from_utc  TEXT NOT NULL,
    described_by              TEXT NOT NULL
);
CREATE INDEX study_accounts_by_study     ON study_accounts (study);
CREATE INDEX study_accounts_by_accession ON study_accounts (accession_number);
INSERT INTO study_accounts (study, patient_id, issuer_of_patient_id, patient_name,
    patient_birth_date, patient_sex, study_date, study_time, accession_number, study_id,
    study_description, referring_physician_name, timezone_offset_from_utc, described_by)
SELECT id, patient_id, issuer_of_patient_id, patient_name, patient_birth_date, patient_sex,
    study_date, study_time, accession_number, study_id, study_description,
    referring_physician_name, timezone_offset_from_utc, described_by FROM studies;
ALTER TABLE studies DROP COLUMN described_by;
)sql"};

}  // namespace lucerna::store
