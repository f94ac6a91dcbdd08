/** What the server's /api says (docs/formats/api.md). */

export interface About {
  version: string;
  model: {
    name: string;
    version: string;
    sha256: string;
    manufacturer: string;
    intended_use: string;
    attribution: string;
  };
  use_statement: string;
  research_only: boolean;
  /** Who the connection was authenticated as; empty when nobody was. */
  principal: string;
}

export interface Refusal {
  reason: string;
  what: string;
  where: string;
  remedy: string;
  sop_instance_uid: string;
  view: string;
}

export interface ExamCard {
  study_instance_uid: string;
  state: string;
  patient_name: string;
  patient_id: string;
  patient_birth_date: string;
  patient_sex: string;
  accession_number: string;
  study_date: string;
  study_time: string;
  study_description: string;
  views: string[];
  score: number | null;
  above: string[];
  refusals: Refusal[];
  problem: string;
  synthetic: boolean;
  findings: number;
  decided: number;
  last_received_at: string;
  read_at: string | null;
}

export interface Worklist {
  revision: number;
  exams: ExamCard[];
  /** There are more than these, all less urgent. */
  more: boolean;
}

export interface ExamImage {
  sop_instance_uid: string;
  sop_class_uid: string;
  series_instance_uid: string;
  view: string;
  /** What its content is: another one came under the same UID where this differs. */
  revision: string;
}

export type Action = 'accept' | 'dismiss' | 'undo';

export interface Decision {
  finding: string;
  /** What its finding is called in the newest reading; null where it is none of that. */
  holds_for: string | null;
  model_sha256: string;
  action: Action;
  comment: string;
  who: string;
  self_declared: boolean;
  when: string;
}

export interface ExamDetail {
  exam: ExamCard;
  images: ExamImage[];
  /** There are more than these. */
  more_images: boolean;
  /** The reading as findings.json holds it; null until read. */
  reading: unknown;
  /** Names that reading; null until read. */
  reading_id: string | null;
  /** On findings of the reading, by what they are called in it. */
  decisions: Decision[];
  /** On findings of earlier readings that are none of it. */
  former_decisions: Decision[];
  /** Older ones that neither list has. */
  decisions_left_out: number;
}
